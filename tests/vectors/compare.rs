//! Compares two JSON values the way the vectors are meant.

use cadena_core::json::parse_partial_json;
use serde_json::{Map, Value};

/// Equality of results. The order of keys and random run ids never count.
#[derive(Clone, Copy)]
pub(crate) struct Compare {
    /// Whether `1` and `1.0` are two values.
    pub(crate) exact_numbers: bool,
    /// Below these keys a null member is as good as none: OpenAI's Python client fills in what the server left out.
    pub(crate) optional_nulls: &'static [&'static str],
    /// Texts under these keys are compared as JSON: Python writes `", "` and escapes where we do not.
    pub(crate) json_texts: &'static [&'static str],
    /// Whether what Python's JSON has and a `Value` cannot hold may be what is nearest to it: `null` for NaN and the
    /// infinities, U+FFFD for half of a surrogate pair, and nothing for a half at the end of the text.
    pub(crate) nearest: bool,
    /// Whether the elements of a list, and the lines of a text, may come in any order.
    pub(crate) any_order: bool,
}

impl Compare {
    /// Every value counts.
    pub(crate) const EXACT: Self = Self {
        exact_numbers: true,
        optional_nulls: &[],
        json_texts: &[],
        nearest: false,
        any_order: false,
    };

    /// A message as a server sent it.
    pub(crate) const MESSAGE: Self = Self {
        exact_numbers: false,
        optional_nulls: &["token_usage", "logprobs"],
        ..Self::EXACT
    };

    /// A graph: LangChain writes the last edges of a chain before those in its middle.
    pub(crate) const GRAPH: Self = Self {
        any_order: true,
        ..Self::EXACT
    };

    /// JSON that a model wrote, as Python reads it.
    pub(crate) const PARSED: Self = Self {
        exact_numbers: false,
        nearest: true,
        ..Self::EXACT
    };

    /// A whole answer: where LangChain writes that there is no refusal, no fingerprint or no log probabilities, a typed field
    /// is empty, as it is in the sum of a stream.
    pub(crate) const ANSWER: Self = Self {
        optional_nulls: &["token_usage", "logprobs", "additional_kwargs", "response_metadata"],
        ..Self::MESSAGE
    };

    /// A message built from whole tool calls, whose arguments the library itself wrote as text.
    pub(crate) const BUILT_MESSAGE: Self = Self {
        json_texts: &["args", "arguments"],
        ..Self::MESSAGE
    };
}

/// The first difference, with its path; `None` if the two are equal.
pub(crate) fn difference(expect: &Value, got: &Value, compare: &Compare) -> Option<String> {
    Walk {
        compare,
        nulls_optional: false,
    }
    .value("", expect, got)
}

/// A value for a reader: one line, cut when long.
pub(crate) fn show(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(200) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

fn sorted<T: Ord>(parts: impl Iterator<Item = T>) -> Vec<T> {
    let mut parts: Vec<_> = parts.collect();
    parts.sort();
    parts
}

#[derive(Clone, Copy)]
struct Walk<'a> {
    compare: &'a Compare,
    nulls_optional: bool,
}

impl Walk<'_> {
    fn value(self, path: &str, expect: &Value, got: &Value) -> Option<String> {
        let equal = match (expect, got) {
            (Value::String(a), Value::String(b)) if self.compare.any_order => sorted(a.lines()) == sorted(b.lines()),
            (Value::Array(a), Value::Array(b)) if self.compare.any_order => {
                sorted(a.iter().map(Value::to_string)) == sorted(b.iter().map(Value::to_string))
            }
            (Value::Object(mark), got) if self.compare.nearest && is_nearest(mark, got) => true,
            (Value::Object(expect), Value::Object(got)) => return self.object(path, expect, got),
            (Value::Array(expect), Value::Array(got)) => return self.array(path, expect, got),
            (Value::Number(a), Value::Number(b)) if !self.compare.exact_numbers => a == b || a.as_f64() == b.as_f64(),
            (Value::String(a), Value::String(b)) => without_uuids(a) == without_uuids(b),
            (expect, got) => expect == got,
        };
        (!equal).then(|| {
            let place = if path.is_empty() {
                String::new()
            } else {
                format!("at `{path}`: ")
            };
            format!("{place}expected {}, got {}", show(expect), show(got))
        })
    }

    fn array(self, path: &str, expect: &[Value], got: &[Value]) -> Option<String> {
        let pairs = expect.iter().zip(got).enumerate();
        let mut found = pairs.filter_map(|(at, (expect, got))| self.value(&format!("{path}[{at}]"), expect, got));
        found.next().or_else(|| {
            let (expect, got) = (expect.len(), got.len());
            (expect != got).then(|| format!("at `{path}`: expected {expect} elements, got {got}"))
        })
    }

    fn object(self, path: &str, expect: &Map<String, Value>, got: &Map<String, Value>) -> Option<String> {
        let new_keys = got.keys().filter(|key| !expect.contains_key(*key));
        for key in expect.keys().chain(new_keys) {
            let path = if path.is_empty() {
                key.clone()
            } else {
                format!("{path}.{key}")
            };
            let nulls_optional = self.nulls_optional || self.compare.optional_nulls.contains(&key.as_str());
            let found = match (expect.get(key), got.get(key)) {
                (None, Some(Value::Null)) | (Some(Value::Null), None) if self.nulls_optional => None,
                (Some(expect), Some(got)) if self.same_json_text(key, expect, got) => None,
                (Some(expect), Some(got)) => Self { nulls_optional, ..self }.value(&path, expect, got),
                (Some(expect), None) => Some(format!("at `{path}`: expected {}, got nothing", show(expect))),
                (None, got) => Some(format!(
                    "at `{path}`: expected nothing, got {}",
                    got.map(show).unwrap_or_default()
                )),
            };
            if found.is_some() {
                return found;
            }
        }
        None
    }

    fn same_json_text(self, key: &str, expect: &Value, got: &Value) -> bool {
        let parse = |value: &Value| serde_json::from_str::<Value>(value.as_str()?).ok();
        self.compare.json_texts.contains(&key) && parse(expect).is_some_and(|expect| Some(expect) == parse(got))
    }
}

/// Whether a value is what is nearest to a marked one, such as `{"$float": "nan"}`.
fn is_nearest(mark: &Map<String, Value>, got: &Value) -> bool {
    let mark = mark.iter().next().filter(|_| mark.len() == 1);
    match (mark.map(|(key, value)| (key.as_str(), value)), got) {
        (Some(("$float", Value::String(_))), Value::Null) => true,
        (Some(("$lone_surrogate", Value::String(escaped))), Value::String(got)) => {
            let text = parse_partial_json(&format!("\"{}\"", escaped.trim_matches('"')));
            let text = text
                .ok()
                .and_then(|text| text.as_str().map(str::to_owned))
                .unwrap_or_default();
            *got == text || Some(got.as_str()) == text.strip_suffix('\u{fffd}')
        }
        _ => false,
    }
}

/// Replaces the random part of `lc_run--<uuid>` and `lc_<uuid>`.
fn without_uuids(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("lc_") {
        let (before, found) = rest.split_at(at);
        let prefix = if found.starts_with("lc_run--") {
            "lc_run--"
        } else {
            "lc_"
        };
        let tail = found.strip_prefix(prefix).unwrap_or_default();
        out.push_str(before);
        out.push_str(prefix);
        rest = match tail.get(..36) {
            Some(id) if is_uuid(id) => {
                out.push_str("<uuid>");
                tail.get(36..).unwrap_or_default()
            }
            _ => tail,
        };
    }
    out + rest
}

fn is_uuid(text: &str) -> bool {
    text.char_indices().all(|(at, c)| match at {
        8 | 13 | 18 | 23 => c == '-',
        _ => c.is_ascii_hexdigit(),
    })
}
