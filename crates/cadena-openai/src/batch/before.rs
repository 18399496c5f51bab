//! The requests of a job that an earlier submission has handed in.

use cadena_core::{Error, ErrorKind, Result};

use super::BatchJobHandle;
use super::ids::IdSum;

/// The requests that a handle has submitted already, and that are passed over.
pub(super) struct Before {
    /// The batches that are still to come, the next one last.
    batches: Vec<IdSum>,
    passed: IdSum,
}

impl Before {
    pub(super) fn of(handle: &BatchJobHandle) -> Result<Self> {
        let asked = handle
            .batches
            .iter()
            .rev()
            .map(|batch| batch.asked)
            .collect::<Option<_>>();
        let batches = asked.ok_or_else(|| {
            let detail = "a handle that was made of ids does not know its requests, and cannot be continued";
            Error::new(ErrorKind::InvalidInput, detail)
        })?;
        Ok(Self {
            batches,
            passed: IdSum::default(),
        })
    }

    /// Whether a request was submitted before.
    pub(super) fn passes(&mut self, custom_id: &str) -> Result<bool> {
        let Some(batch) = self.batches.last() else {
            return Ok(false);
        };
        self.passed.add(custom_id);
        if self.passed.requests < batch.requests {
            return Ok(true);
        }
        if self.passed != *batch {
            return Err(other_requests());
        }
        self.batches.pop();
        self.passed = IdSum::default();
        Ok(true)
    }

    pub(super) fn all_passed(&self) -> Result<()> {
        if self.batches.is_empty() {
            Ok(())
        } else {
            Err(other_requests())
        }
    }
}

fn other_requests() -> Error {
    let error = Error::new(
        ErrorKind::InvalidInput,
        "the requests are not those that the handle has begun with",
    );
    error.with_hint("give the same requests in the same order, or a new handle")
}
