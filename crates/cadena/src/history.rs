//! Chat histories: conversations that are stored and put before the next question.
//!
//! [`with_message_history`](crate::RunnableExt::with_message_history) makes a [`MessageHistory`] of a chain; the conversation of
//! [`SESSION_ID`] is read from a [`ChatMessageHistory`] before the call and written after its last chunk.

pub use cadena_core::{
    ChatMessageHistory, HistoryInput, HistoryKeys, HistoryOutput, HistoryStep, InMemoryChatMessageHistory,
    MessageHistory, SESSION_ID,
};
