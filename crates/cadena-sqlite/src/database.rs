//! A connection to a file, and the threads on which SQLite works.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use cadena_core::{Error, ErrorKind, Result};
use rusqlite::Connection;
use tokio::runtime::Handle;
use tokio::sync::Mutex;

use crate::fault::{BUSY_TIMEOUT, Fault};
use crate::schema::Schema;

#[derive(Clone)]
pub(crate) struct Database {
    path: Arc<Path>,
    /// Tokio's mutex: a call that waits for the connection holds no thread, and a call that is dropped while it waits leaves no trace.
    connection: Arc<Mutex<Connection>>,
}

impl Database {
    pub(crate) async fn open(path: PathBuf, schema: &'static Schema) -> Result<Self> {
        let path: Arc<Path> = path.into();
        let connection = blocking(Arc::clone(&path), move |path| connect(path, schema)).await?;
        Ok(Self {
            path,
            connection: Arc::new(Mutex::new(connection)),
        })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Does work with the connection, after the work of the calls that came before.
    pub(crate) async fn call<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T> {
        let mut connection = Arc::clone(&self.connection).lock_owned().await;
        blocking(Arc::clone(&self.path), move |_| work(&mut connection)).await
    }
}

async fn blocking<T: Send + 'static>(
    path: Arc<Path>,
    work: impl FnOnce(&Path) -> Result<T, Fault> + Send + 'static,
) -> Result<T> {
    let Ok(runtime) = Handle::try_current() else {
        let hint = "run it in a tokio runtime";
        return Err(Error::new(ErrorKind::Config, "SQLite needs tokio's threads for blocking work").with_hint(hint));
    };
    let done = runtime.spawn_blocking(move || work(&path).map_err(|fault| fault.explain(&path)));
    done.await.unwrap_or_else(|error| {
        Err(Error::new(ErrorKind::Internal, "the work with SQLite was broken off").with_source(error))
    })
}

fn connect(path: &Path, schema: &Schema) -> Result<Connection, Fault> {
    let start = Instant::now();
    loop {
        match try_connect(path, schema) {
            // Only one connection may switch a new file to WAL mode. SQLite refuses the others at once, whatever `busy_timeout` is set.
            Err(fault) if fault.is_busy() && start.elapsed() < BUSY_TIMEOUT => {
                std::thread::sleep(Duration::from_millis(10));
            }
            result => return result,
        }
    }
}

fn try_connect(path: &Path, schema: &Schema) -> Result<Connection, Fault> {
    let mut connection = Connection::open(path)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    // SQLite answers with the mode, which for a database in memory is `memory` and not `wal`.
    connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
    connection.execute_batch(schema.pragmas)?;
    schema.prepare(&mut connection)?;
    Ok(connection)
}
