//! The Responses API: what is asked, and how its items and events become messages and chunks.

mod answer;
mod arrived;
mod assemble;
mod block;
mod call;
mod content;
mod event;
mod input;
mod item;
mod message;
mod metadata;
mod reader;
mod request;
mod sent_back;
mod slot;

pub(crate) use answer::Response;
pub(crate) use assemble::Assembler;
pub(crate) use reader::{ResponsesReader, check, unfinished};
pub(crate) use request::{CreateResponse, LOGPROBS};
