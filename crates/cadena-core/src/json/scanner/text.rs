//! Strings: texts and keys.

use serde_json::Value;

use super::super::spans::Places;
use super::{Escape, Scanner, State, Step};

const REPLACEMENT: &str = "\u{fffd}";

impl<P: Places> Scanner<P> {
    pub(super) fn string(&mut self, piece: &str, at: usize, byte: u8, escape: Escape, base: usize) -> Step {
        let next = at + 1;
        match escape {
            Escape::None => match byte {
                b'"' => {
                    self.add("");
                    self.state = match self.state {
                        State::Key(_) => {
                            self.places.key(&self.tree.key);
                            State::Colon
                        }
                        _ => {
                            self.places.text_ends(base + next);
                            State::AfterValue
                        }
                    };
                    Step::To(next)
                }
                b'\\' => self.within(Escape::Start, next),
                _ => {
                    let end = self.plain_run(piece, at);
                    if end == at {
                        return Step::Malformed;
                    }
                    self.add(piece.get(at..end).unwrap_or_default());
                    Step::To(end)
                }
            },
            Escape::Start => {
                let character = match byte {
                    b'"' => "\"",
                    b'\\' => "\\",
                    b'/' => "/",
                    b'b' => "\u{8}",
                    b'f' => "\u{c}",
                    b'n' => "\n",
                    b'r' => "\r",
                    b't' => "\t",
                    b'u' => return self.within(Escape::Hex { code: 0, digits: 0 }, next),
                    _ => return Step::Malformed,
                };
                self.add(character);
                self.within(Escape::None, next)
            }
            Escape::Hex { code, digits } => {
                let Some(digit) = char::from(byte)
                    .to_digit(16)
                    .and_then(|digit| u16::try_from(digit).ok())
                else {
                    return Step::Malformed;
                };
                let (code, digits) = (code << 4 | digit, digits + 1);
                if digits < 4 {
                    return self.within(Escape::Hex { code, digits }, next);
                }
                self.unit(code);
                self.within(Escape::None, next)
            }
        }
    }

    fn within(&mut self, escape: Escape, next: usize) -> Step {
        self.state = match self.state {
            State::Key(_) => State::Key(escape),
            _ => State::Text(escape),
        };
        Step::To(next)
    }

    /// Adds one UTF-16 unit to the string.
    fn unit(&mut self, code: u16) {
        if let Some(half) = self.half
            && let Some(Ok(pair)) = char::decode_utf16([half, code]).next()
        {
            self.half = None;
            self.add(pair.encode_utf8(&mut [0; 4]));
            return;
        }
        match char::decode_utf16([code]).next() {
            Some(Ok(one)) => self.add(one.encode_utf8(&mut [0; 4])),
            _ if code < 0xdc00 => {
                self.add("");
                self.half = Some(code);
            }
            _ => self.add(REPLACEMENT),
        }
    }

    /// Adds text to the string, after the half of a pair whose other half did not come.
    fn add(&mut self, text: &str) {
        let replacement = self.half.take().map_or("", |_| REPLACEMENT);
        if text.is_empty() && replacement.is_empty() {
            return;
        }
        let string = match self.state {
            State::Key(_) => &mut self.tree.key,
            _ => match self.tree.last() {
                Some(Value::String(string)) => string,
                _ => return,
            },
        };
        string.push_str(replacement);
        string.push_str(text);
    }

    /// Returns where the characters end that stand for themselves.
    pub(super) fn plain_run(&self, piece: &str, from: usize) -> usize {
        let bytes = piece.as_bytes().get(from..).unwrap_or_default();
        let special = |byte: u8| matches!(byte, b'"' | b'\\') || (self.strict && byte < b' ' && byte != b'\n');
        from + bytes.iter().position(|byte| special(*byte)).unwrap_or(bytes.len())
    }
}
