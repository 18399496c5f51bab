//! The span layer without the feature `tracing`: it adds nothing and compiles to nothing.

use std::future::Future;

use crate::run::RunContext;
use crate::{ChunkStream, Result, RunKind, Runnable, Streamable};

pub(in crate::run) fn are_wanted() -> bool {
    false
}

pub(super) struct SpanLayer;

impl SpanLayer {
    pub(super) fn open<R: Runnable + ?Sized>(
        _: &R,
        _: RunKind,
        _: Option<&R::Input>,
        cx: RunContext,
    ) -> (Self, RunContext) {
        (Self, cx)
    }

    pub(super) fn around<O: Streamable>(
        self,
        call: impl Future<Output = Result<O>> + Send,
    ) -> impl Future<Output = Result<O>> + Send {
        call
    }

    pub(super) fn around_stream<O: Streamable>(self, open: impl FnOnce() -> ChunkStream<O>) -> ChunkStream<O> {
        open()
    }

    pub(super) fn input<I: Streamable>(&self, input: ChunkStream<I>) -> ChunkStream<I> {
        input
    }
}
