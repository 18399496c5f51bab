//! [`Xml`]: XML as JSON, whole and in pieces.

use std::ops::Deref;

use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use crate::{Merge, Result, Streamable};

/// XML as JSON: the output of an [`XmlOutputParser`](crate::XmlOutputParser).
///
/// # Examples
///
/// ```
/// use cadena_core::XmlOutputParser;
///
/// let xml = XmlOutputParser::new().parse("<a><b>1</b></a>")?;
/// assert_eq!(xml["a"][0]["b"], "1");
/// # Ok::<_, cadena_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Xml(Value);

impl Xml {
    /// Returns the JSON.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::XmlOutputParser;
    ///
    /// let xml = XmlOutputParser::new().parse("<a><b>1</b></a>")?;
    /// assert_eq!(xml.into_value(), serde_json::json!({"a": [{"b": "1"}]}));
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    #[must_use]
    pub fn into_value(self) -> Value {
        self.0
    }
}

impl Deref for Xml {
    type Target = Value;
    fn deref(&self) -> &Value {
        &self.0
    }
}

impl Streamable for Xml {
    type Chunk = XmlChunk;

    fn into_chunk(self) -> XmlChunk {
        XmlChunk {
            tree: None,
            whole: Some(self.0),
        }
    }

    fn from_chunk(chunk: XmlChunk) -> Result<Self> {
        Ok(Self(chunk.to_value()))
    }
}

/// A piece of [`Xml`]: elements with their place among the others.
///
/// It serialises as the JSON of these elements.
///
/// # Examples
///
/// ```
/// use cadena_core::{EchoModel, RunnableExt, XmlOutputParser};
/// use futures::TryStreamExt;
///
/// # futures::executor::block_on(async {
/// let chain = EchoModel::new() | XmlOutputParser::new();
/// let chunks: Vec<_> = chain.stream("<a><b>1</b> <c>2</c></a>").try_collect().await?;
/// assert_eq!(serde_json::to_value(&chunks).unwrap(), serde_json::json!([{"a": [{"b": "1"}]}, {"a": [{"c": "2"}]}]));
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct XmlChunk {
    tree: Option<Element>,
    whole: Option<Value>,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Element {
    pub(super) tag: String,
    /// Which child of its parent it is.
    pub(super) place: usize,
    pub(super) text: String,
    pub(super) children: Vec<Self>,
}

impl XmlChunk {
    pub(super) fn of(tree: Element) -> Self {
        Self {
            tree: Some(tree),
            whole: None,
        }
    }

    fn to_value(&self) -> Value {
        match (&self.whole, &self.tree) {
            (Some(whole), _) => whole.clone(),
            (None, Some(tree)) if tree.text.trim().is_empty() && tree.children.is_empty() => {
                entry(&tree.tag, Value::Array(Vec::new()))
            }
            (None, Some(tree)) => tree.to_value(),
            (None, None) => Value::Null,
        }
    }
}

fn entry(tag: &str, value: Value) -> Value {
    Value::Object(Map::from_iter([(tag.to_owned(), value)]))
}

impl Element {
    fn to_value(&self) -> Value {
        let value = match (self.text.as_str(), self.children.as_slice()) {
            ("", []) => Value::Null,
            (text, []) => text.into(),
            (text, _) if !text.trim().is_empty() => text.into(),
            (_, children) => children.iter().map(Self::to_value).collect(),
        };
        entry(&self.tag, value)
    }

    fn add(&mut self, next: Self) {
        if !next.text.is_empty() {
            self.text = next.text;
        }
        for child in next.children {
            match self.children.iter_mut().rev().find(|known| known.place == child.place) {
                Some(known) => known.add(child),
                None => self.children.push(child),
            }
        }
    }
}

impl Merge for XmlChunk {
    fn merge(&mut self, next: Self) -> Result<()> {
        if next.whole.is_some() {
            self.whole = next.whole;
        }
        match (&mut self.tree, next.tree) {
            (Some(tree), Some(next)) => tree.add(next),
            (tree @ None, next) => *tree = next,
            (Some(_), None) => {}
        }
        Ok(())
    }
}

impl Serialize for XmlChunk {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_value().serialize(serializer)
    }
}
