//! Message histories and caches of chat models in an SQLite file.
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
//! chat.invoke_with("hi", session).await?;
//! # std::fs::remove_dir_all(&folder).unwrap();
//! # Ok::<_, cadena_core::Error>(()) }).unwrap();
//! ```
//!
//! - [`SqliteChatMessageHistory`] keeps conversations, in the table and the JSON that LangChain's `SQLChatMessageHistory` uses.
//! - [`SqliteCache`] keeps answers, as many as fit, those that were used last.
//!
//! Both may be in one file, and several programs may use it at once: the file is in WAL mode, each change is one transaction, and a writer
//! waits up to five seconds for another one.
//!
//! # Runtime
//!
//! SQLite blocks, so its work is done on tokio's threads for blocking work: a tokio runtime is needed. Work of one handle and its clones happens one after the other, over one
//! connection; open the file again for reading beside writing. When a future is dropped while SQLite works, that one transaction still ends; nothing else is left running.

mod cache;
pub use cache::SqliteCache;
mod history;
pub use history::SqliteChatMessageHistory;
mod database;
mod fault;
mod schema;
