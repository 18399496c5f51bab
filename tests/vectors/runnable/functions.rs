//! The functions of the cases, and the exceptions that they raise.

use std::cmp::Ordering;
use std::fmt;
use std::sync::atomic::{self, AtomicU64};

use cadena_core::{Error, ErrorKind};
use serde_json::{Map, Value, json};

use super::py::{add_numbers, number, whole};
use crate::merge::arg;

/// An exception that a case's own function raises.
#[derive(Debug)]
pub(crate) struct Raised {
    class: String,
    message: String,
}

impl Raised {
    pub(super) fn new(class: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            class: class.into(),
            message: message.into(),
        }
    }

    /// The message of a failing function from its spec; the default is its name.
    fn of(spec: &Value, default: &str) -> Self {
        let text = |key| arg(spec, key).as_str();
        Self::new(
            text("error").unwrap_or("ValueError"),
            text("message").unwrap_or(default),
        )
    }

    fn type_error(what: &str, value: &Value) -> Self {
        Self::new("TypeError", format!("{what}: not for {value}"))
    }

    /// The class as a constant, for the comparison with the recorded ones.
    pub(crate) fn classes(&self) -> &'static [&'static str] {
        let all: &[&'static [&'static str]] = &[
            &["ValueError"],
            &["TypeError"],
            &["KeyError"],
            &["IndexError"],
            &["AttributeError"],
            &["RuntimeError"],
            &["ZeroDivisionError"],
            &["NotImplementedError"],
            &["OSError"],
            &["ConnectionError"],
            &["TimeoutError"],
            &["Exception"],
            &["FakeListChatModelError"],
        ];
        all.iter()
            .find(|classes| classes.contains(&self.class.as_str()))
            .copied()
            .unwrap_or_default()
    }
}

impl fmt::Display for Raised {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.class, self.message)
    }
}

impl std::error::Error for Raised {}

/// Python's `issubclass`, for the classes that cases name.
fn is_a(class: &str, base: &str) -> bool {
    let parent = match class {
        "KeyError" | "IndexError" => "LookupError",
        "ZeroDivisionError" | "OverflowError" => "ArithmeticError",
        "NotImplementedError" | "RecursionError" => "RuntimeError",
        "ConnectionError" | "TimeoutError" => "OSError",
        "Exception" => "BaseException",
        "BaseException" => return class == base,
        _ => "Exception",
    };
    class == base || is_a(parent, base)
}

/// Whether an error is of one of these classes; without a list it is.
pub(super) fn is_one_of(error: &Error, classes: &[String]) -> bool {
    if classes.is_empty() {
        return true;
    }
    let class = match error.downcast_source_ref::<Raised>() {
        Some(raised) => raised.class.as_str(),
        None if error.kind() == ErrorKind::Merge => "TypeError",
        None => "ValueError",
    };
    classes.iter().any(|base| is_a(class, base))
}

/// An error as a part of a result.
pub(super) fn exception(error: &Error) -> Value {
    match error.downcast_source_ref::<Raised>() {
        Some(Raised { class, message }) => json!({"$exception": class, "message": message}),
        None => json!({"$exception": "ValueError", "message": error.detail()}),
    }
}

/// One function; `calls` is how often it was called before.
pub(super) fn apply(name: &str, spec: &Value, calls: &AtomicU64, x: Value) -> Result<Value, Raised> {
    let given = |key| arg(spec, key);
    match name {
        "add" => add_numbers(&x, given("n")).ok_or_else(|| Raised::type_error("+", &x)),
        "mul" => times(&x, given("n")),
        "concat" => Ok(format!("{}{}", text(&x)?, text(given("s"))?).into()),
        "upper" => match &x {
            Value::String(text) => Ok(text.to_uppercase().into()),
            _ => Err(Raised::new("AttributeError", "no attribute 'upper'")),
        },
        "length" => length(&x),
        "const" => Ok(given("value").clone()),
        "get" => item(&x, given("key")),
        "wrap" => Ok(Map::from_iter([(key_text(given("key")), x)]).into()),
        "fail" => Err(Raised::of(spec, name)),
        "fail_on" if equal(&x, given("value")) => Err(Raised::of(spec, name)),
        "fail_on" => Ok(x),
        "fail_above" => match greater(&x, given("n"))? {
            true => Err(Raised::of(spec, name)),
            false => Ok(x),
        },
        "flaky" => match calls.fetch_add(1, atomic::Ordering::Relaxed) {
            call if Some(call) < given("times").as_u64() => Err(Raised::of(spec, name)),
            _ => Ok(x),
        },
        "words" => Ok(text(&x)?.split_whitespace().collect()),
        "join" => {
            let items = x.as_array().ok_or_else(|| Raised::type_error("join", &x))?;
            let items: Vec<_> = items.iter().map(text).collect::<Result<_, _>>()?;
            Ok(items.join(text(given("sep"))?).into())
        }
        "sum" => {
            let items = x.as_array().ok_or_else(|| Raised::type_error("sum", &x))?;
            items.iter().try_fold(json!(0), |sum, item| {
                add_numbers(&sum, item).ok_or_else(|| Raised::type_error("sum", item))
            })
        }
        "pair" => Ok(json!([x, x])),
        _ => Err(Raised::new("NotImplementedError", name)),
    }
}

fn text(value: &Value) -> Result<&str, Raised> {
    value.as_str().ok_or_else(|| Raised::type_error("str", value))
}

fn key_text(key: &Value) -> String {
    key.as_str().map_or_else(|| key.to_string(), str::to_owned)
}

fn length(x: &Value) -> Result<Value, Raised> {
    match x {
        Value::String(text) => Ok(text.chars().count().into()),
        Value::Array(list) => Ok(list.len().into()),
        Value::Object(map) => Ok(map.len().into()),
        _ => Err(Raised::type_error("len", x)),
    }
}

/// Python's `x[key]`.
pub(super) fn item(x: &Value, key: &Value) -> Result<Value, Raised> {
    let found = match (x, key) {
        (Value::Object(map), key) => {
            let key = key_text(key);
            return map
                .get(&key)
                .cloned()
                .ok_or_else(|| Raised::new("KeyError", format!("'{key}'")));
        }
        (Value::Array(list), Value::Number(index)) => {
            let index = index.as_i64().unwrap_or_default();
            let from_end = usize::try_from(index.unsigned_abs()).unwrap_or(usize::MAX);
            let index = match index {
                0.. => from_end,
                _ => list.len().checked_sub(from_end).unwrap_or(usize::MAX),
            };
            list.get(index).cloned()
        }
        _ => return Err(Raised::type_error("[]", x)),
    };
    found.ok_or_else(|| Raised::new("IndexError", "list index out of range"))
}

/// Python's `x * n`, which repeats text and lists.
fn times(x: &Value, n: &Value) -> Result<Value, Raised> {
    let product = match (x, whole(n)) {
        (Value::String(text), Some(n)) => Some(text.repeat(usize::try_from(n).unwrap_or_default()).into()),
        (Value::Array(list), Some(n)) => {
            let copies = std::iter::repeat_n(list, usize::try_from(n).unwrap_or_default());
            Some(copies.flatten().cloned().collect())
        }
        (x, n_whole) => match (whole(x), n_whole) {
            (Some(x), Some(n)) => x.checked_mul(n).map(Value::from),
            _ => number(x).zip(number(n)).map(|(x, n)| json!(x * n)),
        },
    };
    product.ok_or_else(|| Raised::type_error("*", x))
}

/// Python's `x > n`.
pub(super) fn greater(x: &Value, n: &Value) -> Result<bool, Raised> {
    let order = match (x, n) {
        (Value::String(x), Value::String(n)) => Some(x.cmp(n)),
        _ => number(x).zip(number(n)).and_then(|(x, n)| x.partial_cmp(&n)),
    };
    order.map(Ordering::is_gt).ok_or_else(|| Raised::type_error(">", x))
}

/// Python's `==`: `1` is `1.0`.
pub(super) fn equal(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| equal(left, right))
        }
        (Value::Object(left), Value::Object(right)) => {
            let same = |(key, value): (&String, &Value)| right.get(key).is_some_and(|other| equal(value, other));
            left.len() == right.len() && left.iter().all(same)
        }
        _ => left == right || number(left).is_some_and(|left| number(right) == Some(left)),
    }
}
