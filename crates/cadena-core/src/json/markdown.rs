//! JSON in a model's Markdown answer: bare, between backticks, or in a fenced block.

use serde_json::{Map, Value};

use super::partial::PartialJson;
use crate::error::{Error, ErrorKind, Result};

/// The characters around the JSON that do not count.
pub(super) const AROUND: [char; 5] = [' ', '\n', '\r', '\t', '`'];

const TAG: &str = "json";

/// Finds the JSON in a Markdown answer that arrives in pieces.
///
/// The whole text counts if it has a value as [`PartialJson`] reads it, without the blanks and backticks around it.
/// Otherwise the text after the first three backticks counts, without the word `json`; text after the closing
/// fence is cut off like any text after JSON. A piece costs as much as its bytes.
///
/// # Examples
///
/// ```
/// use cadena_core::json::PartialJsonMarkdown;
/// use serde_json::json;
///
/// let mut answer = PartialJsonMarkdown::new();
/// for (piece, value) in [
///     ("Here it is:\n``", None),
///     ("`js", None),
///     ("on\n{\"a\": [1", Some(json!({"a": [1]}))),
///     (", 2]}\n```\nAnything else?", Some(json!({"a": [1, 2]}))),
/// ] {
///     answer.push(piece)?;
///     assert_eq!(answer.value(), value.as_ref());
/// }
/// # Ok::<_, cadena_core::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct PartialJsonMarkdown {
    whole: Trimmed,
    fence: Fence,
    fenced: Trimmed,
}

/// How much was seen of the beginning of a fenced block.
#[derive(Clone, Copy, Debug)]
enum Fence {
    /// So many backticks.
    Ticks(u8),
    /// So many letters of the tag.
    Tag(usize),
    Open,
}

impl Default for Fence {
    fn default() -> Self {
        Self::Ticks(0)
    }
}

/// JSON without the blanks and backticks around it.
#[derive(Clone, Debug, Default)]
struct Trimmed {
    json: PartialJson,
    begun: bool,
    /// The end of the text that does not count if nothing follows.
    held: String,
}

impl PartialJsonMarkdown {
    /// Makes a reader of an empty text, which has no value.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(cadena_core::json::PartialJsonMarkdown::new().value(), None);
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads the next piece of the text.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::json::PartialJsonMarkdown;
    /// use serde_json::json;
    ///
    /// let mut answer = PartialJsonMarkdown::new();
    /// answer.push("`")?;
    /// answer.push("[1, 2")?;
    /// answer.push("]`")?;
    /// assert_eq!(answer.value(), Some(&json!([1, 2])));
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`LimitExceeded`](ErrorKind::LimitExceeded) as [`PartialJson::push`].
    pub fn push(&mut self, piece: &str) -> Result<()> {
        self.whole.push(piece)?;
        let mut read = 0;
        for byte in piece.bytes() {
            match self.fence {
                Fence::Ticks(2) if byte == b'`' => self.fence = Fence::Tag(0),
                Fence::Ticks(ticks) => self.fence = Fence::Ticks(if byte == b'`' { ticks + 1 } else { 0 }),
                Fence::Tag(letters) if TAG.as_bytes().get(letters) == Some(&byte) => {
                    self.fence = if letters + 1 == TAG.len() {
                        Fence::Open
                    } else {
                        Fence::Tag(letters + 1)
                    };
                }
                Fence::Tag(letters) => {
                    // It was another word, and so is a part of the text.
                    self.fenced.push(TAG.get(..letters).unwrap_or_default())?;
                    self.fence = Fence::Open;
                    break;
                }
                Fence::Open => break,
            }
            read += 1;
        }
        // Either all of the piece was read, or its last byte that was read is ASCII.
        self.fenced.push(piece.get(read..).unwrap_or_default())
    }

    /// Returns the value of the text so far, or `None` if it has no value.
    ///
    /// # Examples
    ///
    /// ````
    /// use cadena_core::json::PartialJsonMarkdown;
    /// use serde_json::json;
    ///
    /// let mut answer = PartialJsonMarkdown::new();
    /// answer.push("Of course: ")?;
    /// assert_eq!(answer.value(), None);
    ///
    /// answer.push("```[1, 2")?;
    /// assert_eq!(answer.value(), Some(&json!([1, 2])));
    /// # Ok::<_, cadena_core::Error>(())
    /// ````
    #[must_use]
    pub fn value(&self) -> Option<&Value> {
        self.whole.json.value().or_else(|| self.fenced.json.value())
    }

    /// Returns the value of the text, as [`value`](Self::value) shows it.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::json::PartialJsonMarkdown;
    ///
    /// let mut answer = PartialJsonMarkdown::new();
    /// answer.push("I had rather not")?;
    /// let error = answer.into_value().unwrap_err();
    /// assert_eq!(error.to_string(), r#"parse error: expected a value at line 1 column 1, got "I had rather not""#);
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Parse`](ErrorKind::Parse) if the text has no value. The place in the error is counted from where
    /// that JSON begins.
    pub fn into_value(self) -> Result<Value> {
        match self.fence {
            Fence::Open if self.whole.json.value().is_none() => self.fenced.json.into_value(),
            _ => self.whole.json.into_value(),
        }
    }
}

impl Trimmed {
    fn push(&mut self, piece: &str) -> Result<()> {
        let piece = if self.begun {
            piece
        } else {
            piece.trim_start_matches(AROUND)
        };
        self.begun |= !piece.is_empty();
        let body = piece.trim_end_matches(AROUND);
        if !body.is_empty() {
            self.json.push(&self.held)?;
            self.held.clear();
            self.json.push(body)?;
        }
        self.held.push_str(piece.get(body.len()..).unwrap_or_default());
        Ok(())
    }
}

/// Finds the JSON in a Markdown answer, and reads it as far as it goes.
///
/// It looks where [`PartialJsonMarkdown`] looks. Prose before a bare object is not skipped: ask the model for a fence,
/// or use [`JsonOutputParser`](crate::JsonOutputParser), which finds such an object.
///
/// # Examples
///
/// ````
/// use cadena_core::json::parse_json_markdown;
/// use serde_json::json;
///
/// assert_eq!(parse_json_markdown("Sure!\n```json\n{\"a\": 1}\n```\nDone.")?, json!({"a": 1}));
/// assert_eq!(parse_json_markdown("`{\"a\": 1}`")?, json!({"a": 1}));
/// assert!(parse_json_markdown("Sure: {\"a\": 1}").is_err());
/// # Ok::<_, cadena_core::Error>(())
/// ````
///
/// # Errors
///
/// [`Parse`](ErrorKind::Parse) if there is no value, and [`LimitExceeded`](ErrorKind::LimitExceeded) as
/// [`PartialJson::push`].
pub fn parse_json_markdown(text: &str) -> Result<Value> {
    let mut answer = PartialJsonMarkdown::new();
    answer.push(text)?;
    answer.into_value()
}

/// Finds the JSON in a Markdown answer, which must be an object with certain keys.
///
/// # Examples
///
/// ```
/// use cadena_core::json::parse_and_check_json_markdown;
///
/// let answer = parse_and_check_json_markdown(r#"{"question": "why?", "hops": 2}"#, ["question"])?;
/// assert_eq!(answer["hops"], 2);
///
/// let error = parse_and_check_json_markdown(r#"{"question": "why?"}"#, ["answer"]).unwrap_err();
/// assert_eq!(error.to_string(), "parse error: the object has no key `answer`");
/// # Ok::<_, cadena_core::Error>(())
/// ```
///
/// # Errors
///
/// [`Parse`](ErrorKind::Parse) if there is no value, if it is not an object, or if a key is missing;
/// [`LimitExceeded`](ErrorKind::LimitExceeded) as [`PartialJson::push`].
pub fn parse_and_check_json_markdown<'a>(
    text: &str,
    expected_keys: impl IntoIterator<Item = &'a str>,
) -> Result<Map<String, Value>> {
    let object = match parse_json_markdown(text)? {
        Value::Object(object) => object,
        other => {
            return Err(Error::new(
                ErrorKind::Parse,
                format!("expected an object, but the JSON is {}", noun(&other)),
            ));
        }
    };
    for key in expected_keys {
        if !object.contains_key(key) {
            return Err(Error::new(ErrorKind::Parse, format!("the object has no key `{key}`")));
        }
    }
    Ok(object)
}

fn noun(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}
