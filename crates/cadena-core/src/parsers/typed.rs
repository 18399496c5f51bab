//! [`TypedOutputParser`]: a value of a type in an answer.

use std::fmt;
use std::ops::BitOr;

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::answer::UnparsedAnswer;
use super::json::instructions;
use super::reader::{Chunks, Reader, parser};
use crate::json::{AnswerJson, Misread};
use crate::{AIMessage, AIMessageChunk, Accepts, Chain, Result, RunnableExt, Streamable, Whole};

/// Takes a value of a type out of an answer in JSON, which it finds as [`JsonOutputParser`](crate::JsonOutputParser) does.
///
/// The value comes in one piece, when the answer is complete; after [`streaming`](Self::streaming) it also shows while it grows. An error names
/// the place as a JSON pointer, the expectation, and the beginning of the value there; its source, an [`UnparsedAnswer`], has the whole text.
///
/// # Examples
///
/// ```
/// use cadena_core::{flow_whole, EchoModel, RunnableExt, TypedOutputParser};
///
/// #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
/// struct Joke {
///     setup: String,
///     rating: u8,
/// }
/// flow_whole!(Joke);
///
/// # futures::executor::block_on(async {
/// let chain = EchoModel::new() | TypedOutputParser::<Joke>::new();
/// let joke = chain.invoke(r#"{"setup": "Why?", "rating": 7}"#).await?;
/// assert_eq!(joke, Joke { setup: "Why?".to_owned(), rating: 7 });
///
/// let error = chain.invoke("{\"setup\": \"Why?\",\n \"rating\": \"high\"}").await.unwrap_err();
/// assert_eq!(error.detail(), "`/rating`: expected u8, got \"high\"");
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
#[must_use = "steps do nothing until they are invoked"]
pub struct TypedOutputParser<T> {
    schema: Option<Value>,
    growing: Option<Growing<T>>,
}

/// The value of a type, if the answer so far has one.
type Growing<T> = fn(&Value) -> Option<T>;

impl<T> TypedOutputParser<T> {
    /// Makes a parser for a type.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::TypedOutputParser;
    ///
    /// let parser = TypedOutputParser::<Vec<u8>>::new();
    /// assert_eq!(parser.parse("[1, 2]")?, [1, 2]);
    /// assert!(parser.parse("[1, -2]").is_err());
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    pub fn new() -> Self
    where
        // Here too, as the compiler names the missing bound where a function wants it, and not where `|` looks for a step.
        T: Streamable + DeserializeOwned,
    {
        Self {
            schema: None,
            growing: None,
        }
    }

    /// Sets the JSON schema that [`format_instructions`](Self::format_instructions) shows.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::TypedOutputParser;
    ///
    /// let parser = TypedOutputParser::<Vec<u8>>::new();
    /// assert_eq!(parser.format_instructions(), "Return a JSON object.");
    /// let parser = parser.with_schema(serde_json::json!({"items": {"type": "integer"}}));
    /// assert!(parser.format_instructions().contains(r#"{"items": {"type": "integer"}}"#));
    /// ```
    pub fn with_schema(mut self, schema: Value) -> Self {
        self.schema = Some(schema);
        self
    }

    /// Returns the instructions for a model, so that it answers in this form.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::TypedOutputParser;
    ///
    /// let parser = TypedOutputParser::<Vec<u8>>::new().with_schema(serde_json::json!({"items": {"type": "integer"}}));
    /// assert!(parser.format_instructions().contains(r#"{"items": {"type": "integer"}}"#));
    /// ```
    #[must_use]
    pub fn format_instructions(&self) -> String {
        match &self.schema {
            None => "Return a JSON object.".to_owned(),
            Some(schema) => instructions(schema),
        }
    }
}

impl<T: Streamable<Chunk = Whole<T>> + DeserializeOwned> TypedOutputParser<T> {
    /// Also streams the value while the answer grows, as soon as the JSON so far can be read as the type.
    ///
    /// Fields with `#[serde(default)]` may still be missing, so with one on every field the value shows from its first bracket on. A
    /// text may be cut, and a number may lack digits. The last value is the one that `invoke` returns.
    ///
    /// The type must flow whole, as a later value replaces an earlier one.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{flow_whole, EchoModel, RunnableExt, TypedOutputParser};
    /// use futures::TryStreamExt;
    ///
    /// #[derive(Clone, Debug, Default, serde::Serialize, serde::Deserialize)]
    /// #[serde(default)]
    /// struct Joke {
    ///     setup: String,
    ///     rating: Option<u8>,
    /// }
    /// flow_whole!(Joke);
    ///
    /// # futures::executor::block_on(async {
    /// let chain = EchoModel::new() | TypedOutputParser::<Joke>::new().streaming(); // the model writes one word after the other
    /// let jokes: Vec<_> = chain.stream(r#"{"setup": "Why not?", "rating": 7}"#).try_collect().await?;
    /// let seen: Vec<_> = jokes.iter().map(|joke| (joke.0.setup.as_str(), joke.0.rating)).collect();
    /// assert_eq!(seen, [("", None), ("Why", None), ("Why not?", None), ("Why not?", Some(7))]);
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    pub fn streaming(mut self) -> Self {
        self.growing = Some(|value| T::deserialize(value).ok());
        self
    }
}

#[cfg(feature = "schemars")]
impl<T: schemars::JsonSchema> TypedOutputParser<T> {
    /// Shows the schema of the type itself in [`format_instructions`](Self::format_instructions).
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::TypedOutputParser;
    ///
    /// let parser = TypedOutputParser::<Vec<u8>>::new().with_type_schema();
    /// assert!(parser.format_instructions().contains(r#""items": {"type": "integer", "format": "uint8""#));
    /// ```
    pub fn with_type_schema(self) -> Self {
        let mut schema = schemars::SchemaGenerator::default().into_root_schema_for::<T>();
        schema.remove("$schema"); // It helps no model.
        self.with_schema(schema.to_value())
    }
}

impl<T: Streamable + DeserializeOwned> Default for TypedOutputParser<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Clone for TypedOutputParser<T> {
    fn clone(&self) -> Self {
        Self {
            schema: self.schema.clone(),
            growing: self.growing,
        }
    }
}

impl<T> fmt::Debug for TypedOutputParser<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TypedOutputParser<{}>", std::any::type_name::<T>())
    }
}

struct TypedReader<T> {
    json: AnswerJson,
    growing: Option<Growing<T>>,
    last: Option<Value>,
    /// Whether the last value could be shown.
    shown: bool,
}

impl<T> TypedReader<T> {
    fn new(growing: Option<Growing<T>>) -> Self {
        Self {
            json: AnswerJson::default(),
            growing,
            last: None,
            shown: false,
        }
    }
}

impl<T: Streamable + DeserializeOwned> Reader for TypedReader<T> {
    type Output = T;

    fn push(&mut self, chunk: AIMessageChunk, out: &mut Chunks<T>) -> Result<()> {
        self.json.push(&chunk.content.into_text());
        let Some(growing) = self.growing else { return Ok(()) };
        let value = self.json.value().filter(|value| !value.is_null());
        if let Some(value) = value.filter(|value| self.last.as_ref() != Some(value)) {
            let shown = growing(value);
            self.shown = shown.is_some();
            out.extend(shown.map(Streamable::into_chunk));
            self.last = Some(value.clone());
        }
        Ok(())
    }

    fn finish(self, out: &mut Chunks<T>) -> Result<()> {
        let Self { json, last, shown, .. } = self;
        let (value, output) = read_json(json, |value| match T::deserialize(&value) {
            Ok(output) => Ok((value, output)),
            Err(_) => Err(Misread::of::<T>(&value)),
        })?;
        if !shown || last != Some(value) {
            out.push_back(output.into_chunk());
        }
        Ok(())
    }
}

/// Reads the JSON of a complete answer.
pub(crate) fn read_json<R>(
    mut json: AnswerJson,
    read: impl FnOnce(Value) -> std::result::Result<R, Misread>,
) -> Result<R> {
    let found = json.finish();
    let text = json.text();
    let value = found.map_err(|error| UnparsedAnswer::unread(text, error))?;
    read(value).map_err(|misread| {
        let detail = misread.to_string();
        UnparsedAnswer::at(text, Some(misread.into_pointer()), detail)
    })
}

parser!(
    TypedOutputParser<T: Streamable, DeserializeOwned>,
    T,
    |this| TypedReader::new(this.growing),
    Err(crate::ErrorKind::Internal.into())
);

impl<T: Streamable + DeserializeOwned, Next: Accepts<T>> BitOr<Next> for TypedOutputParser<T> {
    type Output = Chain<AIMessage, Next::Output>;

    fn bitor(self, next: Next) -> Self::Output {
        self.pipe(next)
    }
}
