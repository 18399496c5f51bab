//! The report to the listeners of the usage of a model call.

use std::task::Poll;

use futures::stream::{self, BoxStream, StreamExt};

use crate::run::ModelCall;
use crate::{AIMessage, AIMessageChunk, ChatModel, Error, ResponseMetadata, RunContext, UsageMetadata};

/// The facts about one call of a model, reported once, when the call is over or dropped.
pub(super) struct Report {
    cx: RunContext,
    model: String,
    usage: Option<UsageMetadata>,
    begun: bool,
    complete: bool,
    /// Whether the answer came from a cache: then no model was called, and nothing is reported.
    cached: bool,
}

impl Report {
    /// Begins a report, if the run has a listener. The models inside a composition report for themselves.
    pub(super) fn open<M: ChatModel + ?Sized>(cx: &RunContext, model: &M) -> Option<Self> {
        (cx.is_observed() && model.composition().is_none()).then(|| Self {
            cx: cx.clone(),
            model: model.profile().model,
            usage: None,
            begun: true,
            complete: false,
            cached: false,
        })
    }

    /// Ends the report with the whole answer, or with the part of it that an error carries.
    pub(super) fn close<'a>(mut self, result: Result<impl IntoIterator<Item = &'a AIMessage>, &Error>) {
        match result {
            Ok(messages) => {
                for message in messages {
                    self.add(&message.response_metadata, message.usage_metadata.as_ref());
                }
                self.complete = true;
            }
            Err(error) => {
                if let Some(partial) = error.partial() {
                    self.add(&partial.response_metadata, partial.usage_metadata.as_ref());
                }
            }
        }
    }

    /// Reads the chunks of a stream as they pass, and ends the report with the stream.
    pub(super) fn follow<C: Send + 'static>(
        report: Option<Self>,
        mut chunks: BoxStream<'static, Result<C, Error>>,
        read: fn(&mut Self, &C),
    ) -> BoxStream<'static, Result<C, Error>> {
        let Some(mut report) = report else { return chunks };
        // A call begins when its stream is polled; a stream that was never polled has used nothing.
        report.begun = false;
        let mut open = Some(report);
        stream::poll_fn(move |task| {
            if let Some(report) = &mut open {
                report.begun = true;
            }
            let item = std::task::ready!(chunks.poll_next_unpin(task));
            match (&item, &mut open) {
                (Some(Ok(chunk)), Some(report)) => {
                    read(report, chunk);
                }
                (None, Some(report)) => {
                    report.complete = true;
                    open = None; // the run ends now, so the report is due now
                }
                _ => {}
            }
            Poll::Ready(item)
        })
        .boxed()
    }

    pub(super) fn add_chunk(&mut self, chunk: &AIMessageChunk) {
        self.add(&chunk.response_metadata, chunk.usage_metadata.as_ref());
    }

    fn add(&mut self, metadata: &ResponseMetadata, usage: Option<&UsageMetadata>) {
        self.cached |= metadata.is_from_cache();
        if let Some(name) = metadata.model_name.as_ref().filter(|name| !name.is_empty()) {
            self.model.clone_from(name);
        }
        if let Some(usage) = usage {
            *self.usage.get_or_insert_default() += usage.clone();
        }
    }
}

impl Drop for Report {
    fn drop(&mut self) {
        if let Some(run) = self.cx.run().filter(|_| self.begun && !self.cached) {
            self.cx.report(&ModelCall {
                run,
                model: &self.model,
                usage: self.usage.as_ref(),
                complete: self.complete,
            });
        }
    }
}
