//! From the events of a response to chunks, and whether the response is whole.

use cadena_core::{AIMessageChunk, Error, ErrorKind, Result};
use cadena_http::Redactor;
use cadena_http::sse::SseEvent;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::answer::Response;
use super::arrived::Arrived;
use super::assemble::Assembler;
use super::event::{Begun, Ended, Kind, Typed, Words};
use crate::error;
use crate::events::{End, EventReader, Expect, Step, is_done};
use crate::wire::{Seams, Tokens};

/// Reads the events of one response. Those that only repeat others are not parsed at all.
pub(crate) struct ResponsesReader {
    model: String,
    assembler: Assembler,
    arrived: Arrived,
    seams: Seams,
    finished: bool,
    /// The last event, quoted, if it was not understood.
    unknown: Option<String>,
    expect: Expect,
}

impl ResponsesReader {
    pub(crate) fn new(model: String, expect: Expect) -> Self {
        Self {
            model,
            assembler: Assembler::default(),
            arrived: Arrived::default(),
            seams: Seams::default(),
            finished: false,
            unknown: None,
            expect,
        }
    }

    fn read_data(&mut self, name: &str, data: &[u8], redactor: &Redactor, chunk: &mut AIMessageChunk) -> Result<Step> {
        let kind = match Kind::of(name) {
            Kind::Error => return Err(error::of_event(data, redactor)),
            _ if data.is_empty() => return Ok(Step::Nothing),
            Kind::Unknown => {
                let typed: Typed<'_> = parse(data, redactor)?;
                Kind::of(typed.r#type.known().unwrap_or_default())
            }
            kind => kind,
        };
        let malformed = |cause: serde_json::Error| unreadable(data, &cause, redactor);
        let assembler = &mut self.assembler;
        let given = match kind {
            Kind::Words(words) => return self.words(words, data, redactor, chunk),
            Kind::Whole(words) => return self.whole(words, data, redactor, chunk),
            Kind::Audio(key) => assembler.audio(key, parse(data, redactor)?, chunk),
            Kind::Annotation => assembler.cited(parse(data, redactor)?, chunk),
            Kind::Progress(of) => assembler.progress(of, parse::<Map<String, Value>>(data, redactor)?, chunk),
            Kind::ItemAdded => assembler.item_added(parse(data, redactor)?, chunk),
            Kind::ItemDone => assembler.item_done(parse(data, redactor)?, chunk).map_err(malformed)?,
            Kind::Begun if assembler.has_begun() => false,
            Kind::Begun => {
                let Begun { response, .. } = parse(data, redactor)?;
                response.is_some_and(|response| assembler.begin(&response.id, chunk))
            }
            Kind::Finished => {
                let response = ended(data, redactor)?;
                check(&response, redactor)?;
                assembler.finish(response, &self.model, chunk).map_err(malformed)?;
                self.finished = true;
                return Ok(Step::Last);
            }
            Kind::Failed => {
                check(&ended(data, redactor)?, redactor)?;
                return Err(Error::new(
                    ErrorKind::Server,
                    "the server ended the response without a reason",
                ));
            }
            Kind::Error => return Err(error::of_event(data, redactor)),
            Kind::Repeats => false,
            Kind::Unknown => return self.unknown(data, redactor),
        };
        if !given {
            return Ok(Step::Nothing);
        }
        self.arrived.add(chunk);
        Ok(Step::Chunk)
    }

    fn words(&mut self, words: Words, data: &[u8], redactor: &Redactor, chunk: &mut AIMessageChunk) -> Result<Step> {
        let event = parse(data, redactor)?;
        if !self.assembler.words(words, event, &mut self.arrived, chunk) {
            return Ok(Step::Nothing);
        }
        if Tokens::are_in(chunk) {
            self.arrived.add_tokens(data);
        }
        Ok(Step::Chunk)
    }

    fn whole(&mut self, words: Words, data: &[u8], redactor: &Redactor, chunk: &mut AIMessageChunk) -> Result<Step> {
        let event = parse(data, redactor)?;
        if !self.assembler.whole(words, event, &mut self.arrived, chunk) {
            return Ok(Step::Nothing);
        }
        if chunk.response_metadata.logprobs.is_some() {
            self.arrived.add_tokens(data);
        }
        Ok(Step::Chunk)
    }

    /// An event of a kind that is not known: a ping, or a report that does not call itself one.
    fn unknown(&mut self, data: &[u8], redactor: &Redactor) -> Result<Step> {
        match serde_json::from_slice::<Value>(data) {
            Ok(value) if value.get("type").is_none() && error::is_report(&value) => {
                return Err(error::of_report(&value, redactor));
            }
            // One that names its kind belongs to the protocol, only to a newer one.
            Ok(value) if value.get("type").is_none() => self.unknown = Some(error::quote(data, redactor)),
            _ => {}
        }
        Ok(Step::Nothing)
    }
}

impl EventReader for ResponsesReader {
    fn read(&mut self, event: &SseEvent, redactor: &Redactor, chunk: &mut AIMessageChunk) -> Result<Step> {
        let data = event.data().trim_ascii();
        if is_done(data) {
            return Ok(Step::End);
        }
        if self.seams.is_open()
            && let Some(joined) = self.seams.join(data)
        {
            return self.read_data(event.name(), &joined, redactor, chunk);
        }
        match self.read_data(event.name(), data, redactor, chunk) {
            Err(error) if error.kind() == ErrorKind::Decode => match self.seams.join(data) {
                Some(joined) => self
                    .read_data(event.name(), &joined, redactor, chunk)
                    .map_err(|_| error),
                None => Err(error),
            },
            read => read,
        }
    }

    fn take_unknown(&mut self) -> Option<String> {
        self.unknown.take()
    }

    fn has_finished(&self) -> bool {
        self.finished
    }

    fn check_end(&self, end: End) -> Result<(), &'static str> {
        match end {
            _ if self.finished => Ok(()),
            _ if self.arrived.is_empty() => Err("the stream ended without a chunk"),
            End::Done if !self.expect.finish_reason => Ok(()),
            End::Done => Err("the server sent `[DONE]` before the response was completed"),
            End::Cut => Err("the stream ended inside an event"),
            End::Closed => Err("the stream ended before the response was completed"),
        }
    }

    fn take_partial(&mut self) -> Option<AIMessageChunk> {
        let mut partial = std::mem::take(&mut self.arrived).into_chunk()?;
        partial.response_metadata.model_name = Some(self.model.clone());
        Some(partial)
    }
}

/// The error that a response reports about itself.
pub(crate) fn check(response: &Response<'_>, redactor: &Redactor) -> Result<()> {
    let report = response.error.as_ref().filter(|report| error::says_something(report));
    if let Some(report) = report {
        return Err(error::of_report(report, redactor));
    }
    match response.status.known() {
        Some("failed") => Err(Error::new(
            ErrorKind::Server,
            "the response failed, and the server reports no reason",
        )),
        Some("cancelled") => Err(Error::new(
            ErrorKind::Cancelled,
            "the response was cancelled on the server",
        )),
        _ => Ok(()),
    }
}

/// The error of a whole answer that is none yet, as the server works on it in the background. Asking again would pay for another one.
pub(crate) fn unfinished(response: &Response<'_>, redactor: &Redactor) -> Option<Error> {
    let status = response
        .status
        .known()
        .filter(|status| ["queued", "in_progress"].contains(status))?;
    let id = redactor.snippet(response.id.known().unwrap_or_default().as_bytes());
    let detail = format!("the response is not there yet: the server works on it in the background (`{status}`)");
    let hint =
        format!("call `stream`, which waits for it, or get `/responses/{id}` later; the partial answer has the id");
    let error = Error::new(ErrorKind::Truncated, detail).with_hint(hint);
    Some(error.with_retryable(false))
}

fn parse<'a, T: Deserialize<'a>>(data: &'a [u8], redactor: &Redactor) -> Result<T> {
    // Looked at once as a whole, a text is found to be UTF-8 in a fraction of the time that each of its keys and values takes.
    let read = match std::str::from_utf8(data) {
        Ok(text) => serde_json::from_str(text),
        Err(_) => serde_json::from_slice(data),
    };
    read.map_err(|cause| unreadable(data, &cause, redactor))
}

fn ended<'a>(data: &'a [u8], redactor: &Redactor) -> Result<Response<'a>> {
    let Ended { response, .. } = parse(data, redactor)?;
    Ok(response.unwrap_or_default())
}

fn unreadable(data: &[u8], cause: &serde_json::Error, redactor: &Redactor) -> Error {
    let reported = error::reported(data, redactor);
    reported.unwrap_or_else(|| error::malformed("an event", "part of a response", data, cause, redactor))
}
