//! From requests to running batches.

use std::fmt;

use cadena_core::{Error, ErrorKind, Result, RunContext};
use serde_json::{Map, Value};

use super::handle::Part;
use super::ids::{IdSum, KnownIds};
use super::input::{FileLimits, InputFile};
use super::server::Server;
use super::{BatchJob, BatchJobHandle, BatchJobRequest};
use crate::ChatOpenAI;

type OnBatch = Box<dyn FnMut(&BatchJobHandle) -> Result<()> + Send>;

/// What a batch job is set to before it is submitted: see [`ChatOpenAI::batch_job`].
#[must_use = "a batch job does nothing until it is submitted"]
pub struct BatchJobSubmission {
    llm: ChatOpenAI,
    limits: FileLimits,
    metadata: Map<String, Value>,
    on_batch: Option<OnBatch>,
}

impl BatchJobSubmission {
    pub(super) fn new(llm: ChatOpenAI) -> Self {
        Self {
            llm,
            limits: FileLimits {
                requests: 50_000,
                bytes: 64 << 20,
            },
            metadata: Map::new(),
            on_batch: None,
        }
    }

    /// Writes a note on every batch, which the server gives back and shows. OpenAI takes 16.
    ///
    /// # Examples
    ///
    /// ```
    /// let submission = cadena_openai::ChatOpenAI::new("gpt-4o-mini").batch_job().with_metadata("run", "2024-11");
    /// # let _ = submission;
    /// ```
    pub fn with_metadata(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.metadata.insert(key.into(), Value::String(value.into()));
        self
    }

    /// Sets how many requests a batch has at most: 50,000, which is OpenAI's limit.
    ///
    /// # Examples
    ///
    /// ```
    /// let submission = cadena_openai::ChatOpenAI::new("gpt-4o-mini").batch_job().with_max_requests(1_000);
    /// # let _ = submission;
    /// ```
    pub fn with_max_requests(mut self, requests: u64) -> Self {
        self.limits.requests = requests.max(1);
        self
    }

    /// Sets how large the file of a batch is at most: 64 MiB. One file is held in memory at a time; OpenAI takes 200 MB.
    ///
    /// # Examples
    ///
    /// ```
    /// let submission = cadena_openai::ChatOpenAI::new("gpt-4o-mini").batch_job().with_max_bytes(200_000_000);
    /// # let _ = submission;
    /// ```
    pub fn with_max_bytes(mut self, bytes: usize) -> Self {
        self.limits.bytes = bytes;
        self
    }

    /// Sets a function that is called whenever a batch has been created, to store the handle. Its error ends the submission.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_openai::ChatOpenAI;
    ///
    /// let submission = ChatOpenAI::new("gpt-4o-mini").batch_job().on_batch(|handle| {
    ///     let stored = serde_json::to_string(handle).unwrap();
    ///     // Write it to a file here, so that a crash loses nothing.
    ///     # let _ = stored;
    ///     Ok(())
    /// });
    /// # let _ = submission;
    /// ```
    pub fn on_batch(mut self, stored: impl FnMut(&BatchJobHandle) -> Result<()> + Send + 'static) -> Self {
        self.on_batch = Some(Box::new(stored));
        self
    }

    /// Uploads the requests and starts their batches, and writes each into the handle as soon as it runs.
    ///
    /// The requests are read one by one, and a batch starts when its file is full: a million of them need the memory of one file and
    /// 16 bytes for each id. The line of a request holds what `invoke` would send, to the byte.
    ///
    /// A handle that has batches already is continued: give the same requests in the same order, and those that were submitted are
    /// passed over. So after an error, or after this future was dropped, call it again with the same handle.
    ///
    /// # Examples
    ///
    /// See [`ChatOpenAI::batch_job`].
    ///
    /// # Errors
    ///
    /// `InvalidInput` for an empty id, an id that occurs twice, a request for another model than the first one's (a batch has one), or
    /// requests that are not those of the handle; `Unsupported` for what `invoke` refuses too, and for headers of one request;
    /// `LimitExceeded` for a request that no file can hold; what the server says to the upload and to the new batch. An upload is sent
    /// again like any request, as a file without a batch costs nothing. A batch is not: where it is not known whether the server has
    /// created one, the server is asked for the batch of the uploaded file.
    pub async fn submit<I>(mut self, handle: &mut BatchJobHandle, requests: I) -> Result<BatchJob>
    where
        I: IntoIterator<Item: Into<BatchJobRequest> + Send, IntoIter: Send> + Send,
    {
        let mut known = KnownIds::default();
        let mut model: Option<String> = None;
        let mut file = InputFile::new(self.limits);
        let mut ids = IdSum::default();
        let mut before = Before::of(handle)?;
        let mut server = Server::of(&self.llm);
        for request in requests {
            let BatchJobRequest { custom_id, request } = request.into();
            known.insert(&custom_id)?;
            if before.passes(&custom_id)? {
                continue;
            }
            if !request.options.headers.is_empty() {
                let detail = format!("the request `{custom_id}` has headers, and a line of a batch has none");
                let error = Error::new(ErrorKind::Unsupported, detail);
                return Err(error.with_hint("set them on the model by `with_header`"));
            }
            let (call, _) = self.llm.call(request, false, &RunContext::default())?;
            let first = model.get_or_insert_with(|| call.model.clone());
            if *first != call.model {
                let detail = format!(
                    "the request `{custom_id}` asks `{}`, and the first one `{first}`",
                    call.model
                );
                let error = Error::new(ErrorKind::InvalidInput, detail);
                return Err(error.with_hint("a batch asks one model: make a job for each"));
            }
            server.model.clone_from(first);
            let line = InputFile::line(&custom_id, call.body())?;
            if !file.push(&custom_id, &line)? {
                let full = std::mem::replace(&mut file, InputFile::new(self.limits));
                self.start(&server, full, std::mem::take(&mut ids), handle).await?;
                file.push(&custom_id, &line)?;
            }
            ids.add(&custom_id);
        }
        before.all_passed()?;
        if !file.is_empty() {
            self.start(&server, file, ids, handle).await?;
        }
        Ok(BatchJob::new(&self.llm, handle.clone()))
    }

    async fn start(&mut self, server: &Server, file: InputFile, ids: IdSum, handle: &mut BatchJobHandle) -> Result<()> {
        let (content_type, form) = file.into_form();
        let file = server.upload(content_type, form).await?;
        let batch = server.create(&file, &self.metadata).await?;
        handle.batches.push(Part {
            id: batch.id,
            asked: Some(ids),
        });
        self.on_batch.as_mut().map_or(Ok(()), |stored| stored(handle))
    }
}

impl fmt::Debug for BatchJobSubmission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BatchJobSubmission")
            .field("llm", &self.llm)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

/// The requests that a handle has submitted already, and that are passed over.
struct Before {
    /// What is still to come, the next batch last.
    batches: Vec<IdSum>,
    passed: IdSum,
}

impl Before {
    fn of(handle: &BatchJobHandle) -> Result<Self> {
        let asked = handle
            .batches
            .iter()
            .rev()
            .map(|part| part.asked)
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
    fn passes(&mut self, custom_id: &str) -> Result<bool> {
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

    fn all_passed(&self) -> Result<()> {
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
