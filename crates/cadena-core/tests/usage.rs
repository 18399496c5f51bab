//! Tokens of model calls: every call counts once, however it is made and however it ends.

use std::sync::Arc;

use cadena_core::{
    AIMessage, AIMessageChunk, ChatModel, ChatRequest, ChunkStream, EchoModel, Error, ErrorKind, Listener,
    ModelProfile, Result, RunConfig, RunContext, RunEvent, Runnable, RunnableExt, StrOutputParser, UsageMetadata,
    UsageTracker, async_trait, lambda, parallel,
};
use futures::executor::block_on;
use futures::stream::{self, StreamExt};

/// Answers with two chunks that both have usage, as providers do that count the prompt first.
#[derive(Clone)]
struct Counted {
    model_name: Option<&'static str>,
    fails: bool,
}

impl Counted {
    fn new(model_name: Option<&'static str>) -> Self {
        Self {
            model_name,
            fails: false,
        }
    }
}

impl ChatModel for Counted {
    fn profile(&self) -> ModelProfile {
        ModelProfile::new("test", "by-profile").with_all_options()
    }

    fn stream_chat(&self, _: ChatRequest, _: RunContext) -> ChunkStream<AIMessage> {
        let mut first =
            AIMessageChunk::new("a").with_usage(UsageMetadata::new(3, 0).with_input_detail("cache_read", 2));
        first.response_metadata.model_name = self.model_name.map(str::to_owned);
        let second = match self.fails {
            true => Err(Error::new(ErrorKind::Server, "the server gave up")),
            false => Ok(AIMessageChunk::new("b").with_usage(UsageMetadata::new(0, 2))),
        };
        stream::iter([Ok(first), second]).boxed()
    }
}

fn config(usage: &UsageTracker) -> RunConfig {
    RunConfig::new().listener(usage.listener())
}

fn counts(usage: &UsageTracker) -> (u64, u64, u64) {
    let total = usage.total();
    (usage.calls(), total.input_tokens, total.output_tokens)
}

#[test]
fn invoke_stream_and_batch_count_the_same() {
    block_on(async {
        let usage = UsageTracker::new();
        let chain = Counted::new(Some("served")).pipe(StrOutputParser);
        chain.invoke_with("hi", config(&usage)).await.unwrap();
        assert_eq!(counts(&usage), (1, 3, 2));
        let chunks: Vec<_> = chain.stream_with("hi", config(&usage)).collect().await;
        assert!(chunks.len() > 1);
        assert_eq!(counts(&usage), (2, 6, 4));
        chain.batch_with(["a", "b", "c"], config(&usage)).await;
        assert_eq!(counts(&usage), (5, 15, 10));
        assert_eq!(usage.by_model()["served"].cache_read(), 10);
        assert_eq!(usage.calls_without_usage(), 0);
    });
}

#[test]
fn models_are_told_apart_by_the_name_that_the_server_or_the_profile_gives() {
    block_on(async {
        let usage = UsageTracker::new();
        let both = parallel((Counted::new(Some("served")), Counted::new(None)));
        both.invoke_with("hi", config(&usage)).await.unwrap();
        let names: Vec<_> = usage.by_model().into_keys().collect();
        assert_eq!(names.len(), 2);
        assert!(names.contains(&"served".to_owned()) && names.contains(&"by-profile".to_owned()));
    });
}

/// A step that asks its model twice.
#[derive(Clone)]
struct Twice(Counted);

#[async_trait]
impl Runnable for Twice {
    type Input = String;
    type Output = String;

    async fn run(&self, input: String, cx: RunContext) -> Result<String> {
        let first = self.0.invoke_in(input, &cx).await?;
        Ok(self
            .0
            .invoke_in(first.text().into_owned(), &cx)
            .await?
            .text()
            .into_owned())
    }
}

#[test]
fn a_step_that_calls_a_model_itself_is_counted_through_its_context() {
    block_on(async {
        let usage = UsageTracker::new();
        Twice(Counted::new(None))
            .invoke_with("hi", config(&usage))
            .await
            .unwrap();
        assert_eq!(counts(&usage), (2, 6, 4));
    });
}

#[test]
fn calls_that_fail_or_are_dropped_count_what_had_been_reported() {
    block_on(async {
        let usage = UsageTracker::new();
        let mut failing = Counted::new(Some("served"));
        failing.fails = true;
        let items: Vec<_> = failing.stream_with("hi", config(&usage)).collect().await;
        assert!(items[1].is_err());
        assert_eq!(counts(&usage), (1, 3, 0));

        let mut dropped = Counted::new(Some("served")).stream_with("hi", config(&usage));
        dropped.next().await.unwrap().unwrap();
        drop(dropped);
        assert_eq!(counts(&usage), (2, 6, 0));

        // Nothing was asked.
        drop(Counted::new(None).stream_with("hi", config(&usage)));
        assert_eq!(usage.calls(), 2);
    });
}

#[test]
fn a_tracker_given_twice_counts_once_and_begins_again_after_take() {
    block_on(async {
        let usage = UsageTracker::new();
        let twice = config(&usage).listener(usage.clone().listener());
        EchoModel::new().invoke_with("one two", twice).await.unwrap();
        assert_eq!(counts(&usage), (1, 2, 2));
        assert_eq!(usage.take()["echo-1"].total_tokens, 4);
        assert_eq!(counts(&usage), (0, 0, 0));
    });
}

#[test]
fn memory_is_bounded_whatever_a_server_calls_its_models() {
    #[derive(Clone)]
    struct Renamed(String);
    impl ChatModel for Renamed {
        fn profile(&self) -> ModelProfile {
            ModelProfile::new("test", self.0.clone()).with_all_options()
        }
        fn stream_chat(&self, _: ChatRequest, _: RunContext) -> ChunkStream<AIMessage> {
            stream::iter([Ok(AIMessageChunk::new("a").with_usage(UsageMetadata::new(1, 0)))]).boxed()
        }
    }
    block_on(async {
        let usage = UsageTracker::new();
        for n in 0..UsageTracker::MAX_MODELS + 10 {
            Renamed(n.to_string()).invoke_with("hi", config(&usage)).await.unwrap();
        }
        let by_model = usage.by_model();
        assert_eq!(by_model.len(), UsageTracker::MAX_MODELS + 1);
        assert_eq!(by_model[UsageTracker::OTHER_MODELS].input_tokens, 10);
    });
}

#[test]
fn threads_add_to_the_same_sums() {
    let usage = UsageTracker::new();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..50 {
                    block_on(EchoModel::new().invoke_with("one", config(&usage))).unwrap();
                }
            });
        }
    });
    assert_eq!(counts(&usage), (200, 200, 200));
}

#[test]
fn nothing_is_written_as_json_for_a_tracker_alone() {
    #[derive(Clone)]
    struct Unwritable;
    impl serde::Serialize for Unwritable {
        fn serialize<S: serde::Serializer>(&self, _: S) -> std::result::Result<S::Ok, S::Error> {
            panic!("nobody asked for it")
        }
    }
    cadena_core::flow_whole!(Unwritable);

    struct Silent;
    impl Listener for Silent {
        fn on_event(&self, _: &RunEvent) {
            panic!("it does not want events")
        }
        fn wants_events(&self) -> bool {
            false
        }
    }
    let step = lambda(|Unwritable| Unwritable);
    let silent: Arc<dyn Listener> = Arc::new(Silent);
    let config = config(&UsageTracker::new()).listener(silent);
    assert!(block_on(step.invoke_with(Unwritable, config)).is_ok());
}

#[tokio::test]
async fn a_tracker_is_a_listener_itself_and_counts_once() {
    let tracker = UsageTracker::new();
    let model = EchoModel::new().with_listener(&tracker);
    let config = RunConfig::new().listener(tracker.clone()).listener(tracker.listener());
    model.invoke_with("hi", config).await.unwrap();
    assert_eq!(tracker.calls(), 1);
}
