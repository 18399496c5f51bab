//! Conversations in a file.

use std::fmt;
use std::path::PathBuf;

use cadena_core::{ChatMessageHistory, Error, ErrorKind, Message, Result, async_trait, messages_from_dict};
use rusqlite::{TransactionBehavior, params};
use serde_json::Value;

use crate::database::Database;
use crate::fault::Fault;
use crate::schema::Schema;

/// The table is LangChain's; the index is ours, and LangChain works with it as without. Each commit is synced to the disk, so that a power cut loses no stored turn.
static SCHEMA: Schema = Schema {
    part: "history",
    version: 1,
    create: "CREATE TABLE IF NOT EXISTS message_store (id INTEGER PRIMARY KEY, session_id TEXT, message TEXT);
             CREATE INDEX IF NOT EXISTS message_store_session ON message_store (session_id, id);",
    pragmas: "PRAGMA synchronous = FULL",
};

/// Keeps conversations in an SQLite file, for [`with_message_history`](cadena_core::RunnableExt::with_message_history).
///
/// The messages of a turn are one transaction: however many tasks and programs write, the messages of a turn follow each other, and the turns are in the order in which they were
/// stored. Log probabilities are kept. Clones share one connection.
///
/// The table is `message_store(id, session_id, message)`, and a message is the JSON of [`messages_to_dict`](cadena_core::messages_to_dict): a file that LangChain's `SQLChatMessageHistory`
/// wrote is read and continued, and the other way round.
///
/// # Examples
///
/// ```
/// use cadena_core::ChatMessageHistory;
/// use cadena_sqlite::SqliteChatMessageHistory;
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let history = SqliteChatMessageHistory::open(":memory:").await?; // or a path
/// history.append("chat-1", vec!["hi".into(), ("ai", "Hello!").into()]).await?;
/// assert_eq!(history.messages("chat-1").await?[1].text(), "Hello!");
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
#[derive(Clone)]
pub struct SqliteChatMessageHistory {
    database: Database,
}

impl SqliteChatMessageHistory {
    /// Opens a file, and makes it if it is missing; `:memory:` is a database that ends with its last clone.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::ErrorKind;
    /// use cadena_sqlite::SqliteChatMessageHistory;
    ///
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let error = SqliteChatMessageHistory::open("/no/such/folder/chat.db").await.unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::Storage);
    /// assert_eq!(error.hint(), Some("check that its folder exists and may be written"));
    /// # });
    /// ```
    ///
    /// # Errors
    ///
    /// [`Storage`](ErrorKind::Storage) if the file cannot be opened or is no database; [`Config`](ErrorKind::Config) if a newer version wrote it, or without a tokio
    /// runtime.
    pub async fn open(path: impl Into<PathBuf>) -> Result<Self> {
        let database = Database::open(path.into(), &SCHEMA).await?;
        Ok(Self { database })
    }

    /// Returns the ids of the sessions that have messages, sorted.
    ///
    /// # Errors
    ///
    /// [`Storage`](ErrorKind::Storage) if the file cannot be read.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::ChatMessageHistory;
    /// use cadena_sqlite::SqliteChatMessageHistory;
    ///
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let history = SqliteChatMessageHistory::open(":memory:").await?;
    /// history.append("chat-1", vec!["hi".into()]).await?;
    /// assert_eq!(history.sessions().await?, ["chat-1"]);
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    pub async fn sessions(&self) -> Result<Vec<String>> {
        let read = self.database.call(|connection| {
            let sql = "SELECT DISTINCT session_id FROM message_store WHERE session_id IS NOT NULL ORDER BY session_id";
            let mut statement = connection.prepare_cached(sql)?;
            let rows = statement.query_map([], |row| row.get(0))?;
            Ok(rows.collect::<Result<_, _>>()?)
        });
        read.await
    }
}

#[async_trait]
impl ChatMessageHistory for SqliteChatMessageHistory {
    async fn messages(&self, session: &str) -> Result<Vec<Message>> {
        let session = session.to_owned();
        let read = self.database.call(move |connection| {
            let sql = "SELECT id, message FROM message_store WHERE session_id = ?1 ORDER BY id";
            let mut statement = connection.prepare_cached(sql)?;
            let mut rows = statement.query([session])?;
            let mut messages = Vec::new();
            while let Some(row) = rows.next()? {
                messages.push(message(row.get(0)?, row.get_ref(1)?.as_str().unwrap_or_default())?);
            }
            Ok(messages)
        });
        read.await
    }

    async fn append(&self, session: &str, messages: Vec<Message>) -> Result<()> {
        if messages.is_empty() {
            return Ok(());
        }
        let session = session.to_owned();
        let write = self.database.call(move |connection| {
            // An immediate transaction lets no other writer in between, so the ids of the messages follow each other.
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            {
                let sql = "INSERT INTO message_store (session_id, message) VALUES (?1, ?2)";
                let mut insert = transaction.prepare_cached(sql)?;
                for message in &messages {
                    insert.execute(params![session, message.to_dict().to_string()])?;
                }
            }
            Ok(transaction.commit()?)
        });
        write.await
    }

    async fn clear(&self, session: &str) -> Result<()> {
        let session = session.to_owned();
        let write = self.database.call(move |connection| {
            connection.execute("DELETE FROM message_store WHERE session_id = ?1", [session])?;
            Ok(())
        });
        write.await
    }
}

fn message(id: i64, json: &str) -> Result<Message, Fault> {
    let unreadable = || {
        Error::new(
            ErrorKind::Decode,
            format!("row {id} of `message_store` is not a message"),
        )
    };
    let dict: Value = serde_json::from_str(json).map_err(|error| unreadable().with_source(error))?;
    let messages = messages_from_dict(Value::Array(vec![dict])).map_err(|error| unreadable().with_source(error))?;
    Ok(messages.into_iter().next().ok_or_else(unreadable)?)
}

/// Prints the path; the messages are content and stay out of logs.
impl fmt::Debug for SqliteChatMessageHistory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteChatMessageHistory")
            .field("path", &self.database.path())
            .finish()
    }
}
