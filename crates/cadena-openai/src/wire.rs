//! What goes over the wire, in OpenAI's words: written exactly, read with tolerance.

mod answer;
pub(crate) use answer::{CallPiece, ChatCompletion, Choice, FunctionCall, Message};
mod call;
mod foreign;
pub(crate) use foreign::{breakpoint, is_anthropics_work, set_breakpoint};
mod legacy;
pub(crate) mod lenient;
pub(crate) use lenient::Text;
mod message;
mod part;
pub(crate) use part::Audience;
mod request;
pub(crate) use request::{ChatCompletionRequest, stream_options};
