//! The step that gives every answer of one call.

use std::collections::BTreeMap;

use async_trait::async_trait;
use futures::stream::{self, StreamExt};

use super::model::{message_id, nothing_came, sendable};
use super::report::Report;
use super::{ChatModel, ChatRequest};
use crate::messages::id::RUN_PREFIX;
use crate::run::arriving::ArrivingAnswer;
use crate::{
    AIMessageChunk, Choices, ChunkPosition, ChunkStream, Error, ErrorKind, PromptValue, Result, RunContext, Runnable,
    RunnableExt, StepInfo,
};

/// A model that gives every choice; [`ChatModelExt::all_choices`](crate::ChatModelExt::all_choices) makes one.
#[derive(Clone, Debug)]
#[must_use = "steps do nothing until they are invoked"]
pub struct AllChoices<M> {
    model: M,
}

impl<M> AllChoices<M> {
    pub(super) fn new(model: M) -> Self {
        Self { model }
    }
}

#[async_trait]
impl<M: ChatModel + Clone> Runnable for AllChoices<M> {
    type Input = PromptValue;
    type Output = Choices;

    fn describe(&self) -> StepInfo<'_> {
        StepInfo::new(ChatModel::name(&self.model))
            .kind(self.model.kind())
            .streaming_with(|| self.model.streaming())
            .model(|| self.model.model_setup())
    }

    async fn run(&self, input: PromptValue, cx: RunContext) -> Result<Choices> {
        sendable(&input)?;
        let is_asked = self.model.composition().is_none();
        let _permit = match cx.semaphore().filter(|_| is_asked) {
            Some(semaphore) => semaphore.acquire_owned().await.ok(),
            None => None,
        };
        let id = message_id(&cx);
        let report = Report::open(&cx, &self.model);
        let result = self.model.choices(ChatRequest::of_run(input, &cx), cx).await;
        if let Some(report) = report {
            report.close(result.as_ref().map(|choices| choices.iter()));
        }
        let mut choices = result?;
        for (index, message) in (0..).zip(&mut choices.0) {
            message.id.get_or_insert_with(|| choice_id(&id, index));
        }
        if choices.is_empty() {
            return Err(Error::new(ErrorKind::Truncated, "the model gave no choice"));
        }
        Ok(choices)
    }

    fn run_stream(&self, input: PromptValue, cx: RunContext) -> ChunkStream<Choices> {
        if let Err(error) = sendable(&input) {
            return stream::once(async { Err(error) }).boxed();
        }
        let id = message_id(&cx);
        let model = self.model.clone();
        let chunks = async move {
            let is_asked = model.composition().is_none();
            let permit = match cx.semaphore().filter(|_| is_asked) {
                Some(semaphore) => semaphore.acquire_owned().await.ok(),
                None => None,
            };
            let report = Report::open(&cx, &model);
            let chunks = Report::follow(
                report,
                model.stream_choices(ChatRequest::of_run(input, &cx), cx.clone()),
                |report, chunk| {
                    chunk.iter().for_each(|(_, piece)| report.add_chunk(piece));
                },
            );
            let release = stream::once(async move { drop(permit) }).filter_map(|()| async { None });
            let chunks = ArrivingAnswer::follow(&cx, finished(chunks, id), ArrivingAnswer::add_choices);
            chunks.chain(release)
        };
        stream::once(chunks).flatten().boxed()
    }
}

crate::impl_pipe!(AllChoices<M>, for <M: super::CloneableModel>);

/// The first choice has the id that the message of `invoke` would have.
fn choice_id(run: &str, index: u32) -> String {
    match index {
        0 => run.to_owned(),
        index => format!("{run}-{index}"),
    }
}

/// Gives every choice its id, and all of them an end.
fn finished(chunks: ChunkStream<Choices>, id: String) -> ChunkStream<Choices> {
    let seen = BTreeMap::<u32, String>::new();
    stream::unfold(Some((chunks, seen, id)), |state| async {
        let (mut chunks, mut seen, run) = state?;
        match chunks.next().await {
            Some(Ok(mut chunk)) => {
                for (index, piece) in &mut chunk.0 {
                    let given = || piece.id.clone().filter(|id| id.starts_with(RUN_PREFIX));
                    let id = seen
                        .entry(*index)
                        .or_insert_with(|| given().unwrap_or_else(|| choice_id(&run, *index)));
                    piece.id.get_or_insert_with(|| id.clone());
                }
                Some((Ok(chunk), Some((chunks, seen, run))))
            }
            Some(Err(error)) => Some((Err(error), None)),
            None if seen.is_empty() => Some((Err(nothing_came()), None)),
            None => {
                let last = seen.into_iter().map(|(index, id)| {
                    let mut end = AIMessageChunk::new("");
                    end.id = Some(id);
                    end.chunk_position = Some(ChunkPosition::Last);
                    (index, end)
                });
                Some((Ok(last.collect()), None))
            }
        }
    })
    .boxed()
}
