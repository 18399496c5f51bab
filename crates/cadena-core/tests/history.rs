//! A step that remembers the conversation: what it is given, what is stored, and when.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use std::sync::Arc;
use std::time::Duration;

use cadena_core::{
    AIMessage, AIMessageChunk, Bind, ChatMessageHistory, ChatOptions, ChatPromptTemplate, ConfigKey, Dict, EchoModel,
    Error, ErrorKind, InMemoryChatMessageHistory, Message, MessagesPlaceholder, PromptValue, Result, RunConfig,
    RunnableExt, SESSION_ID, StrOutputParser, async_trait, dict, fold, lambda, stream_fn,
};
use futures::{StreamExt, TryStreamExt};

fn session(id: &str) -> RunConfig {
    RunConfig::new().set(SESSION_ID, id.to_owned())
}

async fn texts(history: &impl ChatMessageHistory, session: &str) -> Vec<String> {
    let messages = history.messages(session).await.unwrap();
    messages
        .iter()
        .map(|message| format!("{}: {}", message.kind(), message.text()))
        .collect()
}

fn count(prompt: PromptValue) -> String {
    format!("{} messages", prompt.messages.len())
}

#[tokio::test]
async fn a_turn_is_put_behind_the_earlier_ones_and_sessions_do_not_mix() {
    let history = InMemoryChatMessageHistory::new();
    let chat = lambda(count).with_message_history(history.clone());
    assert_eq!(chat.invoke_with("hi", session("a")).await.unwrap(), "1 messages");
    assert_eq!(chat.invoke_with("more", session("a")).await.unwrap(), "3 messages");
    assert_eq!(chat.invoke_with("hi", session("b")).await.unwrap(), "1 messages");
    assert_eq!(
        texts(&history, "a").await,
        ["human: hi", "ai: 1 messages", "human: more", "ai: 3 messages"]
    );
    assert_eq!(history.sessions(), ["a", "b"]);
}

#[tokio::test]
async fn dictionaries_name_their_keys_or_have_only_one() {
    let history = InMemoryChatMessageHistory::new();
    let prompt = ChatPromptTemplate::new()
        .placeholder(MessagesPlaceholder::new("past"))
        .human("{language}: {question}")
        .unwrap();
    let chat = (prompt | EchoModel::new())
        .with_message_history(history.clone())
        .input_key("question")
        .history_key("past");
    let ask = |text: &str| dict! {"language": "es", "question": text};
    chat.invoke_with(ask("one"), session("a")).await.unwrap();
    chat.invoke_with(ask("two"), session("a")).await.unwrap();
    let told = ["human: one", "ai: es: one", "human: two", "ai: es: two"];
    assert_eq!(texts(&history, "a").await, told);

    // Without a key of its own the history stands before the input, and only what is new is stored.
    let size = lambda(|input: Dict| {
        let count = input["input"].as_array().map_or(0, Vec::len);
        dict! {"output": AIMessage::new(count.to_string()), "other": 1}
    });
    let chat = size.with_message_history(history.clone());
    let input = || dict! {"input": vec![Message::from("x"), Message::from("y")], "unused": true};
    chat.invoke_with(input(), session("b")).await.unwrap();
    assert_eq!(
        chat.invoke_with(input(), session("b")).await.unwrap()["output"]["content"],
        "5"
    );
    assert_eq!(texts(&history, "b").await.len(), 6);
}

#[tokio::test]
async fn a_missing_key_says_which_there_are() {
    let echo = lambda(|input: Dict| input).with_message_history(InMemoryChatMessageHistory::new());
    let error = echo
        .invoke_with(dict! {"a": 1, "b": 2}, session("s"))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    insta::assert_snapshot!(error, @"invalid input: the key `input` is missing; there are `a`, `b` (in step `RunnableWithMessageHistory`); name the key of the messages with `input_key`");
    let answer = lambda(|_: Dict| dict! {"a": 1, "b": 2}).with_message_history(InMemoryChatMessageHistory::new());
    let error = answer.invoke_with(dict! {"q": "hi"}, session("s")).await.unwrap_err();
    assert_eq!(error.hint(), Some("name the key of the messages with `output_key`"));
}

#[tokio::test]
async fn a_call_without_a_session_is_an_error_that_says_how_to_name_one() {
    let chat = lambda(count).with_message_history(InMemoryChatMessageHistory::new());
    let error = chat.invoke("hi").await.unwrap_err();
    insta::assert_snapshot!(error, @"invalid configuration: `session_id` is not set: a step with message history belongs to a session (in step `RunnableWithMessageHistory`); say which one in the call: `RunConfig::new().set(SESSION_ID, …)`");
    let streamed = chat.stream("hi").try_collect::<Vec<_>>().await.unwrap_err();
    assert_eq!(streamed.to_string(), error.to_string());
    assert_eq!(
        chat.invoke_with("hi", session("")).await.unwrap_err().kind(),
        ErrorKind::Config
    );

    const USER: ConfigKey<String> = ConfigKey::new("user");
    let by_user = lambda(count)
        .with_message_history(InMemoryChatMessageHistory::new())
        .session_key(USER);
    assert!(by_user.invoke_with("hi", session("a")).await.is_err());
    let config = RunConfig::new().set(USER, "u".to_owned());
    assert_eq!(by_user.invoke_with("hi", config).await.unwrap(), "1 messages");
}

#[tokio::test]
async fn a_stream_passes_chunks_with_logprobs_and_stores_what_they_add_up_to() {
    let history = InMemoryChatMessageHistory::new();
    let model = EchoModel::new().bind(ChatOptions::new().logprobs(true));
    let chat = model.with_message_history(history.clone());
    let mut chunks = chat.stream_with("to be or", session("s"));
    let mut full = AIMessageChunk::default();
    let mut count = 0;
    while let Some(chunk) = chunks.try_next().await.unwrap() {
        assert!(history.sessions().is_empty(), "nothing is stored before the end");
        count += usize::from(chunk.logprobs().is_some());
        full += chunk;
    }
    assert_eq!(count, 3);
    let stored = history.messages("s").await.unwrap();
    assert_eq!(stored[1], Message::AI(full.into()));
    assert_eq!(
        stored[1].as_ai().unwrap().logprobs().map(|l| l.tokens().count()),
        Some(3)
    );

    let whole = chat.invoke_with("to be or", session("w")).await.unwrap();
    assert_eq!(history.messages("w").await.unwrap()[1], Message::AI(whole));
}

#[tokio::test]
async fn a_chain_around_it_streams_and_its_parser_may_be_inside_or_outside() {
    let history = InMemoryChatMessageHistory::new();
    let inside =
        (lambda(|p: PromptValue| p) | EchoModel::new() | StrOutputParser).with_message_history(history.clone());
    let chain = inside | lambda(|text: String| text.to_uppercase());
    assert_eq!(chain.invoke_with("a b", session("s")).await.unwrap(), "A B");
    let outside = EchoModel::new().with_message_history(history.clone()) | StrOutputParser;
    let pieces: Vec<_> = outside.stream_with("c d", session("s")).try_collect().await.unwrap();
    assert_eq!(pieces.concat(), "c d");
    assert!(pieces.len() > 1);
    assert_eq!(
        texts(&history, "s").await,
        ["human: a b", "ai: a b", "human: c d", "ai: c d"]
    );
}

#[tokio::test]
async fn an_error_and_a_stream_that_is_dropped_store_nothing() {
    let history = InMemoryChatMessageHistory::new();
    let broken = stream_fn::<PromptValue, String, _>(|_| {
        futures::stream::iter([Ok("half".to_owned()), Err(Error::from(ErrorKind::Server))])
    })
    .with_message_history(history.clone());
    assert!(broken.invoke_with("hi", session("s")).await.is_err());
    let items: Vec<_> = broken.stream_with("hi", session("s")).collect().await;
    assert_eq!((items.len(), items[1].is_err()), (2, true));

    let model = EchoModel::new().with_message_history(history.clone());
    let mut stream = model.stream_with("a b c", session("s"));
    stream.next().await.unwrap().unwrap();
    drop(stream);
    assert!(history.sessions().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_call_stores_nothing() {
    let history = InMemoryChatMessageHistory::new();
    let slow = lambda(|_: PromptValue| async {
        tokio::time::sleep(Duration::from_secs(60)).await;
        "late".to_owned()
    })
    .with_message_history(history.clone());
    let config = session("s").timeout(Duration::from_secs(1));
    assert_eq!(
        slow.invoke_with("hi", config).await.unwrap_err().kind(),
        ErrorKind::Timeout
    );
    assert!(history.sessions().is_empty());
}

/// A history on a full disk.
struct Full;

#[async_trait]
impl ChatMessageHistory for Full {
    async fn messages(&self, _: &str) -> Result<Vec<Message>> {
        Ok(Vec::new())
    }

    async fn append(&self, _: &str, _: Vec<Message>) -> Result<()> {
        Err(Error::new(ErrorKind::Storage, "the disk is full").with_retryable(true))
    }

    async fn clear(&self, _: &str) -> Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_turn_that_cannot_be_stored_is_an_error_that_holds_the_answer() {
    let chat = EchoModel::new().with_message_history(Full);
    let error = chat.invoke_with("the answer", session("s")).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.is_retryable()),
        (ErrorKind::Storage, false),
        "another try would pay for another answer"
    );
    assert_eq!(error.partial().unwrap().text(), "the answer");
    assert!(
        error
            .downcast_source_ref::<Error>()
            .unwrap()
            .to_string()
            .contains("disk")
    );

    let items: Vec<_> = chat.stream_with("the answer", session("s")).collect().await;
    let (last, chunks) = items.split_last().unwrap();
    let text: String = chunks
        .iter()
        .map(|chunk| chunk.as_ref().unwrap().text().into_owned())
        .collect();
    assert_eq!(text, "the answer");
    assert_eq!(last.as_ref().unwrap_err().to_string(), error.to_string());
}

#[tokio::test(start_paused = true)]
async fn turns_that_overlap_are_all_kept_and_stay_together() {
    let history = Arc::new(InMemoryChatMessageHistory::new());
    let slow = lambda(|prompt: PromptValue| async move {
        let text = prompt.messages.last().unwrap().text().into_owned();
        let wait = 100 - text.parse::<u64>().unwrap();
        tokio::time::sleep(Duration::from_millis(wait)).await;
        text
    });
    let chat = slow.with_message_history(Arc::clone(&history));
    let inputs = (0..50).map(|n| n.to_string());
    let results = chat.batch_with(inputs, session("s").max_concurrency(50)).await;
    assert!(results.iter().all(Result::is_ok));
    let texts = texts(&history, "s").await;
    assert_eq!(texts.len(), 100);
    for turn in texts.chunks(2) {
        assert_eq!(turn[0].strip_prefix("human: "), turn[1].strip_prefix("ai: "));
    }
    assert_eq!(texts[0], "human: 49", "in the order in which the answers were complete");
}

#[tokio::test]
async fn invoke_is_the_fold_of_stream() {
    let chat = || EchoModel::new().with_message_history(InMemoryChatMessageHistory::new());
    let whole = chat().invoke_with("a b c", session("s")).await.unwrap();
    let folded = fold::<AIMessage>(chat().stream_with("a b c", session("s")))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (whole.content, whole.response_metadata, whole.usage_metadata),
        (folded.content, folded.response_metadata, folded.usage_metadata)
    );
}
