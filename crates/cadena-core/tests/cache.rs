//! A model that asks the same question once: what is kept, what is not, and who notices.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use cadena_core::{
    AIMessage, AIMessageChunk, Bind, CacheKey, ChatCache, ChatModel, ChatModelExt, ChatOptions, ChatRequest,
    ChunkStream, Error, ErrorKind, InMemoryCache, Logprobs, Message, ModelProfile, PromptValue, Result, RunConfig,
    RunContext, RunnableExt, StrOutputParser, TokenLogprob, ToolCallChunk, UsageMetadata, UsageTracker, async_trait,
    fold,
};
use futures::{StreamExt, TryStreamExt, stream};
use serde_json::{Value, json};

/// Answers with a text of its own and counts how often it is asked.
#[derive(Clone)]
struct Counting {
    answer: &'static str,
    finish: &'static str,
    fails: bool,
    calls: Arc<AtomicUsize>,
}

impl Counting {
    fn new(answer: &'static str) -> Self {
        Self {
            answer,
            finish: "stop",
            fails: false,
            calls: Arc::default(),
        }
    }

    fn calls(&self) -> usize {
        self.calls.load(Ordering::Relaxed)
    }
}

impl ChatModel for Counting {
    fn profile(&self) -> ModelProfile {
        ModelProfile::new("counting", "counting-1").with_all_options()
    }

    fn cache_identity(&self) -> Value {
        json!(["counting", self.answer, self.finish, self.fails])
    }

    fn stream_chat(&self, _: ChatRequest, _: RunContext) -> ChunkStream<AIMessage> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        let words = self.answer.split_inclusive(' ').map(|word| {
            AIMessageChunk::new(word).with_logprobs(Logprobs::content(vec![TokenLogprob::new(word, -0.5)]))
        });
        let end = match self.fails {
            true => Err(Error::from(ErrorKind::Server)),
            false => Ok(AIMessageChunk::new("")
                .with_finish_reason(self.finish)
                .with_tool_call_chunk(
                    ToolCallChunk::new(0)
                        .with_id("call_1")
                        .with_name("add")
                        .with_args(r#"{"a":1}"#),
                )
                .with_usage(UsageMetadata::new(3, 4))),
        };
        stream::iter(words.map(Ok).chain([end]).collect::<Vec<_>>()).boxed()
    }
}

fn anonymous(mut message: AIMessage) -> AIMessage {
    message.id = None;
    message.response_metadata.extra.remove("from_cache");
    message
}

#[tokio::test]
async fn the_second_answer_is_the_first_one_without_asking() {
    let model = Counting::new("to be or");
    let cached = model.clone().with_cache(InMemoryCache::new());
    let first = cached.invoke("hi").await.unwrap();
    let second = cached.invoke("hi").await.unwrap();
    assert_eq!(model.calls(), 1);
    assert!(!first.response_metadata.is_from_cache() && second.response_metadata.is_from_cache());
    assert_ne!(first.id, second.id, "each run names its own message");
    assert_eq!(second.logprobs().unwrap().tokens().count(), 3);
    assert_eq!(second.tool_calls.len(), 1);
    assert_eq!(anonymous(first), anonymous(second));
    cached.invoke("ho").await.unwrap();
    assert_eq!(model.calls(), 2);
}

#[tokio::test]
async fn streams_are_kept_and_replayed_and_share_answers_with_invoke() {
    let model = Counting::new("to be or");
    let cached = model.clone().with_cache(InMemoryCache::new());
    let live: Vec<_> = cached.stream("hi").try_collect().await.unwrap();
    let replayed: Vec<_> = cached.stream("hi").try_collect().await.unwrap();
    assert!(live.len() > 3 && replayed.len() == 1);
    let live = AIMessage::from(live.into_iter().sum::<AIMessageChunk>());
    let folded = fold::<AIMessage>(cached.stream("hi")).await.unwrap().unwrap();
    let whole = cached.invoke("hi").await.unwrap();
    assert_eq!(anonymous(live), anonymous(whole.clone()));
    assert_eq!(anonymous(folded), anonymous(whole));
    assert_eq!(model.calls(), 1);
}

#[tokio::test]
async fn a_stream_that_is_dropped_or_fails_is_not_kept() {
    let cache = InMemoryCache::new();
    let cached = Counting::new("to be or").with_cache(cache.clone());
    let mut stream = cached.stream("hi");
    stream.next().await.unwrap().unwrap();
    drop(stream);
    let mut failing = Counting::new("to be or");
    failing.fails = true;
    let failing = failing.with_cache(cache.clone());
    assert!(failing.invoke("hi").await.is_err());
    assert!(failing.stream("hi").try_collect::<Vec<_>>().await.is_err());
    assert!(cache.is_empty());
}

#[tokio::test]
async fn an_answer_that_is_not_whole_is_not_kept() {
    for finish in ["length", "content_filter"] {
        let cache = InMemoryCache::new();
        let mut model = Counting::new("to be or");
        model.finish = finish;
        let cached = model.with_cache(cache.clone());
        cached.invoke("hi").await.unwrap();
        cached.stream("hi").try_collect::<Vec<_>>().await.unwrap();
        assert!(cache.is_empty(), "{finish}");
    }
}

#[tokio::test]
async fn models_and_options_do_not_share_answers() {
    let cache = InMemoryCache::new();
    let (a, b) = (Counting::new("from A"), Counting::new("from B"));
    let (cached_a, cached_b) = (a.clone().with_cache(cache.clone()), b.clone().with_cache(cache.clone()));
    assert_eq!(cached_a.invoke("hi").await.unwrap().text(), "from A");
    assert_eq!(cached_b.invoke("hi").await.unwrap().text(), "from B");

    let cold = cached_a.bind(ChatOptions::new().temperature(0.0));
    cold.invoke("hi").await.unwrap();
    assert_eq!(a.calls(), 2, "what is bound behind the cache is in the key");
    let bound_first = a.bind(ChatOptions::new().temperature(0.0)).with_cache(cache.clone());
    bound_first.invoke("hi").await.unwrap();
    assert_eq!(a.calls(), 2, "and so is what is bound before it");
    assert_eq!(cache.len(), 3);
}

#[tokio::test]
async fn what_comes_out_is_a_copy() {
    let cached = Counting::new("original").with_cache(InMemoryCache::new());
    let mut first = cached.invoke("hi").await.unwrap();
    first.content = "changed".into();
    let mut second = cached.invoke("hi").await.unwrap();
    second.content = "changed".into();
    assert_eq!(cached.invoke("hi").await.unwrap().text(), "original");
}

#[tokio::test]
async fn an_answer_from_the_cache_is_no_model_call() {
    let usage = UsageTracker::new();
    let cached = Counting::new("a b").with_cache(InMemoryCache::new());
    let config = || RunConfig::new().listener(usage.listener());
    for _ in 0..3 {
        cached.invoke_with("hi", config()).await.unwrap();
        cached
            .stream_with("hi", config())
            .try_collect::<Vec<_>>()
            .await
            .unwrap();
    }
    assert_eq!((usage.calls(), usage.total().total_tokens), (1, 7));
    assert_eq!(usage.calls_without_usage(), 0);
}

#[tokio::test]
async fn a_conversation_is_found_again_whether_its_first_turn_was_live_or_not() {
    let model = Counting::new("a b");
    let cached = model.clone().with_cache(InMemoryCache::new());
    for _ in 0..2 {
        let first = cached.invoke("hi").await.unwrap();
        let turn: Vec<Message> = vec!["hi".into(), first.into(), "more".into()];
        cached.invoke(turn).await.unwrap();
    }
    assert_eq!(model.calls(), 2);
}

#[tokio::test]
async fn a_cached_model_is_a_step_of_a_chain_and_a_trait_object() {
    let model = Counting::new("a b");
    let chain = model.clone().with_cache(InMemoryCache::new()) | StrOutputParser;
    assert_eq!(chain.invoke("hi").await.unwrap(), "a b");
    let boxed: Box<dyn ChatModel> = Box::new(model.clone());
    let cached = boxed.with_cache(Arc::new(InMemoryCache::new()));
    assert_eq!(RunnableExt::name(&cached), "Counting");
    cached.invoke(PromptValue::from("hi")).await.unwrap();
    cached.invoke("hi").await.unwrap();
    assert_eq!(model.calls(), 2);
}

/// A cache that cannot be read, or not be written.
struct Broken {
    reads: bool,
    puts: Mutex<usize>,
}

#[async_trait]
impl ChatCache for Broken {
    async fn get(&self, _: &CacheKey) -> Result<Option<AIMessage>> {
        match self.reads {
            true => Ok(None),
            false => Err(Error::new(ErrorKind::Storage, "the file is gone")),
        }
    }

    async fn put(&self, _: &CacheKey, _: AIMessage) -> Result<()> {
        *self.puts.lock().unwrap() += 1;
        Err(Error::new(ErrorKind::Storage, "the disk is full"))
    }

    async fn clear(&self) -> Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_broken_cache_is_an_error_unless_it_is_to_be_ignored() {
    let model = Counting::new("a b");
    let broken = |reads| {
        let puts = Mutex::default();
        model.clone().with_cache(Broken { reads, puts })
    };
    let unread = broken(false).invoke("hi").await.unwrap_err();
    assert_eq!(
        unread.to_string(),
        "storage error: the cache of the model cannot be read (in step `Counting`)"
    );
    assert_eq!(model.calls(), 0);

    let unwritten = broken(true).invoke("hi").await.unwrap_err();
    assert_eq!(
        (unwritten.kind(), unwritten.is_retryable()),
        (ErrorKind::Storage, false)
    );
    assert_eq!(unwritten.partial().unwrap().text(), "a b");
    let items: Vec<_> = broken(true).stream("hi").collect().await;
    assert!(items.len() > 2 && items.last().unwrap().is_err());

    assert_eq!(broken(true).ignore_errors().invoke("hi").await.unwrap().text(), "a b");
    assert_eq!(broken(false).ignore_errors().invoke("hi").await.unwrap().text(), "a b");
}

fn key(text: &str) -> CacheKey {
    CacheKey::new(&Counting::new(""), &ChatRequest::new(text)).unwrap()
}

#[tokio::test]
async fn the_answer_that_was_used_longest_ago_makes_room() {
    let cache = InMemoryCache::bounded(2, usize::MAX);
    for text in ["a", "b"] {
        cache.put(&key(text), AIMessage::new(text)).await.unwrap();
    }
    cache.get(&key("a")).await.unwrap().unwrap();
    cache.put(&key("a"), AIMessage::new("A")).await.unwrap();
    assert_eq!(cache.len(), 2, "replacing an answer takes no other one's place");
    cache.put(&key("c"), AIMessage::new("c")).await.unwrap();
    assert!(cache.get(&key("b")).await.unwrap().is_none());
    assert_eq!(cache.get(&key("a")).await.unwrap().unwrap().text(), "A");
    cache.clear().await.unwrap();
    assert_eq!((cache.len(), cache.bytes()), (0, 0));
}

#[tokio::test]
async fn the_bytes_are_bounded_too() {
    let size = serde_json::to_string(&AIMessage::new("x".repeat(100))).unwrap().len();
    let cache = InMemoryCache::bounded(100, 3 * size);
    for text in ["a", "b", "c", "d"] {
        cache.put(&key(text), AIMessage::new(text.repeat(100))).await.unwrap();
    }
    assert_eq!((cache.len(), cache.bytes()), (3, 3 * size));
    cache
        .put(&key("d"), AIMessage::new("too large".repeat(1000)))
        .await
        .unwrap();
    assert_eq!((cache.len(), cache.bytes()), (2, 2 * size));
    assert!(
        cache.get(&key("d")).await.unwrap().is_none(),
        "the older answer is gone"
    );
    assert!(!format!("{cache:?}").contains("bbb"));
}
