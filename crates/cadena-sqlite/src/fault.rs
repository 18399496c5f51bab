//! Errors of SQLite, and what the user can do about each.

use std::path::Path;
use std::time::Duration;

use cadena_core::{Error, ErrorKind};
use rusqlite::ErrorCode;

/// How long a writer waits for another one before its work fails.
pub(crate) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// An error of SQLite, or one that is already ours.
#[derive(Debug)]
pub(crate) enum Fault {
    Sqlite(rusqlite::Error),
    Ours(Error),
}

impl Fault {
    /// Whether another connection holds the file.
    pub(crate) fn is_busy(&self) -> bool {
        let Self::Sqlite(error) = self else { return false };
        matches!(
            error.sqlite_error_code(),
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked)
        )
    }

    /// The error for the user: it names the file, the reason and the remedy.
    pub(crate) fn explain(self, path: &Path) -> Error {
        let busy = self.is_busy();
        let error = match self {
            Self::Ours(error) => return error,
            Self::Sqlite(error) => error,
        };
        let (what, hint) = match error.sqlite_error_code() {
            _ if busy => (
                "is locked by another writer",
                "wait until the other one is done, then try again",
            ),
            Some(ErrorCode::CannotOpen) => ("cannot be opened", "check that its folder exists and may be written"),
            Some(ErrorCode::NotADatabase) => ("is not an SQLite database", "choose another file"),
            Some(ErrorCode::DatabaseCorrupt) => (
                "is damaged",
                "restore it from a backup, or try `.recover` of the program `sqlite3`",
            ),
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => {
                ("may not be written", "check its permissions and those of its folder")
            }
            Some(ErrorCode::DiskFull) => ("cannot grow: the disk is full", "make room"),
            _ => ("cannot be used", "the error's source names the reason"),
        };
        let waited = if busy {
            format!(" after {} s", BUSY_TIMEOUT.as_secs())
        } else {
            String::new()
        };
        Error::new(
            ErrorKind::Storage,
            format!("the database `{}` {what}{waited}", path.display()),
        )
        .with_hint(hint)
        .with_retryable(busy)
        .with_source(error)
    }
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::Ours(error)
    }
}
