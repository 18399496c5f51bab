//! No spans: what [`span`](super::span) is without the feature `tracing`. It compiles to nothing.

use std::future::Future;

use super::RunContext;
use crate::{ChunkStream, Result, Runnable, Streamable};

pub(crate) fn are_wanted() -> bool {
    false
}

pub(crate) struct RunSpan;

impl RunSpan {
    pub(crate) fn open<R: Runnable + ?Sized>(_: &R, _: Option<&R::Input>, cx: RunContext) -> (Self, RunContext) {
        (Self, cx)
    }

    pub(crate) fn around<O: Streamable>(
        self,
        call: impl Future<Output = Result<O>> + Send,
    ) -> impl Future<Output = Result<O>> + Send {
        call
    }

    pub(crate) fn around_stream<O: Streamable>(self, open: impl FnOnce() -> ChunkStream<O>) -> ChunkStream<O> {
        open()
    }

    pub(crate) fn read_along<I: Streamable>(&self, input: ChunkStream<I>) -> ChunkStream<I> {
        input
    }
}
