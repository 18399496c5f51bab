//! [`PartialJson`]: the value of JSON text that is still arriving.

mod finish;
mod read;

pub(super) use read::WORDS;

use std::sync::OnceLock;

use serde_json::Value;

use super::number::Part;
use super::scan::{Bracket, Scan, rewind};
use super::tree::Tree;
use crate::error::Result;

static NULL: Value = Value::Null;

pub(super) const DEPTH_LIMIT: u8 = 128;

/// Reads JSON in pieces and has the value of the text so far at every moment.
///
/// A piece costs what its bytes cost, plus a step per open bracket, wherever the text was cut: within a word, a
/// number, an escape or a surrogate pair. The value is kept as it is to be seen, so looking at it costs nothing.
/// The [module page](super) says which value an unfinished text has.
///
/// Arrays and objects may be nested 128 deep, unless [`depth_limit`](Self::depth_limit) says otherwise. The text
/// that was JSON is kept too, so memory is the value and that text.
///
/// # Examples
///
/// ```
/// use cadena_core::json::PartialJson;
/// use serde_json::json;
///
/// let mut json = PartialJson::new();
/// json.push(r#"{"a": [1, {"b": "caf\u00"#)?;
/// assert_eq!(json.value(), Some(&json!({"a": [1, {}]})));
///
/// json.push(r#"e9"#)?;
/// assert_eq!(json.value(), Some(&json!({"a": [1, {"b": "café"}]})));
///
/// json.push(r#""}]}"#)?;
/// assert_eq!(json.finish()?, json!({"a": [1, {"b": "café"}]}));
/// # Ok::<_, cadena_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct PartialJson {
    depth_limit: u8,
    strict: bool,
    /// The text, up to the first byte that is not JSON.
    text: String,
    tree: Tree,
    state: State,
    /// The string that cannot be closed where the last piece ended.
    hidden: Option<Value>,
    /// The first half of a surrogate pair, while the second may follow.
    half: Option<u16>,
    unfit: Option<Unfit>,
    fault: Option<Fault>,
    limit: Option<Limit>,
}

/// What may come next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Value,
    /// A value or `]`.
    FirstItem,
    /// A key or `}`.
    FirstKey,
    NextKey,
    Colon,
    AfterValue,
    /// Within a string that is a value.
    Text(Escape),
    Key(Escape),
    Number(PartialNumber),
    Word {
        word: &'static str,
        read: usize,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Escape {
    None,
    /// After a backslash.
    Start,
    /// After `\u` and some of its four digits.
    Hex {
        code: u16,
        digits: u8,
    },
}

/// A number that may go on. The fields but `part` are places in the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct PartialNumber {
    part: Part,
    start: usize,
    /// Where the number could end last.
    end: usize,
    /// The `end` of the number that the tree shows.
    shown: usize,
}

/// A value that Python reads and [`Value`] cannot hold.
#[derive(Clone, Copy, Debug)]
struct Unfit {
    at: usize,
    problem: &'static str,
}

/// What happened to the brackets since the text is not JSON any more.
#[derive(Clone, Debug)]
struct Fault {
    scan: Scan,
    /// The value that the brackets now open would close, computed when it is asked for.
    rewound: OnceLock<Option<Value>>,
}

#[derive(Clone, Copy, Debug)]
enum Limit {
    Depth(u8),
    Number,
}

impl PartialJson {
    /// Starts with an empty text, which has no value.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(cadena_core::json::PartialJson::new().value(), None);
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self {
            depth_limit: DEPTH_LIMIT,
            strict: false,
            text: String::new(),
            tree: Tree::default(),
            state: State::Value,
            hidden: None,
            half: None,
            unfit: None,
            fault: None,
            limit: None,
        }
    }

    /// Sets how deep arrays and objects may be nested.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::ErrorKind;
    /// use cadena_core::json::PartialJson;
    ///
    /// let mut json = PartialJson::new().depth_limit(2);
    /// json.push("[[")?;
    /// assert_eq!(json.push("[").unwrap_err().kind(), ErrorKind::LimitExceeded);
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    // A byte, as a value of some thousand levels overflows the stack when it is dropped.
    #[must_use]
    pub fn depth_limit(mut self, levels: u8) -> Self {
        self.depth_limit = levels;
        self
    }

    /// Sets whether control characters other than the line feed must be escaped in strings. By default, none must.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::json::PartialJson;
    ///
    /// let mut json = PartialJson::new().strict(true);
    /// json.push("[\"one\ntwo\tthree")?;
    /// assert_eq!(json.value(), Some(&serde_json::json!([])));
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    #[must_use]
    pub fn strict(mut self, strict: bool) -> Self {
        self.strict = strict;
        self
    }

    /// Reads the next piece of the text.
    ///
    /// Text that is not JSON is no error here, as a model's answer may go on after it: see [`finish`](Self::finish).
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::json::PartialJson;
    /// use serde_json::json;
    ///
    /// let mut json = PartialJson::new();
    /// json.push("[1, 2")?;
    /// json.push("3] is what I found")?;
    /// assert_eq!(json.value(), Some(&json!([1, 23])));
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`LimitExceeded`](crate::ErrorKind::LimitExceeded) if the nesting is too deep or a number has more than 2048
    /// characters; then every later piece is refused with the same error.
    pub fn push(&mut self, piece: &str) -> Result<()> {
        let read = self.read_json(piece)?;
        let rest = piece.get(read..).unwrap_or_default();
        if let Some(fault) = &mut self.fault {
            for byte in rest.bytes() {
                if fault.scan.push(byte) {
                    fault.rewound.take();
                }
            }
        }
        Ok(())
    }

    /// Reads a piece as far as it is JSON, and returns how far that is.
    pub(super) fn read_json(&mut self, piece: &str) -> Result<usize> {
        if let Some(limit) = self.limit {
            return Err(limit.into());
        }
        if self.fault.is_some() {
            return Ok(0);
        }
        self.text.push_str(piece);
        let read = self.read(piece)?;
        if read < piece.len() {
            self.text.truncate(self.text.len() - (piece.len() - read));
            self.give_up();
        }
        Ok(read)
    }

    /// The text as far as it is JSON.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The value of the text so far, or none if it has none: the text is empty, begins with something else, or stops
    /// in a word such as `tru`.
    ///
    /// It costs nothing while the text is JSON. After that, each change of the open brackets makes the next look
    /// read the JSON part of the text again.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::json::PartialJson;
    /// use serde_json::json;
    ///
    /// let mut json = PartialJson::new();
    /// assert_eq!(json.value(), None);
    ///
    /// json.push("[1, 2, thr")?;
    /// assert_eq!(json.value(), Some(&json!([1, 2])));
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    #[must_use]
    pub fn value(&self) -> Option<&Value> {
        let Some(fault) = &self.fault else {
            return self.tree.root();
        };
        if fault.scan.mismatched {
            return Some(&NULL);
        }
        if self.tree.brackets().eq(fault.scan.open.iter().copied()) {
            return self.tree.root();
        }
        fault
            .rewound
            .get_or_init(|| self.value_within(&fault.scan.open))
            .as_ref()
    }

    /// Whether the text so far is one complete JSON value.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::json::PartialJson;
    ///
    /// let mut json = PartialJson::new();
    /// json.push(r#"{"amount": 10"#)?;
    /// assert!(json.value().is_some() && !json.is_complete());
    ///
    /// json.push("0}")?;
    /// assert!(json.is_complete());
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.is_closed() && self.fault.is_none() && self.limit.is_none() && self.unfit.is_none()
    }

    /// Whether a value has ended, whatever follows it.
    pub(super) fn is_closed(&self) -> bool {
        let closed = match self.state {
            State::AfterValue => true,
            State::Number(number) => number.part.is_whole(),
            _ => false,
        };
        closed && self.tree.depth() == 0
    }

    /// Whether it holds what [`Value`] cannot hold.
    pub(super) fn is_unfit(&self) -> bool {
        self.unfit.is_some()
    }

    /// The brackets that are open where the text is no JSON any more; none if it does not begin with one.
    pub(super) fn brackets(&self) -> Option<Scan> {
        let container = self.text.starts_with(['{', '[']);
        container.then(|| match &self.fault {
            Some(fault) => fault.scan.clone(),
            None => Scan::default(),
        })
    }

    /// The value that was read, whatever followed it.
    pub(super) fn into_root(self) -> Option<Value> {
        self.tree.into_root()
    }

    /// Keeps the tree as it is from now on, and follows the brackets only.
    fn give_up(&mut self) {
        let escape = match self.state {
            State::Text(escape) => {
                // The string can never be closed.
                if self.hidden.take().is_none() {
                    self.tree.take_back();
                }
                Some(escape)
            }
            State::Key(escape) => Some(escape),
            _ => None,
        };
        self.fault = Some(Fault {
            scan: Scan {
                open: self.tree.brackets().collect(),
                quoted: escape.is_some(),
                escaped: escape == Some(Escape::Start),
                mismatched: false,
            },
            rewound: OnceLock::new(),
        });
    }

    /// The value of the longest beginning of the text that these brackets close.
    fn value_within(&self, open: &[Bracket]) -> Option<Value> {
        let mut again = Self::new().depth_limit(self.depth_limit).strict(self.strict);
        again.push(rewind(&self.text, open)?).ok()?;
        again.tree.into_root()
    }
}

impl Default for PartialJson {
    fn default() -> Self {
        Self::new()
    }
}

/// Reads what can be read of a JSON text that may be cut off, or followed by other text.
///
/// The [module page](super) says which value such a text has.
///
/// # Examples
///
/// ```
/// use cadena_core::json::parse_partial_json;
/// use serde_json::json;
///
/// assert_eq!(parse_partial_json(r#"{"a": [1, 2"#)?, json!({"a": [1, 2]}));
/// assert_eq!(parse_partial_json(r#"{"a": 1, "b": tru"#)?, json!({"a": 1}));
/// assert!(parse_partial_json("I cannot answer in JSON").is_err());
/// # Ok::<_, cadena_core::Error>(())
/// ```
///
/// # Errors
///
/// [`Parse`](crate::ErrorKind::Parse) if no part of the text is a value, and
/// [`LimitExceeded`](crate::ErrorKind::LimitExceeded) as [`PartialJson::push`] has it.
pub fn parse_partial_json(text: &str) -> Result<Value> {
    let mut json = PartialJson::new();
    json.push(text)?;
    json.into_value()
}

/// Reads as [`parse_partial_json`] does, except that a string ends the JSON where it has a control character other than
/// the line feed.
///
/// # Examples
///
/// ```
/// use cadena_core::json::{parse_partial_json, parse_partial_json_strict};
/// use serde_json::json;
///
/// let text = "{\"a\": \"one\ttwo\"";
/// assert_eq!(parse_partial_json(text)?, json!({"a": "one\ttwo"}));
/// assert_eq!(parse_partial_json_strict(text)?, json!({}));
/// # Ok::<_, cadena_core::Error>(())
/// ```
///
/// # Errors
///
/// As [`parse_partial_json`].
pub fn parse_partial_json_strict(text: &str) -> Result<Value> {
    let mut json = PartialJson::new().strict(true);
    json.push(text)?;
    json.into_value()
}
