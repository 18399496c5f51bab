//! Answers in a file: what survives, what makes room.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

mod support;

use cadena_core::{
    AIMessage, AIMessageChunk, Bind, CacheKey, ChatCache, ChatModelExt, ChatOptions, ChatRequest, EchoModel, Logprobs,
    RunnableExt, TokenLogprob, UsageMetadata,
};
use cadena_sqlite::SqliteCache;
use support::Folder;

fn key(text: &str) -> CacheKey {
    CacheKey::new(&EchoModel::new(), &ChatRequest::new(text)).unwrap()
}

#[tokio::test]
async fn answers_survive_a_restart_as_they_were() {
    let folder = Folder::new();
    let tokens = vec![TokenLogprob::new("Ma", -0.1), TokenLogprob::new("drid", -1.0 / 3.0)];
    let answer = AIMessage::from(
        AIMessageChunk::new("Madrid")
            .with_logprobs(Logprobs::content(tokens))
            .with_usage(UsageMetadata::new(9, 2)),
    );
    let cache = SqliteCache::open(folder.path()).await.unwrap();
    cache.put(&key("a"), answer.clone()).await.unwrap();
    drop(cache);
    let cache = SqliteCache::open(folder.path()).await.unwrap();
    assert_eq!(cache.get(&key("a")).await.unwrap(), Some(answer));
    assert_eq!(cache.get(&key("b")).await.unwrap(), None);
    cache.clear().await.unwrap();
    assert!(cache.is_empty().await.unwrap());
    assert_eq!(cache.bytes().await.unwrap(), 0);
}

#[tokio::test]
async fn a_model_finds_its_answers_again_whole_and_in_chunks() {
    let folder = Folder::new();
    for round in 0..2 {
        let cache = SqliteCache::open(folder.path()).await.unwrap();
        let model = EchoModel::new()
            .with_cache(cache)
            .bind(ChatOptions::new().logprobs(true));
        let answer = model.invoke("one two").await.unwrap();
        assert_eq!(answer.response_metadata.is_from_cache(), round == 1);
        assert_eq!(answer.logprobs().unwrap().tokens().count(), 2);
        let chunks: Vec<_> = futures::TryStreamExt::try_collect(model.stream("one two"))
            .await
            .unwrap();
        assert_eq!(chunks.len(), 1);
    }
}

#[tokio::test]
async fn the_answer_that_was_used_longest_ago_makes_room_also_across_handles() {
    let folder = Folder::new();
    let open = || async { SqliteCache::open(folder.path()).await.unwrap().bounded(3, u64::MAX) };
    let (one, two) = (open().await, open().await);
    for text in ["a", "b", "c"] {
        one.put(&key(text), AIMessage::new(text)).await.unwrap();
    }
    two.get(&key("a")).await.unwrap().unwrap();
    two.put(&key("a"), AIMessage::new("A")).await.unwrap();
    assert_eq!(
        two.len().await.unwrap(),
        3,
        "replacing an answer takes no other one's place"
    );
    two.put(&key("d"), AIMessage::new("d")).await.unwrap();
    assert!(one.get(&key("b")).await.unwrap().is_none());
    assert_eq!(one.get(&key("a")).await.unwrap().unwrap().text(), "A");
    assert_eq!(one.len().await.unwrap(), 3);
}

#[tokio::test]
async fn the_bytes_are_bounded_and_an_answer_beyond_them_is_not_kept() {
    let size = serde_json::to_string(&AIMessage::new("x".repeat(100))).unwrap().len() as u64;
    let cache = SqliteCache::open(":memory:").await.unwrap().bounded(100, 3 * size);
    for text in ["a", "b", "c", "d"] {
        cache.put(&key(text), AIMessage::new(text.repeat(100))).await.unwrap();
    }
    assert_eq!(
        (cache.len().await.unwrap(), cache.bytes().await.unwrap()),
        (3, 3 * size)
    );
    let large = AIMessage::new("too large".repeat(1000));
    cache.put(&key("d"), large).await.unwrap();
    assert!(
        cache.get(&key("d")).await.unwrap().is_none(),
        "the older answer is gone"
    );
    assert_eq!(
        (cache.len().await.unwrap(), cache.bytes().await.unwrap()),
        (2, 2 * size)
    );
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_is_asked_for_again() {
    let folder = Folder::new();
    let cache = SqliteCache::open(folder.path()).await.unwrap();
    let model = EchoModel::new().with_cache(cache.clone());
    model.invoke("hi").await.unwrap();
    let sqlite = rusqlite::Connection::open(folder.path()).unwrap();
    sqlite.execute("UPDATE chat_cache SET answer = '{'", []).unwrap();
    assert!(!model.invoke("hi").await.unwrap().response_metadata.is_from_cache());
    assert!(model.invoke("hi").await.unwrap().response_metadata.is_from_cache());
    assert_eq!(cache.len().await.unwrap(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_handles_write_at_once_and_the_sums_stay_right() {
    let folder = Folder::new();
    let tasks: Vec<_> = (0..6)
        .map(|writer| {
            let path = folder.path();
            tokio::spawn(async move {
                let cache = SqliteCache::open(path).await.unwrap().bounded(40, u64::MAX);
                for n in 0..30 {
                    let text = format!("{}", (writer * 7 + n) % 60);
                    cache.put(&key(&text), AIMessage::new(text.as_str())).await.unwrap();
                    cache.get(&key(&text)).await.unwrap();
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let cache = SqliteCache::open(folder.path()).await.unwrap();
    let sqlite = rusqlite::Connection::open(folder.path()).unwrap();
    let real: (i64, i64) = sqlite
        .query_row("SELECT count(*), sum(bytes) FROM chat_cache", [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .unwrap();
    let sums = (cache.len().await.unwrap(), cache.bytes().await.unwrap());
    assert_eq!((sums.0 as i64, sums.1 as i64), real);
    assert!(real.0 <= 40);
}
