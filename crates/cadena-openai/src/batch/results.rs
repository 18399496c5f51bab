//! The results of a batch job, line by line.

use std::collections::{HashSet, VecDeque};
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use cadena_core::{AIMessage, ChatRequest, Error, ErrorKind, Result, RunContext};
use cadena_http::{Answer, Failure, Redactor};
use futures::stream::{self, BoxStream, Stream, StreamExt};
use http::{HeaderMap, HeaderValue, StatusCode};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::handle::Part;
use super::ids::IdSum;
use super::lines::{Line, Lines};
use super::status::Batch;
use super::{BatchJob, BatchJobState};
use crate::client::{Call, first};
use crate::error;

type Item = Result<(String, Result<AIMessage>)>;

/// The results of a batch job as a stream of id and message: see [`BatchJob::results`].
#[must_use = "results are read as they are pulled"]
pub struct BatchJobResults {
    items: BoxStream<'static, Item>,
}

impl Stream for BatchJobResults {
    type Item = Item;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Item>> {
        self.items.poll_next_unpin(cx)
    }
}

impl fmt::Debug for BatchJobResults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BatchJobResults").finish_non_exhaustive()
    }
}

pub(super) fn read(job: BatchJob) -> BatchJobResults {
    let parts = job.handle.batches.clone().into();
    let reader = Reader {
        job,
        parts,
        current: None,
    };
    let items = stream::unfold(reader, |mut reader| async move {
        let item = reader.next().await?;
        Some((item, reader))
    });
    BatchJobResults { items: items.boxed() }
}

struct Reader {
    job: BatchJob,
    parts: VecDeque<Part>,
    current: Option<Reading>,
}

/// One batch that is being read.
struct Reading {
    part: Part,
    batch: Batch,
    call: Call,
    files: VecDeque<(Role, String)>,
    open: Option<(Role, Lines, Redactor)>,
    /// The ids that had a line. A batch has 50,000 at most.
    seen: HashSet<String>,
    sum: IdSum,
    /// Whether what is missing has been looked for.
    compared: bool,
}

/// What a file is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    /// Answers or errors.
    Results,
    /// The requests, read again to see which of them have no line.
    Input,
}

#[derive(Deserialize)]
struct ResultLine<'a> {
    custom_id: String,
    #[serde(borrow, default)]
    response: Option<ResponseLine<'a>>,
    #[serde(default)]
    error: Option<Value>,
}

#[derive(Deserialize)]
struct ResponseLine<'a> {
    #[serde(default)]
    status_code: Option<u16>,
    #[serde(default)]
    request_id: Option<String>,
    #[serde(borrow, default)]
    body: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct InputLine {
    custom_id: String,
}

impl Reader {
    async fn next(&mut self) -> Option<Item> {
        loop {
            let Some(reading) = &mut self.current else {
                let part = self.parts.pop_front()?;
                match Reading::new(&self.job, part).await {
                    Ok(reading) => self.current = Some(reading),
                    Err(error) => return Some(Err(error)),
                }
                continue;
            };
            match reading.next(&self.job).await {
                Ok(Some(item)) => return Some(item),
                Ok(None) => self.current = None,
                Err(error) => {
                    self.current = None;
                    return Some(Err(error));
                }
            }
        }
    }
}

impl Reading {
    /// Waits for the batch.
    async fn new(job: &BatchJob, part: Part) -> Result<Self> {
        // The request is never sent: it knows how to read an answer.
        let (call, _) = job.llm.call(ChatRequest::default(), false, &RunContext::default())?;
        let batch = job.ended(&part.id).await?;
        let files = [&batch.output_file_id, &batch.error_file_id].into_iter().flatten();
        let files = files
            .filter(|id| !id.is_empty())
            .map(|id| (Role::Results, id.clone()))
            .collect();
        Ok(Self {
            part,
            call,
            files,
            batch,
            open: None,
            seen: HashSet::new(),
            sum: IdSum::default(),
            compared: false,
        })
    }

    /// The next result; an error of the outer kind ends the batch.
    async fn next(&mut self, job: &BatchJob) -> Result<Option<Item>> {
        loop {
            if let Some((role, lines, redactor)) = &mut self.open {
                let role = *role;
                let Some(line) = lines.next().await? else {
                    self.open = None;
                    continue;
                };
                let place = format!("line {} of the file of the batch `{}`", lines.number, self.part.id);
                let redactor = redactor.clone();
                let item = match role {
                    Role::Results => Some(self.result(&line, &place, &redactor)),
                    Role::Input => self.missing(&line),
                };
                if let Some(item) = item {
                    return Ok(Some(
                        item.map(|(id, result)| (id, result.map_err(|error| job.server.explain(error)))),
                    ));
                }
            } else if let Some((role, id)) = self.files.pop_front() {
                let (lines, redactor) = job.server.file(&id).await?;
                self.open = Some((role, lines, redactor));
            } else if self.compared {
                return self.end();
            } else {
                self.compared = true;
                if self.batch.status == BatchJobState::Failed {
                    return Err(self.batch.refusal(&job.server.redactor()));
                }
                if self.part.asked != Some(self.sum)
                    && let Some(input) = &self.batch.input_file_id
                {
                    self.files.push_back((Role::Input, input.clone()));
                }
            }
        }
    }

    /// What is left when every request has been compared.
    fn end(&self) -> Result<Option<Item>> {
        // The requests took their ids out: what is left, nobody has asked for. Without a comparison all are left, and all are known.
        let compared = self.part.asked != Some(self.sum) && self.batch.input_file_id.is_some();
        let Some(id) = self.seen.iter().min().filter(|_| compared) else {
            return Ok(None);
        };
        let (count, batch) = (self.seen.len(), &self.part.id);
        let detail =
            format!("the batch `{batch}` has results of {count} requests that were not submitted, such as `{id}`");
        Err(Error::new(ErrorKind::Decode, detail))
    }

    fn result(&mut self, line: &Line, place: &str, redactor: &Redactor) -> Item {
        let read: ResultLine<'_> = match serde_json::from_slice(&line.text) {
            Ok(read) => read,
            Err(_) if line.cut => {
                return Err(Error::new(ErrorKind::Truncated, format!("{place} was cut")));
            }
            Err(cause) => {
                let detail = format!("{place} is not a result");
                let cause = redactor.redact(&cause.to_string()).into_owned();
                return Err(Error::new(ErrorKind::Decode, detail).with_source(cause));
            }
        };
        let id = redactor.redact(&read.custom_id).into_owned();
        if !self.seen.insert(read.custom_id.clone()) {
            let detail = format!("{place} is a second result of the request `{id}`");
            return Err(Error::new(ErrorKind::Decode, detail));
        }
        self.sum.add(&read.custom_id);
        Ok((read.custom_id, outcome(&self.call, read.response, read.error, redactor)))
    }

    /// The error of a request that has no line.
    fn missing(&mut self, line: &Line) -> Option<Item> {
        let InputLine { custom_id } = serde_json::from_slice(&line.text).ok()?;
        if self.seen.remove(&custom_id) {
            return None;
        }
        let batch = &self.part.id;
        let error = match self.batch.status {
            BatchJobState::Expired => {
                let error = Error::new(
                    ErrorKind::Timeout,
                    format!("the batch `{batch}` expired before this request was asked"),
                );
                error.with_hint("submit it again in another job")
            }
            BatchJobState::Cancelled => {
                let detail = format!("the batch `{batch}` was cancelled before this request was asked");
                Error::new(ErrorKind::Cancelled, detail)
            }
            _ => Error::new(
                ErrorKind::Truncated,
                format!("the files of the batch `{batch}` have no line for this request"),
            ),
        };
        Some(Ok((custom_id, Err(error))))
    }
}

/// What the line of a request says, read as the answer of a call of its own.
fn outcome(
    call: &Call,
    response: Option<ResponseLine<'_>>,
    report: Option<Value>,
    redactor: &Redactor,
) -> Result<AIMessage> {
    if let Some(report) = report.filter(error::says_something) {
        return Err(error::of_report(&report, redactor));
    }
    let Some(ResponseLine {
        status_code,
        request_id,
        body: Some(body),
    }) = response
    else {
        return Err(Error::new(
            ErrorKind::Decode,
            "the line has neither an answer nor an error",
        ));
    };
    let status = status_code
        .and_then(|status| StatusCode::from_u16(status).ok())
        .unwrap_or(StatusCode::OK);
    let request_id = request_id
        .filter(|id| !id.is_empty())
        .map(|id| redactor.snippet(id.as_bytes()));
    if !status.is_success() {
        let body = redactor.redact(body.get());
        let error = error::of_status(&Failure::new(status, body.as_bytes())).with_status(status.as_u16());
        return Err(match request_id {
            Some(id) => error.with_request_id(id),
            None => error,
        });
    }
    let id = request_id.and_then(|id| HeaderValue::from_str(&id).ok());
    let headers = id.map(|id| (http::HeaderName::from_static("x-request-id"), id));
    let answer = Answer::new(
        status,
        HeaderMap::from_iter(headers),
        Bytes::copy_from_slice(body.get().as_bytes()),
    );
    Ok(first(call.read(&answer)?).into())
}
