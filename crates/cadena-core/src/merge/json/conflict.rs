//! The error of a merge, on its way from the place of the conflict to the caller.

use std::fmt::Write as _;

use serde_json::Value;

use crate::{Error, ErrorKind};

/// The reason why two values do not add up, and the path to them, which grows on the way out. Boxed, since it is rare and large.
pub(super) struct Conflict {
    kind: ErrorKind,
    what: String,
    /// The path from the inside to the outside.
    path: Vec<Segment>,
}

pub(super) enum Segment {
    Key(String),
    Position(usize),
}

impl Conflict {
    pub(super) fn new(kind: ErrorKind, what: impl Into<String>) -> Box<Self> {
        Box::new(Self {
            kind,
            what: what.into(),
            path: Vec::new(),
        })
    }

    pub(super) fn merge(what: impl Into<String>) -> Box<Self> {
        Self::new(ErrorKind::Merge, what)
    }

    pub(super) fn mismatch(left: &Value, right: &Value) -> Box<Self> {
        Self::merge(format!("{} and {} do not add up", type_name(left), type_name(right)))
    }

    pub(super) fn content(left: &Value, right: &Value) -> Box<Self> {
        Self::merge(format!(
            "content must be text or a list, not {} and {}",
            type_name(left),
            type_name(right)
        ))
    }

    /// Returns the conflict as the container sees it in which `segment` is.
    pub(super) fn inside(mut self: Box<Self>, segment: Segment) -> Box<Self> {
        self.path.push(segment);
        self
    }
}

impl From<Box<Conflict>> for Error {
    fn from(conflict: Box<Conflict>) -> Self {
        let mut detail = String::new();
        for segment in conflict.path.iter().rev() {
            // Writing to a string cannot fail.
            let _ = match segment {
                Segment::Key(key) if detail.is_empty() => write!(detail, "{key}"),
                Segment::Key(key) => write!(detail, ".{key}"),
                Segment::Position(position) => write!(detail, "[{position}]"),
            };
        }
        let detail = if detail.is_empty() {
            conflict.what
        } else {
            format!("`{detail}`: {}", conflict.what)
        };
        Self::new(conflict.kind, detail)
    }
}

fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(number) if number.is_f64() => "a float",
        Value::Number(_) => "an integer",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
