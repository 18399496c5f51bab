//! Reads JSON that a model wrote: unfinished, in pieces, or wrapped in Markdown.
//!
//! A model writes its JSON token by token, may stop in the middle, and likes to put a fence around it. This module returns
//! the value of such text at every moment, at a cost that grows with the text and not with its square:
//!
//! | have | want | use |
//! |---|---|---|
//! | pieces of JSON | the value after each piece | [`PartialJson`] |
//! | pieces of Markdown around JSON | the value after each piece | [`PartialJsonMarkdown`] |
//! | one text, maybe cut off | what can be read of it | [`parse_partial_json`] |
//! | one answer, maybe fenced | the JSON in it | [`parse_json_markdown`] |
//! | one answer that must be an object | that object | [`parse_and_check_json_markdown`] |
//!
//! A repaired value looks like any other. Use [`PartialJson::finish`] where the text must be complete.
//!
//! # Examples
//!
//! ```
//! use cadena_core::json::PartialJson;
//! use serde_json::json;
//!
//! let mut arguments = PartialJson::new();
//! for (piece, value) in [
//!     (r#"{"city": "Mad"#, json!({"city": "Mad"})),
//!     (r#"rid", "days"#, json!({"city": "Madrid"})),
//!     (r#"": 3"#, json!({"city": "Madrid", "days": 3})),
//! ] {
//!     arguments.push(piece)?;
//!     assert_eq!(arguments.value(), Some(&value));
//! }
//! assert!(arguments.finish().is_err());
//! # Ok::<_, cadena_core::Error>(())
//! ```
//!
//! # Which part of an unfinished text counts
//!
//! The longest beginning of the text that is JSON once a quote and the open brackets are closed:
//!
//! - an open string, array or object is closed where it stands;
//! - a number ends at its last digit that may be one: `1.` is 1 and `2e` is 2, while `-` is nothing;
//! - a part that cannot be closed is left out: a key without its value, `tru`, a string that ends within `\u00`;
//! - a repeated key has its last value, in its first place.
//!
//! Strings may hold line ends and other control characters as they are, for models write them.
//! `NaN`, `Infinity` and numbers beyond `f64` become `null`, as [`serde_json::Value`] cannot hold them. The escape of
//! one half of a surrogate pair becomes U+FFFD as soon as it is certain that its other half does not follow.
//!
//! # Text that is not JSON
//!
//! From the first byte that cannot belong to JSON, only quotes and brackets count: the value is the longest beginning
//! of the text that the *brackets now open* can close. So `{"a": 1} and more` is `{"a": 1}`, `{"a": 1, b` is
//! `{"a": 1}`, and `[1,]` has no value. A bracket that closes one that is not open makes the value `null` for good.

mod answer;
mod brackets;
mod markdown;
mod misread;
mod number;
mod partial;
mod pointer;
mod quote;
mod scanner;
mod spans;
mod tree;

pub(crate) use self::answer::AnswerJson;
pub(crate) use self::misread::Misread;
pub(crate) use self::pointer::{escape, unescape};
pub(crate) use self::quote::quote;
pub(crate) use self::spans::{Children, JsonSpans, SpanNode};

pub use self::markdown::{PartialJsonMarkdown, parse_and_check_json_markdown, parse_json_markdown};
pub use self::partial::{PartialJson, parse_partial_json, parse_partial_json_strict};
