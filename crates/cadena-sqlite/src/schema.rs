//! The tables of one part of a file, and their version.

use cadena_core::{Error, ErrorKind};
use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};

use crate::fault::Fault;

/// The tables of one part. Each part has its version, so that a history and a cache can share a file.
pub(crate) struct Schema {
    pub(crate) part: &'static str,
    pub(crate) version: i64,
    /// SQL that makes the tables. Another program, such as LangChain, may have made them before.
    pub(crate) create: &'static str,
    /// Settings of the connection.
    pub(crate) pragmas: &'static str,
}

impl Schema {
    /// Makes the tables if the file has none. A file that is ready is only read.
    pub(crate) fn prepare(&self, connection: &mut Connection) -> Result<(), Fault> {
        if self.is_ready(connection)? {
            return Ok(());
        }
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        if !self.is_ready(&transaction)? {
            transaction.execute_batch(
                "CREATE TABLE IF NOT EXISTS cadena_schema (part TEXT PRIMARY KEY, version INTEGER NOT NULL)",
            )?;
            transaction.execute_batch(self.create)?;
            transaction.execute(
                "INSERT INTO cadena_schema VALUES (?1, ?2)",
                params![self.part, self.version],
            )?;
        }
        Ok(transaction.commit()?)
    }

    fn is_ready(&self, connection: &Connection) -> Result<bool, Fault> {
        // A query, because `table_exists` answers from what this connection has read before, and another writer may have changed that.
        let exists = "SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE name = 'cadena_schema')";
        if !connection.query_row(exists, [], |row| row.get::<_, bool>(0))? {
            return Ok(false);
        }
        let found: Option<i64> = connection
            .query_row(
                "SELECT version FROM cadena_schema WHERE part = ?1",
                [self.part],
                |row| row.get(0),
            )
            .optional()?;
        match found {
            None => Ok(false),
            Some(version) if version == self.version => Ok(true),
            Some(version) => {
                let (part, own) = (self.part, self.version);
                let detail =
                    format!("the tables of the {part} have version {version}, and this program knows version {own}");
                Err(Error::new(ErrorKind::Config, detail)
                    .with_hint("use the version of `cadena-sqlite` that wrote the file, or another file")
                    .into())
            }
        }
    }
}
