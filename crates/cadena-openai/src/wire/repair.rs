//! JSON that a strict reader refuses, written again so that it takes it: the second try, after the first one failed.

use super::half::{Half, Halves};

/// Containers within each other that a reader of JSON surely takes.
const DEPTH: usize = 100;

/// Repairs JSON, or what nearly is some. `None` if there is nothing to repair, so that reading it again would fail again. Bytes that are no UTF-8
/// stay an error: they are a sign that bytes were lost on the way.
///
/// | what a server sends | what is read |
/// |---|---|
/// | a half of a surrogate pair (`\ud83d`) | U+FFFD |
/// | `NaN`, `Infinity`, `-Infinity` (and `nan`, `inf`, …), outside of texts | the texts `"NaN"`, `"Infinity"`, `"-Infinity"` |
/// | a number that no `f64` holds, such as `-1e400` | its text |
/// | `True`, `False`, `None`, `undefined` | `true`, `false`, `null` |
/// | a line break or another control character within a text | its escape |
/// | an escape that JSON does not have | the backslash and what follows, verbatim |
/// | a byte order mark between values | nothing |
/// | more than a hundred lists or objects within each other | the text of the innermost ones |
pub(crate) fn repaired(data: &[u8]) -> Option<Vec<u8>> {
    Repair::new(data, false).run()
}

/// The same, with the private characters of [`Half`] in place of halves, which may belong to what the next event brings.
pub(crate) fn marked(data: &[u8]) -> Option<Vec<u8>> {
    Repair::new(data, true).run()
}

/// Reads JSON, and where that fails what [`repaired`] makes of it. The error is that of the first reading.
pub(crate) fn read_twice<T>(data: &[u8], read: impl Fn(&[u8]) -> serde_json::Result<T>) -> serde_json::Result<T> {
    read(data).or_else(|cause| repaired(data).and_then(|repaired| read(&repaired).ok()).ok_or(cause))
}

struct Repair<'a> {
    data: &'a [u8],
    at: usize,
    out: Vec<u8>,
    marks: bool,
    /// Halves that were read and not written.
    halves: Halves,
    depth: usize,
    changed: bool,
}

impl<'a> Repair<'a> {
    fn new(data: &'a [u8], marks: bool) -> Self {
        Self {
            data,
            at: 0,
            out: Vec::with_capacity(data.len()),
            marks,
            halves: Halves::default(),
            depth: 0,
            changed: false,
        }
    }

    fn rest(&self) -> &'a [u8] {
        self.data.get(self.at..).unwrap_or_default()
    }

    fn run(mut self) -> Option<Vec<u8>> {
        str::from_utf8(self.data).ok()?;
        while let Some(&byte) = self.rest().first() {
            match byte {
                b'"' => self.text(),
                b'{' | b'[' if self.depth == DEPTH => self.too_deep(),
                b'{' | b'[' => {
                    self.depth += 1;
                    self.copy(1);
                }
                b'}' | b']' => {
                    self.depth = self.depth.saturating_sub(1);
                    self.copy(1);
                }
                0xEF if self.rest().starts_with(b"\xEF\xBB\xBF") => {
                    self.at += 3;
                    self.changed = true;
                }
                b'-' | b'+' | b'.' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => self.word(),
                _ => self.copy(1),
            }
        }
        self.changed.then_some(self.out)
    }

    fn copy(&mut self, bytes: usize) {
        self.out.extend_from_slice(self.rest().get(..bytes).unwrap_or_default());
        self.at += bytes;
    }

    /// A number or a word outside of texts.
    fn word(&mut self) {
        let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || b"+-._".contains(byte);
        let rest = self.rest();
        let end = rest.iter().position(|byte| !is_part(byte)).unwrap_or(rest.len());
        let word = rest.get(..end).unwrap_or_default();
        // It is ASCII.
        let text = str::from_utf8(word).unwrap_or_default();
        let read: Option<&[u8]> = match text.to_ascii_lowercase().as_str() {
            "true" if text != "true" => Some(b"true"),
            "false" if text != "false" => Some(b"false"),
            "none" | "undefined" => Some(b"null"),
            "nan" | "-nan" | "+nan" => Some(b"\"NaN\""),
            "inf" | "infinity" | "+inf" | "+infinity" => Some(b"\"Infinity\""),
            "-inf" | "-infinity" => Some(b"\"-Infinity\""),
            _ => None,
        };
        match read {
            Some(read) => {
                self.at += end;
                self.replace(read);
            }
            // Only a number can be too large: the words that are read as one were named above.
            None if text.parse().is_ok_and(f64::is_infinite) => {
                self.at += end;
                self.replace(b"\"");
                self.replace(word);
                self.replace(b"\"");
            }
            None => self.copy(end),
        }
    }

    fn replace(&mut self, by: &[u8]) {
        self.changed = true;
        self.out.extend_from_slice(by);
    }

    /// A container that is too deep, as the text that it is written in.
    fn too_deep(&mut self) {
        let rest = self.rest();
        let container = rest.get(..container(rest)).unwrap_or_default();
        let text = serde_json::Value::String(String::from_utf8_lossy(container).into_owned());
        self.replace(text.to_string().as_bytes());
        self.at += container.len();
    }

    /// A text, from quote to quote.
    fn text(&mut self) {
        self.copy(1);
        loop {
            let rest = self.rest();
            let plain = rest
                .iter()
                .position(|byte| matches!(byte, b'"' | b'\\' | ..0x20 | 0x80..));
            let plain = plain.unwrap_or(rest.len());
            if plain > 0 {
                self.write_halves();
                self.copy(plain);
            }
            match self.rest().first() {
                None => return self.write_halves(),
                Some(b'"') => {
                    self.write_halves();
                    return self.copy(1);
                }
                Some(b'\\') => self.escape(),
                Some(&control @ ..0x20) => {
                    self.write_halves();
                    self.at += 1;
                    self.replace(format!("\\u{control:04x}").as_bytes());
                }
                Some(_) => self.beyond_ascii(),
            }
        }
    }

    fn escape(&mut self) {
        let rest = self.rest();
        match rest.get(1) {
            Some(b'u') => match code_unit(rest) {
                Some(unit) => match Half::new(unit) {
                    // A whole pair passes through here as well: its halves find each other where they are written.
                    Some(half) => {
                        self.at += 6;
                        self.push(half);
                    }
                    None => {
                        self.write_halves();
                        self.copy(6);
                    }
                },
                None => self.no_escape(),
            },
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => {
                self.write_halves();
                self.copy(2);
            }
            // The body ends within the escape: it is cut, and stays so.
            None => self.copy(1),
            Some(_) => self.no_escape(),
        }
    }

    fn no_escape(&mut self) {
        self.write_halves();
        self.at += 1;
        self.replace(br"\\");
    }

    /// Characters that are not ASCII.
    fn beyond_ascii(&mut self) {
        let rest = self.rest();
        let end = rest.iter().position(u8::is_ascii).unwrap_or(rest.len());
        let run = str::from_utf8(rest.get(..end).unwrap_or_default()).unwrap_or_default();
        for character in run.chars() {
            if self.marks && Half::is_mark(character) {
                let mut units = [0; 2];
                let halves = character
                    .encode_utf16(&mut units)
                    .iter()
                    .filter_map(|unit| Half::new(*unit));
                halves.for_each(|half| self.push(half));
            } else {
                self.write_halves();
                self.out
                    .extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
            }
        }
        self.at += end;
    }

    fn push(&mut self, half: Half) {
        self.halves.push(half);
        self.changed = true;
    }

    fn write_halves(&mut self) {
        if self.halves.is_empty() {
            return;
        }
        let mut text = String::new();
        if self.marks {
            text.extend(std::mem::take(&mut self.halves).iter().map(|half| half.mark()));
        } else {
            self.halves.write(&mut text, false);
        }
        self.out.extend_from_slice(text.as_bytes());
    }
}

/// The code unit of `\uXXXX`.
fn code_unit(escape: &[u8]) -> Option<u16> {
    let digits = escape
        .get(2..6)
        .filter(|digits| digits.iter().all(u8::is_ascii_hexdigit))?;
    u16::from_str_radix(str::from_utf8(digits).ok()?, 16).ok()
}

/// How long the list or object is that begins here.
fn container(data: &[u8]) -> usize {
    let (mut depth, mut in_text, mut escaped) = (0_usize, false, false);
    for (at, byte) in data.iter().enumerate() {
        match byte {
            _ if std::mem::take(&mut escaped) => {}
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b'{' | b'[' if !in_text => depth += 1,
            b'}' | b']' if !in_text => {
                depth -= 1;
                if depth == 0 {
                    return at + 1;
                }
            }
            _ => {}
        }
    }
    data.len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    #[track_caller]
    fn check(broken: impl AsRef<[u8]>, expect: &str) {
        let broken = broken.as_ref();
        assert!(serde_json::from_slice::<Value>(broken).is_err(), "it is read at once");
        let read = repaired(broken).expect("there is something to repair");
        let read: Value = serde_json::from_slice(&read).expect("it can be read");
        assert_eq!(read, serde_json::from_str::<Value>(expect).unwrap());
    }

    #[test]
    fn what_servers_break_can_be_read() {
        check(r#"["a\ud83d", "\ude00b", "\ud83dx\ude00"]"#, r#"["a�", "�b", "�x�"]"#);
        check(r#"["\ud83d\ude00\ud83d"]"#, r#"["😀�"]"#);
        check(r#"{"\ud83d": "\ud83d"}"#, r#"{"�": "�"}"#);
        check(
            "[NaN, Infinity, -Infinity, nan, inf, -inf, {\"a\": NaN}, \"NaN\"]",
            r#"["NaN", "Infinity", "-Infinity", "NaN", "Infinity", "-Infinity", {"a": "NaN"}, "NaN"]"#,
        );
        check("[-1e400, 1e400, 1e-400, -0.5]", r#"["-1e400", "1e400", 0.0, -0.5]"#);
        check("[True, False, None, \"True\"]", r#"[true, false, null, "True"]"#);
        check("[\"a\nb\tc\u{1}\"]", r#"["a\nb\tc\u0001"]"#);
        check(r#"["\x41 \' \u12 \n"]"#, r#"["\\x41 \\' \\u12 \n"]"#);
        check("\u{FEFF}[1,\u{FEFF}2]", "[1,2]");
    }

    #[test]
    fn what_is_too_deep_is_kept_as_its_text() {
        let deep = format!("{}{{\"a\":\"[\\\"\"}}{}", "[".repeat(200), "]".repeat(200));
        let read: Value = serde_json::from_slice(&repaired(deep.as_bytes()).unwrap()).unwrap();
        let mut inner = &read;
        while let Some(next) = inner.get(0) {
            inner = next;
        }
        assert_eq!(inner.as_str().unwrap(), &deep[DEPTH..deep.len() - DEPTH]);
    }

    #[test]
    fn what_cannot_be_read_is_left_alone() {
        for broken in [
            "",
            "{",
            "[1,]",
            "<html>",
            "{\"a\": tru",
            "[\"\\u00e9\\",
            "}}}]",
            "internal error",
        ] {
            assert_eq!(repaired(broken.as_bytes()), None, "{broken}");
        }
        assert_eq!(repaired(b"[\"a\xF0\x9F\", NaN]"), None, "bytes were lost");
    }

    proptest! {
        #[test]
        fn any_bytes_are_repaired_or_left_without_a_panic(data in proptest::collection::vec(any::<u8>(), 0..64)) {
            let _ = (repaired(&data), marked(&data));
        }

        #[test]
        fn whole_json_means_the_same_after_a_repair(texts in proptest::collection::vec(".*", 0..4)) {
            let json = serde_json::to_vec(&texts).unwrap();
            let again = repaired(&json).unwrap_or_else(|| json.clone());
            prop_assert_eq!(serde_json::from_slice::<Vec<String>>(&again).unwrap(), texts);
        }
    }
}
