//! One batch that is being read: its files line by line, then the requests that the files lack.

use std::collections::{HashSet, VecDeque};

use bytes::Bytes;
use cadena_core::{Error, ErrorKind, Result};
use cadena_http::Redactor;
use serde::Deserialize;

use super::download::Download;
use super::handle::SubmittedBatch;
use super::ids::{IdSum, LONGEST_ID};
use super::lines::{Line, Lines};
use super::model::ReadAnswer;
use super::outcome::ResultLine;
use super::poll::Poll;
use super::server::Server;
use super::status::Batch;
use super::{BatchJobState, BatchModel};
use crate::wire;

/// So many results of one batch are held by their ids. OpenAI's batches have 50,000, Azure's 100,000.
const MOST_RESULTS: usize = 1_000_000;

/// How long a line of an input may be: what OpenAI takes as a whole file. It is the caller's own line that comes back.
const INPUT_LINE: usize = 200_000_000;

/// A request's id with its answer or its own error; or an error that concerns no single request.
pub(super) type JobResult<T> = Result<(String, Result<T>)>;

/// One batch while its results are read.
pub(super) struct Reading<T> {
    server: Server,
    submitted: SubmittedBatch,
    batch: Batch,
    read_answer: ReadAnswer<T>,
    files: VecDeque<(Role, String)>,
    open: Option<OpenFile>,
    /// The ids that had a line.
    seen: HashSet<String>,
    sum: IdSum,
    /// Whether what is missing has been looked for.
    compared: bool,
}

struct OpenFile {
    role: Role,
    lines: Lines,
    redactor: Redactor,
}

impl OpenFile {
    async fn new(server: &Server, role: Role, id: &str) -> Result<Self> {
        let (download, redactor) = Download::open(server.clone(), id).await?;
        let limit = match role {
            Role::Results => server.line_limit(),
            Role::Input => INPUT_LINE,
        };
        let lines = Lines::new(download.into_body(), limit);
        Ok(Self { role, lines, redactor })
    }
}

/// The purpose of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    /// Answers or errors.
    Results,
    /// The requests, read again to see which of them have no line.
    Input,
}

#[derive(Deserialize)]
struct InputLine {
    custom_id: String,
}

impl<T> Reading<T> {
    /// Waits for the batch.
    pub(super) async fn new<M>(model: &M, poll: &Poll, submitted: SubmittedBatch) -> Result<Self>
    where
        M: BatchModel<Output = T>,
    {
        let batch = poll.ended(&submitted.id).await?;
        let read_answer = model.batch_reader(batch.endpoint.as_deref())?;
        let files = [&batch.output_file_id, &batch.error_file_id].into_iter().flatten();
        let files = files.filter(|id| !id.is_empty());
        Ok(Self {
            server: poll.server.clone(),
            files: files.map(|id| (Role::Results, id.clone())).collect(),
            submitted,
            batch,
            read_answer,
            open: None,
            seen: HashSet::new(),
            sum: IdSum::default(),
            compared: false,
        })
    }

    /// The next result; an error of the outer kind ends the batch.
    pub(super) async fn next(&mut self) -> Result<Option<JobResult<T>>> {
        loop {
            if let Some(mut file) = self.open.take() {
                // An error, and the end, leave the file closed.
                let Some(line) = file.lines.next().await? else { continue };
                let item = match file.role {
                    Role::Results => Some(self.result(&line, &file)?),
                    Role::Input => self.missing(&line),
                };
                self.open = Some(file);
                if let Some(item) = item {
                    return Ok(Some(item));
                }
            } else if let Some((role, id)) = self.files.pop_front() {
                self.open = Some(OpenFile::new(&self.server, role, &id).await?);
            } else if self.compared {
                return self.strangers().map_or(Ok(None), Err);
            } else {
                self.compared = true;
                if self.is_complete() {
                    continue;
                }
                if let Some(input) = &self.batch.input_file_id {
                    self.files.push_back((Role::Input, input.clone()));
                }
                if self.batch.status == BatchJobState::Failed {
                    return Ok(Some(Err(self.batch.refusal(&self.server.redactor()))));
                }
            }
        }
    }

    /// Whether the results are of exactly the requests that were submitted, as far as this is known.
    fn is_complete(&self) -> bool {
        self.submitted.asked == Some(self.sum)
    }

    /// An error about results that nobody has asked for.
    ///
    /// The requests took their ids out when they were compared. Without a comparison all ids are left, and nothing is known of them.
    fn strangers(&self) -> Option<Error> {
        if self.is_complete() || self.batch.input_file_id.is_none() {
            return None;
        }
        let id = self.seen.iter().min()?;
        let (count, batch) = (self.seen.len(), &self.submitted.id);
        let detail =
            format!("the batch `{batch}` has results of {count} requests that were not submitted, such as `{id}`");
        Some(Error::new(ErrorKind::Decode, detail))
    }

    /// Reads a line of a file of results; an outer error ends the batch.
    fn result(&mut self, line: &Line, file: &OpenFile) -> Result<JobResult<T>> {
        let redactor = &file.redactor;
        let place = || {
            format!(
                "line {} of the file of the batch `{}`",
                file.lines.number, self.submitted.id
            )
        };
        let (Line::Whole(text) | Line::Cut(text)) = line else {
            let detail = format!("{} is longer than {} bytes", place(), self.server.line_limit());
            let error = Error::new(ErrorKind::LimitExceeded, detail);
            return Ok(Err(error.with_hint("raise `Limits::event` by `with_limits`")));
        };
        let repaired;
        let (read, text): (ResultLine<'_>, _) = match serde_json::from_slice(text) {
            Ok(read) => (read, text),
            Err(cause) => {
                repaired = wire::repaired(text).map(Bytes::from);
                match repaired.as_ref().map(|text| (serde_json::from_slice(text), text)) {
                    Some((Ok(read), text)) => (read, text),
                    // A line that was cut ends within the object, whatever is repaired in it.
                    _ if matches!(line, Line::Cut(_)) => {
                        return Ok(Err(Error::new(ErrorKind::Truncated, format!("{} was cut", place()))));
                    }
                    _ => {
                        let detail = format!("{} is not a result", place());
                        let cause = redactor.redact(&cause.to_string()).into_owned();
                        return Ok(Err(Error::new(ErrorKind::Decode, detail).with_source(cause)));
                    }
                }
            }
        };
        if read.custom_id.len() > LONGEST_ID {
            let detail = format!("{} has a custom id of {} bytes", place(), read.custom_id.len());
            return Ok(Err(Error::new(ErrorKind::Decode, detail)));
        }
        if self.seen.len() >= MOST_RESULTS {
            let detail = format!("the batch `{}` has more than {MOST_RESULTS} results", self.submitted.id);
            return Err(Error::new(ErrorKind::LimitExceeded, detail));
        }
        let id = read.custom_id.clone();
        if !self.seen.insert(id.clone()) {
            let detail = format!(
                "{} is a second result of the request `{}`",
                place(),
                redactor.redact(&id)
            );
            return Ok(Err(Error::new(ErrorKind::Decode, detail)));
        }
        self.sum.add(&id);
        let outcome = read.outcome(text, &self.read_answer, redactor);
        Ok(Ok((id, outcome.map_err(|error| self.server.explain(error)))))
    }

    /// The error of a request that has no line.
    fn missing(&mut self, line: &Line) -> Option<JobResult<T>> {
        let (Line::Whole(text) | Line::Cut(text)) = line else {
            return None;
        };
        let InputLine { custom_id } = serde_json::from_slice(text).ok()?;
        if self.seen.remove(&custom_id) {
            return None;
        }
        Some(Ok((custom_id, Err(self.unanswered()))))
    }

    fn unanswered(&self) -> Error {
        let batch = &self.submitted.id;
        match self.batch.status {
            BatchJobState::Expired => {
                let detail = format!("the batch `{batch}` expired before this request was asked");
                Error::new(ErrorKind::Timeout, detail).with_hint("submit it again in another job")
            }
            BatchJobState::Cancelled => {
                let detail = format!("the batch `{batch}` was cancelled before this request was asked");
                Error::new(ErrorKind::Cancelled, detail)
            }
            BatchJobState::Failed => {
                let detail = format!("the batch `{batch}` failed before this request was asked");
                Error::new(ErrorKind::InvalidRequest, detail)
            }
            _ => {
                let detail = format!("the files of the batch `{batch}` have no line for this request");
                Error::new(ErrorKind::Truncated, detail)
            }
        }
    }
}
