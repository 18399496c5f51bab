//! Output parsers: what stands behind a model.

mod text;
pub use text::StrOutputParser;
