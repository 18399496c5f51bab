//! The layer that names the step in an error.

use futures::stream::StreamExt;

use crate::run::RunContext;
use crate::{ChunkStream, Error, Result, RunKind, Runnable, RunnableExt};

/// The name that an error of a call is given: that of the run if the caller named it, or else that of the step.
#[derive(Clone)]
pub(super) struct ErrorName {
    run: Option<Box<str>>,
}

impl ErrorName {
    /// The name of the run that is opened next.
    pub(super) fn of_run(cx: &RunContext) -> Self {
        Self {
            run: cx.run_name().map(Box::from),
        }
    }

    /// The name for a step that opens no run. The caller's name is for this step only, so it is taken out of the context; a
    /// transparent step leaves it to the step inside.
    pub(super) fn without_run<R: Runnable + ?Sized>(step: &R, cx: RunContext) -> (Self, RunContext) {
        let name = Self::of_run(&cx);
        match name.run {
            Some(_) if step.kind() != RunKind::Transparent => (name, cx.without_run_name()),
            _ => (name, cx),
        }
    }

    /// Names an error.
    pub(super) fn put<R: Runnable + ?Sized>(self, step: &R, error: Error) -> Error {
        match self.run {
            Some(run) => error.in_run(&step.name(), &run),
            None => error.in_step(step.name()),
        }
    }

    /// Names the error of a whole call.
    pub(super) async fn around<R: Runnable + ?Sized>(
        self,
        step: &R,
        call: impl Future<Output = Result<R::Output>> + Send,
    ) -> Result<R::Output> {
        call.await.map_err(|error| self.put(step, error))
    }

    /// Names the errors of a stream. A composition names its own steps, which costs nothing per chunk; a step that does I/O is named
    /// here, where the cost per chunk is small beside the I/O.
    pub(super) fn around_stream<R: Runnable + ?Sized>(
        self,
        step: &R,
        chunks: ChunkStream<R::Output>,
    ) -> ChunkStream<R::Output> {
        if let Some(run) = self.run {
            return renamed(step, chunks, run);
        }
        match step.kind() {
            RunKind::Chain | RunKind::Transparent | RunKind::Parser => chunks,
            RunKind::Prompt | RunKind::ChatModel | RunKind::Tool | RunKind::Retriever => {
                let name = step.name().into_owned();
                chunks
                    .map(move |chunk| chunk.map_err(|error| error.in_step(name.as_str())))
                    .boxed()
            }
        }
    }
}

/// Names the run in the errors of a step's stream, in place of the step.
pub(crate) fn renamed<R: Runnable + ?Sized>(
    step: &R,
    chunks: ChunkStream<R::Output>,
    run: impl AsRef<str> + Send + 'static,
) -> ChunkStream<R::Output> {
    let step = step.name().into_owned();
    chunks
        .map(move |chunk| chunk.map_err(|error| error.in_run(&step, run.as_ref())))
        .boxed()
}
