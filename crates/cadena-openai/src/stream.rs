//! The stream of chunks of one answer.

mod choices;
pub(crate) use choices::choices;

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use cadena_core::{AIMessage, AIMessageChunk, ChunkStream, Error, ErrorKind, Result};
use cadena_http::{SseStream, Streamed};
use futures::future::BoxFuture;
use futures::stream::{self, Stream, StreamExt};
use serde_json::{Map, Value};

use crate::call::{Call, note};
use crate::chat::ChatReader;
use crate::endpoint::Api;
use crate::events::{End, EventReader, Expect, Step, has_news, is_done};
use crate::responses::ResponsesReader;

/// How long a stream waits for usage and `[DONE]` after the finish reason.
const GRACE: Duration = Duration::from_secs(5);

/// How many events without a chunk one poll takes before other tasks get their turn.
const EVENTS_PER_POLL: u32 = 64;

/// Sends the request when it is first polled, then pulls events as they are asked for. Dropping it closes the connection.
pub(crate) struct AnswerStream<R> {
    state: State,
    reader: R,
    call: Arc<Call>,
    /// Notes about the call, for the first chunk.
    notes: Map<String, Value>,
}

enum State {
    Opening(BoxFuture<'static, Result<Streamed>>),
    Open(Box<SseStream>),
    /// The answer is complete; the rest of the body is read so that its connection serves the next call.
    Draining(BoxFuture<'static, ()>),
    Ended,
}

/// Streams the chunks of a call, or yields the error for which there is no call.
pub(crate) fn chunks(call: Result<(Call, Expect)>) -> ChunkStream<AIMessage> {
    match call {
        Ok((call, expect)) => match call.api {
            Api::ChatCompletions => {
                let reader = ChatReader::new(call.model.clone(), expect);
                AnswerStream::new(call, reader).boxed()
            }
            Api::Responses => {
                let reader = ResponsesReader::new(call.model.clone(), expect);
                AnswerStream::new(call, reader).boxed()
            }
        },
        Err(error) => stream::once(async { Err(error) }).boxed(),
    }
}

impl<R: EventReader> AnswerStream<R> {
    fn new(call: Call, reader: R) -> Self {
        let call = Arc::new(call);
        let opened = Arc::clone(&call);
        Self {
            state: State::Opening(Box::pin(async move { opened.open().await })),
            reader,
            call,
            notes: Map::new(),
        }
    }

    /// The next step that a consumer should see: a chunk, pieces of other choices, an error or the end.
    fn poll_news(&mut self, cx: &mut Context<'_>, chunk: &mut AIMessageChunk) -> Poll<Result<Step>> {
        for _ in 0..EVENTS_PER_POLL {
            match ready!(self.poll_step(cx, chunk)) {
                Ok(Step::Nothing) if !self.reader.has_others() => {}
                Ok(step) => {
                    if matches!(step, Step::Chunk | Step::Last) {
                        note(chunk, std::mem::take(&mut self.notes));
                        self.call.name(0, chunk);
                    }
                    return Poll::Ready(Ok(step));
                }
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// One event, or another turn of the state.
    fn poll_step(&mut self, cx: &mut Context<'_>, chunk: &mut AIMessageChunk) -> Poll<Result<Step>> {
        let events = match &mut self.state {
            State::Open(events) => events,
            State::Opening(opening) => {
                let opened = ready!(opening.as_mut().poll(cx));
                return Poll::Ready(self.opened(opened, chunk));
            }
            State::Draining(draining) => {
                ready!(draining.as_mut().poll(cx));
                self.state = State::Ended;
                return Poll::Ready(Ok(Step::End));
            }
            State::Ended => return Poll::Ready(Ok(Step::End)),
        };
        let step = match ready!(events.poll_next_unpin(cx)) {
            Some(Ok(event)) => {
                let read = self.reader.read(&event, events.redactor(), chunk);
                let has_news = matches!(read, Ok(Step::Chunk)) && has_news(chunk);
                if !has_news && !self.reader.others_have_news() {
                    events.brought_nothing();
                }
                match read {
                    Ok(Step::Last) => self.end(End::Done, chunk).map(|_| Step::Last),
                    Ok(Step::End) => self.end(End::Done, chunk),
                    Ok(step) => Ok(step),
                    // Garbage after a whole answer is not a part of it; an error that the server reports there is.
                    Err(error) if self.reader.is_whole() && error.kind() == ErrorKind::Decode => Ok(Step::Nothing),
                    Err(error) => self.fail(error),
                }
            }
            // A connection that breaks after a whole answer changes nothing about it.
            Some(Err(_)) if self.reader.is_whole() => self.end(End::Closed, chunk),
            Some(Err(_)) if end_of(events) == End::Done => self.end(End::Done, chunk),
            Some(Err(error)) => self.fail(error),
            None => {
                let end = end_of(events);
                self.end(end, chunk)
            }
        };
        if self.reader.has_finished()
            && let State::Open(events) = &mut self.state
        {
            events.end_within(GRACE);
        }
        Poll::Ready(step)
    }

    fn opened(&mut self, opened: Result<Streamed>, chunk: &mut AIMessageChunk) -> Result<Step> {
        self.state = State::Ended;
        match opened? {
            Streamed::Events(events) => {
                self.notes = self.call.notes(events.headers());
                self.state = State::Open(Box::new(events));
                Ok(Step::Nothing)
            }
            Streamed::Whole(answer) => {
                let whole = self.call.read_whole(&answer)?;
                for (index, choice) in whole {
                    match index {
                        0 => *chunk = choice,
                        _ => self.reader.put_other(index, choice),
                    }
                }
                Ok(Step::Chunk)
            }
        }
    }

    /// Ends with an error that holds what had arrived.
    fn fail(&mut self, error: Error) -> Result<Step> {
        let request_id = match std::mem::replace(&mut self.state, State::Ended) {
            State::Open(events) if error.request_id().is_none() => {
                events.request_id().map(|id| events.redactor().snippet(id.as_bytes()))
            }
            _ => None,
        };
        let mut error = self.call.explain(error);
        if let Some(id) = request_id {
            error = error.with_request_id(id);
        }
        if let Some(partial) = self.reader.take_partial() {
            error = error.with_partial(partial);
        }
        Err(error)
    }

    /// Ends because the body ended, or because the server sent `[DONE]`. The reader may still hold a last chunk.
    fn end(&mut self, end: End, chunk: &mut AIMessageChunk) -> Result<Step> {
        if let Err(missing) = self.reader.check_end(end) {
            let detail = match self.reader.take_unknown() {
                Some(unknown) => format!("{missing}; the last event was not understood: {unknown}"),
                None => missing.to_owned(),
            };
            return self.fail(Error::new(ErrorKind::Truncated, detail));
        }
        if let State::Open(events) = std::mem::replace(&mut self.state, State::Ended)
            && end == End::Done
        {
            self.state = State::Draining(Box::pin(events.drain()));
        }
        Ok(match self.reader.last(chunk) {
            true => Step::Chunk,
            false => Step::Nothing,
        })
    }
}

impl<R: EventReader + Unpin> Stream for AnswerStream<R> {
    type Item = Result<AIMessageChunk>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut chunk = AIMessageChunk::default();
        Poll::Ready(match ready!(self.get_mut().poll_news(cx, &mut chunk)) {
            Ok(Step::End) => None,
            Ok(_) => Some(Ok(chunk)),
            Err(error) => Some(Err(error)),
        })
    }
}

/// How a body ended. `[DONE]` is the end, whether or not the server closes its event by a blank line.
fn end_of(events: &SseStream) -> End {
    match events.cut_event() {
        None => End::Closed,
        Some(event) if is_done(event.data()) => End::Done,
        Some(_) => End::Cut,
    }
}
