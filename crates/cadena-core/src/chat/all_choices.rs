//! [`AllChoices`]: a step that returns every choice of one call.

use std::collections::BTreeMap;

use async_trait::async_trait;
use futures::stream::{self, StreamExt};

use super::ChatModel;
use super::answer_id::AnswerId;
use super::model::{message_id, nothing_came, prepared};
use super::report::Report;
use super::unsupported::warn;
use crate::run::arriving::ArrivingAnswer;
use crate::{Choices, ChunkStream, Error, ErrorKind, PromptValue, Result, RunContext, Runnable, RunnableExt, StepInfo};

/// A step that returns every choice of a model; [`ChatModelExt::all_choices`](crate::ChatModelExt::all_choices) makes one.
///
/// # Examples
///
/// ```
/// use cadena_core::{Bind, ChatModelExt, ChatOptions, EchoModel, RunnableExt};
///
/// # futures::executor::block_on(async {
/// let step = EchoModel::new().bind(ChatOptions::new().n(2)).all_choices();
/// assert_eq!(step.invoke("hi").await?.len(), 2);
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
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
        let (request, mut warnings) = prepared(&self.model, input, &cx)?;
        let is_asked = self.model.composition().is_none();
        let _permit = match cx.semaphore().filter(|_| is_asked) {
            Some(semaphore) => semaphore.acquire_owned().await.ok(),
            None => None,
        };
        let id = message_id(&cx);
        let report = Report::open(&cx, &self.model);
        let result = self.model.choices(request, cx).await;
        if let Some(report) = report {
            report.close(result.as_ref().map(|choices| choices.iter()));
        }
        let mut choices = result?;
        for (index, message) in (0..).zip(&mut choices.0) {
            message.id.get_or_insert_with(|| choice_id(&id, index));
            warn(&mut message.response_metadata, &mut warnings);
        }
        if choices.is_empty() {
            return Err(Error::new(ErrorKind::Truncated, "the model gave no choice"));
        }
        Ok(choices)
    }

    fn run_stream(&self, input: PromptValue, cx: RunContext) -> ChunkStream<Choices> {
        let (request, warnings) = match prepared(&self.model, input, &cx) {
            Ok(prepared) => prepared,
            Err(error) => return stream::once(async { Err(error) }).boxed(),
        };
        let id = message_id(&cx);
        let model = self.model.clone();
        let chunks = async move {
            let is_asked = model.composition().is_none();
            let permit = match cx.semaphore().filter(|_| is_asked) {
                Some(semaphore) => semaphore.acquire_owned().await.ok(),
                None => None,
            };
            let report = Report::open(&cx, &model);
            let chunks = Report::follow(report, model.stream_choices(request, cx.clone()), |report, chunk| {
                chunk.iter().for_each(|(_, piece)| report.add_chunk(piece));
            });
            let release = stream::once(async move { drop(permit) }).filter_map(|()| async { None });
            let chunks = ArrivingAnswer::follow(&cx, finished(chunks, id, warnings), ArrivingAnswer::add_choices);
            chunks.chain(release)
        };
        stream::once(chunks).flatten().boxed()
    }
}

crate::impl_pipe!(AllChoices<M>, for <M: super::CloneableModel>);

/// Returns the id of a choice: the first choice has the id that the message of `invoke` would have.
fn choice_id(run: &str, index: u32) -> String {
    match index {
        0 => run.to_owned(),
        index => format!("{run}-{index}"),
    }
}

/// Sets the id of every choice, and ends the stream with a last chunk of each.
fn finished(chunks: ChunkStream<Choices>, id: String, warnings: Vec<String>) -> ChunkStream<Choices> {
    let ids = BTreeMap::<u32, AnswerId>::new();
    stream::unfold(Some((chunks, ids, id, warnings)), |state| async {
        let (mut chunks, mut ids, run, mut warnings) = state?;
        match chunks.next().await {
            Some(Ok(mut chunk)) => {
                for (index, piece) in &mut chunk.0 {
                    let id = ids
                        .entry(*index)
                        .or_insert_with(|| AnswerId::new(choice_id(&run, *index)));
                    id.put(piece);
                    warn(&mut piece.response_metadata, &mut warnings);
                }
                Some((Ok(chunk), Some((chunks, ids, run, warnings))))
            }
            Some(Err(error)) => Some((Err(error), None)),
            None if ids.is_empty() => Some((Err(nothing_came()), None)),
            None => {
                let last = ids.into_iter().map(|(index, id)| (index, id.into_end()));
                Some((Ok(last.collect()), None))
            }
        }
    })
    .boxed()
}
