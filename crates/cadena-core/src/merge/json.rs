//! LangChain's addition of JSON: `merge_dicts`, `merge_lists`, `merge_obj`, `merge_content`.
//!
//! The left side grows in place and the right side is moved into it, so an addition costs the length of the right side:
//! a fold over n pieces is linear. One part depends on the left side: a list element with an `index` is compared with the
//! `index` of each element that is there, since it is merged into the first one that fits.
//!
//! Two values that do not add up are an error, but they stop nothing: the left value of that key stays, all other keys are added,
//! and the first error is returned. The error names the path of the key and never a value.
//!
//! # Laws
//!
//! The empty object and the empty list on the right change nothing, and so does the empty object on the left. Addition is
//! associative for text, for lists, for objects of these, and for lists of elements with one `index` each. By LangChain's
//! rules it is *not* associative for:
//!
//! - integers: equal ones are kept and others are summed, so `(1 + 1) + 2` is 3 and `1 + (1 + 2)` is 4;
//! - the keys `id`, `output_version` and `model_provider` (equal texts are kept, others are joined) and `index` as text;
//! - elements with the same `index` twice in one list, with different `id`s, or with a `non_standard` element among those of other types;
//! - content that changes from text to a list: `("a" + "b") + ["c"]` is `["ab", "c"]`, `"a" + ("b" + ["c"])` is
//!   `["a", "b", "c"]`. The text of both is the same.
//!
//! # Differences from LangChain
//!
//! - Text after an empty list becomes its first element; LangChain drops it.
//! - Of two `annotations` with the same `index` both stay; LangChain makes one of them, with joined texts.
//! - A sum of integers beyond 64 bits is an error ([`ErrorKind::LimitExceeded`]); Python's integers have no bound.
//! - Content that is neither text nor a list is always an error; Python spreads objects and appends null.
//!
//! # Depth
//!
//! Objects are merged down to [`MAX_DEPTH`] levels, which is deeper than [`serde_json`] parses. A part of the right side that
//! is only moved may be of any depth. Dropping a [`Value`] is recursive in `serde_json`: a program that builds a value of 10,000 levels by
//! hand must also take it apart by hand.

mod conflict;
mod position;

#[cfg(test)]
mod tests;

use serde_json::map::Entry;
use serde_json::{Map, Number, Value};

use self::conflict::{Conflict, Segment};
use self::position::{Finder, Wanted};
use crate::{ErrorKind, Result};

/// The number of objects inside each other that are merged: a depth that [`serde_json`] refuses to parse is refused here too.
///
/// # Examples
///
/// ```
/// use cadena_core::ErrorKind;
/// use cadena_core::merge::json::{MAX_DEPTH, merge_obj};
/// use serde_json::{Value, json};
///
/// let nested = |levels| (0..levels).fold(json!({}), |inner, _| json!({ "a": inner }));
/// assert!(merge_obj(&mut nested(MAX_DEPTH - 1), nested(MAX_DEPTH - 1)).is_ok());
///
/// let error = merge_obj(&mut nested(MAX_DEPTH), nested(MAX_DEPTH)).unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::LimitExceeded);
/// ```
pub const MAX_DEPTH: usize = 128;

/// Adds the keys of `right` to `left`.
///
/// A new key is added, and null is replaced by any value. If both sides have a key, texts are joined, objects and lists
/// are merged, equal values are kept and different integers are summed, except that
///
/// - the integers `index`, `created` and `timestamp` are replaced;
/// - the texts `id`, `output_version` and `model_provider` are kept when they are equal, and so is an `index` that starts with `lc_`;
/// - the elements of a list of `annotations` are appended, since the `index` of an annotation is a place in the text;
/// - `tool_progress`, the state of a tool of the server, is replaced as a whole.
///
/// # Examples
///
/// ```
/// use cadena_core::merge::json::merge_dicts;
/// use serde_json::{Map, Value, json};
///
/// let object = |value: Value| value.as_object().cloned().unwrap_or_default();
/// let mut left = object(json!({"id": "c1", "arguments": "{\"a\"", "tokens": 1}));
/// merge_dicts(&mut left, object(json!({"id": "c1", "arguments": ": 1}", "tokens": 2})))?;
/// assert_eq!(Value::from(left), json!({"id": "c1", "arguments": "{\"a\": 1}", "tokens": 3}));
/// # Ok::<_, cadena_core::Error>(())
/// ```
///
/// # Errors
///
/// [`ErrorKind::Merge`] if a key has values of two types (an integer is not a float, a boolean not an integer) or two different
/// floats or booleans; [`ErrorKind::LimitExceeded`] beyond [`MAX_DEPTH`] and for a sum beyond 64 bits. The left value
/// of such a key stays, and all other keys have been added.
pub fn merge_dicts(left: &mut Map<String, Value>, right: Map<String, Value>) -> Result<()> {
    Ok(merge_map(left, right, Keys::All, Frame::STRICT)?)
}

/// Adds the elements of `right` to `left`.
///
/// An object whose `index` is an integer, or a text that starts with `lc_`, is merged into the first object with an equal
/// `index`, unless both have an `id` and the two differ; the `type` of the left one stays. A `non_standard` block is merged
/// into the `extras` of a block of another type. Everything else is appended.
///
/// # Examples
///
/// ```
/// use cadena_core::merge::json::merge_lists;
/// use serde_json::json;
///
/// let mut left = vec![json!({"type": "text", "text": "Hel", "index": 0})];
/// merge_lists(&mut left, vec![json!({"type": "text", "text": "lo", "index": 0}), json!("!")])?;
/// assert_eq!(left, [json!({"type": "text", "text": "Hello", "index": 0}), json!("!")]);
/// # Ok::<_, cadena_core::Error>(())
/// ```
///
/// # Errors
///
/// The errors of [`merge_dicts`], for two elements with the same `index`; [`ErrorKind::Merge`] also if the `id` of one of them is an object or a
/// list. Such an element is appended.
pub fn merge_lists(left: &mut Vec<Value>, right: Vec<Value>) -> Result<()> {
    Ok(merge_items(left, right, Frame::STRICT)?)
}

/// Adds any two JSON values: texts are joined, objects and lists are merged, null is replaced, equal values are kept.
///
/// # Examples
///
/// ```
/// use cadena_core::merge::json::merge_obj;
/// use serde_json::{Value, json};
///
/// let mut sum = Value::Null;
/// merge_obj(&mut sum, json!(["a"]))?;
/// merge_obj(&mut sum, json!(["b"]))?;
/// assert_eq!(sum, json!(["a", "b"]));
/// # Ok::<_, cadena_core::Error>(())
/// ```
///
/// # Errors
///
/// The errors of [`merge_dicts`]; two different integers at the top are an error too.
pub fn merge_obj(left: &mut Value, right: Value) -> Result<()> {
    Ok(merge_value(left, right, Rule::Alone, Frame::STRICT)?)
}

/// Adds the content of two messages: text, or a list of texts and objects. A left side that is null counts as empty text.
///
/// Text is joined to text and to the last element of a list if that is a text; otherwise it becomes a new element, unless it is
/// empty. A list after text starts with that text as an element, even if the text is empty. Two lists follow [`merge_lists`].
///
/// # Examples
///
/// ```
/// use cadena_core::merge::json::merge_content;
/// use serde_json::json;
///
/// let mut content = json!("a");
/// for piece in [json!("b"), json!([{"type": "image"}]), json!("c"), json!("d")] {
///     merge_content(&mut content, piece)?;
/// }
/// assert_eq!(content, json!(["ab", {"type": "image"}, "cd"]));
///
/// let mut content = json!([]);
/// merge_content(&mut content, json!("kept"))?;
/// assert_eq!(content, json!(["kept"]));
/// # Ok::<_, cadena_core::Error>(())
/// ```
///
/// # Errors
///
/// [`ErrorKind::Merge`] if one side is neither text nor a list; otherwise the errors of [`merge_lists`].
pub fn merge_content(left: &mut Value, right: Value) -> Result<()> {
    if left.is_null() {
        *left = Value::String(String::new());
    }
    match (&mut *left, right) {
        (Value::String(text), Value::String(right)) => text.push_str(&right),
        (Value::String(text), Value::Array(mut items)) => {
            items.insert(0, Value::String(std::mem::take(text)));
            *left = Value::Array(items);
        }
        (Value::Array(items), Value::Array(right)) => merge_lists(items, right)?,
        (Value::Array(items), Value::String(right)) => match items.last_mut() {
            Some(Value::String(last)) => last.push_str(&right),
            _ if right.is_empty() => {}
            _ => items.push(Value::String(right)),
        },
        (left, right) => {
            let conflict = Conflict::content(left, &right);
            discard(right);
            return Err(conflict.into());
        }
    }
    Ok(())
}

/// An element of a list: an object, which may grow, or another value.
pub(crate) trait Item: Sized {
    /// Returns the value of a key, if the element is an object.
    fn member(&self, key: &str) -> Option<&Value>;
    fn as_block_mut(&mut self) -> Option<&mut Map<String, Value>>;
    fn into_block(self) -> Option<Map<String, Value>>;

    /// Adds an element with the same `index` without a map, if the type can. Otherwise returns the element.
    fn append(&mut self, element: Self) -> Option<Self> {
        Some(element)
    }
}

impl Item for Value {
    fn member(&self, key: &str) -> Option<&Self> {
        self.as_object()?.get(key)
    }

    fn as_block_mut(&mut self) -> Option<&mut Map<String, Self>> {
        self.as_object_mut()
    }

    fn into_block(self) -> Option<Map<String, Self>> {
        match self {
            Self::Object(block) => Some(block),
            _ => None,
        }
    }
}

/// [`merge_lists`] for elements of any type.
pub(crate) fn merge_typed_lists<T: Item>(left: &mut Vec<T>, right: Vec<T>) -> Result<()> {
    Ok(merge_items(left, right, Frame::STRICT)?)
}

type Merged = Result<(), Box<Conflict>>;

/// Whether the key `type` takes part in a merge of two objects.
#[derive(Clone, Copy, PartialEq)]
enum Keys {
    All,
    WithoutType,
}

/// The rule for two values under one key.
#[derive(Clone, Copy)]
enum Rule {
    /// The values are under no key: they are the arguments of [`merge_obj`].
    Alone,
    Ordinary,
    /// `index`: an integer is replaced, a text that starts with `lc_` stays.
    Index,
    /// `created`, `timestamp`: an integer is replaced.
    Time,
    /// `id`, `output_version`, `model_provider`: equal texts are kept.
    Identity,
    /// `annotations`: their `index` is a place in a text, so two annotations with one `index` may differ.
    Citations,
    /// `tool_progress`: a state, of which only the last one counts.
    State,
}

impl Rule {
    fn of(key: &str) -> Self {
        match key {
            "index" => Self::Index,
            // A server writes its time and the id of the answer into every chunk; LangChain lists the same keys.
            "created" | "timestamp" => Self::Time,
            "id" | "output_version" | "model_provider" => Self::Identity,
            "annotations" => Self::Citations,
            "tool_progress" => Self::State,
            _ => Self::Ordinary,
        }
    }
}

/// The place of a merge in its value, and its rule for floats.
#[derive(Clone, Copy)]
struct Frame {
    /// The number of objects around this place.
    depth: usize,
    /// Whether two different floats are a conflict, as in LangChain; otherwise the later one wins.
    strict_floats: bool,
}

impl Frame {
    const STRICT: Self = Self {
        depth: 0,
        strict_floats: true,
    };
    const METADATA: Self = Self {
        depth: 0,
        strict_floats: false,
    };

    fn deeper(self) -> Self {
        Self {
            depth: self.depth + 1,
            ..self
        }
    }
}

/// [`merge_dicts`] for the metadata of an answer, where a float is a measurement and the last one counts:
/// a server that sends a timing in every chunk must not end the stream.
pub(crate) fn merge_metadata(left: &mut Map<String, Value>, right: Map<String, Value>) -> Result<()> {
    Ok(merge_map(left, right, Keys::All, Frame::METADATA)?)
}

fn merge_map(left: &mut Map<String, Value>, right: Map<String, Value>, keys: Keys, frame: Frame) -> Merged {
    if frame.depth >= MAX_DEPTH {
        discard(Value::Object(right));
        return Err(Conflict::new(
            ErrorKind::LimitExceeded,
            format!("more than {MAX_DEPTH} objects inside each other"),
        ));
    }
    let mut result = Ok(());
    for (key, value) in right {
        if keys == Keys::WithoutType && key == "type" {
            discard(value);
            continue;
        }
        let rule = Rule::of(&key);
        match left.entry(key) {
            Entry::Vacant(entry) => {
                entry.insert(value);
            }
            Entry::Occupied(mut entry) => {
                let merged = merge_value(entry.get_mut(), value, rule, frame.deeper());
                result = result.and(merged.map_err(|conflict| conflict.inside(Segment::Key(entry.key().clone()))));
            }
        }
    }
    result
}

fn merge_value(left: &mut Value, right: Value, rule: Rule, frame: Frame) -> Merged {
    match (&mut *left, right) {
        (_, Value::Null) => Ok(()),
        (Value::Null, right) => {
            *left = right;
            Ok(())
        }
        (left, right) if matches!(rule, Rule::State) => {
            discard(std::mem::replace(left, right));
            Ok(())
        }
        (Value::String(text), Value::String(right)) => {
            let kept = match rule {
                Rule::Index => text.starts_with("lc_"),
                Rule::Identity => *text == right,
                Rule::Alone | Rule::Ordinary | Rule::Time | Rule::Citations | Rule::State => false,
            };
            if !kept {
                text.push_str(&right);
            }
            Ok(())
        }
        (Value::Object(map), Value::Object(right)) => merge_map(map, right, Keys::All, frame),
        (Value::Array(items), Value::Array(right)) if matches!(rule, Rule::Citations) => {
            items.extend(right);
            Ok(())
        }
        (Value::Array(items), Value::Array(right)) => merge_items(items, right, frame),
        (Value::Bool(value), Value::Bool(right)) if *value == right => Ok(()),
        (Value::Bool(_), Value::Bool(_)) => Err(Conflict::merge("two different booleans do not add up")),
        (Value::Number(number), Value::Number(right)) => merge_number(number, right, rule, frame),
        (left, right) => {
            let conflict = Conflict::mismatch(left, &right);
            discard(right);
            Err(conflict)
        }
    }
}

fn merge_number(left: &mut Number, right: Number, rule: Rule, frame: Frame) -> Merged {
    match (integer(left), integer(&right)) {
        (Some(number), Some(added)) if number == added => Ok(()),
        (Some(number), Some(added)) => match rule {
            Rule::Alone => Err(Conflict::merge("two different integers do not add up")),
            Rule::Index | Rule::Time => {
                *left = right;
                Ok(())
            }
            Rule::Ordinary | Rule::Identity | Rule::Citations | Rule::State => {
                // Two numbers of 64 bits cannot leave the 128 bits that they are summed in.
                *left = Number::from_i128(number + added)
                    .ok_or_else(|| Conflict::new(ErrorKind::LimitExceeded, "the sum does not fit into 64 bits"))?;
                Ok(())
            }
        },
        (None, None) if left.as_f64() == right.as_f64() => Ok(()),
        (None, None) if !frame.strict_floats => {
            *left = right;
            Ok(())
        }
        (None, None) => Err(Conflict::merge("two different floats do not add up")),
        (Some(_), None) | (None, Some(_)) => Err(Conflict::mismatch(&left.clone().into(), &right.into())),
    }
}

fn merge_items<T: Item>(left: &mut Vec<T>, right: Vec<T>, frame: Frame) -> Merged {
    let mut result = Ok(());
    let mut finder = Finder::new(left, right.len());
    for item in right {
        let found = match Wanted::of(&item) {
            Some(wanted) => finder.find(left, &wanted),
            None => Ok(None),
        };
        let failed = match found {
            Ok(Some(position)) => {
                let merged = left
                    .get_mut(position)
                    .map_or(Ok(()), |target| merge_item(target, item, frame));
                finder.has_grown(left, position);
                merged.map_err(|conflict| conflict.inside(Segment::Position(position)))
            }
            found => {
                left.push(item);
                finder.has_grown(left, left.len() - 1);
                found.map(|_| ())
            }
        };
        result = result.and(failed);
    }
    result
}

/// Merges two list elements with the same `index`.
fn merge_item<T: Item>(left: &mut T, right: T, frame: Frame) -> Merged {
    let Some(right) = left.append(right) else {
        return Ok(());
    };
    match (left.as_block_mut(), right.into_block()) {
        (Some(left), Some(right)) => merge_block(left, right, frame),
        _ => Ok(()), // Unreachable: only an object has an `index`.
    }
}

/// Merges two objects with the same `index`.
fn merge_block(left: &mut Map<String, Value>, mut right: Map<String, Value>, frame: Frame) -> Merged {
    let is_non_standard = |block: &Map<String, Value>| block.get("type").is_some_and(|kind| kind == "non_standard");
    let value = match left.get("type") {
        Some(kind) if is_truthy(kind) && is_non_standard(&right) => right.shift_remove("value"),
        _ => None,
    };
    match value {
        None => merge_map(left, right, Keys::WithoutType, frame),
        Some(Value::Object(mut value)) => {
            if let Some(kind) = value.shift_remove("type") {
                discard(kind);
            }
            let mut added = Map::new();
            if is_non_standard(left) {
                added.insert("value".to_owned(), value.into());
                added.extend(right.shift_remove_entry("index"));
            } else {
                added.insert("extras".to_owned(), value.into());
            }
            discard(right.into());
            merge_map(left, added, Keys::All, frame)
        }
        Some(other) => {
            discard(other);
            discard(right.into());
            Err(Conflict::merge("the value of a `non_standard` block must be an object")
                .inside(Segment::Key("value".to_owned())))
        }
    }
}

fn integer(number: &Number) -> Option<i128> {
    if number.is_f64() { None } else { number.as_i128() }
}

/// Returns whether a value is true in Python.
fn is_truthy(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(value) => *value,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(map) => !map.is_empty(),
    }
}

/// Drops a value without recursion, since a value that is refused may be of any depth.
pub(crate) fn discard(value: Value) {
    let mut rest = vec![value];
    while let Some(value) = rest.pop() {
        match value {
            Value::Array(items) => rest.extend(items),
            Value::Object(map) => rest.extend(map.into_iter().map(|(_, value)| value)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
}
