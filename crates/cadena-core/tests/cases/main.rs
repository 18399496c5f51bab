//! Cases in files: JSON in answers, JSON that is cut off, output parsers and prompts. A file in a folder is a test.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, in its helpers too"
)]

mod answers;
mod case;
mod parsers;
mod partial_json;
mod prompts;
