//! Keeps conversations and answers of chat models in an SQLite file, so that they survive a restart.
//!
//! - [`SqliteChatMessageHistory`] keeps conversations, in the table and the JSON that LangChain's `SQLChatMessageHistory` uses.
//! - [`SqliteCache`] keeps answers: as many as fit, those that were used last.
//!
//! ```
//! use cadena_core::{EchoModel, RunConfig, RunnableExt, SESSION_ID};
//! use cadena_sqlite::SqliteChatMessageHistory;
//!
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! # let folder = std::env::temp_dir().join(format!("cadena-lib-{}", std::process::id()));
//! # std::fs::create_dir_all(&folder).unwrap();
//! # let path = folder.join("chat.db");
//! let chat = EchoModel::new().with_message_history(SqliteChatMessageHistory::open(&path).await?);
//! let session = RunConfig::new().set(SESSION_ID, "chat-1".to_owned());
//! chat.invoke_with("hi", session.clone()).await?;
//!
//! // The next call, or the next start of the program, goes on with the conversation.
//! let answer = chat.invoke_with("and now?", session).await?;
//! assert_eq!(answer.text(), "and now?");
//! # use cadena_core::ChatMessageHistory;
//! assert_eq!(SqliteChatMessageHistory::open(&path).await?.messages("chat-1").await?.len(), 4);
//! # std::fs::remove_dir_all(&folder).unwrap();
//! # Ok::<_, cadena_core::Error>(()) }).unwrap();
//! ```
//!
//! # Sharing a file
//!
//! Both may be in one file, and several programs may use it at once: the file is in WAL mode, each change is one transaction, and a writer
//! waits up to five seconds for another one.
//!
//! # Runtime
//!
//! SQLite blocks its thread, so it works on tokio's threads for blocking work: a tokio runtime is needed. The calls of one handle and its clones wait for each other, because they share one
//! connection; to read while another call writes, open the file a second time. If a future is dropped while SQLite works, its transaction still ends; nothing else keeps running.

mod cache;
pub use cache::SqliteCache;
mod history;
pub use history::SqliteChatMessageHistory;
mod database;
mod fault;
mod schema;
