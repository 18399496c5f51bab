//! Batch jobs: many requests in files, answered within a day at a lower price.

mod before;
mod chat;
mod common;
mod completions;
mod download;
mod handle;
mod ids;
mod input;
mod job;
mod lines;
mod model;
mod outcome;
mod pause;
mod poll;
mod reading;
mod request;
mod results;
mod server;
mod spool;
mod status;
mod submission;

pub use handle::BatchJobHandle;
pub use job::BatchJob;
pub use model::BatchModel;
pub(crate) use model::{ReadAnswer, Written, of_another, sealed};
pub use request::BatchJobRequest;
pub use results::BatchJobResults;
pub use status::{BatchJobProgress, BatchJobState, BatchJobStatus};
pub use submission::BatchJobSubmission;
