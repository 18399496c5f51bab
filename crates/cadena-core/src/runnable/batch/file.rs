//! The file of a batch: where it is, how it is kept, what is in it.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::lines::{Lines, OTHER_INPUT, failed};
use super::record::Record;
use crate::Result;

/// The file of finished inputs that [`batch_resumable`](crate::RunnableExt::batch_resumable) goes on from. A path is one, with the defaults.
///
/// It is JSON Lines, append-only, one line for each try that came to an end:
///
/// ```text
/// {"index":0,"input":"0a362912333025e6","output":"…"}
/// {"index":2,"input":"f8e46110455c6e53","error":{"kind":"rate_limited","detail":"…","retryable":true}}
/// ```
///
/// `input` is a hash of the input as JSON, by which a changed list is noticed. A line is in the file before the result is returned.
///
/// # Examples
///
/// ```
/// use cadena_core::{BatchFile, Error, RunnableExt, lambda};
/// use futures::TryStreamExt;
///
/// # let path = std::env::temp_dir().join(format!("cadena-batch-file-{}.jsonl", std::process::id()));
/// # futures::executor::block_on(async {
/// let file = BatchFile::new(&path).sync(true);
/// let double = lambda(|n: i32| n * 2);
/// double.batch_resumable(1..=3, file.clone()).try_for_each(|_| async { Ok(()) }).await?;
///
/// assert_eq!(file.progress()?.finished, 3);
/// for result in file.results::<i32>()? {
///     let (index, output) = result?;
///     assert_eq!(output?, 2 * (index as i32 + 1));
/// }
/// # std::fs::remove_file(path).unwrap();
/// # Ok::<_, Error>(()) }).unwrap();
/// ```
#[derive(Clone, Debug)]
pub struct BatchFile {
    path: Arc<Path>,
    sync: bool,
    keep_errors: bool,
}

impl BatchFile {
    /// Names the file at a path; the batch creates it if it is missing.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{BatchFile, RunnableExt, lambda};
    /// use futures::StreamExt;
    ///
    /// # let path = std::env::temp_dir().join(format!("cadena-batch-new-{}.jsonl", std::process::id()));
    /// # futures::executor::block_on(async {
    /// let file = BatchFile::new(&path);
    /// assert_eq!(lambda(|n: i32| n * 2).batch_resumable(1..=3, file.clone()).count().await, 3);
    /// assert_eq!(file.progress()?.finished, 3);
    /// # std::fs::remove_file(path).unwrap();
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    #[must_use]
    pub fn new(path: impl AsRef<Path>) -> Self {
        Self {
            path: path.as_ref().into(),
            sync: false,
            keep_errors: false,
        }
    }

    /// Sets whether each line waits until it is on the disk; default: no.
    ///
    /// Without it a line survives the end of the process, however it ends, but perhaps not that of the machine. With it the
    /// thread that polls the batch waits for the disk once per input.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::BatchFile;
    ///
    /// let file = BatchFile::new("results.jsonl").sync(true).keep_errors(true);
    /// assert_eq!(file.path().to_str(), Some("results.jsonl"));
    /// ```
    #[must_use]
    pub fn sync(mut self, sync: bool) -> Self {
        self.sync = sync;
        self
    }

    /// Whether an input that failed stays as it is; default: no, a later run tries it again.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{BatchFile, Error, ErrorKind, RunnableExt, lambda};
    /// use futures::StreamExt;
    ///
    /// # let path = std::env::temp_dir().join(format!("cadena-batch-keep-errors-{}.jsonl", std::process::id()));
    /// # futures::executor::block_on(async {
    /// let fail = lambda(|_: i32| Err::<i32, _>(Error::from(ErrorKind::InvalidInput)));
    /// for (keep, tries) in [(false, 2), (false, 2), (true, 0)] {
    ///     let file = BatchFile::new(&path).keep_errors(keep);
    ///     assert_eq!(fail.batch_resumable(1..=2, file).count().await, tries);
    /// }
    /// # std::fs::remove_file(path).unwrap();
    /// # });
    /// ```
    #[must_use]
    pub fn keep_errors(mut self, keep: bool) -> Self {
        self.keep_errors = keep;
        self
    }

    /// Where the file is.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::path::Path;
    /// use cadena_core::BatchFile;
    ///
    /// assert_eq!(BatchFile::new("results.jsonl").path(), Path::new("results.jsonl"));
    /// ```
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Counts what is in the file: where a progress bar begins. No file is nothing finished.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::BatchFile;
    ///
    /// let path = std::env::temp_dir().join(format!("no-batch-{}.jsonl", std::process::id()));
    /// assert_eq!(BatchFile::new(path).progress()?.finished, 0); // no file yet
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`results`](Self::results).
    pub fn progress(&self) -> Result<BatchProgress> {
        let mut record = Record::default();
        if self.path.exists() {
            let mut lines = self.lines()?;
            while let Some(line) = lines.skim()? {
                if record.note(line.index, line.input, line.is_finished()).is_err() {
                    return Err(lines.malformed(OTHER_INPUT));
                }
            }
        }
        Ok(BatchProgress {
            finished: record.finished,
            failed: record.failed,
        })
    }

    pub(super) fn lines(&self) -> Result<Lines> {
        let file = File::open(&self.path).map_err(|error| failed(&self.path, "read", error))?;
        Ok(Lines::new(file, self.shared_path()))
    }

    pub(super) fn shared_path(&self) -> Arc<Path> {
        Arc::clone(&self.path)
    }

    pub(super) fn syncs(&self) -> bool {
        self.sync
    }

    pub(super) fn keeps_errors(&self) -> bool {
        self.keep_errors
    }
}

impl From<&str> for BatchFile {
    fn from(path: &str) -> Self {
        Self::new(path)
    }
}

impl From<String> for BatchFile {
    fn from(path: String) -> Self {
        Self::new(path)
    }
}

impl From<&Path> for BatchFile {
    fn from(path: &Path) -> Self {
        Self::new(path)
    }
}

impl From<PathBuf> for BatchFile {
    fn from(path: PathBuf) -> Self {
        Self::new(path)
    }
}

impl From<&Self> for BatchFile {
    fn from(file: &Self) -> Self {
        file.clone()
    }
}

impl From<&PathBuf> for BatchFile {
    fn from(path: &PathBuf) -> Self {
        Self::new(path)
    }
}

/// How far a batch is; [`BatchFile::progress`] returns it.
///
/// # Examples
///
/// ```
/// use cadena_core::BatchFile;
///
/// assert_eq!(BatchFile::new("no-such-batch.jsonl").progress()?.finished, 0);
/// # Ok::<_, cadena_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct BatchProgress {
    /// Inputs that have an output.
    pub finished: usize,
    /// Inputs whose last try failed.
    pub failed: usize,
}
