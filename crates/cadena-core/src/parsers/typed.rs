//! A value of your own type in an answer.

use std::fmt;
use std::marker::PhantomData;

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::answer::UnparsedAnswer;
use super::json::{complete, instructions};
use super::reader::{Chunks, Reader, parser};
use crate::{AIMessageChunk, Result, Streamable};

/// Takes a value of a type out of an answer in JSON, bare or in a Markdown fence.
///
/// It comes in one piece, when the answer is complete; [`JsonOutputParser`](crate::JsonOutputParser) shows it growing.
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
/// let chain = EchoModel::new().pipe(TypedOutputParser::<Joke>::new());
/// let joke = chain.invoke(r#"{"setup": "Why?", "rating": 7}"#).await?;
/// assert_eq!(joke, Joke { setup: "Why?".to_owned(), rating: 7 });
///
/// let error = chain.invoke("{\"setup\": \"Why?\",\n \"rating\": \"a secret\"}").await.unwrap_err();
/// assert_eq!(error.detail(), "expected u8 at line 2 column 21");
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
#[must_use = "steps do nothing until they are invoked"]
pub struct TypedOutputParser<T> {
    schema: Option<Value>,
    output: PhantomData<fn() -> T>,
}

impl<T> TypedOutputParser<T> {
    /// A parser for a type.
    pub fn new() -> Self {
        Self {
            schema: None,
            output: PhantomData,
        }
    }

    /// Sets the JSON schema that [`format_instructions`](Self::format_instructions) shows.
    pub fn with_schema(mut self, schema: Value) -> Self {
        self.schema = Some(schema);
        self
    }

    /// What to tell a model, so that it answers in this form.
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

impl<T> Default for TypedOutputParser<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Clone for TypedOutputParser<T> {
    fn clone(&self) -> Self {
        Self {
            schema: self.schema.clone(),
            output: PhantomData,
        }
    }
}

impl<T> fmt::Debug for TypedOutputParser<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TypedOutputParser<{}>", std::any::type_name::<T>())
    }
}

struct TypedReader<T> {
    text: String,
    output: PhantomData<fn() -> T>,
}

impl<T: Streamable + DeserializeOwned> Reader for TypedReader<T> {
    type Output = T;

    fn push(&mut self, chunk: AIMessageChunk, _out: &mut Chunks<T>) -> Result<()> {
        self.text.push_str(&chunk.content.into_text());
        Ok(())
    }

    fn finish(self, out: &mut Chunks<T>) -> Result<()> {
        out.push_back(read::<T>(&self.text)?.into_chunk());
        Ok(())
    }
}

fn read<T: DeserializeOwned>(text: &str) -> Result<T> {
    let (value, json) = complete(text).map_err(|error| UnparsedAnswer::behind(text, error))?;
    serde_json::from_value(value).map_err(|error| {
        // The text again, for the place; it fails there as the value did.
        let placed = serde_json::from_str::<T>(json).err().filter(|placed| placed.is_data());
        let place = placed.map(|placed| {
            let begin = json.as_ptr().addr().saturating_sub(text.as_ptr().addr());
            let lines = text.get(..begin).unwrap_or_default().matches('\n').count();
            format!(" at line {} column {}", placed.line() + lines, placed.column())
        });
        UnparsedAnswer::of(text, expected(&error.to_string()) + &place.unwrap_or_default())
    })
}

/// What a type expected, without the value that was there: the value is what the model said.
pub(super) fn expected(message: &str) -> String {
    if let Some((_, expected)) = message.rsplit_once(", expected ") {
        return format!("expected {expected}");
    }
    match message.strip_prefix("missing field ") {
        Some(field) => format!("expected the key {field}"),
        None => "the JSON is not a value of the type".to_owned(),
    }
}

parser!(
    TypedOutputParser<T: Streamable, DeserializeOwned>,
    T,
    |_this| TypedReader::<T> { text: String::new(), output: PhantomData },
    Err(crate::ErrorKind::Internal.into())
);
