//! The Responses API: what is asked, and how its items and events become messages and chunks.

mod answer;
mod assemble;
mod content;
mod input;
mod reader;
mod request;
mod slot;

pub(crate) use answer::Response;
pub(crate) use assemble::Assembler;
pub(crate) use reader::{ResponsesReader, check};
pub(crate) use request::{CreateResponse, LOGPROBS};
