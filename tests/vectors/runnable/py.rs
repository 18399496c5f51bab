//! Python's values and what `+` does to them: the rule of addition belongs to the type, and this one's is Python's.

use cadena_core::{
    AIMessage, AIMessageChunk, DictChunk, DictLike, Error, ErrorKind, Merge, Result, Streamable, ValueChunk,
};
use serde::{Serialize, Serializer};
use serde_json::{Number, Value};

/// A value of Python's, as JSON.
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub(super) struct Py(pub(super) Value);

/// A piece of one.
#[derive(Clone, Debug)]
pub(super) enum PyChunk {
    /// Text, numbers and lists add up; of the rest the last wins.
    Plain(Value),
    /// LangChain's `AddableDict`: adds up key by key.
    Keys(Vec<(String, Self)>),
    Message(Box<AIMessageChunk>),
}

impl PyChunk {
    /// Python's `left + right`; what cannot be added comes back.
    pub(super) fn add(&mut self, next: Self) -> std::result::Result<(), Self> {
        match (self, next) {
            (Self::Plain(left), Self::Plain(right)) => add_values(left, right).map_err(Self::Plain),
            (Self::Message(left), Self::Message(right)) => {
                let copy = right.clone();
                left.merge(*right).map_err(|_| Self::Message(copy))
            }
            (Self::Keys(left), next) => {
                let Self::Keys(right) = next.into_keys()? else {
                    return Ok(());
                };
                let mut sum = left.clone();
                for (key, piece) in right.iter().cloned() {
                    match sum.iter_mut().find(|(known, _)| *known == key) {
                        Some((_, Self::Plain(null))) if null.is_null() => {
                            sum.retain(|(known, _)| *known != key);
                            sum.push((key, piece));
                        }
                        Some((_, known)) => known.add(piece).map_err(|_| Self::Keys(right.clone()))?,
                        None => sum.push((key, piece)),
                    }
                }
                *left = sum;
                Ok(())
            }
            (left, Self::Keys(right)) => {
                let Ok(keys) = left.clone().into_keys() else {
                    return Err(Self::Keys(right));
                };
                *left = keys;
                left.add(Self::Keys(right))
            }
            (_, next) => Err(next),
        }
    }

    fn into_keys(self) -> std::result::Result<Self, Self> {
        match self {
            Self::Plain(Value::Object(map)) => {
                let keys = map.into_iter().map(|(key, value)| (key, Self::Plain(value)));
                Ok(Self::Keys(keys.collect()))
            }
            Self::Keys(keys) => Ok(Self::Keys(keys)),
            other => Err(other),
        }
    }

    pub(super) fn into_json(self) -> Value {
        match self {
            Self::Plain(value) => value,
            Self::Keys(keys) => keys.into_iter().map(|(key, piece)| (key, piece.into_json())).collect(),
            Self::Message(chunk) => serde_json::to_value(&*chunk).unwrap_or_default(),
        }
    }
}

fn add_values(left: &mut Value, right: Value) -> std::result::Result<(), Value> {
    match (left, right) {
        (Value::String(left), Value::String(right)) => left.push_str(&right),
        (Value::Array(left), Value::Array(mut right)) => left.append(&mut right),
        (left, right) => match add_numbers(left, &right) {
            Some(sum) => *left = sum,
            None => return Err(right),
        },
    }
    Ok(())
}

/// Whole numbers stay whole, and a truth value is one of them.
pub(super) fn add_numbers(left: &Value, right: &Value) -> Option<Value> {
    match (whole(left), whole(right)) {
        (Some(left), Some(right)) => Some(left.checked_add(right)?.into()),
        _ => Number::from_f64(number(left)? + number(right)?).map(Value::Number),
    }
}

pub(super) fn whole(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_bool().map(i64::from))
}

pub(super) fn number(value: &Value) -> Option<f64> {
    value
        .as_f64()
        .or_else(|| value.as_bool().map(|truth| f64::from(u8::from(truth))))
}

impl Merge for PyChunk {
    /// As LangChain folds chunks: what cannot be added is replaced.
    fn merge(&mut self, next: Self) -> Result<()> {
        if let Err(next) = self.add(next) {
            *self = next;
        }
        Ok(())
    }
}

impl Serialize for PyChunk {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        self.clone().into_json().serialize(serializer)
    }
}

impl Streamable for Py {
    type Chunk = PyChunk;

    fn into_chunk(self) -> PyChunk {
        PyChunk::Plain(self.0)
    }

    fn from_chunk(chunk: PyChunk) -> Result<Self> {
        match chunk {
            PyChunk::Message(chunk) => dump(&AIMessage::from_chunk(*chunk)?),
            PyChunk::Keys(keys) => {
                let values = keys
                    .into_iter()
                    .map(|(key, piece)| Ok((key, Self::from_chunk(piece)?.0)));
                values.collect::<Result<_>>().map(Self)
            }
            PyChunk::Plain(value) => Ok(Self(value)),
        }
    }

    fn empty() -> Option<Self> {
        Some(Self(Value::Null))
    }
}

impl DictLike for Py {
    fn pieces(chunk: PyChunk) -> Result<DictChunk> {
        let Ok(PyChunk::Keys(keys)) = chunk.into_keys() else {
            return Err(Error::new(ErrorKind::InvalidInput, "a dict is needed here"));
        };
        Ok(keys
            .into_iter()
            .map(|(key, piece)| (key, ValueChunk::new::<Self>(piece)))
            .collect())
    }
}

/// A value with a JSON form.
pub(super) fn dump(value: &impl Serialize) -> Result<Py> {
    let value = serde_json::to_value(value);
    value
        .map(Py)
        .map_err(|error| Error::new(ErrorKind::Internal, "no JSON").with_source(error))
}

/// A piece out of a `Dict`.
pub(super) fn from_piece(piece: ValueChunk) -> Result<PyChunk> {
    match piece.downcast::<Py>() {
        Ok(piece) => Ok(piece),
        Err(other) => other.into_value().map(PyChunk::Plain),
    }
}

pub(super) fn from_dict(chunk: DictChunk) -> Result<Option<PyChunk>> {
    let keys = chunk.into_iter().map(|(key, piece)| Ok((key, from_piece(piece)?)));
    Ok(Some(PyChunk::Keys(keys.collect::<Result<_>>()?)))
}

/// The output of a generator: where it is folded, chunks that cannot be added are an error.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Strict(Py);

#[derive(Clone, Debug, Serialize)]
pub(super) struct StrictChunk(pub(super) PyChunk);

impl Merge for StrictChunk {
    fn merge(&mut self, next: Self) -> Result<()> {
        let added = self.0.add(next.0);
        added.map_err(|_| Error::new(ErrorKind::Merge, "these chunks have no sum"))
    }
}

impl Streamable for Strict {
    type Chunk = StrictChunk;

    fn into_chunk(self) -> StrictChunk {
        StrictChunk(self.0.into_chunk())
    }

    fn from_chunk(chunk: StrictChunk) -> Result<Self> {
        Py::from_chunk(chunk.0).map(Self)
    }

    fn empty() -> Option<Self> {
        Py::empty().map(Self)
    }
}
