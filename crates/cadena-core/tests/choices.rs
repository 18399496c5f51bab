//! Every answer of a call, for models of any provider.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, in its helpers too"
)]

use cadena_core::{
    AIMessage, AIMessageChunk, Bind, ChatModel, ChatModelExt, ChatOptions, ChatRequest, Choices, ChoicesChunk,
    ChunkStream, EchoModel, Error, ErrorKind, ModelProfile, Result, RunConfig, RunContext, RunnableExt, UsageMetadata,
    UsageTracker, async_trait, fold, lambda,
};
use futures::executor::block_on;
use futures::stream::{self, StreamExt};

/// Gives `n` answers, their pieces interleaved.
#[derive(Clone)]
struct Many;

#[async_trait]
impl ChatModel for Many {
    fn profile(&self) -> ModelProfile {
        ModelProfile::new("test", "many").with_all_options()
    }

    fn stream_chat(&self, request: ChatRequest, cx: RunContext) -> ChunkStream<AIMessage> {
        let first = |chunk: ChoicesChunk| chunk.get(0).cloned();
        let chunks = self.stream_choices(request, cx);
        chunks
            .filter_map(move |chunk| async move { chunk.map(first).transpose() })
            .boxed()
    }

    fn stream_choices(&self, request: ChatRequest, _: RunContext) -> ChunkStream<Choices> {
        let n = request.options.n.unwrap_or(1);
        let mut chunks: Vec<Result<ChoicesChunk>> = Vec::new();
        for piece in ["a", "b"] {
            for index in 0..n {
                chunks.push(Ok(ChoicesChunk::new(
                    index,
                    AIMessageChunk::new(format!("{piece}{index}")),
                )));
            }
        }
        let mut usage = AIMessageChunk::default();
        usage.usage_metadata = Some(UsageMetadata::new(3, 4));
        chunks.push(Ok(ChoicesChunk::new(0, usage)));
        stream::iter(chunks).boxed()
    }

    async fn choices(&self, request: ChatRequest, cx: RunContext) -> Result<Choices> {
        let sum = fold::<Choices>(self.stream_choices(request, cx)).await?;
        sum.ok_or_else(|| Error::new(ErrorKind::Truncated, "nothing came"))
    }
}

fn without_ids(choices: Choices) -> Vec<AIMessage> {
    let mut messages = choices.into_vec();
    messages.iter_mut().for_each(|message| message.id = None);
    messages
}

#[test]
fn a_bound_model_gives_as_many_choices_as_were_bound() {
    let llm = Many.bind(ChatOptions::new().n(3));
    let choices = block_on(llm.generate("hi")).unwrap();
    let texts: Vec<_> = choices.iter().map(|message| message.text().into_owned()).collect();
    assert_eq!(texts, ["a0b0", "a1b1", "a2b2"]);
    assert_eq!(block_on(llm.invoke("hi")).unwrap().text(), "a0b0");
}

#[test]
fn the_sum_of_the_chunks_is_what_generate_returns() {
    let llm = Many.bind(ChatOptions::new().n(2));
    let streamed = block_on(fold::<Choices>(llm.all_choices().stream("hi")))
        .unwrap()
        .unwrap();
    let whole = block_on(llm.generate("hi")).unwrap();
    assert_eq!(without_ids(streamed), without_ids(whole));
    let echo = EchoModel::new();
    let streamed = block_on(fold::<Choices>(echo.all_choices().stream("hi there")))
        .unwrap()
        .unwrap();
    assert_eq!(
        without_ids(streamed),
        without_ids(block_on(echo.generate("hi there")).unwrap())
    );
}

#[test]
fn each_choice_has_an_id_of_its_own() {
    let llm = Many.bind(ChatOptions::new().n(2));
    let streamed = block_on(fold::<Choices>(llm.all_choices().stream("hi")))
        .unwrap()
        .unwrap();
    for choices in [streamed, block_on(llm.generate("hi")).unwrap()] {
        let ids: Vec<_> = choices.into_iter().map(|message| message.id.unwrap()).collect();
        assert_eq!(ids[1], format!("{}-1", ids[0]));
    }
}

#[test]
fn a_call_with_several_choices_is_counted_once() {
    let step = Many.bind(ChatOptions::new().n(2)).all_choices();
    let tracker = UsageTracker::new();
    let config = || RunConfig::new().listener(tracker.listener());
    block_on(step.invoke_with("hi", config())).unwrap();
    block_on(step.stream_with("hi", config()).for_each(|_| async {}));
    let total = (tracker.calls(), tracker.total().total_tokens);
    assert_eq!(total, (2, 14));
}

#[test]
fn all_choices_are_a_step_of_a_chain() {
    let longest = lambda(|choices: Choices| choices.into_iter().map(|message| message.text().len()).max());
    let chain = Many.bind(ChatOptions::new().n(11)).all_choices() | longest;
    assert_eq!(block_on(chain.invoke("hi")).unwrap(), Some("a10b10".len()));
}
