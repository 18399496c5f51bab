//! Which events a filter lets through.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use cadena_core::{EventFilter, RunKind, RunnableExt, StrOutputParser, Streamable, Whole, dict, lambda};
use futures::TryStreamExt;
use serde::{Serialize, Serializer};

use crate::{config, line, model, prompt};

async fn names(filter: EventFilter) -> Vec<String> {
    let chain = prompt().named("prompt") | model().named("model").with_config(config().tag("m")) | StrOutputParser;
    let events = chain.stream_events_with(dict! {"words": "a"}, config()).only(filter);
    let mut names: Vec<_> = events
        .map_ok(|event| event.run().name.clone())
        .try_collect()
        .await
        .unwrap();
    names.dedup();
    names.sort();
    names.dedup();
    names
}

#[tokio::test]
async fn one_inclusion_is_enough_and_every_exclusion_counts() {
    let all = ["RunnableSequence", "StrOutputParser", "model", "prompt"];
    assert_eq!(names(EventFilter::new()).await, all);
    assert_eq!(names(EventFilter::new().include_name("model")).await, ["model"]);
    assert_eq!(names(EventFilter::new().include_tag("m")).await, ["model"]);
    let two = EventFilter::new().include_kind(RunKind::Parser).include_name("prompt");
    assert_eq!(names(two.clone()).await, ["StrOutputParser", "prompt"]);
    assert_eq!(names(two.exclude_tag("seq:step:1")).await, ["StrOutputParser"]);
    let root = EventFilter::new().exclude_name("RunnableSequence");
    assert_eq!(names(root).await, ["StrOutputParser", "model", "prompt"]);
    let nothing = EventFilter::new()
        .include_name("model")
        .exclude_kind(RunKind::ChatModel);
    assert!(names(nothing).await.is_empty());
}

#[tokio::test]
async fn the_events_that_are_left_are_those_of_the_whole_stream() {
    let chain = prompt() | model() | StrOutputParser;
    let call = || chain.stream_events_with(dict! {"words": "a b"}, config());
    let filter = EventFilter::new().include_kind(RunKind::ChatModel);
    let all: Vec<_> = call().try_collect().await.unwrap();
    let some: Vec<_> = call().only(filter.clone()).try_collect().await.unwrap();
    let json = |event: &cadena_core::RunEvent| event.to_langchain_json();
    let left: Vec<_> = all.iter().filter(|event| filter.accepts(event)).map(json).collect();
    assert_eq!(some.iter().map(json).collect::<Vec<_>>(), left);
    assert!(some.len() > 3, "{:?}", some.iter().map(line).collect::<Vec<_>>());
}

static WRITTEN: AtomicUsize = AtomicUsize::new(0);

#[derive(Clone)]
struct Counted;

impl Serialize for Counted {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        WRITTEN.fetch_add(1, Ordering::Relaxed);
        serializer.serialize_unit()
    }
}

impl Streamable for Counted {
    type Chunk = Whole<Self>;

    fn into_chunk(self) -> Whole<Self> {
        Whole(self)
    }

    fn from_chunk(chunk: Whole<Self>) -> cadena_core::Result<Self> {
        Ok(chunk.0)
    }
}

#[tokio::test]
async fn what_a_filter_hides_is_not_written_as_json() {
    let chain = lambda(|_: i32| Counted) | lambda(|_: Counted| 1).named("last");
    let last = EventFilter::new().include_name("other");
    let events: Vec<_> = chain.stream_events(1).only(last).try_collect().await.unwrap();
    assert!(events.is_empty());
    assert_eq!(WRITTEN.load(Ordering::Relaxed), 0);
    drop(Arc::new(events));
    let events: Vec<_> = chain.stream_events(1).try_collect().await.unwrap();
    assert!(!events.is_empty() && WRITTEN.load(Ordering::Relaxed) > 0);
}
