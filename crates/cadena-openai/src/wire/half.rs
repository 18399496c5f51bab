//! Characters of which a server sent only a half.

/// A part of a character: UTF-16 or UTF-8 that does not stand for one alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Half {
    /// A surrogate, of which two make a character.
    Surrogate(u16),
    /// A byte of UTF-8.
    Byte(u8),
}

/// Private characters stand for halves while an event is read, as no text can hold a half: U+10F000 and following for surrogates, U+10F800 and following for
/// bytes. A server that sends such a character itself gets it back, as it is written as its two surrogates.
const SURROGATES: u32 = 0x10_F000;
const BYTES: u32 = SURROGATES + 0x800;
const END: u32 = BYTES + 0x100;

impl Half {
    /// The character that stands for it.
    pub(crate) fn mark(self) -> char {
        let code = match self {
            Self::Surrogate(unit) => SURROGATES + u32::from(unit & 0x7FF),
            Self::Byte(byte) => BYTES + u32::from(byte),
        };
        char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER)
    }

    /// The half that a character stands for.
    pub(crate) fn of_mark(mark: char) -> Option<Self> {
        let code = u32::from(mark);
        match code {
            SURROGATES..BYTES => u16::try_from(0xD800 + (code - SURROGATES)).ok().map(Self::Surrogate),
            BYTES..END => u8::try_from(code - BYTES).ok().map(Self::Byte),
            _ => None,
        }
    }

    /// Whether a character is one that stands for a half.
    pub(crate) fn is_mark(character: char) -> bool {
        (SURROGATES..END).contains(&u32::from(character))
    }
}

/// Halves that follow each other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Halves(Vec<Half>);

impl Halves {
    pub(crate) fn push(&mut self, half: Half) {
        self.0.push(half);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Half> {
        self.0.iter()
    }

    /// Writes the characters that they make. One without its other half becomes U+FFFD; where more may follow, it stays.
    pub(crate) fn write(&mut self, out: &mut String, more_may_follow: bool) {
        let mut rest = self.0.as_slice();
        while let Some((first, behind)) = rest.split_first() {
            rest = match *first {
                Half::Surrogate(high) => match behind.split_first() {
                    _ if !is_high(high) => lone(out, behind),
                    Some((Half::Surrogate(low), behind)) if is_low(*low) => {
                        out.extend(char::decode_utf16([high, *low]).flatten());
                        behind
                    }
                    None if more_may_follow => break,
                    _ => lone(out, behind),
                },
                Half::Byte(_) => {
                    let bytes = rest.iter().map_while(|half| match half {
                        Half::Byte(byte) => Some(*byte),
                        Half::Surrogate(_) => None,
                    });
                    let bytes: Vec<u8> = bytes.collect();
                    let is_last = bytes.len() == rest.len();
                    let open = if is_last && more_may_follow {
                        open_end(&bytes)
                    } else {
                        0
                    };
                    let closed = bytes.len() - open;
                    out.push_str(&String::from_utf8_lossy(bytes.get(..closed).unwrap_or_default()));
                    if open > 0 {
                        rest = rest.get(closed..).unwrap_or_default();
                        break;
                    }
                    rest.get(closed..).unwrap_or_default()
                }
            };
        }
        self.0 = rest.to_vec();
    }
}

fn lone<'a>(out: &mut String, behind: &'a [Half]) -> &'a [Half] {
    out.push(char::REPLACEMENT_CHARACTER);
    behind
}

fn is_high(unit: u16) -> bool {
    (0xD800..0xDC00).contains(&unit)
}

fn is_low(unit: u16) -> bool {
    (0xDC00..0xE000).contains(&unit)
}

/// How many bytes at the end begin a character that is not whole.
fn open_end(bytes: &[u8]) -> usize {
    let last = bytes.utf8_chunks().last();
    let invalid = last.map(|chunk| chunk.invalid()).unwrap_or_default();
    match std::str::from_utf8(invalid) {
        Err(error) if error.error_len().is_none() => invalid.len(),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HIGH: Half = Half::Surrogate(0xD83D);
    const LOW: Half = Half::Surrogate(0xDE00);

    #[track_caller]
    fn check(halves: &[Half], more_may_follow: bool, text: &str, left: &[Half]) {
        let (mut halves, mut out) = (Halves(halves.to_vec()), String::new());
        halves.write(&mut out, more_may_follow);
        assert_eq!((out.as_str(), halves.0.as_slice()), (text, left));
    }

    #[test]
    fn two_halves_are_a_character_and_one_is_none() {
        check(&[HIGH, LOW], false, "😀", &[]);
        check(&[HIGH], false, "\u{FFFD}", &[]);
        check(&[HIGH], true, "", &[HIGH]);
        check(&[LOW, HIGH, HIGH, LOW], true, "\u{FFFD}\u{FFFD}😀", &[]);
        let bytes = "😀".bytes().map(Half::Byte).collect::<Vec<_>>();
        check(&bytes, false, "😀", &[]);
        check(&bytes[..3], true, "", &bytes[..3]);
        check(&bytes[..3], false, "\u{FFFD}", &[]);
        check(&bytes[1..], true, "\u{FFFD}\u{FFFD}\u{FFFD}", &[]);
        check(&[bytes[0], HIGH], true, "\u{FFFD}", &[HIGH]);
    }

    #[test]
    fn a_mark_is_read_as_the_half_that_it_stands_for() {
        for unit in 0xD800..=0xDFFF {
            let half = Half::Surrogate(unit);
            assert_eq!(Half::of_mark(half.mark()), Some(half));
        }
        for byte in 0..=255 {
            assert_eq!(Half::of_mark(Half::Byte(byte).mark()), Some(Half::Byte(byte)));
        }
        assert_eq!(Half::of_mark('é'), None);
    }
}
