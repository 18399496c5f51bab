//! Prompts: templates of conversations, filled from a [`Dict`](crate::Dict).

mod chat;
pub use chat::{ChatPromptTemplate, MessageTemplate, MessagesPlaceholder};
mod fstring;
pub use fstring::Template;
