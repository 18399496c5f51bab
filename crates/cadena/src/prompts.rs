//! Prompts: templates for texts and for messages, examples, and the formats in which they are written.
//!
//! [`ChatPromptTemplate`] fills messages and [`PromptTemplate`] fills a text; both are steps from a [`Dict`](crate::Dict). A
//! [`MessagesPlaceholder`] takes a whole conversation. `prompt!` and `chat_prompt!` check the names of the fields at compile time and
//! make a [`TypedPrompt`].

pub use cadena_core::{
    BlockTemplate, ChatPromptTemplate, ContentTemplate, ExampleSelector, FewShotChatPromptTemplate,
    FewShotPromptTemplate, IntoMessageTemplate, JsonTemplate, LengthExampleSelector, MessageTemplate,
    MessagesPlaceholder, PromptTemplate, PromptValue, SemanticSimilarityExampleSelector, Template, TemplateFormat,
    TypedPrompt,
};
#[cfg(feature = "macros")]
pub use cadena_macros::{chat_prompt, prompt};
