//! Output parsers, the steps that read a model's answer.

mod text;
pub use text::StrOutputParser;
mod json;
pub use json::JsonOutputParser;
pub(crate) use json::instructions;
mod diff;
pub use diff::JsonDiffOutputParser;
mod patch;
pub use patch::{JsonPatch, PatchOperation, Patched};
mod typed;
pub use typed::TypedOutputParser;
pub(crate) use typed::read_json;
mod list;
pub use list::{CommaSeparatedListOutputParser, MarkdownListOutputParser, NumberedListOutputParser};
mod xml;
pub use xml::{Xml, XmlChunk, XmlOutputParser};
mod tools;
pub use tools::{JsonOutputFunctionsParser, JsonOutputToolsParser};
mod answer;
pub use answer::UnparsedAnswer;
mod repair;
pub use repair::{OutputFixingParser, OutputParserExt, RetryOutputParser};
pub(crate) use repair::{asked_again, complaint};
mod reader;
pub(crate) use reader::{Chunks, Reader, read_stream};
