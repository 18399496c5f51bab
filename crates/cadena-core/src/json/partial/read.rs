//! The state machine that reads the bytes of a piece.

use serde_json::Value;

use super::{Escape, Limit, PartialJson, PartialNumber, State, Unfit};
use crate::error::Result;
use crate::json::number::{MAX_DIGITS, Part, to_number};
use crate::json::scan::Bracket;

const REPLACEMENT: &str = "\u{fffd}";

/// The words that are values. Python writes and reads the last two.
pub(in crate::json) const WORDS: [&str; 5] = ["true", "false", "null", "NaN", "Infinity"];

/// What a byte did.
enum Step {
    /// It was read, with all bytes before this place of the piece.
    To(usize),
    /// It ended a token without belonging to it.
    Again,
    /// It cannot follow.
    Malformed,
}

impl PartialJson {
    /// Reads a piece that is at the end of `text`, and says how many of its bytes may belong to JSON.
    pub(super) fn read(&mut self, piece: &str) -> Result<usize> {
        if let Some(value) = self.hidden.take() {
            self.tree.put(value);
        }
        let base = self.text.len() - piece.len();
        let mut at = 0;
        while let Some(&byte) = piece.as_bytes().get(at) {
            let step = match self.state {
                State::Text(escape) | State::Key(escape) => self.string(piece, at, byte, escape),
                State::Number(number) => self.number(number, byte, base, at)?,
                State::Word { word, read } => self.word(word, read, byte, base, at),
                _ => self.structure(piece, byte, base, at)?,
            };
            match step {
                Step::To(next) => at = next,
                Step::Again => {}
                Step::Malformed => break,
            }
        }
        match self.state {
            State::Number(mut number) => {
                self.show(&mut number);
                self.state = State::Number(number);
            }
            // Such a string cannot be closed here: the reader sees it again when the escape is complete.
            State::Text(Escape::Hex { .. }) => self.hidden = self.tree.take_back(),
            _ => {}
        }
        Ok(at)
    }

    fn structure(&mut self, piece: &str, byte: u8, base: usize, at: usize) -> Result<Step> {
        let next = Step::To(at + 1);
        match (self.state, byte) {
            (_, b' ' | b'\n' | b'\r' | b'\t') => {}
            (State::AfterValue, b',') => {
                self.state = match self.tree.bracket() {
                    Some(Bracket::Curly) => State::NextKey,
                    Some(Bracket::Square) => State::Value,
                    None => return Ok(Step::Malformed),
                };
            }
            (State::Colon, b':') => self.state = State::Value,
            (State::FirstKey | State::NextKey, b'"') => {
                let end = self.plain_run(piece, at + 1);
                self.tree.key.clear();
                self.tree.key.push_str(piece.get(at + 1..end).unwrap_or_default());
                self.state = State::Key(Escape::None);
                return Ok(Step::To(end));
            }
            (State::Value | State::FirstItem, b'"') => {
                let end = self.plain_run(piece, at + 1);
                self.tree.put(Value::from(piece.get(at + 1..end).unwrap_or_default()));
                self.state = State::Text(Escape::None);
                return Ok(Step::To(end));
            }
            (State::FirstItem, b']') | (State::FirstKey, b'}') => self.close(),
            (State::AfterValue, b']' | b'}') if self.tree.bracket() == Bracket::closed_by(byte) => self.close(),
            (State::Value | State::FirstItem, _) => return self.value_start(byte, base, at),
            _ => return Ok(Step::Malformed),
        }
        Ok(next)
    }

    fn close(&mut self) {
        self.tree.close();
        self.state = State::AfterValue;
    }

    fn value_start(&mut self, byte: u8, base: usize, at: usize) -> Result<Step> {
        if let Some(bracket) = Bracket::opened_by(byte) {
            if self.tree.depth() >= usize::from(self.depth_limit) {
                return Err(self.refuse(Limit::Depth(self.depth_limit)));
            }
            self.tree.open(bracket);
            self.state = match bracket {
                Bracket::Square => State::FirstItem,
                Bracket::Curly => State::FirstKey,
            };
        } else if let Some(part) = Part::first(byte) {
            let start = base + at;
            let end = if part.is_whole() { start + 1 } else { start };
            self.state = State::Number(PartialNumber {
                part,
                start,
                end,
                shown: start,
            });
        } else if let Some(word) = WORDS.into_iter().find(|word| word.as_bytes().first() == Some(&byte)) {
            self.state = State::Word { word, read: 1 };
        } else {
            return Ok(Step::Malformed);
        }
        Ok(Step::To(at + 1))
    }

    fn number(&mut self, mut number: PartialNumber, byte: u8, base: usize, at: usize) -> Result<Step> {
        if let Some(part) = number.part.next(byte) {
            number.part = part;
            if part.is_whole() {
                number.end = base + at + 1;
            }
            self.state = State::Number(number);
            if base + at - number.start >= MAX_DIGITS {
                return Err(self.refuse(Limit::Number));
            }
            return Ok(Step::To(at + 1));
        }
        if number.part == Part::Minus && byte == b'I' {
            self.state = State::Word {
                word: "Infinity",
                read: 1,
            };
            return Ok(Step::To(at + 1));
        }
        if !number.part.is_whole() {
            return Ok(Step::Malformed);
        }
        self.show(&mut number);
        self.state = State::AfterValue;
        Ok(Step::Again)
    }

    /// Lets the tree have the longest part of the number that is one.
    fn show(&mut self, number: &mut PartialNumber) {
        if number.shown == number.end {
            return;
        }
        let value = self.text.get(number.start..number.end).and_then(to_number);
        self.unfit = self.unfit.filter(|unfit| unfit.at != number.start);
        if value.is_none() {
            self.unfit.get_or_insert(Unfit {
                at: number.start,
                problem: "the number is out of range",
            });
        }
        let value = value.map_or(Value::Null, Value::Number);
        if number.shown == number.start {
            self.tree.put(value);
        } else if let Some(last) = self.tree.last() {
            *last = value;
        }
        number.shown = number.end;
    }

    fn word(&mut self, word: &'static str, read: usize, byte: u8, base: usize, at: usize) -> Step {
        if word.as_bytes().get(read) != Some(&byte) {
            return Step::Malformed;
        }
        let read = read + 1;
        if read < word.len() {
            self.state = State::Word { word, read };
            return Step::To(at + 1);
        }
        self.tree.put(match word {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            _ => Value::Null,
        });
        if matches!(word, "NaN" | "Infinity") {
            self.unfit.get_or_insert(Unfit {
                at: base + at + 1 - read,
                problem: "JSON has no `NaN` and no `Infinity`",
            });
        }
        self.state = State::AfterValue;
        Step::To(at + 1)
    }

    fn string(&mut self, piece: &str, at: usize, byte: u8, escape: Escape) -> Step {
        let next = at + 1;
        match escape {
            Escape::None => match byte {
                b'"' => {
                    self.add("");
                    self.state = match self.state {
                        State::Key(_) => State::Colon,
                        _ => State::AfterValue,
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

    /// Adds text to the string, after the half of a pair that has remained one.
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

    /// Where the characters end that stand for themselves.
    fn plain_run(&self, piece: &str, from: usize) -> usize {
        let bytes = piece.as_bytes().get(from..).unwrap_or_default();
        let special = |byte: u8| matches!(byte, b'"' | b'\\') || (self.strict && byte < b' ' && byte != b'\n');
        from + bytes.iter().position(|byte| special(*byte)).unwrap_or(bytes.len())
    }

    fn refuse(&mut self, limit: Limit) -> crate::error::Error {
        self.limit = Some(limit);
        limit.into()
    }
}
