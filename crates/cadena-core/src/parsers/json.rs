//! [`JsonOutputParser`]: JSON in an answer.

use serde_json::Value;

use super::answer::UnparsedAnswer;
use super::reader::{Chunks, Reader, parser};
use crate::json::{AnswerJson, PartialJsonMarkdown};
use crate::messages::python;
use crate::{AIMessageChunk, Result, ValueChunk, impl_pipe};

/// Takes the JSON out of an answer, and its growing value while it streams.
///
/// The JSON may be the whole answer, or be in a Markdown fence, closed or not, or among words. Thoughts in `<think>` tags are passed over.
/// JSON at the beginning counts first, then the first fence that holds JSON, then JSON among words.
///
/// A whole answer must be complete: one that was cut off is an error, not a smaller value. [`lenient`](Self::lenient) closes it
/// as LangChain does. The stream holds each new value of the text so far, and its last one is the value that `invoke` returns; an
/// answer without a value ends in an error, which quotes the words at the fault.
///
/// # Examples
///
/// ```
/// use cadena_core::{EchoModel, JsonOutputParser, RunnableExt};
/// use serde_json::json;
///
/// # futures::executor::block_on(async {
/// let chain = EchoModel::new() | JsonOutputParser::new();
/// assert_eq!(chain.invoke("```json\n{\"a\": [1, 2]}\n```").await?, json!({"a": [1, 2]}));
///
/// let thoughtful = "<think>{\"a\": 1}? No.</think>Here it is: {\"a\": 2}. Anything else?";
/// assert_eq!(chain.invoke(thoughtful).await?, json!({"a": 2}));
///
/// assert!(chain.invoke("{\"amount\": 10").await.is_err());
/// assert_eq!(JsonOutputParser::new().lenient().parse("{\"amount\": 10")?, json!({"amount": 10}));
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[must_use = "steps do nothing until they are invoked"]
pub struct JsonOutputParser {
    lenient: bool,
    schema: Option<Value>,
}

impl JsonOutputParser {
    /// Makes a parser that takes complete JSON only.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::JsonOutputParser;
    ///
    /// assert_eq!(JsonOutputParser::new().parse("Here it is: [1, 2]")?, serde_json::json!([1, 2]));
    /// assert!(JsonOutputParser::new().parse("[1, 2").is_err());
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    pub fn new() -> Self {
        Self::default()
    }

    /// Closes strings, lists and objects that are open at the end of an answer.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::JsonOutputParser;
    /// use serde_json::json;
    ///
    /// assert!(JsonOutputParser::new().parse("[1, 2").is_err());
    /// assert_eq!(JsonOutputParser::new().lenient().parse("[1, 2")?, json!([1, 2]));
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    pub fn lenient(mut self) -> Self {
        self.lenient = true;
        self
    }

    /// Sets the JSON schema that [`format_instructions`](Self::format_instructions) shows. The answer is not validated by it.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::JsonOutputParser;
    /// use serde_json::json;
    ///
    /// let parser = JsonOutputParser::new().with_schema(json!({"type": "array"}));
    /// assert_eq!(parser.parse("{}")?, json!({}));
    /// # Ok::<_, cadena_core::Error>(())
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
    /// use cadena_core::JsonOutputParser;
    /// use serde_json::json;
    ///
    /// assert_eq!(JsonOutputParser::new().format_instructions(), "Return a JSON object.");
    /// let parser = JsonOutputParser::new().with_schema(json!({"properties": {"a": {"type": "integer"}}}));
    /// assert!(parser.format_instructions().contains(r#"{"properties": {"a": {"type": "integer"}}}"#));
    /// ```
    #[must_use]
    pub fn format_instructions(&self) -> String {
        match &self.schema {
            None => "Return a JSON object.".to_owned(),
            Some(schema) => instructions(schema),
        }
    }
}

parser!(
    JsonOutputParser,
    Value,
    |this| JsonReader::new(GrowingJson::new(this)),
    Ok(Value::Null)
);
impl_pipe!(JsonOutputParser);

/// The value of an answer as far as it has arrived.
pub(super) struct GrowingJson {
    json: AnswerJson,
    /// LangChain's reading, if JSON may be cut off or broken.
    lenient: Option<PartialJsonMarkdown>,
}

impl GrowingJson {
    pub(super) fn new(parser: &JsonOutputParser) -> Self {
        Self {
            json: AnswerJson::default(),
            lenient: parser.lenient.then(PartialJsonMarkdown::new),
        }
    }

    /// Reads a piece, and returns the value if it may be a new one.
    pub(super) fn push(&mut self, chunk: AIMessageChunk) -> Result<Option<&Value>> {
        let piece = chunk.content.into_text();
        if piece.is_empty() {
            return Ok(None);
        }
        self.json.push(&piece);
        if let Some(json) = &mut self.lenient {
            json.push(&piece)
                .map_err(|error| UnparsedAnswer::unread(self.json.text(), error))?;
        }
        let lenient = || self.lenient.as_ref().and_then(PartialJsonMarkdown::value);
        Ok(self.json.value().or_else(lenient).filter(|value| !value.is_null()))
    }

    /// The value of the complete answer.
    pub(super) fn finish(mut self) -> Result<Value> {
        let error = match (self.json.finish(), self.lenient) {
            (Ok(value), _) => return Ok(value),
            (Err(error), None) => error,
            (Err(_), Some(json)) => match (json.into_value(), self.json.value()) {
                (Ok(value), _) => return Ok(value),
                (Err(_), Some(value)) => return Ok(value.clone()),
                (Err(error), None) => error,
            },
        };
        Err(UnparsedAnswer::unread(self.json.text(), error))
    }
}

struct JsonReader {
    json: GrowingJson,
    last: Option<Value>,
}

impl JsonReader {
    fn new(json: GrowingJson) -> Self {
        Self { json, last: None }
    }
}

impl Reader for JsonReader {
    type Output = Value;

    fn push(&mut self, chunk: AIMessageChunk, out: &mut Chunks<Value>) -> Result<()> {
        let value = self.json.push(chunk)?;
        if let Some(value) = value.filter(|value| self.last.as_ref() != Some(value)) {
            out.push_back(ValueChunk::from(value.clone()));
            self.last = Some(value.clone());
        }
        Ok(())
    }

    fn finish(self, out: &mut Chunks<Value>) -> Result<()> {
        let value = self.json.finish()?;
        if self.last.as_ref() != Some(&value) {
            out.push_back(ValueChunk::from(value));
        }
        Ok(())
    }
}

/// LangChain's words, with the schema without its title and type.
pub(crate) fn instructions(schema: &Value) -> String {
    let mut schema = schema.clone();
    if let Some(schema) = schema.as_object_mut() {
        schema.shift_remove("title");
        schema.shift_remove("type");
    }
    INSTRUCTIONS.replace("{schema}", &python::dumps(&schema))
}

const INSTRUCTIONS: &str = r#"STRICT OUTPUT FORMAT:
- Return only the JSON value that conforms to the schema. Do not include any additional text, explanations, headings, or separators.
- Do not wrap the JSON in Markdown or code fences (no ``` or ```json).
- Do not prepend or append any text (e.g., do not write "Here is the JSON:").
- The response must be a single top-level JSON value exactly as required by the schema (object/array/etc.), with no trailing commas or comments.

The output should be formatted as a JSON instance that conforms to the JSON schema below.

As an example, for the schema {"properties": {"foo": {"title": "Foo", "description": "a list of strings", "type": "array", "items": {"type": "string"}}}, "required": ["foo"]} the object {"foo": ["bar", "baz"]} is a well-formatted instance of the schema. The object {"properties": {"foo": ["bar", "baz"]}} is not well-formatted.

Here is the output schema (shown in a code block for readability only — do not include any backticks or Markdown in your output):
```
{schema}
```"#;
