//! Batches: many inputs at once, and batches that survive a crash.
//!
//! [`RunnableExt::batch`](crate::RunnableExt::batch) and its kin need nothing from here.
//! [`batch_resumable`](crate::RunnableExt::batch_resumable) keeps its progress in a [`BatchFile`]. A job of OpenAI's Batch API is
//! `openai::BatchJob`.

pub use cadena_core::{BatchFile, BatchProgress, BatchResults, DEFAULT_BATCH_CONCURRENCY};
