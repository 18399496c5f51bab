//! [`Misread`]: why a JSON value is not a value of a type, and where.

use std::fmt;

use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_path_to_error::Segment;

use super::pointer::escape;
use super::quote::{cut, quote_value};

/// The most characters that an error shows of a sentence or of a pointer; both may hold the model's words.
const LONGEST: usize = 200;

/// The reason why a JSON value is not a value of a type.
///
/// `Display` is one line such as `` `/status`: expected `open` or `paid`, got "opne" ``. It is bounded, whatever the model wrote.
#[derive(Debug)]
pub(crate) struct Misread {
    pointer: String,
    line: String,
}

impl Misread {
    /// Finds what is wrong with a value that could not be read as a `T`.
    pub(crate) fn of<T: DeserializeOwned>(value: &Value) -> Self {
        // Only now the path is followed: an answer that fits pays nothing for it.
        match serde_path_to_error::deserialize::<_, T>(value) {
            Ok(_) => Self::at(String::new(), value, "the JSON is not a value of the type"),
            Err(error) => Self::at(pointer(error.path(), value), value, &error.inner().to_string()),
        }
    }

    fn at(pointer: String, root: &Value, message: &str) -> Self {
        let mut line = match pointer.as_str() {
            "" => String::new(),
            pointer => format!("`{}`: ", cut(pointer, LONGEST)),
        };
        line += &cut(&expected(message), LONGEST);
        if let Some(value) = root.pointer(&pointer) {
            line += ", got ";
            line += &quote_value(value);
        }
        Self { pointer, line }
    }

    /// The pointer of the value that does not fit.
    pub(crate) fn into_pointer(self) -> String {
        self.pointer
    }
}

impl fmt::Display for Misread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.line)
    }
}

impl std::error::Error for Misread {}

/// The pointer of the innermost value on the path. serde knows no path within an untagged enum or a flattened struct, so it
/// ends at their value.
fn pointer(path: &serde_path_to_error::Path, root: &Value) -> String {
    let mut pointer = String::new();
    for segment in path.iter() {
        let part = match segment {
            Segment::Seq { index } => index.to_string(),
            Segment::Map { key } => escape(key),
            Segment::Enum { variant } => escape(variant),
            Segment::Unknown => break,
        };
        pointer.push('/');
        pointer.push_str(&part);
    }
    while root.pointer(&pointer).is_none() {
        pointer.truncate(pointer.rfind('/').unwrap_or_default());
    }
    pointer
}

/// The expectation of a type, without the value that serde quotes before it: the value is shown after it, and cut.
fn expected(message: &str) -> String {
    if message.starts_with("unknown field ") {
        return message.to_owned();
    }
    if let Some((_, expected)) = message.rsplit_once(", expected ") {
        return format!("expected {expected}");
    }
    match message.strip_prefix("missing field ") {
        Some(field) => format!("expected the key {field}"),
        None => message.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;
    use serde_json::json;

    use super::*;

    #[derive(Deserialize)]
    #[serde(rename_all = "lowercase", deny_unknown_fields)]
    #[expect(dead_code, reason = "it is never read successfully")]
    struct Order {
        status: Status,
        items: Option<Vec<Shape>>,
        #[serde(default)]
        date: Option<Date>,
    }

    #[derive(Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Status {
        Open,
        Paid,
    }

    #[derive(Deserialize)]
    #[serde(rename_all = "lowercase")]
    #[expect(dead_code, reason = "it is never read successfully")]
    enum Shape {
        Circle { r: u8 },
    }

    #[derive(Deserialize)]
    #[serde(try_from = "String")]
    struct Date;

    impl TryFrom<String> for Date {
        type Error = String;

        fn try_from(text: String) -> Result<Self, String> {
            Err(format!("`{text}` is in the past"))
        }
    }

    #[derive(Deserialize)]
    #[serde(untagged)]
    #[expect(dead_code, reason = "it is never read successfully")]
    enum Either {
        One(u8),
        Many { of: Vec<u8> },
    }

    #[track_caller]
    fn check<T: DeserializeOwned>(value: Value, pointer: &str, line: &str) {
        let misread = Misread::of::<T>(&value);
        assert_eq!(
            (misread.to_string().as_str(), misread.pointer.as_str()),
            (line, pointer)
        );
    }

    #[test]
    fn the_place_the_expectation_and_the_value_are_named() {
        let status = "`/status`: expected `open` or `paid`, got \"opne\"";
        check::<Order>(json!({"status": "opne"}), "/status", status);
        check::<Order>(json!([]), "", "expected struct Order with 3 elements, got []");
        check::<Order>(
            json!({"items": []}),
            "",
            "expected the key `status`, got {\"items\":[]}",
        );
        let circle = json!({"status": "open", "items": [{"circle": {"r": 1}}, {"circle": {"r": [2]}}]});
        check::<Order>(circle, "/items/1/circle/r", "`/items/1/circle/r`: expected u8, got [2]");
        let extra = json!({"status": "open", "x": 1});
        let line = "unknown field `x`, expected one of `status`, `items`, `date`, got 1";
        check::<Order>(extra, "/x", &format!("`/x`: {line}"));
        let date = json!({"status": "open", "date": "1066"});
        check::<Order>(date, "/date", "`/date`: `1066` is in the past, got \"1066\"");
        let either = "`/0`: data did not match any variant of untagged enum Either, got {\"of\":[\"x\"]}";
        check::<Vec<Either>>(json!([{"of": ["x"]}]), "/0", either);
        check::<BTreeMap<String, u8>>(json!({"a/b\n": -1}), "/a~1b\n", "`/a~1b\\n`: expected u8, got -1");
        check::<Vec<u8>>(
            json!("x".repeat(99)),
            "",
            &format!("expected a sequence, got \"{}\" …", "x".repeat(60)),
        );
    }
}
