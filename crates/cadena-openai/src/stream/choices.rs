//! The stream of every choice of one answer.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use cadena_core::{AIMessageChunk, Choices, ChoicesChunk, ChunkStream, Result};
use futures::stream::{self, Stream, StreamExt};

use super::AnswerStream;
use crate::call::Call;
use crate::chat::ChatReader;
use crate::endpoint::Api;
use crate::events::{EventReader, Expect, Step};
use crate::responses::ResponsesReader;

/// An [`AnswerStream`] that hands on the other choices beside the first.
pub(crate) struct ChoicesStream<R> {
    answer: AnswerStream<R>,
    /// The sum of the other choices so far, for an error.
    arrived: BTreeMap<u32, AIMessageChunk>,
}

/// Streams every choice of a call, or yields the error for which there is no call.
pub(crate) fn choices(call: Result<(Call, Expect)>) -> ChunkStream<Choices> {
    match call {
        Ok((call, expect)) => {
            let expect = Expect { others: true, ..expect };
            match call.api {
                Api::ChatCompletions => {
                    let reader = ChatReader::new(call.model.clone(), expect);
                    ChoicesStream::new(call, reader).boxed()
                }
                Api::Responses => {
                    let reader = ResponsesReader::new(call.model.clone(), expect);
                    ChoicesStream::new(call, reader).boxed()
                }
            }
        }
        Err(error) => stream::once(async { Err(error) }).boxed(),
    }
}

impl<R: EventReader> ChoicesStream<R> {
    fn new(call: Call, reader: R) -> Self {
        Self {
            answer: AnswerStream::new(call, reader),
            arrived: BTreeMap::new(),
        }
    }
}

impl<R: EventReader + Unpin> Stream for ChoicesStream<R> {
    type Item = Result<ChoicesChunk>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Self { answer, arrived } = self.get_mut();
        let mut chunk = AIMessageChunk::default();
        let step = ready!(answer.poll_news(cx, &mut chunk));
        let mut others = answer.reader.take_others();
        for (index, piece) in &mut others {
            answer.call.name(*index, piece);
            *arrived.entry(*index).or_default() += piece.clone();
        }
        let first = match step {
            Ok(Step::Chunk | Step::Last) => Some((0, chunk)),
            Ok(Step::Nothing) => None,
            Ok(Step::End) => return Poll::Ready(None),
            Err(error) if arrived.is_empty() => return Poll::Ready(Some(Err(error))),
            Err(error) => {
                arrived.values_mut().for_each(|partial| answer.reader.describe(partial));
                let others = std::mem::take(arrived).into_iter().collect();
                return Poll::Ready(Some(Err(error.with_partial_choices(others))));
            }
        };
        Poll::Ready(Some(Ok(first.into_iter().chain(others).collect())))
    }
}
