//! Characters of which a server sent only a half.

/// A surrogate of UTF-16, of which two make a character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Half(u16);

/// Private characters replace halves while an event is read, as no text can hold a half: U+10F000 and following. A server that sends such a
/// character itself gets it back, as it is written as its two surrogates.
const MARKS: u32 = 0x10_F000;
const END: u32 = MARKS + 0x800;

impl Half {
    /// The half that a code unit is. `None` if it is a whole character.
    pub(crate) fn new(unit: u16) -> Option<Self> {
        (0xD800..=0xDFFF).contains(&unit).then_some(Self(unit))
    }

    /// The character that replaces it.
    pub(crate) fn mark(self) -> char {
        let code = MARKS + u32::from(self.0 & 0x7FF);
        char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER)
    }

    /// The half that a character replaces.
    pub(crate) fn of_mark(mark: char) -> Option<Self> {
        let code = u32::from(mark);
        let unit = (MARKS..END).contains(&code).then(|| 0xD800 + (code - MARKS))?;
        u16::try_from(unit).ok().map(Self)
    }

    /// Whether a character replaces a half.
    pub(crate) fn is_mark(character: char) -> bool {
        (MARKS..END).contains(&u32::from(character))
    }

    fn is_high(self) -> bool {
        self.0 < 0xDC00
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
        while let Some((first, after)) = rest.split_first() {
            rest = match after.split_first() {
                Some((second, after)) if first.is_high() && !second.is_high() => {
                    out.extend(char::decode_utf16([first.0, second.0]).flatten());
                    after
                }
                None if first.is_high() && more_may_follow => break,
                _ => {
                    out.push(char::REPLACEMENT_CHARACTER);
                    after
                }
            };
        }
        self.0 = rest.to_vec();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HIGH: Half = Half(0xD83D);
    const LOW: Half = Half(0xDE00);

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
    }

    #[test]
    fn a_mark_is_read_as_the_half_that_it_stands_for() {
        for unit in 0xD800..=0xDFFF {
            let half = Half(unit);
            assert_eq!((Half::new(unit), Half::of_mark(half.mark())), (Some(half), Some(half)));
        }
        assert_eq!((Half::new(0x41), Half::of_mark('é')), (None, None));
    }
}
