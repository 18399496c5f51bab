//! The file while a batch runs: locked, read once, then appended to.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;
use std::task::Poll;

use super::lines::{Lines, OTHER_INPUT, failed};
use super::record::Record;
use crate::{Error, ErrorKind, Result};

/// How many lines are read, or inputs passed over, before other work of the thread has its turn.
pub(super) const TURN: usize = 256;

/// The file while a batch runs. Dropping it releases the lock.
pub(super) struct LockedFile {
    file: File,
    path: Arc<Path>,
    sync: bool,
}

impl LockedFile {
    /// Opens or makes the file, locks it, and reads what is finished.
    pub(super) async fn open(path: Arc<Path>, sync: bool) -> Result<(Self, Record)> {
        let file = OpenOptions::new().read(true).append(true).create(true).open(&path);
        let file = file.map_err(|error| failed(&path, "opened", error))?;
        lock(&file, &path)?;
        let reading = file.try_clone().map_err(|error| failed(&path, "read", error))?;
        let mut lines = Lines::new(reading, Arc::clone(&path));
        let mut record = Record::default();
        while let Some(line) = lines.skim()? {
            if record.note(line.index, line.input, line.is_finished()).is_err() {
                return Err(lines.malformed(OTHER_INPUT));
            }
            if lines.number.is_multiple_of(TURN as u64) {
                turn().await;
            }
        }
        let mut locked = Self { file, path, sync };
        locked.mend(&lines)?;
        Ok((locked, record))
    }

    /// Cuts off what a crash has left of a line.
    fn mend(&mut self, lines: &Lines) -> Result<()> {
        let length = self.file.metadata().map(|metadata| metadata.len());
        let length = length.map_err(|error| failed(&self.path, "read", error))?;
        if length > lines.end {
            let cut = self.file.set_len(lines.end);
            cut.map_err(|error| failed(&self.path, "mended", error))?;
        }
        if lines.lacks_line_end {
            self.append(b"\n")?;
        }
        Ok(())
    }

    /// Appends a whole line by one call of the operating system: it is there whatever happens to the process afterwards.
    pub(super) fn append(&mut self, line: &[u8]) -> Result<()> {
        let mut written = self.file.write_all(line);
        if self.sync {
            written = written.and_then(|()| self.file.sync_data());
        }
        written.map_err(|error| {
            failed(&self.path, "written", error)
                .with_hint("what was finished before is in it; when there is room, the same call goes on from there")
        })
    }
}

fn lock(file: &File, path: &Path) -> Result<()> {
    match file.try_lock() {
        Ok(()) => Ok(()),
        Err(TryLockError::WouldBlock) => {
            let detail = format!("another batch is writing to `{}`", path.display());
            Err(Error::new(ErrorKind::Config, detail).with_hint("wait for it, or give this one its own file"))
        }
        // Where the system has no locks, nothing is locked.
        Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => Ok(()),
        Err(TryLockError::Error(error)) => Err(failed(path, "locked", error)),
    }
}

/// Lets other work of the thread have its turn, in whatever runtime.
async fn turn() {
    let mut waited = false;
    std::future::poll_fn(|task| {
        if std::mem::replace(&mut waited, true) {
            return Poll::Ready(());
        }
        task.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
