//! The stream of chunks of one answer.

mod calls;
mod frame;
mod members;
mod news;
mod partial;
mod reader;
pub(crate) use reader::{End, Expect, Read};
mod said;
mod seams;
pub(crate) use seams::Seams;

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use cadena_core::{AIMessage, AIMessageChunk, Choices, ChoicesChunk, ChunkStream, Error, ErrorKind, Result};
use cadena_http::sse::SseEvent;
use cadena_http::{EventStream, Redactor, Streamed};
use futures::future::BoxFuture;
use futures::stream::{self, Stream, StreamExt};
use serde_json::{Map, Value};

use crate::client::{Api, Call, note};
use crate::responses::ResponsesReader;
use news::has_news;
use reader::ChatReader;

/// How long what may follow the finish reason, usage and `[DONE]`, is waited for.
const GRACE: Duration = Duration::from_secs(5);

/// How many events without a chunk one poll may take before other tasks get their turn.
const EVENTS_PER_POLL: u32 = 64;

/// Sends the request when it is first polled, then pulls events as they are asked for. Dropping it closes the connection.
pub(crate) struct AnswerStream {
    state: State,
    reader: Reader,
    call: Arc<Call>,
    /// What the first chunk says about the call.
    notes: Map<String, Value>,
}

enum State {
    Opening(BoxFuture<'static, Result<Streamed>>),
    Open(Box<EventStream>),
    /// The answer is complete; the rest of the body is read so that its connection serves the next call.
    Draining(BoxFuture<'static, ()>),
    Ended,
}

impl AnswerStream {
    /// The stream of a call, or of the error for which there is none.
    pub(crate) fn of(call: Result<(Call, Expect)>) -> ChunkStream<AIMessage> {
        match call {
            Ok((call, expect)) => Self::new(call, expect).boxed(),
            Err(error) => stream::once(async { Err(error) }).boxed(),
        }
    }

    fn new(call: Call, expect: Expect) -> Self {
        let reader = match call.api {
            Api::ChatCompletions => Reader::Chat(ChatReader::new(call.model.clone(), expect)),
            Api::Responses => Reader::Responses(ResponsesReader::new(call.model.clone(), expect)),
        };
        let call = Arc::new(call);
        let opened = Arc::clone(&call);
        Self {
            state: State::Opening(Box::pin(async move { opened.open().await })),
            reader,
            call,
            notes: Map::new(),
        }
    }

    fn opened(&mut self, opened: Result<Streamed>, chunk: &mut AIMessageChunk) -> Step {
        self.state = State::Ended;
        match opened {
            Ok(Streamed::Events(events)) => {
                self.notes = self.call.notes(events.headers());
                self.state = State::Open(Box::new(events));
                Step::Nothing
            }
            Ok(Streamed::Whole(answer)) => match self.call.read(&answer) {
                Ok(whole) => {
                    for (index, choice) in whole {
                        match index {
                            0 => *chunk = choice,
                            _ => self.reader.put_others([(index, choice)]),
                        }
                    }
                    Step::Chunk
                }
                Err(error) => Step::Failed(self.call.explain(error)),
            },
            Err(error) => Step::Failed(error),
        }
    }

    /// Ends with an error that holds what had arrived.
    fn fail(&mut self, error: Error) -> Step {
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
        Step::Failed(error)
    }

    /// Ends because the server ended, or said that it has. What is left may be a last chunk.
    fn end(&mut self, end: End, chunk: &mut AIMessageChunk) -> Step {
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
        match self.reader.last(chunk) {
            true => Step::Chunk,
            false => Step::Nothing,
        }
    }

    /// One step: a chunk, written into an empty one; an error; nothing yet; or the end.
    fn poll_step(&mut self, cx: &mut Context<'_>, chunk: &mut AIMessageChunk) -> Poll<Step> {
        let events = match &mut self.state {
            State::Open(events) => events,
            State::Opening(opening) => {
                let opened = ready!(opening.as_mut().poll(cx));
                return Poll::Ready(self.opened(opened, chunk));
            }
            State::Draining(draining) => {
                ready!(draining.as_mut().poll(cx));
                self.state = State::Ended;
                return Poll::Ready(Step::End);
            }
            State::Ended => return Poll::Ready(Step::End),
        };
        let step = match ready!(events.poll_next_unpin(cx)) {
            Some(Ok(event)) => {
                let read = self.reader.read(&event, events.redactor(), chunk);
                if !self.reader.has_news(&read, chunk) {
                    events.brought_nothing();
                }
                match read {
                    Ok(Read::Chunk) => Step::Chunk,
                    Ok(Read::Last) => {
                        self.end(End::Done, chunk);
                        return Poll::Ready(Step::Chunk);
                    }
                    Ok(Read::Nothing) => Step::Nothing,
                    Ok(Read::Done) => self.end(End::Done, chunk),
                    // What is garbled after a whole answer is none of it; what the server reports is heard.
                    Err(error) if self.reader.is_whole() && error.kind() == ErrorKind::Decode => Step::Nothing,
                    Err(error) => self.fail(error),
                }
            }
            // What is lost or late after a whole answer changes nothing about it.
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
}

/// Reads the events of the endpoint that was asked.
enum Reader {
    Chat(ChatReader),
    Responses(ResponsesReader),
}

impl Reader {
    fn read(&mut self, event: &SseEvent, redactor: &Redactor, chunk: &mut AIMessageChunk) -> Result<Read> {
        match self {
            Self::Chat(reader) => reader.read(event, redactor, chunk),
            Self::Responses(reader) => reader.read(event, redactor, chunk),
        }
    }

    fn has_finished(&self) -> bool {
        match self {
            Self::Chat(reader) => reader.has_finished(),
            Self::Responses(reader) => reader.has_finished(),
        }
    }

    fn is_whole(&self) -> bool {
        match self {
            Self::Chat(reader) => reader.is_whole(),
            Self::Responses(reader) => reader.has_finished(),
        }
    }

    /// Whether the last event brought a part of the answer. `chunk` is what was read of it.
    fn has_news(&self, read: &Result<Read>, chunk: &AIMessageChunk) -> bool {
        let of_first = matches!(read, Ok(Read::Chunk)) && has_news(chunk);
        let of_others = matches!(self, Self::Chat(reader) if reader.others_have_news());
        of_first || of_others
    }

    fn check_end(&self, end: End) -> Result<(), &'static str> {
        match self {
            Self::Chat(reader) => reader.check_end(end),
            Self::Responses(reader) => reader.check_end(end),
        }
    }

    fn last(&mut self, chunk: &mut AIMessageChunk) -> bool {
        match self {
            Self::Chat(reader) => reader.last(chunk),
            // Its last event holds everything.
            Self::Responses(_) => false,
        }
    }

    fn take_unknown(&mut self) -> Option<String> {
        match self {
            Self::Chat(reader) => reader.take_unknown(),
            Self::Responses(reader) => reader.take_unknown(),
        }
    }

    fn take_partial(&mut self) -> Option<AIMessageChunk> {
        match self {
            Self::Chat(reader) => reader.take_partial(),
            Self::Responses(reader) => reader.take_partial(),
        }
    }

    fn describe(&self, partial: &mut AIMessageChunk) {
        match self {
            Self::Chat(reader) => reader.describe(partial),
            Self::Responses(_) => {}
        }
    }

    fn take_others(&mut self) -> Vec<(u32, AIMessageChunk)> {
        match self {
            Self::Chat(reader) => reader.take_others(),
            // It has one answer only.
            Self::Responses(_) => Vec::new(),
        }
    }

    fn put_others(&mut self, choices: impl IntoIterator<Item = (u32, AIMessageChunk)>) {
        match self {
            Self::Chat(reader) => reader.put_others(choices),
            Self::Responses(_) => {}
        }
    }
}

/// How a body ended. `[DONE]` is the end, whether or not the server closes its event by a blank line.
fn end_of(events: &EventStream) -> End {
    match events.cut_event() {
        None => End::Closed,
        Some(event) if is_done(event.data()) => End::Done,
        Some(_) => End::Cut,
    }
}

/// Whether an event is the end of the stream.
pub(crate) fn is_done(data: &[u8]) -> bool {
    data.trim_ascii_start().starts_with(b"[DONE]")
}

enum Step {
    Chunk,
    Failed(Error),
    Nothing,
    End,
}

impl Stream for AnswerStream {
    type Item = Result<AIMessageChunk>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        let mut chunk = AIMessageChunk::default();
        for _ in 0..EVENTS_PER_POLL {
            match ready!(this.poll_step(cx, &mut chunk)) {
                Step::Chunk => {
                    note(&mut chunk, std::mem::take(&mut this.notes));
                    return Poll::Ready(Some(Ok(chunk)));
                }
                Step::Failed(error) => return Poll::Ready(Some(Err(error))),
                Step::Nothing => {}
                Step::End => return Poll::Ready(None),
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

/// As [`AnswerStream`], with every choice.
pub(crate) struct ChoicesStream {
    answer: AnswerStream,
    /// What had arrived of the other choices, for an error.
    others: BTreeMap<u32, AIMessageChunk>,
}

impl ChoicesStream {
    /// The stream of a call, or of the error for which there is none.
    pub(crate) fn of(call: Result<(Call, Expect)>) -> ChunkStream<Choices> {
        match call {
            Ok((call, expect)) => Self::new(call, expect).boxed(),
            Err(error) => stream::once(async { Err(error) }).boxed(),
        }
    }

    fn new(call: Call, mut expect: Expect) -> Self {
        expect.others = true;
        Self {
            answer: AnswerStream::new(call, expect),
            others: BTreeMap::new(),
        }
    }
}

impl Stream for ChoicesStream {
    type Item = Result<ChoicesChunk>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Self {
            answer: this,
            others: arrived,
        } = self.get_mut();
        for _ in 0..EVENTS_PER_POLL {
            let mut chunk = AIMessageChunk::default();
            let step = ready!(this.poll_step(cx, &mut chunk));
            let others = this.reader.take_others();
            for (index, piece) in &others {
                *arrived.entry(*index).or_default() += piece.clone();
            }
            let first = match step {
                Step::Chunk => {
                    note(&mut chunk, std::mem::take(&mut this.notes));
                    Some((0, chunk))
                }
                Step::Failed(error) if arrived.is_empty() => return Poll::Ready(Some(Err(error))),
                Step::Failed(error) => {
                    arrived.values_mut().for_each(|partial| this.reader.describe(partial));
                    let others = std::mem::take(arrived).into_iter().collect();
                    return Poll::Ready(Some(Err(error.with_partial_choices(others))));
                }
                Step::End => return Poll::Ready(None),
                Step::Nothing if others.is_empty() => continue,
                Step::Nothing => None,
            };
            return Poll::Ready(Some(Ok(first.into_iter().chain(others).collect())));
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}
