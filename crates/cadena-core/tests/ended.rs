//! Calls that a time limit or a cancellation ends: their error holds the part of the answer that had arrived.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, in its helpers too"
)]

use std::sync::Arc;
use std::time::Duration;

use cadena_core::{
    AIMessage, AIMessageChunk, Agent, AnyTool, Bind, Chain, ChatModel, ChatModelExt, ChatOptions, ChatRequest, Choices,
    ChoicesChunk, ChunkStream, Dict, Error, ErrorKind, Lambda, ModelProfile, Next, PromptValue, Result, RetryOptions,
    RunConfig, RunContext, RunEvent, Runnable, RunnableExt, StepCall, StepHook, StepOutput, StrOutputParser,
    ToolCallChunk, ToolContext, UsageMetadata, UsageTracker, agent, async_trait, fold, lambda, lambda_in, parallel,
    tool_fn,
};
use cadena_testing::ScriptedModel;
use futures::{FutureExt, StreamExt, TryStreamExt, stream};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

const LIMIT: Duration = Duration::from_millis(2500);

/// Says a word each second, and five in all.
fn slow() -> ScriptedModel {
    again(1)
}

/// As [`slow`], for several calls.
fn again(times: usize) -> ScriptedModel {
    let model = ScriptedModel::new().with_pause(Duration::from_secs(1));
    (0..times).fold(model, |model, _| model.say("one two three four five"))
}

fn prompt() -> Lambda<String, PromptValue> {
    lambda(|text: String| PromptValue::from(text))
}

fn limited() -> RunConfig {
    RunConfig::new().timeout(LIMIT)
}

fn arrived(error: &Error) -> Option<String> {
    error.partial().map(|chunk| chunk.text().into_owned())
}

/// The chunks before the error, and the error.
async fn ended<O: cadena_core::Streamable>(chunks: ChunkStream<O>) -> (Vec<O::Chunk>, Error) {
    let mut items: Vec<_> = chunks.collect().await;
    let error = items.pop().unwrap().err().unwrap();
    (items.into_iter().map(Result::unwrap).collect(), error)
}

#[tokio::test(start_paused = true)]
async fn the_partial_is_the_sum_of_the_chunks_that_had_come_with_their_logprobs() {
    let model = slow().bind(ChatOptions::new().logprobs(true));
    let (chunks, error) = ended::<AIMessage>(model.stream_with("?", limited())).await;
    assert_eq!(error.kind(), ErrorKind::Timeout);
    let sum: AIMessageChunk = chunks.into_iter().sum();
    assert_eq!(error.partial(), Some(&sum));
    assert_eq!(sum.text(), "one two ");
    let tokens: Vec<&str> = sum.logprobs().unwrap().tokens().map(|token| &*token.token).collect();
    assert_eq!(tokens, ["one ", "two "]);
    assert!(sum.id.is_some());
}

/// A token that is cancelled when the limit is over.
fn token() -> CancellationToken {
    let token = CancellationToken::new();
    let cancel = token.clone();
    tokio::spawn(async move {
        tokio::time::sleep(LIMIT).await;
        cancel.cancel();
    });
    token
}

fn chain() -> Chain<String, String> {
    prompt() | slow() | StrOutputParser
}

fn texts(chunks: ChunkStream<AIMessage>) -> ChunkStream<String> {
    chunks.map(|chunk| Ok(chunk?.text().into_owned())).boxed()
}

type Way = (&'static str, ErrorKind, fn() -> ChunkStream<String>);

const WAYS: &[Way] = &[
    ("timeout of the call", ErrorKind::Timeout, || {
        texts(slow().stream_with("?", limited()))
    }),
    ("token of the call", ErrorKind::Cancelled, || {
        texts(slow().stream_with("?", RunConfig::new().cancellation(token())))
    }),
    ("with_timeout", ErrorKind::Timeout, || {
        texts(slow().with_timeout(LIMIT).stream("?"))
    }),
    ("with_timeout in a longer limit", ErrorKind::Timeout, || {
        texts(
            slow()
                .with_timeout(LIMIT)
                .stream_with("?", RunConfig::new().timeout(LIMIT * 9)),
        )
    }),
    ("with_timeout in a shorter limit", ErrorKind::Timeout, || {
        texts(slow().with_timeout(LIMIT * 9).stream_with("?", limited()))
    }),
    ("timeout in with_config", ErrorKind::Timeout, || {
        texts(slow().with_config(limited()).stream("?"))
    }),
    ("token in with_config", ErrorKind::Cancelled, || {
        texts(slow().with_config(RunConfig::new().cancellation(token())).stream("?"))
    }),
    ("timeout of a chain", ErrorKind::Timeout, || {
        chain().stream_with("?", limited())
    }),
    ("token of a chain", ErrorKind::Cancelled, || {
        chain().stream_with("?", RunConfig::new().cancellation(token()))
    }),
    ("with_timeout around a chain", ErrorKind::Timeout, || {
        chain().with_timeout(LIMIT).stream("?")
    }),
    ("with_timeout in a chain", ErrorKind::Timeout, || {
        (prompt() | slow().with_timeout(LIMIT) | StrOutputParser).stream("?")
    }),
    ("timeout of a transform", ErrorKind::Timeout, || {
        let input = stream::once(async { Ok("?".to_owned()) }).boxed();
        chain().transform_with(input, limited())
    }),
    ("timeout around a retry", ErrorKind::Timeout, || {
        chain().with_retry(RetryOptions::new()).stream_with("?", limited())
    }),
    ("timeout around a fallback", ErrorKind::Timeout, || {
        chain().with_fallbacks([chain()]).stream_with("?", limited())
    }),
    ("a limited number of calls", ErrorKind::Timeout, || {
        chain().stream_with("?", limited().max_concurrency(1))
    }),
    ("a listener", ErrorKind::Timeout, || {
        chain().stream_with("?", limited().listener(UsageTracker::new()))
    }),
    ("a hook", ErrorKind::Timeout, || {
        chain().stream_with("?", limited().hook(Arc::new(Holds)))
    }),
];

#[tokio::test(start_paused = true)]
async fn every_way_to_end_a_stream_keeps_what_had_arrived() {
    for (way, kind, stream) in WAYS {
        let (_, error) = ended::<String>(stream()).await;
        assert_eq!(error.kind(), *kind, "{way}");
        assert_eq!(arrived(&error).as_deref(), Some("one two "), "{way}");
    }
}

/// Holds the chunks of the step back.
struct Holds;

#[async_trait]
impl StepHook for Holds {
    async fn around(&self, _: &StepCall, next: Next<'_>) -> Result<StepOutput> {
        next.run_whole().await
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_ends_before_the_first_chunk_has_no_partial() {
    let token = CancellationToken::new();
    token.cancel();
    let (chunks, error) = ended::<AIMessage>(slow().stream_with("?", RunConfig::new().cancellation(token))).await;
    assert!(chunks.is_empty());
    assert_eq!((error.kind(), error.partial()), (ErrorKind::Cancelled, None));

    let early = RunConfig::new().timeout(Duration::from_millis(500));
    let (_, error) = ended::<AIMessage>(slow().stream_with("?", early)).await;
    assert_eq!((error.kind(), error.partial()), (ErrorKind::Timeout, None));
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_had_ended_is_no_partial_of_the_step_after_it() {
    let waits = lambda(|_: AIMessage| async { std::future::pending::<String>().await });
    let model = ScriptedModel::new().say("done");
    let (_, error) = ended::<String>((prompt() | model | waits).stream_with("?", limited())).await;
    assert_eq!((error.kind(), error.partial()), (ErrorKind::Timeout, None));
}

#[tokio::test(start_paused = true)]
async fn a_whole_call_keeps_what_its_model_streams() {
    // The model has no whole answer, so it streams; a listener for tokens has it stream too.
    let error = slow().invoke_with("?", limited()).await.unwrap_err();
    assert_eq!(arrived(&error).as_deref(), Some("one two "));
    let error = slow().with_timeout(LIMIT).invoke("?").await.unwrap_err();
    assert_eq!(arrived(&error).as_deref(), Some("one two "));
    let chain = prompt() | slow() | lambda(|answer: AIMessage| answer.text().into_owned());
    let items: Vec<_> = chain.stream_events_with("?", limited()).collect().await;
    assert!(matches!(items[items.len() - 2], Ok(RunEvent::Cancelled { .. })));
    let error = items.last().unwrap().as_ref().unwrap_err();
    assert_eq!(arrived(error).as_deref(), Some("one two "));
}

#[tokio::test(start_paused = true)]
async fn each_input_of_a_batch_keeps_its_own_answer() {
    #[derive(Clone)]
    struct Repeats;

    impl ChatModel for Repeats {
        fn profile(&self) -> ModelProfile {
            ModelProfile::new("test", "repeats")
        }

        fn stream_chat(&self, request: ChatRequest, _: RunContext) -> ChunkStream<AIMessage> {
            let word = AIMessageChunk::new(request.last_text());
            stream::iter([Ok(word)]).chain(stream::pending()).boxed()
        }
    }
    let results = Repeats.batch_with(["a", "b", "c"], limited()).await;
    let texts: Vec<_> = results
        .iter()
        .map(|result| arrived(result.as_ref().unwrap_err()))
        .collect();
    assert_eq!(texts, ["a", "b", "c"].map(|text| Some(text.to_owned())));
}

#[tokio::test(start_paused = true)]
async fn every_choice_keeps_its_part() {
    #[derive(Clone)]
    struct Two;

    impl ChatModel for Two {
        fn profile(&self) -> ModelProfile {
            ModelProfile::new("test", "two")
        }

        fn stream_chat(&self, _: ChatRequest, _: RunContext) -> ChunkStream<AIMessage> {
            stream::pending().boxed()
        }

        fn stream_choices(&self, _: ChatRequest, _: RunContext) -> ChunkStream<Choices> {
            let pieces = [(0, "a"), (1, "b"), (0, "a"), (1, "b")];
            let chunks = pieces.map(|(index, text)| Ok(ChoicesChunk::new(index, AIMessageChunk::new(text))));
            stream::iter(chunks).chain(stream::pending()).boxed()
        }
    }
    let (chunks, error) = ended::<Choices>(Two.all_choices().stream_with("?", limited())).await;
    assert_eq!(chunks.len(), 4);
    let parts = error.partial_choices().unwrap();
    let texts: Vec<_> = parts
        .iter()
        .map(|(index, part)| (index, part.text().into_owned()))
        .collect();
    assert_eq!(texts, [(0, "aa".to_owned()), (1, "bb".to_owned())]);
    assert_eq!(arrived(&error).as_deref(), Some("aa"));
}

#[tokio::test(start_paused = true)]
async fn of_several_answers_at_once_the_first_that_was_asked_for_is_kept() {
    let both = parallel! {"silent": prompt() | ScriptedModel::new().with_pause(LIMIT * 2).say("late") | StrOutputParser,
    "first": prompt() | slow() | StrOutputParser, "second": prompt() | ScriptedModel::new().chunks([AIMessageChunk::new("x")]).with_pause(LIMIT / 2) | StrOutputParser};
    let (_, error) = ended::<Dict>(both.stream_with("?", limited())).await;
    assert_eq!(arrived(&error).as_deref(), Some("one two "));
}

#[tokio::test(start_paused = true)]
async fn a_limit_keeps_only_the_answers_inside_it() {
    // The model outside was asked first, and its answer is not the one that the limit ends.
    let inside = lambda(|_: AIMessage| PromptValue::from("?")) | slow().with_timeout(LIMIT);
    let outside = ScriptedModel::new().say("outside");
    let (_, error) = ended::<AIMessage>((outside | inside).stream_with("?", RunConfig::new().timeout(LIMIT * 9))).await;
    assert_eq!(arrived(&error).as_deref(), Some("one two "));
}

#[tokio::test(start_paused = true)]
async fn each_attempt_and_each_fallback_has_a_limit_with_its_own_part() {
    let tries = again(3)
        .with_timeout(LIMIT)
        .with_retry(RetryOptions::new().max_attempts(3));
    let error = tries.invoke("?").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert_eq!(arrived(&error).as_deref(), Some("one two "));

    let quick = ScriptedModel::new().say("quick");
    let either = slow().with_timeout(LIMIT).with_fallbacks([quick.with_timeout(LIMIT)]);
    assert_eq!(either.invoke("?").await.unwrap().text(), "quick");
    let neither = slow()
        .with_timeout(LIMIT)
        .with_fallbacks([slow().with_timeout(LIMIT / 2)]);
    let error = neither.invoke("?").await.unwrap_err();
    assert_eq!(arrived(&error).as_deref(), Some("one two "));
}

fn clock(model: ScriptedModel) -> Agent {
    let answer = |_: Value, _: ToolContext| async { Ok::<_, Error>("12:00") };
    let now = AnyTool::from(tool_fn("now", "Tells the time.", json!({"type": "object"}), answer));
    agent(model, (now,)).unwrap()
}

#[tokio::test(start_paused = true)]
async fn an_agent_keeps_the_part_of_its_model() {
    let call = AIMessageChunk::new("")
        .with_tool_call_chunk(ToolCallChunk::new(0).with_id("call_1").with_name("now").with_args("{}"));
    let script = || {
        let model = ScriptedModel::new()
            .with_pause(Duration::from_secs(1))
            .chunks([call.clone()]);
        model.say("one two three four five")
    };
    // One second for the call of the tool, then a word each second.
    let limited = || RunConfig::new().timeout(Duration::from_millis(3500));
    let streamed = clock(script())
        .stream_with("?", limited())
        .try_collect::<Vec<_>>()
        .await
        .unwrap_err();
    let whole = clock(script()).invoke_with("?", limited()).await.unwrap_err();
    for error in [streamed, whole] {
        assert_eq!(error.kind(), ErrorKind::Timeout);
        assert_eq!(arrived(&error).as_deref(), Some("one two "));
    }
}

#[tokio::test(start_paused = true)]
async fn chunks_of_every_form_add_up_to_what_their_plain_sum_is() {
    let mut named = AIMessageChunk::new("d");
    named.name = Some("Ann".to_owned());
    named.response_metadata.model_name = Some("m".to_owned());
    let mut repeats = AIMessageChunk::new("e");
    repeats.response_metadata.model_name = Some("m".to_owned());
    let mut counted = AIMessageChunk::new("f");
    counted.usage_metadata = Some(UsageMetadata::new(1, 2));
    let parts = AIMessageChunk::new(vec![cadena_core::ContentPart::text("g")]);
    let call = AIMessageChunk::new("h").with_tool_call_chunk(
        ToolCallChunk::new(0)
            .with_id("call_1")
            .with_name("now")
            .with_args("{\"a"),
    );
    let plain = AIMessageChunk::new("c");
    let all = [
        plain.clone(),
        named,
        repeats,
        counted,
        plain.clone(),
        parts,
        plain,
        call,
    ];
    for count in 1..all.len() {
        let model = ScriptedModel::new()
            .chunks(all.clone())
            .with_pause(Duration::from_secs(1));
        let limit = Duration::from_millis(500) + Duration::from_secs(1) * u32::try_from(count).unwrap();
        let (chunks, error) = ended::<AIMessage>(model.with_timeout(limit).stream("?")).await;
        let sum = fold::<AIMessage>(stream::iter(chunks.into_iter().map(Ok)).boxed())
            .await
            .unwrap()
            .unwrap();
        let partial = error.partial().unwrap().clone();
        assert_eq!(AIMessage::from(partial), sum, "{count}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_model_that_is_dropped_in_a_call_that_goes_on_is_forgotten() {
    // The first answer is dropped after a chunk; the call ends while no answer arrives.
    let step = lambda_in_drops(slow());
    let error = step.invoke_with("?".to_owned(), limited()).await.unwrap_err();
    assert_eq!((error.kind(), error.partial()), (ErrorKind::Timeout, None));
}

fn lambda_in_drops(model: ScriptedModel) -> impl Runnable<Input = String, Output = String> {
    lambda_in(move |text: String, cx: RunContext| {
        let model = model.clone();
        async move {
            let mut chunks = model.stream_in(text, &cx);
            chunks.next().await;
            drop(chunks);
            std::future::pending::<String>().map(Ok::<_, Error>).await
        }
    })
}
