//! A block of content as its provider wrote it.

use std::borrow::Cow;
use std::fmt;
use std::ops::Index;
use std::sync::LazyLock;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

/// A block of content as its provider wrote it: a JSON object.
///
/// Most pieces of a stream are a text and nothing else. Such a block is kept without a map: it costs its text alone, and grows in place. It reads,
/// compares and prints as the same block in a map does.
///
/// # Examples
///
/// ```
/// use cadena_core::JsonBlock;
/// use serde_json::json;
///
/// let mut block = JsonBlock::text("Hello").with_index(0);
/// assert_eq!(block["text"], "Hello");
/// assert_eq!(serde_json::to_value(&block).unwrap(), json!({"type": "text", "text": "Hello", "index": 0}));
///
/// block.insert("annotations", json!([]));
/// assert_eq!(block.get("annotations"), Some(&json!([])));
/// ```
#[derive(Clone)]
pub struct JsonBlock(Form);

#[derive(Clone)]
enum Form {
    Map(Map<String, Value>),
    /// The members `type`, which is `text`, `text`, which is a text, and `index`, in this order.
    Text {
        text: Value,
        index: Option<Value>,
    },
}

/// The `type` of a block without a map.
static TEXT: LazyLock<Value> = LazyLock::new(|| Value::from("text"));

impl JsonBlock {
    /// Makes a text block.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(cadena_core::JsonBlock::text("Hello").as_text(), Some("Hello"));
    /// ```
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        let text = Value::String(text.into());
        Self(Form::Text { text, index: None })
    }

    /// Sets the `index`, by which the pieces of a block find each other when chunks are added.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{AIMessageChunk, ContentPart, JsonBlock};
    ///
    /// let piece = |text| AIMessageChunk::new(vec![ContentPart::from(JsonBlock::text(text).with_index(0))]);
    /// let sum = piece("Hel") + piece("lo");
    /// assert_eq!(serde_json::to_value(&sum.content)?[0]["text"], "Hello");
    /// # Ok::<_, serde_json::Error>(())
    /// ```
    #[must_use]
    pub fn with_index(mut self, index: i64) -> Self {
        match &mut self.0 {
            Form::Text { index: own, .. } => *own = Some(index.into()),
            Form::Map(map) => drop(map.insert("index".to_owned(), index.into())),
        }
        self
    }

    /// Returns the value of a key.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::JsonBlock;
    ///
    /// assert_eq!(JsonBlock::text("Hello").get("type"), Some(&"text".into()));
    /// ```
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value> {
        match (&self.0, key) {
            (Form::Map(map), key) => map.get(key),
            (Form::Text { .. }, "type") => Some(&TEXT),
            (Form::Text { text, .. }, "text") => Some(text),
            (Form::Text { index, .. }, "index") => index.as_ref(),
            (Form::Text { .. }, _) => None,
        }
    }

    /// Sets a key. Returns the value that it had before.
    ///
    /// # Examples
    ///
    /// ```
    /// let mut block = cadena_core::JsonBlock::text("Hello");
    /// assert_eq!(block.insert("text", "Bye"), Some("Hello".into()));
    /// ```
    pub fn insert(&mut self, key: impl Into<String>, value: impl Into<Value>) -> Option<Value> {
        let key = key.into();
        match &mut self.0 {
            Form::Text { index, .. } if key == "index" => index.replace(value.into()),
            _ => self.as_map_mut().insert(key, value.into()),
        }
    }

    /// Removes a key and returns its value; the other keys keep their order.
    ///
    /// # Examples
    ///
    /// ```
    /// let mut block = cadena_core::JsonBlock::text("Hello").with_index(0);
    /// assert_eq!(block.remove("index"), Some(0.into()));
    /// ```
    pub fn remove(&mut self, key: &str) -> Option<Value> {
        match &mut self.0 {
            Form::Text { index, .. } if key == "index" => index.take(),
            Form::Text { .. } if !["type", "text"].contains(&key) => None,
            _ => self.as_map_mut().shift_remove(key),
        }
    }

    /// Iterates over the keys and values, in the order in which they were set.
    ///
    /// # Examples
    ///
    /// ```
    /// let block = cadena_core::JsonBlock::text("Hello").with_index(0);
    /// assert_eq!(block.iter().map(|(key, _)| key).collect::<Vec<_>>(), ["type", "text", "index"]);
    /// ```
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        let (map, members) = match &self.0 {
            Form::Map(map) => (Some(map), [None; 3]),
            Form::Text { text, index } => {
                let index = index.as_ref().map(|index| ("index", index));
                (None, [Some(("type", &*TEXT)), Some(("text", text)), index])
            }
        };
        let map = map.into_iter().flatten().map(|(key, value)| (key.as_str(), value));
        map.chain(members.into_iter().flatten())
    }

    /// Returns the `type`.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(cadena_core::JsonBlock::text("Hello").block_type(), Some("text"));
    /// ```
    #[must_use]
    pub fn block_type(&self) -> Option<&str> {
        self.get("type")?.as_str()
    }

    /// Returns the text of a text block.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::JsonBlock;
    ///
    /// assert_eq!(JsonBlock::text("Hello").as_text(), Some("Hello"));
    /// assert_eq!(JsonBlock::default().as_text(), None);
    /// ```
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match &self.0 {
            Form::Text { text, .. } => text.as_str(),
            Form::Map(map) if self.block_type() == Some("text") => map.get("text")?.as_str(),
            Form::Map(_) => None,
        }
    }

    /// Returns the block as a map. A text block that has no map yet is copied into one.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(cadena_core::JsonBlock::text("Hello").to_map().len(), 2);
    /// ```
    #[must_use]
    pub fn to_map(&self) -> Cow<'_, Map<String, Value>> {
        match &self.0 {
            Form::Map(map) => Cow::Borrowed(map),
            Form::Text { .. } => Cow::Owned(self.clone().into_map()),
        }
    }

    /// Returns the map of the block, to be changed.
    ///
    /// # Examples
    ///
    /// ```
    /// let mut block = cadena_core::JsonBlock::text("Hello");
    /// block.as_map_mut().insert("cache_control".to_owned(), "ephemeral".into());
    /// assert_eq!(block["cache_control"], "ephemeral");
    /// ```
    #[must_use]
    pub fn as_map_mut(&mut self) -> &mut Map<String, Value> {
        match self.0 {
            Form::Map(ref mut map) => map,
            Form::Text { .. } => {
                *self = std::mem::take(self).into_map().into();
                self.as_map_mut()
            }
        }
    }

    /// Returns the block as a map, without a copy of its values.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(cadena_core::JsonBlock::text("Hello").into_map()["text"], "Hello");
    /// ```
    #[must_use]
    pub fn into_map(self) -> Map<String, Value> {
        match self.0 {
            Form::Map(map) => map,
            Form::Text { text, index } => {
                let mut map = Map::with_capacity(3);
                map.insert("type".to_owned(), TEXT.clone());
                map.insert("text".to_owned(), text);
                map.extend(index.map(|index| ("index".to_owned(), index)));
                map
            }
        }
    }

    /// Appends a piece with the same `index`, if it is a text and nothing else. Returns any other piece.
    pub(crate) fn append(&mut self, piece: Self) -> Option<Self> {
        let Form::Text { text, index } = &piece.0 else {
            return Some(piece);
        };
        let own = match &mut self.0 {
            Form::Text { text, index: own } if own == index => Some(text),
            Form::Map(map) if map.get("index") == index.as_ref() => map.get_mut("text"),
            _ => None,
        };
        match (own, text) {
            (Some(Value::String(own)), Value::String(text)) => {
                own.push_str(text);
                None
            }
            _ => Some(piece),
        }
    }
}

impl Default for JsonBlock {
    fn default() -> Self {
        Self(Form::Map(Map::new()))
    }
}

/// Prints as a map.
impl fmt::Debug for JsonBlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

/// Compares as maps do: the order of the keys has no effect.
impl PartialEq for JsonBlock {
    fn eq(&self, other: &Self) -> bool {
        let (map, members) = match (&self.0, &other.0) {
            (Form::Map(left), Form::Map(right)) => return left == right,
            (Form::Text { .. }, Form::Text { .. }) => return self.iter().eq(other.iter()),
            (Form::Map(map), Form::Text { .. }) => (map, other),
            (Form::Text { .. }, Form::Map(map)) => (map, self),
        };
        map.len() == members.iter().count() && members.iter().all(|(key, value)| map.get(key) == Some(value))
    }
}

/// The value of a key; null if it is not set, as with [`Value`].
///
/// # Examples
///
/// ```
/// let block = cadena_core::JsonBlock::text("hi");
/// assert_eq!(block["type"], "text");
/// assert!(block["index"].is_null());
/// ```
impl Index<&str> for JsonBlock {
    type Output = Value;

    fn index(&self, key: &str) -> &Value {
        self.get(key).unwrap_or(&Value::Null)
    }
}

impl From<Map<String, Value>> for JsonBlock {
    fn from(map: Map<String, Value>) -> Self {
        Self(Form::Map(map))
    }
}

impl From<JsonBlock> for Map<String, Value> {
    fn from(block: JsonBlock) -> Self {
        block.into_map()
    }
}

impl From<JsonBlock> for Value {
    fn from(block: JsonBlock) -> Self {
        Self::Object(block.into_map())
    }
}

impl Serialize for JsonBlock {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Form::Map(map) => map.serialize(serializer),
            Form::Text { .. } => serializer.collect_map(self.iter()),
        }
    }
}

impl<'de> Deserialize<'de> for JsonBlock {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Map::deserialize(deserializer).map(Self::from)
    }
}
