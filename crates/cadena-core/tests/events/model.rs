//! The events of a chat model.

use std::sync::Arc;

use cadena_core::{
    AIMessage, AIMessageChunk, Bind, ChatOptions, EchoModel, EventFilter, Merge, Result, RunContext, RunEvent, RunKind,
    Runnable, RunnableExt, async_trait,
};
use futures::TryStreamExt;
use serde_json::json;

use crate::{Log, config, lines};

fn model() -> impl Runnable<Input = cadena_core::PromptValue, Output = AIMessage> + Clone {
    EchoModel::new().bind(ChatOptions::new().logprobs(true))
}

/// A step that asks a model for a whole answer.
#[derive(Clone)]
struct Asks;

#[async_trait]
impl Runnable for Asks {
    type Input = String;
    type Output = AIMessage;

    async fn run(&self, input: String, cx: RunContext) -> Result<AIMessage> {
        cx.emit_custom("asking", &json!({"words": 2})).await;
        model().invoke_in(input, &cx).await
    }
}

#[tokio::test]
async fn chunks_in_events_carry_their_logprobs_and_add_up_to_the_message() {
    let chain = model().pipe(cadena_core::lambda(|message: AIMessage| message));
    let events: Vec<_> = chain.stream_events("to be").try_collect().await.unwrap();
    let chunks: Vec<_> = events.iter().filter_map(RunEvent::message_chunk).collect();
    let message = events.iter().find_map(RunEvent::message).unwrap();
    let tokens = |message: &AIMessage| message.logprobs().map_or(0, |logprobs| logprobs.tokens().count());
    assert_eq!(tokens(&message), 2);
    assert!(chunks.iter().filter(|chunk| chunk.logprobs().is_some()).count() >= 2);

    let mut chunks = chunks.into_iter();
    let mut sum: AIMessageChunk = chunks.next().unwrap();
    chunks.for_each(|chunk| sum.merge(chunk).unwrap());
    let sum = <AIMessage as cadena_core::Streamable>::from_chunk(sum).unwrap();
    assert_eq!(
        serde_json::to_value(sum).unwrap(),
        serde_json::to_value(message).unwrap()
    );
}

#[tokio::test]
async fn a_model_that_is_asked_for_a_whole_answer_streams_while_somebody_reads() {
    let events: Vec<_> = Asks.stream_events_with("to be", config()).try_collect().await.unwrap();
    insta::assert_snapshot!(lines(&events), @r"
    start Asks
    custom Asks
      start EchoModel
      chunk EchoModel
      chunk EchoModel
      chunk EchoModel
      chunk EchoModel
      end EchoModel
    chunk Asks
    end Asks
    ");

    // The same answer as without a reader, and as for a listener that does not ask for tokens.
    let log = Arc::new(Log::default());
    let whole = Asks
        .invoke_with("to be", config().listener(Arc::<Log>::clone(&log)))
        .await
        .unwrap();
    assert!(!log.lines().contains("chunk EchoModel"), "{}", log.lines());
    let Some(RunEvent::End { output, .. }) = events.last() else {
        panic!()
    };
    assert_eq!(*output, serde_json::to_value(whole).unwrap());
}

#[tokio::test]
async fn a_custom_event_belongs_to_the_run_that_tells_it() {
    let filter = EventFilter::new().include_name("asking");
    let events: Vec<_> = Asks
        .stream_events_with("to be", config())
        .only(filter)
        .try_collect()
        .await
        .unwrap();
    let json: Vec<_> = events.iter().map(RunEvent::to_langchain_json).collect();
    assert_eq!(
        json,
        [json!({
            "event": "on_custom_event",
            "name": "asking",
            "run_id": "00000000-0000-7000-8000-000000000001",
            "parent_ids": [],
            "tags": [],
            "metadata": {},
            "data": {"words": 2},
        })]
    );
    Asks.invoke("nobody hears").await.unwrap();
}

#[tokio::test]
async fn the_text_for_a_browser_is_one_line_of_json() {
    let events = Asks.stream_events_with("a\nb", config());
    let events = events.only(EventFilter::new().include_kind(RunKind::ChatModel));
    for event in events.try_collect::<Vec<_>>().await.unwrap() {
        let text = event.to_sse();
        let data = text
            .strip_prefix("event: data\ndata: ")
            .unwrap()
            .strip_suffix("\n\n")
            .unwrap();
        assert!(!data.contains('\n'));
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(data).unwrap(),
            event.to_langchain_json()
        );
    }
}
