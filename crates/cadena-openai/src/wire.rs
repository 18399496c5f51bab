//! The JSON that goes over the wire, in OpenAI's words: written exactly, read with tolerance.

mod answer;
pub(crate) use answer::{CallPiece, ChatCompletion, Choice, FunctionCall, Message};
mod arguments;
mod call;
mod content;
mod foreign;
pub(crate) use foreign::{breakpoint, is_anthropics_work, set_breakpoint};
mod half;
mod index;
pub(crate) mod lenient;
mod list;
mod logprobs;
pub(crate) use logprobs::Tokens;
pub(crate) mod member;
pub(crate) use member::{Found, Lenient, Other, otherwise_odd, wire_struct};
mod message;
mod part;
pub(crate) use part::Audience;
mod repair;
pub(crate) use repair::{read_twice, repaired};
mod request;
pub(crate) use request::{ChatCompletionRequest, stream_options};
mod seams;
pub(crate) use seams::Seams;
mod text;
pub(crate) use text::Text;
