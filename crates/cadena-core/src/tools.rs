//! Tools: how a function is described to a model.

mod convert;
pub use convert::{convert_to_openai_function, convert_to_openai_tool};
