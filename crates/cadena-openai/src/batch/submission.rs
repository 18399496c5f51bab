//! From requests to running batches.

use std::fmt;
use std::path::PathBuf;

use cadena_core::{Error, ErrorKind, Result};
use futures::stream::{self, Stream, StreamExt};
use serde_json::{Map, Value};

use super::before::Before;
use super::common::{Common, check_options, check_request};
use super::handle::{SubmittedBatch, Uploaded};
use super::ids::{IdSum, KnownIds};
use super::input::{FileLimits, InputFile, write_line};
use super::model::Written;
use super::server::Server;
use super::spool::SpoolLimits;
use super::status::Batch;
use super::{BatchJob, BatchJobHandle, BatchJobRequest, BatchModel};
use crate::ChatOpenAI;

type OnBatch = Box<dyn FnMut(&BatchJobHandle) -> Result<()> + Send>;

/// The settings of a batch job before it is submitted: see [`ChatOpenAI::batch_job`].
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
/// # let llm = llm.with_options(cadena_core::ChatOptions::new().logprobs(true));
/// let submission = llm.batch_job().with_max_requests(1_000);
/// let mut handle = BatchJobHandle::new();
/// submission.submit(&mut handle, [("row-1", "how are you"), ("row-2", "and now?")]).await?;
/// assert_eq!(handle.ids().count(), 1); // one batch has both requests
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
#[must_use = "a batch job does nothing until it is submitted"]
pub struct BatchJobSubmission<M = ChatOpenAI> {
    model: M,
    limits: FileLimits,
    metadata: Map<String, Value>,
    on_batch: Option<OnBatch>,
}

impl<M: BatchModel> BatchJobSubmission<M> {
    pub(crate) fn new(model: M) -> Self {
        Self {
            model,
            limits: FileLimits {
                requests: 50_000,
                bytes: 100_000_000,
                spool: SpoolLimits {
                    memory: 8 << 20,
                    dir: None,
                },
            },
            metadata: Map::new(),
            on_batch: None,
        }
    }

    /// Adds a note to every batch, which the server returns and shows: none by default. OpenAI takes 16.
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

    /// Sets how many requests a batch has at most: 50,000, which is OpenAI's limit. 0 counts as 1.
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

    /// Sets how large the file of a batch is at most: 100 MB, which a line of 1.4 Mbit/s uploads before the timer
    /// [`answer`](cadena_http::Timers::answer) ends. OpenAI takes 200 MB.
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

    /// Sets how much of a file is held in memory while it is written and sent: 8 MiB. The rest goes into a temporary file.
    ///
    /// That file has no name, nobody else can open it, and it is gone when the upload has ended, also by a crash. `usize::MAX` writes
    /// none.
    ///
    /// # Examples
    ///
    /// ```
    /// let submission = cadena_openai::ChatOpenAI::new("gpt-4o-mini").batch_job().with_max_memory(usize::MAX);
    /// # let _ = submission;
    /// ```
    pub fn with_max_memory(mut self, bytes: usize) -> Self {
        self.limits.spool.memory = bytes;
        self
    }

    /// Sets the folder of the temporary file: the system's (`TMPDIR`). On many a Linux that one lies in memory.
    ///
    /// # Examples
    ///
    /// ```
    /// let submission = cadena_openai::ChatOpenAI::new("gpt-4o-mini").batch_job().with_temp_dir("/var/tmp");
    /// # let _ = submission;
    /// ```
    pub fn with_temp_dir(mut self, dir: impl Into<PathBuf>) -> Self {
        self.limits.spool.dir = Some(dir.into());
        self
    }

    /// Sets a function that is called whenever the handle has changed, to store it: when a file is uploaded and when its batch is
    /// created. Its error ends the submission.
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
    /// The requests are pulled one by one, and a batch starts when its file is full: of a million of them, 8 MiB of lines are in memory
    /// at a time, and some 40 bytes for each id. A line holds what `invoke` would send, to the byte.
    ///
    /// A handle that has batches already is continued: pass the same requests in the same order, and those that were submitted are
    /// passed over. So after an error, or after this future was dropped, call it again with the same handle.
    ///
    /// # Examples
    ///
    /// From the first submission to the last result: see [`ChatOpenAI::batch_job`].
    ///
    /// ```
    /// # use cadena_http::Replay;
    /// use cadena_openai::{BatchJobHandle, ChatOpenAI};
    ///
    /// # futures::executor::block_on(async {
    /// # let replay = Replay::from_jsonl(include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/batch_job.jsonl")))?;
    /// # let llm = ChatOpenAI::new("gpt-4o-mini").with_transport(replay);
    /// # let llm = llm.with_options(cadena_core::ChatOptions::new().logprobs(true));
    /// let mut handle = BatchJobHandle::new();
    /// let job = llm.batch_job().submit(&mut handle, [("row-1", "how are you"), ("row-2", "and now?")]).await?;
    /// assert_eq!(job.handle().ids().collect::<Vec<_>>(), ["batch_1"]);
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    ///
    /// # Errors
    ///
    /// `InvalidInput` for an id that is empty, too long or there before, a request without a message, for another model or another
    /// endpoint than the first one's (a batch has one), or requests that are not those of the handle; `Unsupported` for what `invoke`
    /// refuses too, for headers and a query among the options, which a line has no place for, and for a request's own timeout;
    /// `LimitExceeded` for a request that no file can hold; `Config` if no temporary file can be written; the
    /// errors of the server about the upload and the new batch. An upload is sent again like any request, as a file without a batch costs
    /// nothing. A batch is not: where it is not known whether the server has created one, the server is asked for the batch of the
    /// uploaded file.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future stops the upload. Dropped while a batch is being created, that batch may run: the handle knows its file, and
    /// the next submission with it looks for the batch before it makes one.
    pub async fn submit<I>(self, handle: &mut BatchJobHandle, requests: I) -> Result<BatchJob<M>>
    where
        I: IntoIterator<Item: Into<BatchJobRequest> + Send, IntoIter: Send> + Send,
    {
        let requests = stream::iter(requests.into_iter().map(Ok));
        self.submit_stream(handle, requests).await
    }

    /// Uploads as [`submit`](Self::submit), with requests from a stream, such as the rows of a database, whose error ends the submission.
    ///
    /// # Examples
    ///
    /// ```
    /// # use cadena_http::Replay;
    /// use cadena_openai::{BatchJobHandle, ChatOpenAI};
    /// use futures::stream;
    ///
    /// # futures::executor::block_on(async {
    /// # let replay = Replay::from_jsonl(include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/batch_job.jsonl")))?;
    /// # let llm = ChatOpenAI::new("gpt-4o-mini").with_transport(replay);
    /// # let llm = llm.with_options(cadena_core::ChatOptions::new().logprobs(true));
    /// let rows = stream::iter([Ok(("row-1", "how are you")), Ok(("row-2", "and now?"))]);
    /// let mut handle = BatchJobHandle::new();
    /// llm.batch_job().submit_stream(&mut handle, rows).await?;
    /// assert_eq!(handle.ids().collect::<Vec<_>>(), ["batch_1"]);
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    ///
    /// # Errors
    ///
    /// As [`submit`](Self::submit), and those of the stream: the batches that were full before it are in the handle.
    pub async fn submit_stream<S, R>(mut self, handle: &mut BatchJobHandle, requests: S) -> Result<BatchJob<M>>
    where
        S: Stream<Item = Result<R>> + Send,
        R: Into<BatchJobRequest> + Send,
    {
        let mut requests = std::pin::pin!(requests);
        // A timeout among them is for the model's calls, and a batch makes none.
        check_options("the model's options have", &self.model.batch_options())?;
        self.start_uploaded(handle).await?;
        let mut known = KnownIds::default();
        let mut before = Before::of(handle)?;
        let mut filling: Option<NewBatch> = None;
        let mut first: Option<Common> = None;
        let mut line = Vec::new();
        while let Some(request) = requests.next().await {
            let BatchJobRequest { custom_id, request } = request?.into();
            known.insert(&custom_id)?;
            if before.passes(&custom_id)? {
                continue;
            }
            check_request(&custom_id, &request)?;
            // Of a million requests, the one that is refused must be found.
            let named = |error: Error| error.in_step(format!("request {custom_id}"));
            let Written { endpoint, model, body } = self.model.batch_request(request).map_err(named)?;
            let first = first.get_or_insert_with(|| Common {
                endpoint,
                model: model.clone(),
            });
            first.check(&custom_id, endpoint, &model)?;
            write_line(&mut line, &custom_id, endpoint, &body)?;
            if let Some(full) = self.append(&mut filling, &custom_id, &line)? {
                self.start(first, full, handle).await?;
            }
        }
        before.all_passed()?;
        if let (Some(first), Some(rest)) = (&first, filling) {
            self.start(first, rest, handle).await?;
        }
        Ok(BatchJob::new(&self.model, handle.clone()))
    }

    /// Appends a line to the batch that is being filled, and returns the one that is full.
    fn append(&self, filling: &mut Option<NewBatch>, custom_id: &str, line: &[u8]) -> Result<Option<NewBatch>> {
        if let Some(open) = filling
            && open.file.push(custom_id, line)?
        {
            open.ids.add(custom_id);
            return Ok(None);
        }
        let mut next = NewBatch {
            file: InputFile::new(self.limits.clone())?,
            ids: IdSum::default(),
        };
        // A line that no file can hold is an error of `push`, so an empty file takes every other one.
        next.file.push(custom_id, line)?;
        next.ids.add(custom_id);
        Ok(filling.replace(next))
    }

    async fn start(&mut self, common: &Common, full: NewBatch, handle: &mut BatchJobHandle) -> Result<()> {
        let server = Server::of(self.model.batch_client(), common.model.clone());
        let uploaded = Uploaded {
            file: server.upload(full.file).await?,
            endpoint: common.endpoint.to_owned(),
            asked: full.ids,
        };
        // Kept before the batch is made: then nothing that happens from here on makes a second one of these requests.
        handle.uploaded = Some(uploaded.clone());
        self.store(handle)?;
        let created = server.create(&uploaded.file, &uploaded.endpoint, &self.metadata).await;
        self.keep(uploaded, created, handle)
    }

    /// Makes the batch of a file that an earlier submission has uploaded, unless it is there.
    async fn start_uploaded(&mut self, handle: &mut BatchJobHandle) -> Result<()> {
        let Some(uploaded) = handle.uploaded.clone() else {
            return Ok(());
        };
        let server = Server::of(self.model.batch_client(), self.model.batch_name());
        let created = match server.find(&uploaded.file).await? {
            Some(batch) => Ok(batch),
            None => server.create(&uploaded.file, &uploaded.endpoint, &self.metadata).await,
        };
        self.keep(uploaded, created, handle)
    }

    fn keep(&mut self, uploaded: Uploaded, created: Result<Batch>, handle: &mut BatchJobHandle) -> Result<()> {
        let batch = match created {
            Ok(batch) => batch,
            Err(error) => {
                // The server does not want this file, or has it no more: the next submission uploads it again.
                if matches!(error.kind(), ErrorKind::InvalidRequest | ErrorKind::NotFound) {
                    handle.uploaded = None;
                    self.store(handle)?;
                }
                return Err(error);
            }
        };
        handle.uploaded = None;
        handle.batches.push(SubmittedBatch {
            id: batch.id,
            asked: Some(uploaded.asked),
        });
        self.store(handle)
    }

    fn store(&mut self, handle: &BatchJobHandle) -> Result<()> {
        self.on_batch.as_mut().map_or(Ok(()), |stored| stored(handle))
    }
}

impl<M: fmt::Debug> fmt::Debug for BatchJobSubmission<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BatchJobSubmission")
            .field("model", &self.model)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

/// A batch that is being filled.
struct NewBatch {
    file: InputFile,
    ids: IdSum,
}
