//! Batches that go on after a crash: a file of finished inputs.

mod file;
pub use file::{BatchFile, BatchProgress};
mod results;
pub use results::BatchResults;
mod resumable;
pub(super) use resumable::resumable;
mod fingerprint;
mod line;
mod lines;
mod locked_file;
mod record;
