//! Azure: the chat model of a deployment, a client of a resource, and the addresses and hints that differ there.

mod chat;
mod client;
mod resource;

pub use chat::AzureChatOpenAI;
pub(crate) use resource::{API_KEY, Azure};
