//! Agents: a model and tools that take turns until there is an answer.
//!
//! [`agent()`] makes an [`Agent`], a step from a prompt to an [`AgentOutput`]: the answer and the whole conversation. It streams
//! [`AgentChunk`]s, whose [`AgentPart`]s are tokens and whole messages. An agent that ran out of turns fails with [`PartialConversation`].

pub use cadena_core::{Agent, AgentChunk, AgentOutput, AgentPart, PartialConversation, agent};
