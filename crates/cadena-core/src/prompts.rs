//! Prompts: templates of texts and of conversations, filled from a [`Dict`](crate::Dict).

mod chat;
pub use chat::ChatPromptTemplate;
mod message;
pub use message::MessageTemplate;
mod into_message;
pub use into_message::IntoMessageTemplate;
mod content;
pub use content::ContentTemplate;
mod blocks;
pub use blocks::{BlockTemplate, JsonTemplate};
mod placeholder;
pub use placeholder::MessagesPlaceholder;
mod text;
pub use text::PromptTemplate;
mod few_shot;
pub use few_shot::FewShotPromptTemplate;
mod few_shot_chat;
pub use few_shot_chat::FewShotChatPromptTemplate;
mod selector;
pub use selector::{ExampleSelector, LengthExampleSelector};
mod similarity;
pub use similarity::SemanticSimilarityExampleSelector;
mod template;
pub use template::{Template, TemplateFormat};
mod typed;
pub use typed::{TypedPrompt, fill};
mod format_spec;
mod fstring;
mod input;
#[cfg(feature = "minijinja")]
mod jinja;
mod mustache;
mod printed;
mod scope;
