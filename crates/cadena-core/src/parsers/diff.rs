//! [`JsonDiffOutputParser`]: JSON in an answer, streamed as changes.

use serde_json::Value;

use super::json::{GrowingJson, JsonOutputParser};
use super::patch::{JsonPatch, Patched};
use super::reader::{Chunks, Reader, parser};
use crate::{AIMessageChunk, Result, impl_pipe};

/// Takes the JSON out of an answer, and streams its changes as JSON patches: [`JsonOutputParser::diff`].
///
/// The patches of a stream, applied one after the other to `null`, make the value.
///
/// # Examples
///
/// ```
/// use cadena_core::{EchoModel, JsonOutputParser, RunnableExt};
/// use futures::TryStreamExt;
/// use serde_json::json;
///
/// # futures::executor::block_on(async {
/// let chain = EchoModel::new() | JsonOutputParser::new().diff(); // the model writes one word after the other
/// let patches: Vec<_> = chain.stream("{\"a\": \"to be\"}").try_collect().await?;
/// assert_eq!(
///     serde_json::to_value(patches)?,
///     json!([
///         [{"op": "replace", "path": "", "value": {}}],
///         [{"op": "add", "path": "/a", "value": "to"}],
///         [{"op": "replace", "path": "/a", "value": "to be"}],
///     ]),
/// );
/// assert_eq!(chain.invoke("[1]").await?.0, json!([1]));
/// # Ok::<_, Box<dyn std::error::Error>>(()) }).unwrap();
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use = "steps do nothing until they are invoked"]
pub struct JsonDiffOutputParser {
    parser: JsonOutputParser,
}

impl JsonDiffOutputParser {
    pub(super) fn new(parser: JsonOutputParser) -> Self {
        Self { parser }
    }

    /// Returns the instructions for a model, as [`JsonOutputParser::format_instructions`].
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::JsonOutputParser;
    ///
    /// let parser = JsonOutputParser::new().with_schema(serde_json::json!({"type": "array"}));
    /// assert_eq!(parser.clone().diff().format_instructions(), parser.format_instructions());
    /// ```
    #[must_use]
    pub fn format_instructions(&self) -> String {
        self.parser.format_instructions()
    }
}

impl JsonOutputParser {
    /// Streams the changes as JSON patches instead of the growing value.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::JsonOutputParser;
    ///
    /// let parser = JsonOutputParser::new().diff();
    /// assert_eq!(parser.parse("```json\n[1, 2]\n```")?.0, serde_json::json!([1, 2]));
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    pub fn diff(self) -> JsonDiffOutputParser {
        JsonDiffOutputParser::new(self)
    }
}

parser!(
    JsonDiffOutputParser,
    Patched,
    |this| DiffReader {
        json: GrowingJson::new(&this.parser),
        seen: Value::Null
    },
    Ok(Patched::default())
);
impl_pipe!(JsonDiffOutputParser);

struct DiffReader {
    json: GrowingJson,
    /// The value that the patches so far make.
    seen: Value,
}

fn emit(seen: &mut Value, value: &Value, out: &mut Chunks<Patched>) -> Result<()> {
    let patch = JsonPatch::between(seen, value);
    if patch.is_empty() {
        return Ok(());
    }
    out.push_back(patch.clone());
    patch.apply(seen)
}

impl Reader for DiffReader {
    type Output = Patched;

    fn push(&mut self, chunk: AIMessageChunk, out: &mut Chunks<Patched>) -> Result<()> {
        match self.json.push(chunk)? {
            Some(value) => emit(&mut self.seen, value, out),
            None => Ok(()),
        }
    }

    fn finish(mut self, out: &mut Chunks<Patched>) -> Result<()> {
        emit(&mut self.seen, &self.json.finish()?, out)
    }
}
