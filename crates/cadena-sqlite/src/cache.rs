//! Answers of chat models in a file: those that were used last.

use std::fmt;
use std::path::PathBuf;

use cadena_core::{AIMessage, CacheKey, ChatCache, Error, ErrorKind, Result, async_trait};
use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};

use crate::database::Database;
use crate::fault::Fault;
use crate::schema::Schema;

/// `used` grows with every use, so that its order is the order of the last uses. Triggers keep the sums, because counting all rows at every write
/// would cost time in proportion to the file. No commit waits for the disk: a power cut may lose the last answers, and a cache can ask for them again.
static SCHEMA: Schema = Schema {
    part: "cache",
    version: 1,
    create: "CREATE TABLE chat_cache (key BLOB PRIMARY KEY, answer TEXT NOT NULL, bytes INTEGER NOT NULL, used INTEGER NOT NULL);
             CREATE INDEX chat_cache_used ON chat_cache (used);
             CREATE TABLE chat_cache_sums (entries INTEGER NOT NULL, bytes INTEGER NOT NULL);
             INSERT INTO chat_cache_sums VALUES (0, 0);
             CREATE TRIGGER chat_cache_in AFTER INSERT ON chat_cache BEGIN
                 UPDATE chat_cache_sums SET entries = entries + 1, bytes = bytes + new.bytes;
             END;
             CREATE TRIGGER chat_cache_out AFTER DELETE ON chat_cache BEGIN
                 UPDATE chat_cache_sums SET entries = entries - 1, bytes = bytes - old.bytes;
             END;",
    pragmas: "PRAGMA synchronous = NORMAL",
};

/// Keeps answers in an SQLite file, for [`with_cache`](cadena_core::ChatModelExt::with_cache): as many as fit, those that were used last.
///
/// Answers survive a restart and are shared by every program that opens the file. Clones share one connection. The size of an answer is the length of its JSON; an answer that
/// is larger than the whole cache is not kept. If programs open one file with different bounds, each program applies its bounds when it writes.
///
/// # Examples
///
/// ```
/// use cadena_core::{ChatModelExt, EchoModel, RunnableExt};
/// use cadena_sqlite::SqliteCache;
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let cache = SqliteCache::open(":memory:").await?.bounded(1_000, 10 << 20); // or a path
/// let model = EchoModel::new().with_cache(cache.clone());
/// model.invoke("hi").await?;
/// assert!(model.invoke("hi").await?.response_metadata.is_from_cache());
/// assert_eq!(cache.len().await?, 1);
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
#[derive(Clone)]
pub struct SqliteCache {
    database: Database,
    max_entries: u64,
    max_bytes: u64,
}

impl SqliteCache {
    /// The default for how many answers are kept.
    pub const DEFAULT_MAX_ENTRIES: u64 = 10_000;

    /// The default for how many bytes of answers are kept.
    pub const DEFAULT_MAX_BYTES: u64 = 256 << 20;

    /// Opens a file, and makes it if it is missing; `:memory:` is a database that ends with its last clone.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_sqlite::SqliteCache;
    ///
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let cache = SqliteCache::open(":memory:").await?; // or a path
    /// assert!(cache.is_empty().await?);
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    ///
    /// # Errors
    ///
    /// [`Storage`](ErrorKind::Storage) if the file cannot be opened or is no database; [`Config`](ErrorKind::Config) if a newer version wrote it, or without a tokio
    /// runtime.
    pub async fn open(path: impl Into<PathBuf>) -> Result<Self> {
        Ok(Self {
            database: Database::open(path.into(), &SCHEMA).await?,
            max_entries: Self::DEFAULT_MAX_ENTRIES,
            max_bytes: Self::DEFAULT_MAX_BYTES,
        })
    }

    /// Sets how many answers are kept at most, and how many bytes of them; default: [`DEFAULT_MAX_ENTRIES`](Self::DEFAULT_MAX_ENTRIES) and
    /// [`DEFAULT_MAX_BYTES`](Self::DEFAULT_MAX_BYTES).
    ///
    /// When an answer is written, those that were used least recently make room for it.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{ChatModelExt, EchoModel, RunnableExt};
    /// use cadena_sqlite::SqliteCache;
    ///
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let cache = SqliteCache::open(":memory:").await?.bounded(1, 1 << 20);
    /// let model = EchoModel::new().with_cache(cache.clone());
    /// model.invoke("one").await?;
    /// model.invoke("two").await?; // takes the place of the first answer
    /// assert_eq!(cache.len().await?, 1);
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    #[must_use]
    pub fn bounded(mut self, max_entries: u64, max_bytes: u64) -> Self {
        self.max_entries = max_entries;
        self.max_bytes = max_bytes;
        self
    }

    /// Returns how many answers the file keeps.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{ChatModelExt, EchoModel, RunnableExt};
    /// use cadena_sqlite::SqliteCache;
    ///
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let cache = SqliteCache::open(":memory:").await?;
    /// let model = EchoModel::new().with_cache(cache.clone());
    /// model.invoke("one").await?;
    /// model.invoke("two").await?;
    /// assert_eq!(cache.len().await?, 2);
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    ///
    /// # Errors
    ///
    /// [`Storage`](ErrorKind::Storage) if the file cannot be read.
    pub async fn len(&self) -> Result<u64> {
        self.database.call(|connection| Ok(sums(connection)?.0)).await
    }

    /// Whether the file keeps no answer.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{ChatModelExt, EchoModel, RunnableExt};
    /// use cadena_sqlite::SqliteCache;
    ///
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let cache = SqliteCache::open(":memory:").await?;
    /// assert!(cache.is_empty().await?);
    /// EchoModel::new().with_cache(cache.clone()).invoke("hi").await?;
    /// assert!(!cache.is_empty().await?);
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    ///
    /// # Errors
    ///
    /// [`Storage`](ErrorKind::Storage) if the file cannot be read.
    pub async fn is_empty(&self) -> Result<bool> {
        Ok(self.len().await? == 0)
    }

    /// Returns how many bytes the answers have, as JSON.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{ChatModelExt, EchoModel, RunnableExt};
    /// use cadena_sqlite::SqliteCache;
    ///
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let cache = SqliteCache::open(":memory:").await?;
    /// EchoModel::new().with_cache(cache.clone()).invoke("hi").await?;
    /// assert!(cache.bytes().await? > 0);
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    ///
    /// # Errors
    ///
    /// [`Storage`](ErrorKind::Storage) if the file cannot be read.
    pub async fn bytes(&self) -> Result<u64> {
        self.database.call(|connection| Ok(sums(connection)?.1)).await
    }
}

#[async_trait]
impl ChatCache for SqliteCache {
    async fn get(&self, key: &CacheKey) -> Result<Option<AIMessage>> {
        let key = *key;
        let read = self.database.call(move |connection| {
            let mut find = connection.prepare_cached("SELECT answer FROM chat_cache WHERE key = ?1")?;
            let json: Option<String> = find.query_row([key.as_bytes()], |row| row.get(0)).optional()?;
            // An answer that cannot be read, such as one that another version wrote, is a miss: the new answer replaces it.
            let Some(answer) = json.and_then(|json| serde_json::from_str(&json).ok()) else {
                return Ok(None);
            };
            // A busy file must not hide an answer that was found; only the order of the last uses suffers.
            match touch(connection, &key) {
                Err(fault) if !fault.is_busy() => Err(fault),
                _ => Ok(Some(answer)),
            }
        });
        read.await
    }

    async fn put(&self, key: &CacheKey, answer: AIMessage) -> Result<()> {
        let (key, max_entries, max_bytes) = (*key, self.max_entries, self.max_bytes);
        let write = self.database.call(move |connection| {
            let json = serde_json::to_string(&answer).map_err(|error| {
                Error::new(ErrorKind::InvalidInput, "the answer has no JSON form").with_source(error)
            })?;
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            transaction.execute("DELETE FROM chat_cache WHERE key = ?1", [key.as_bytes()])?;
            if json.len() as u64 <= max_bytes {
                let sql =
                    "INSERT INTO chat_cache VALUES (?1, ?2, ?3, (SELECT coalesce(max(used), 0) + 1 FROM chat_cache))";
                let bytes = i64::try_from(json.len()).unwrap_or(i64::MAX);
                transaction.execute(sql, params![key.as_bytes(), json, bytes])?;
            }
            let mut removed = 1;
            while removed > 0 && exceeds(sums(&transaction)?, (max_entries, max_bytes)) {
                let sql = "DELETE FROM chat_cache WHERE rowid = (SELECT rowid FROM chat_cache ORDER BY used LIMIT 1)";
                removed = transaction.prepare_cached(sql)?.execute([])?;
            }
            Ok(transaction.commit()?)
        });
        write.await
    }

    async fn clear(&self) -> Result<()> {
        let write = self.database.call(|connection| {
            connection.execute("DELETE FROM chat_cache", [])?;
            Ok(())
        });
        write.await
    }
}

/// Notes a use, unless this answer was the last one used before too.
fn touch(connection: &Connection, key: &CacheKey) -> Result<(), Fault> {
    let sql = "UPDATE chat_cache SET used = (SELECT max(used) FROM chat_cache) + 1
               WHERE key = ?1 AND used < (SELECT max(used) FROM chat_cache)";
    connection.prepare_cached(sql)?.execute([key.as_bytes()])?;
    Ok(())
}

/// The number of answers, and of their bytes.
fn sums(connection: &Connection) -> Result<(u64, u64), Fault> {
    let mut statement = connection.prepare_cached("SELECT entries, bytes FROM chat_cache_sums")?;
    let (entries, bytes): (i64, i64) = statement.query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok((entries.try_into().unwrap_or(0), bytes.try_into().unwrap_or(0)))
}

fn exceeds((entries, bytes): (u64, u64), (max_entries, max_bytes): (u64, u64)) -> bool {
    entries > max_entries || bytes > max_bytes
}

/// Prints the path and the bounds; the answers are content and stay out of logs.
impl fmt::Debug for SqliteCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteCache")
            .field("path", &self.database.path())
            .field("max_entries", &self.max_entries)
            .field("max_bytes", &self.max_bytes)
            .finish()
    }
}
