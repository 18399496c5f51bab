//! Chat Completions as a stream: how the events of an answer become chunks that add up.

mod calls;
mod choice;
mod envelope;
mod members;
mod others;
mod partial;
mod reader;
mod said;

pub(crate) use reader::ChatReader;
