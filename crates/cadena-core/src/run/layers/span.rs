//! The layer that opens a `tracing` span for a run, with the attributes of OpenTelemetry's GenAI conventions.

mod answer;
mod content;

use std::any::Any;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use futures::stream::{Stream, StreamExt};
use tracing::field::{Empty, Value as Field};
use tracing::{Level, Span};

use self::answer::AnswerFields;
use crate::run::RunContext;
use crate::{
    AIMessage, AIMessageChunk, ChunkStream, Error, ModelSetup, PromptValue, Result, RunKind, Runnable, RunnableExt,
    Streamable, Whole,
};

/// Whether anybody collects spans. While nobody does, this check is all that the layer costs.
pub(in crate::run) fn are_wanted() -> bool {
    tracing::span_enabled!(target: "cadena", Level::INFO)
}

/// Opens the span of a run, if anybody collects spans. It is entered whenever the run is polled, and closed when the run ends or is
/// dropped.
pub(super) struct SpanLayer {
    span: Option<Open>,
}

struct Open {
    span: Span,
    kind: RunKind,
    content: bool,
}

impl SpanLayer {
    /// Opens the span, inside the one that is entered now.
    pub(super) fn open<R: Runnable + ?Sized>(
        step: &R,
        kind: RunKind,
        input: Option<&R::Input>,
        cx: RunContext,
    ) -> (Self, RunContext) {
        if !are_wanted() {
            return (Self { span: None }, cx);
        }
        let name = cx
            .run()
            .map_or_else(|| step.name().into_owned(), |run| run.name.clone());
        let open = Open {
            span: new_span(kind, &name, cx.model_setup(step).as_ref(), cx.is_in_span()),
            kind,
            content: cx.traces_content(),
        };
        if let Some(input) = input.filter(|_| open.content) {
            open.input(input);
        }
        (Self { span: Some(open) }, cx.in_span())
    }

    /// Polls a call inside the span, and records how it ended.
    pub(super) async fn around<O: Streamable>(self, call: impl Future<Output = Result<O>> + Send) -> Result<O> {
        let Some(open) = self.span else {
            return call.await;
        };
        let mut call = pin!(call);
        let result = poll_fn(|task| open.span.in_scope(|| call.as_mut().poll(task))).await;
        match &result {
            Ok(output) => open.output(output),
            Err(error) => open.error(error),
        }
        result
    }

    /// Opens and polls a stream inside the span, and records how it ended.
    pub(super) fn around_stream<O: Streamable>(self, open: impl FnOnce() -> ChunkStream<O>) -> ChunkStream<O> {
        match self.span {
            None => open(),
            Some(span) => Spanned::<O> {
                chunks: Some(span.span.in_scope(open)),
                answer: (span.kind == RunKind::ChatModel).then(|| AnswerFields::new(span.content)),
                open: Some(span),
            }
            .boxed(),
        }
    }

    /// Records an input that arrives in chunks, if the span has content.
    pub(super) fn input<I: Streamable>(&self, input: ChunkStream<I>) -> ChunkStream<I> {
        let Some(open) = self.span.as_ref().filter(|open| open.content) else {
            return input;
        };
        let span = open.span.clone();
        input
            .inspect(move |chunk| {
                let prompt = chunk.as_ref().ok().map(|chunk| chunk as &dyn Any);
                if let Some(Whole(prompt)) = prompt.and_then(|prompt| prompt.downcast_ref::<Whole<PromptValue>>()) {
                    record(&span, "gen_ai.input.messages", content::input(prompt).as_str());
                }
            })
            .boxed()
    }
}

/// A span with the fields that are known before the call, by which collectors choose whether they want it.
fn new_span(kind: RunKind, name: &str, model: Option<&ModelSetup>, inner: bool) -> Span {
    match kind {
        RunKind::ChatModel => chat_span(name, model),
        RunKind::Tool => tracing::info_span!(
            target: "cadena",
            "execute_tool",
            otel.name = format!("execute_tool {name}"),
            otel.kind = "internal",
            otel.status_code = Empty,
            otel.status_description = Empty,
            gen_ai.operation.name = "execute_tool",
            gen_ai.tool.name = name,
            gen_ai.tool.call.arguments = Empty,
            gen_ai.tool.call.result = Empty,
            "error.type" = Empty,
        ),
        RunKind::Retriever => tracing::info_span!(
            target: "cadena",
            "retrieval",
            otel.name = format!("retrieval {name}"),
            otel.kind = "client",
            otel.status_code = Empty,
            otel.status_description = Empty,
            gen_ai.operation.name = "retrieval",
            "error.type" = Empty,
        ),
        _ if !inner => tracing::info_span!(
            target: "cadena",
            "invoke_workflow",
            otel.name = format!("invoke_workflow {name}"),
            otel.kind = "internal",
            otel.status_code = Empty,
            otel.status_description = Empty,
            gen_ai.operation.name = "invoke_workflow",
            gen_ai.workflow.name = name,
            "error.type" = Empty,
        ),
        _ => tracing::info_span!(
            target: "cadena",
            "step",
            otel.name = name,
            otel.kind = "internal",
            otel.status_code = Empty,
            otel.status_description = Empty,
            "error.type" = Empty,
        ),
    }
}

fn chat_span(name: &str, model: Option<&ModelSetup>) -> Span {
    let asked = model.map_or(name, ModelSetup::model);
    let span = tracing::info_span!(
        target: "cadena",
        "chat",
        otel.name = format!("chat {asked}"),
        otel.kind = "client",
        otel.status_code = Empty,
        otel.status_description = Empty,
        gen_ai.operation.name = "chat",
        gen_ai.provider.name = model.map(|model| &*model.profile.provider),
        gen_ai.request.model = asked,
        gen_ai.request.choice.count = Empty,
        gen_ai.request.seed = Empty,
        gen_ai.request.max_tokens = Empty,
        gen_ai.request.temperature = Empty,
        gen_ai.request.top_p = Empty,
        gen_ai.request.frequency_penalty = Empty,
        gen_ai.request.presence_penalty = Empty,
        gen_ai.request.stop_sequences = Empty,
        gen_ai.response.id = Empty,
        gen_ai.response.model = Empty,
        gen_ai.response.finish_reasons = Empty,
        gen_ai.usage.input_tokens = Empty,
        gen_ai.usage.output_tokens = Empty,
        gen_ai.usage.cache_read.input_tokens = Empty,
        gen_ai.usage.cache_creation.input_tokens = Empty,
        gen_ai.input.messages = Empty,
        gen_ai.output.messages = Empty,
        "error.type" = Empty,
    );
    if let Some(ModelSetup { options, .. }) = model {
        let count = options.n.filter(|count| *count != 1).map(i64::from);
        record(&span, "gen_ai.request.choice.count", count);
        record(&span, "gen_ai.request.seed", options.seed);
        record(&span, "gen_ai.request.max_tokens", options.max_tokens.map(i64::from));
        record(&span, "gen_ai.request.temperature", options.temperature);
        record(&span, "gen_ai.request.top_p", options.top_p);
        record(&span, "gen_ai.request.frequency_penalty", options.frequency_penalty);
        record(&span, "gen_ai.request.presence_penalty", options.presence_penalty);
        let stop = options.stop.as_ref().map(|stop| list(stop));
        record(&span, "gen_ai.request.stop_sequences", stop.as_deref());
    }
    span
}

fn record(span: &Span, name: &'static str, value: impl Field) {
    span.record(name, value);
}

/// A list as JSON, since `tracing` has no lists.
fn list(items: &[String]) -> String {
    serde_json::to_string(items).unwrap_or_default()
}

impl Open {
    fn input<I: Streamable>(&self, input: &I) {
        if let Some(prompt) = (input as &dyn Any).downcast_ref::<PromptValue>() {
            record(&self.span, "gen_ai.input.messages", content::input(prompt).as_str());
        } else if self.kind == RunKind::Tool {
            record(&self.span, "gen_ai.tool.call.arguments", json(input).as_str());
        }
    }

    fn output<O: Streamable>(&self, output: &O) {
        if let Some(message) = (output as &dyn Any).downcast_ref::<AIMessage>() {
            let mut answer = AnswerFields::new(self.content);
            answer.add(&AIMessageChunk::from(message.clone()));
            answer.record(&self.span);
        } else if self.kind == RunKind::Tool && self.content {
            record(&self.span, "gen_ai.tool.call.result", json(output).as_str());
        }
    }

    /// The text of an error holds no prompt and no secret, so that it may be in a span.
    fn error(&self, error: &Error) {
        record(&self.span, "error.type", format!("{:?}", error.kind()).as_str());
        record(&self.span, "otel.status_code", "ERROR");
        record(&self.span, "otel.status_description", error.to_string().as_str());
        if let Some(partial) = error.partial().filter(|_| self.kind == RunKind::ChatModel) {
            let mut answer = AnswerFields::new(self.content);
            answer.add(partial);
            answer.record(&self.span);
        }
    }
}

fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// A stream inside a span. The span closes at the end of the stream, not when the consumer drops it.
struct Spanned<O: Streamable> {
    chunks: Option<ChunkStream<O>>,
    answer: Option<AnswerFields>,
    open: Option<Open>,
}

// The chunks are boxed and the rest is plain data: nothing in here is pinned.
impl<O: Streamable> Unpin for Spanned<O> {}

impl<O: Streamable> Spanned<O> {
    fn close(&mut self, error: Option<&Error>) {
        let Some(open) = self.open.take() else { return };
        if let Some(answer) = self.answer.take() {
            answer.record(&open.span);
        }
        if let Some(error) = error {
            open.error(error);
        }
    }
}

impl<O: Streamable> Stream for Spanned<O> {
    type Item = Result<O::Chunk>;

    fn poll_next(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        let Some(chunks) = &mut this.chunks else {
            return Poll::Ready(None);
        };
        let item = match &this.open {
            Some(open) => open.span.in_scope(|| chunks.poll_next_unpin(task)),
            None => chunks.poll_next_unpin(task),
        };
        let item = std::task::ready!(item);
        match &item {
            Some(Ok(chunk)) => {
                let chunk = (chunk as &dyn Any).downcast_ref::<AIMessageChunk>();
                if let (Some(answer), Some(chunk)) = (&mut this.answer, chunk) {
                    answer.add(chunk);
                }
            }
            Some(Err(error)) => this.close(Some(error)),
            None => {
                this.chunks = None;
                this.close(None);
            }
        }
        Poll::Ready(item)
    }
}

impl<O: Streamable> Drop for Spanned<O> {
    fn drop(&mut self) {
        // The work that a drop stops belongs to the span too; then it closes, with the part of the answer that had arrived.
        if let Some(open) = &self.open {
            let chunks = self.chunks.take();
            open.span.in_scope(|| drop(chunks));
        }
        self.close(None);
    }
}
