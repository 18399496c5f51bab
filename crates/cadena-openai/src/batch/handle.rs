//! The handle of a batch job, which another process needs to fetch its results.

use serde::{Deserialize, Serialize};

use super::ids::IdSum;

/// The batches of a job, to be stored: their ids, and a sum that shows whether every answer is there.
///
/// It is small whatever the number of requests, and holds no prompt and no key.
///
/// # Examples
///
/// ```
/// use cadena_openai::BatchJobHandle;
///
/// let handle = BatchJobHandle::from_ids(["batch_1", "batch_2"]);
/// let stored = serde_json::to_string(&handle).unwrap();
/// assert_eq!(serde_json::from_str::<BatchJobHandle>(&stored).unwrap(), handle);
/// assert_eq!(handle.ids().collect::<Vec<_>>(), ["batch_1", "batch_2"]);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchJobHandle {
    pub(super) batches: Vec<SubmittedBatch>,
    /// A file that is on the server and whose batch may not be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) uploaded: Option<Uploaded>,
}

/// A file that a batch is to be made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Uploaded {
    pub(super) file: String,
    pub(super) endpoint: String,
    pub(super) asked: IdSum,
}

/// One batch of a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SubmittedBatch {
    pub(super) id: String,
    /// The sum of the requests, if the handle comes from the job that asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) asked: Option<IdSum>,
}

impl BatchJobHandle {
    /// Makes a job without batches, to be filled by [`BatchJobSubmission::submit`](crate::BatchJobSubmission::submit).
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(cadena_openai::BatchJobHandle::new().ids().count(), 0);
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes a job of batches known by their ids alone, as the server's web page shows them.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(cadena_openai::BatchJobHandle::from_ids(["batch_1"]).ids().count(), 1);
    /// ```
    #[must_use]
    pub fn from_ids(ids: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let submitted = |id: String| SubmittedBatch { id, asked: None };
        Self {
            batches: ids.into_iter().map(|id| submitted(id.into())).collect(),
            uploaded: None,
        }
    }

    /// Returns the ids of the batches, in the order of the requests.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_openai::BatchJobHandle;
    ///
    /// assert_eq!(BatchJobHandle::from_ids(["a", "b"]).ids().collect::<Vec<_>>(), ["a", "b"]);
    /// ```
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.batches.iter().map(|batch| batch.id.as_str())
    }
}
