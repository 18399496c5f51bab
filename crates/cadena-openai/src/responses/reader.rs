//! From the events of a response to chunks, and whether the response is whole.

use cadena_core::{AIMessageChunk, Error, ErrorKind, Logprobs, Result};
use cadena_http::Redactor;
use cadena_http::sse::SseEvent;
use serde_json::Value;
use serde_json::value::RawValue;

use super::answer::{Event, Response};
use super::assemble::{Assembler, CUSTOM, FUNCTION};
use crate::error;
use crate::stream::{End, Expect, Partial, Read};

/// Reads the events of one response. Those that only repeat what others say are not parsed at all.
pub(crate) struct ResponsesReader {
    model: String,
    assembler: Assembler,
    partial: Partial,
    finished: bool,
    expect: Expect,
}

impl ResponsesReader {
    pub(crate) fn new(model: String, expect: Expect) -> Self {
        Self {
            model,
            assembler: Assembler::default(),
            partial: Partial::new(logprobs),
            finished: false,
            expect,
        }
    }

    /// Reads an event into an empty chunk.
    pub(crate) fn read(&mut self, event: &SseEvent, redactor: &Redactor, chunk: &mut AIMessageChunk) -> Result<Read> {
        let data = event.data().trim_ascii();
        if data.starts_with(b"[DONE]") {
            return Ok(Read::Done);
        }
        if event.name() == "error" {
            return Err(error::of_event(data, redactor));
        }
        if data.is_empty() || REPEATS.contains(&event.name()) {
            return Ok(Read::Nothing);
        }
        let malformed = |cause: &serde_json::Error| unreadable(data, cause, redactor);
        let event: Event<'_> = serde_json::from_slice(data).map_err(|cause| malformed(&cause))?;
        let kind = event.r#type.known().unwrap_or_default().to_owned();
        let (assembler, raw) = (&mut self.assembler, event.response);
        let given = match kind.as_str() {
            "response.output_text.delta" => assembler.text(event, chunk),
            "response.refusal.delta" => assembler.refusal(event, chunk),
            "response.function_call_arguments.delta" => assembler.arguments(event, FUNCTION, chunk),
            "response.custom_tool_call_input.delta" => assembler.arguments(event, CUSTOM, chunk),
            "response.reasoning_summary_text.delta" => assembler.thought(event, "summary", chunk),
            "response.reasoning_text.delta" => assembler.thought(event, "content", chunk),
            "response.output_item.added" => assembler.item_added(&event, chunk).map_err(|cause| malformed(&cause))?,
            "response.output_item.done" => assembler.item_done(&event, chunk).map_err(|cause| malformed(&cause))?,
            "response.created" | "response.queued" | "response.in_progress" => {
                let response = response(raw).map_err(|cause| malformed(&cause))?;
                assembler.begin(&response, chunk)
            }
            "response.completed" | "response.incomplete" => {
                let response = response(raw).map_err(|cause| malformed(&cause))?;
                check(&response, redactor)?;
                let finished = assembler.finish(response, &self.model, chunk);
                finished.map_err(|cause| malformed(&cause))?;
                self.finished = true;
                return Ok(Read::Last);
            }
            "response.failed" | "response.cancelled" => {
                let response = response(raw).map_err(|cause| malformed(&cause))?;
                check(&response, redactor)?;
                return Err(Error::new(
                    ErrorKind::Server,
                    "the server ended the response without a reason",
                ));
            }
            "error" => return Err(error::of_event(data, redactor)),
            _ => return unknown(data, redactor),
        };
        if !given {
            return Ok(Read::Nothing);
        }
        self.partial.add(chunk, data);
        Ok(Read::Chunk)
    }

    /// Whether the server has said how the response ended.
    pub(crate) fn has_finished(&self) -> bool {
        self.finished
    }

    /// What is missing where the stream ends.
    pub(crate) fn check_end(&self, end: End) -> Result<(), &'static str> {
        match end {
            _ if self.finished => Ok(()),
            _ if self.partial.is_empty() => Err("the stream ended without a chunk"),
            End::Done if !self.expect.finish_reason => Ok(()),
            End::Done => Err("the server said `[DONE]` before the response was completed"),
            End::Cut => Err("the stream ended inside an event"),
            End::Closed => Err("the stream ended before the response was completed"),
        }
    }

    /// What had arrived, for an error. `None` if there was nothing.
    pub(crate) fn take_partial(&mut self) -> Option<AIMessageChunk> {
        let partial = std::mem::replace(&mut self.partial, Partial::new(logprobs));
        let mut partial = partial.into_chunk()?;
        partial.response_metadata.model_name = Some(self.model.clone());
        Some(partial)
    }
}

/// Events whose words have been in others, or will be in the item that ends.
const REPEATS: [&str; 10] = [
    "response.output_text.done",
    "response.output_text.annotation.added",
    "response.content_part.added",
    "response.content_part.done",
    "response.refusal.done",
    "response.function_call_arguments.done",
    "response.custom_tool_call_input.done",
    "response.reasoning_summary_text.done",
    "response.reasoning_text.done",
    "response.reasoning_summary_part.done",
];

/// The error that a response reports about itself.
pub(crate) fn check(response: &Response<'_>, redactor: &Redactor) -> Result<()> {
    let report = response.error.as_ref().filter(|report| error::says_something(report));
    if let Some(report) = report {
        return Err(error::of_report(report, redactor));
    }
    match response.status.known() {
        Some("failed") => Err(Error::new(
            ErrorKind::Server,
            "the response failed, and the server does not say why",
        )),
        Some("cancelled") => Err(Error::new(
            ErrorKind::Cancelled,
            "the response was cancelled on the server",
        )),
        _ => Ok(()),
    }
}

fn response(raw: Option<&RawValue>) -> serde_json::Result<Response<'_>> {
    raw.map_or_else(|| Ok(Response::default()), |raw| serde_json::from_str(raw.get()))
}

/// An event of a kind that is not known: a ping, or a report that does not call itself one.
fn unknown(data: &[u8], redactor: &Redactor) -> Result<Read> {
    match serde_json::from_slice::<Value>(data) {
        Ok(value) if value.get("type").is_none() && is_report(&value) => Err(error::of_report(&value, redactor)),
        _ => Ok(Read::Nothing),
    }
}

fn is_report(value: &Value) -> bool {
    error::is_report(value) || value.get("error").is_some_and(error::says_something)
}

fn unreadable(data: &[u8], cause: &serde_json::Error, redactor: &Redactor) -> Error {
    match serde_json::from_slice::<Value>(data) {
        Ok(value) if is_report(&value) => error::of_report(&value, redactor),
        _ => error::malformed("an event", "part of a response", data, cause, redactor),
    }
}

/// The log probabilities of an event that has been read before.
fn logprobs(event: &[u8]) -> Option<Logprobs> {
    let event: Event<'_> = serde_json::from_slice(event).ok()?;
    Some(Logprobs::content(event.logprobs))
        .filter(|logprobs| logprobs.content.as_ref().is_some_and(|all| !all.is_empty()))
}
