//! Files that cannot be used: each says why and what to do.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

mod support;

use cadena_core::{ChatMessageHistory, ErrorKind};
use cadena_sqlite::{SqliteCache, SqliteChatMessageHistory};
use support::Folder;

async fn refused(path: std::path::PathBuf) -> cadena_core::Error {
    let error = SqliteChatMessageHistory::open(path.clone()).await.unwrap_err();
    assert_eq!(SqliteCache::open(path).await.unwrap_err().kind(), error.kind());
    error
}

#[tokio::test]
async fn a_folder_that_is_missing_is_named() {
    let folder = Folder::new();
    let error = refused(folder.path().join("missing/chat.db")).await;
    assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Storage, false));
    assert!(error.detail().ends_with("chat.db` cannot be opened"), "{error}");
    assert_eq!(error.hint(), Some("check that its folder exists and may be written"));
}

#[tokio::test]
async fn another_file_is_not_taken_for_a_database() {
    let folder = Folder::new();
    std::fs::write(folder.path(), "A letter, and no database at all. ".repeat(100)).unwrap();
    let error = refused(folder.path()).await;
    assert!(error.detail().ends_with("is not an SQLite database"), "{error}");
    let kept = std::fs::read_to_string(folder.path()).unwrap();
    assert!(kept.starts_with("A letter"), "the file is left as it is");
}

#[tokio::test]
async fn a_damaged_database_is_an_error_and_no_panic() {
    let folder = Folder::new();
    let history = SqliteChatMessageHistory::open(folder.path()).await.unwrap();
    for _ in 0..50 {
        history.append("s", vec!["x".repeat(500).into()]).await.unwrap();
    }
    drop(history);
    let mut bytes = std::fs::read(folder.path()).unwrap();
    let half = bytes.len() / 4;
    bytes[half..].fill(0xAB);
    std::fs::write(folder.path(), bytes).unwrap();
    let read = match SqliteChatMessageHistory::open(folder.path()).await {
        Ok(history) => history.messages("s").await.unwrap_err(),
        Err(error) => error,
    };
    assert_eq!(read.kind(), ErrorKind::Storage);
    assert!(read.detail().ends_with("is damaged"), "{read}");
}

#[tokio::test]
async fn a_newer_version_is_left_alone() {
    let folder = Folder::new();
    drop(SqliteChatMessageHistory::open(folder.path()).await.unwrap());
    let sqlite = rusqlite::Connection::open(folder.path()).unwrap();
    sqlite.execute("UPDATE cadena_schema SET version = 9", []).unwrap();
    let error = SqliteChatMessageHistory::open(folder.path()).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "invalid configuration: the tables of the history have version 9, and this program knows version 1; \
         use the version of `cadena-sqlite` that wrote the file, or another file"
    );
    SqliteCache::open(folder.path()).await.unwrap();
    assert!(SqliteChatMessageHistory::open(folder.path()).await.is_err());
}

#[tokio::test]
async fn a_lock_that_is_held_too_long_is_an_error_that_may_be_tried_again() {
    let folder = Folder::new();
    let history = SqliteChatMessageHistory::open(folder.path()).await.unwrap();
    let sqlite = rusqlite::Connection::open(folder.path()).unwrap();
    sqlite.execute_batch("BEGIN IMMEDIATE").unwrap();
    let error = history.append("s", vec!["hi".into()]).await.unwrap_err();
    assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Storage, true));
    assert!(
        error.detail().ends_with("is locked by another writer after 5 s"),
        "{error}"
    );
    assert!(
        history.messages("s").await.unwrap().is_empty(),
        "reading goes on beside a writer"
    );
    sqlite.execute_batch("COMMIT").unwrap();
    history.append("s", vec!["hi".into()]).await.unwrap();
}

#[test]
fn without_a_runtime_there_is_an_error() {
    let error = futures::executor::block_on(SqliteChatMessageHistory::open(":memory:")).unwrap_err();
    assert_eq!(
        (error.kind(), error.hint()),
        (ErrorKind::Config, Some("run it in a tokio runtime"))
    );
}

#[tokio::test]
async fn debug_shows_the_path_and_no_messages() {
    let history = SqliteChatMessageHistory::open(":memory:").await.unwrap();
    history.append("s", vec!["a secret".into()]).await.unwrap();
    assert_eq!(
        format!("{history:?}"),
        r#"SqliteChatMessageHistory { path: ":memory:" }"#
    );
}
