//! How far a batch job is.

use cadena_core::{Error, ErrorKind};
use cadena_http::Redactor;
use serde::Deserialize;

use crate::error;

/// The state of a batch job, batch by batch.
///
/// # Examples
///
/// ```
/// # use cadena_http::Replay;
/// use cadena_openai::{BatchJobHandle, ChatOpenAI};
///
/// # futures::executor::block_on(async {
/// # let replay = Replay::from_jsonl(include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/batch_job.jsonl")))?;
/// # let llm = ChatOpenAI::new("gpt-4o-mini").with_transport(replay);
/// let status = llm.batch_job_from(BatchJobHandle::from_ids(["batch_1"])).status().await?;
/// assert!(status.is_final());
/// assert_eq!(status.batches.len(), 1);
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct BatchJobStatus {
    /// The batches, in the order of the requests.
    pub batches: Vec<BatchJobProgress>,
}

/// The state of one batch.
///
/// # Examples
///
/// ```
/// # use cadena_http::Replay;
/// use cadena_openai::{BatchJobHandle, ChatOpenAI};
///
/// # futures::executor::block_on(async {
/// # let replay = Replay::from_jsonl(include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/batch_job.jsonl")))?;
/// # let llm = ChatOpenAI::new("gpt-4o-mini").with_transport(replay);
/// let status = llm.batch_job_from(BatchJobHandle::from_ids(["batch_1"])).status().await?;
/// let batch = &status.batches[0];
/// assert_eq!((batch.id.as_str(), batch.total, batch.completed, batch.failed), ("batch_1", 2, 2, 0));
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BatchJobProgress {
    /// The id of the batch.
    pub id: String,
    /// Its state.
    pub state: BatchJobState,
    /// How many requests it has; 0 before the server has read its file.
    pub total: u64,
    /// How many have an answer.
    pub completed: u64,
    /// How many have an error.
    pub failed: u64,
}

/// The state of a batch, by the server's word.
///
/// # Examples
///
/// ```
/// use cadena_openai::BatchJobState;
///
/// let state: BatchJobState = serde_json::from_str(r#""in_progress""#).unwrap();
/// assert_eq!(state, BatchJobState::InProgress);
/// assert!(!state.is_final());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum BatchJobState {
    /// The input file is being read.
    Validating,
    /// The input file was refused: no request was asked.
    Failed,
    /// Requests are being asked.
    InProgress,
    /// The files with the results are being written.
    Finalizing,
    /// Every request has an answer or an error.
    Completed,
    /// The time was over before every request was asked. The answers that exist can be read.
    Expired,
    /// It is being cancelled.
    Cancelling,
    /// It was cancelled. The answers that exist can be read.
    Cancelled,
    /// A state that this version does not know.
    #[serde(other)]
    Unknown,
}

impl BatchJobState {
    /// Whether the batch has ended.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_openai::BatchJobState;
    ///
    /// assert!(BatchJobState::Expired.is_final());
    /// assert!(!BatchJobState::Cancelling.is_final());
    /// ```
    #[must_use]
    pub fn is_final(self) -> bool {
        matches!(self, Self::Failed | Self::Completed | Self::Expired | Self::Cancelled)
    }
}

impl BatchJobStatus {
    /// Whether every batch has ended.
    ///
    /// # Examples
    ///
    /// ```
    /// assert!(cadena_openai::BatchJobStatus::default().is_final());
    /// ```
    #[must_use]
    pub fn is_final(&self) -> bool {
        self.batches.iter().all(|batch| batch.state.is_final())
    }

    /// Returns how many requests have an answer.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(cadena_openai::BatchJobStatus::default().completed(), 0);
    /// ```
    #[must_use]
    pub fn completed(&self) -> u64 {
        self.batches.iter().map(|batch| batch.completed).sum()
    }

    /// Returns how many requests have an error.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(cadena_openai::BatchJobStatus::default().failed(), 0);
    /// ```
    #[must_use]
    pub fn failed(&self) -> u64 {
        self.batches.iter().map(|batch| batch.failed).sum()
    }

    /// Returns how many requests there are, as far as the server has read them.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(cadena_openai::BatchJobStatus::default().total(), 0);
    /// ```
    #[must_use]
    pub fn total(&self) -> u64 {
        self.batches.iter().map(|batch| batch.total).sum()
    }
}

/// A batch as the server describes it.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Batch {
    pub(super) id: String,
    pub(super) status: BatchJobState,
    #[serde(default)]
    pub(super) endpoint: Option<String>,
    #[serde(default)]
    pub(super) input_file_id: Option<String>,
    #[serde(default)]
    pub(super) output_file_id: Option<String>,
    #[serde(default)]
    pub(super) error_file_id: Option<String>,
    #[serde(default)]
    request_counts: Option<Counts>,
    #[serde(default)]
    errors: Option<Errors>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Counts {
    total: u64,
    completed: u64,
    failed: u64,
}

#[derive(Clone, Debug, Default, Deserialize)]
struct Errors {
    #[serde(default)]
    data: Option<Vec<Reason>>,
}

#[derive(Clone, Debug, Deserialize)]
struct Reason {
    #[serde(default)]
    code: Option<String>,
    #[serde(default)]
    message: Option<String>,
    #[serde(default)]
    line: Option<u64>,
}

impl Batch {
    pub(super) fn progress(&self) -> BatchJobProgress {
        let counts = self.request_counts.clone().unwrap_or_default();
        BatchJobProgress {
            id: self.id.clone(),
            state: self.status,
            total: counts.total,
            completed: counts.completed,
            failed: counts.failed,
        }
    }

    /// Why the server refused the whole batch.
    pub(super) fn refusal(&self, redactor: &Redactor) -> Error {
        let reasons = self.errors.iter().flat_map(|errors| errors.data.iter().flatten());
        let mut said: Vec<String> = reasons
            .map(|reason| {
                let text = redactor.snippet(reason.message.as_deref().unwrap_or("no reason given").as_bytes());
                match reason.line {
                    Some(line) => format!("line {line}: {text}"),
                    None => text,
                }
            })
            .collect();
        let more = said.len().saturating_sub(SHOWN);
        said.truncate(SHOWN);
        if more > 0 {
            said.push(format!("and {more} more"));
        }
        let said = if said.is_empty() {
            "no reason given".to_owned()
        } else {
            said.join("; ")
        };
        let detail = format!("the batch `{}` failed: {said}", self.id);
        let mut codes = self.errors.iter().flat_map(|errors| errors.data.iter().flatten());
        match codes.find_map(|reason| reason.code.as_deref()) {
            Some(code) => {
                let kind = error::by_word(code).unwrap_or(ErrorKind::InvalidRequest);
                Error::new(kind, detail).with_code(redactor.snippet(code.as_bytes()))
            }
            None => Error::new(ErrorKind::InvalidRequest, detail),
        }
    }
}

/// How many reasons an error repeats.
const SHOWN: usize = 3;
