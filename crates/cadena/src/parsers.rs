//! Output parsers: steps from a model's answer to a text, JSON, a list, XML or a value of a type.
//!
//! | from an answer to | parser |
//! |---|---|
//! | its text | [`StrOutputParser`] |
//! | JSON that grows while it streams | [`JsonOutputParser`], or its changes: [`JsonDiffOutputParser`] |
//! | a value of a type | [`TypedOutputParser`]; where the model can be told the type, use [`structured`](crate::structured) output |
//! | a list | [`CommaSeparatedListOutputParser`], [`MarkdownListOutputParser`], [`NumberedListOutputParser`] |
//! | the calls of tools | [`JsonOutputToolsParser`], [`JsonOutputFunctionsParser`] |
//! | XML | [`XmlOutputParser`] |
//!
//! [`OutputParserExt`] asks a model to repair an answer that a parser refused.

pub use cadena_core::{
    CommaSeparatedListOutputParser, JsonDiffOutputParser, JsonOutputFunctionsParser, JsonOutputParser,
    JsonOutputToolsParser, JsonPatch, MarkdownListOutputParser, NumberedListOutputParser, OutputFixingParser,
    OutputParserExt, PatchOperation, Patched, RetryOutputParser, StrOutputParser, TypedOutputParser, UnparsedAnswer,
    Xml, XmlChunk, XmlOutputParser,
};
