//! How far the arguments of a call have come, without keeping them.

/// The JSON text of a call's arguments, read byte by byte for where it ends.
#[derive(Debug, Default)]
pub(super) struct Arguments {
    state: State,
    depth: u32,
    in_string: bool,
    escaped: bool,
    /// How long the text is, and a digest of it: enough to know it when it comes again.
    len: usize,
    digest: u64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    /// Nothing but blanks.
    #[default]
    Blank,
    /// The server has said that there are none.
    Absent,
    /// Begun and not at its end.
    Open,
    Complete,
    /// No object, or something after its end.
    Other,
}

impl Arguments {
    /// Whether something of them has come.
    pub(super) fn have_begun(&self) -> bool {
        !matches!(self.state, State::Blank | State::Absent)
    }

    /// Whether nothing more has to come.
    pub(super) fn are_complete(&self) -> bool {
        matches!(self.state, State::Complete | State::Absent)
    }

    /// Whether they are this text.
    pub(super) fn are(&self, text: &str) -> bool {
        let mut other = Self::default();
        other.push(text);
        (self.len, self.digest) == (other.len, other.digest)
    }

    /// That there are none, as `null`.
    pub(super) fn say_absent(&mut self) {
        if self.state == State::Blank {
            self.state = State::Absent;
        }
    }

    pub(super) fn push(&mut self, text: &str) {
        for byte in text.bytes() {
            // FNV-1a: an error in a million years, and then a call too few.
            self.digest = (self.digest ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
            self.byte(byte);
        }
        self.len += text.len();
    }

    fn byte(&mut self, byte: u8) {
        if self.in_string {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' => self.escaped = true,
                b'"' => {
                    self.in_string = false;
                    self.end_if_closed();
                }
                _ => {}
            }
            return;
        }
        match (self.state, byte) {
            (State::Other, _) | (_, b' ' | b'\t' | b'\n' | b'\r') => {}
            (State::Complete, _) => self.state = State::Other,
            (_, b'"') => {
                self.state = State::Open;
                self.in_string = true;
            }
            (_, b'{' | b'[') => {
                self.state = State::Open;
                self.depth += 1;
            }
            (State::Open, b'}' | b']') => {
                self.depth = self.depth.saturating_sub(1);
                self.end_if_closed();
            }
            (State::Open, _) => {}
            (State::Blank | State::Absent, _) => self.state = State::Other,
        }
    }

    fn end_if_closed(&mut self) {
        if self.depth == 0 {
            self.state = State::Complete;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_complete_where_their_object_ends_and_only_there() {
        for (text, begun, complete) in [
            ("", false, false),
            (" \n", false, false),
            (r#"{"a":{"#, true, false),
            (r#"{"a":"}\"}"#, true, false),
            (r#"{"a":"}\"}"}"#, true, true),
            (r#" {"a":[1,{"b":"\\"}]} "#, true, true),
            ("[1]", true, true),
            (r#""{}""#, true, true),
            ("{}{", true, false),
            ("5", true, false),
        ] {
            let (mut whole, mut pieces) = (Arguments::default(), Arguments::default());
            whole.push(text);
            text.chars().for_each(|c| pieces.push(c.encode_utf8(&mut [0; 4])));
            for arguments in [whole, pieces] {
                assert_eq!(
                    (arguments.have_begun(), arguments.are_complete()),
                    (begun, complete),
                    "{text}"
                );
                assert!(arguments.are(text) && !arguments.are("{}x"));
            }
        }
    }
}
