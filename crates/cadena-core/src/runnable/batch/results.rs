//! The results of a batch so far.

use std::collections::HashMap;
use std::fmt;
use std::marker::PhantomData;

use serde::de::DeserializeOwned;

use super::file::BatchFile;
use super::lines::{Lines, OTHER_INPUT};
use super::record::{Record, State};
use crate::{Error, ErrorKind, Result};

/// The results in the file of a batch, read one at a time; [`BatchFile::results`] makes it.
///
/// An item is the place of an input and its result; the first error of the file itself is the last item.
///
/// # Examples
///
/// ```
/// use cadena_core::{BatchFile, RunnableExt, lambda};
/// use futures::StreamExt;
///
/// # let path = std::env::temp_dir().join(format!("cadena-batch-results-{}.jsonl", std::process::id()));
/// # futures::executor::block_on(async {
/// let parse = lambda(|text: String| text.parse::<i32>());
/// assert_eq!(parse.batch_resumable(["1", "x"], &path).count().await, 2);
///
/// let mut results = BatchFile::new(&path).results::<i32>()?.collect::<Result<Vec<_>, _>>()?;
/// results.sort_by_key(|(index, _)| *index); // they come in the order in which they were finished
/// assert!(matches!(results[0], (0, Ok(1))));
/// assert!(results[1].1.is_err());
/// # std::fs::remove_file(path).unwrap();
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
pub struct BatchResults<O> {
    /// `None` after the end.
    lines: Option<Lines>,
    /// How many lines there were: what a running batch adds meanwhile is left for the next reader.
    last: u64,
    finished: Record,
    given: Record,
    /// For each input without an output the line of its last error.
    failures: HashMap<u64, u64>,
    output: PhantomData<fn() -> O>,
}

impl BatchFile {
    /// Reads the results of all runs so far, one at a time, in the order in which they were finished.
    ///
    /// Each input that has finished has one result: its output, or its last error. A batch may be running meanwhile (not on Windows, where
    /// its lock is for readers too).
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{BatchFile, RunnableExt, lambda};
    /// use futures::StreamExt;
    ///
    /// # let path = std::env::temp_dir().join(format!("cadena-results-of-a-file-{}.jsonl", std::process::id()));
    /// # futures::executor::block_on(async {
    /// let double = lambda(|n: i32| n * 2);
    /// assert_eq!(double.batch_resumable([21], &path).count().await, 1);
    /// let results = BatchFile::new(&path).results::<i32>()?.collect::<Result<Vec<_>, _>>()?;
    /// assert!(matches!(results[0], (0, Ok(42))));
    /// # std::fs::remove_file(path).unwrap();
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    ///
    /// # Errors
    ///
    /// [`Config`](crate::ErrorKind::Config) if the file cannot be read or a line is not what a batch writes, with the number of the line.
    pub fn results<O: DeserializeOwned>(&self) -> Result<BatchResults<O>> {
        BatchResults::open(self)
    }
}

impl<O: DeserializeOwned> BatchResults<O> {
    fn open(file: &BatchFile) -> Result<Self> {
        let mut lines = file.lines()?;
        let mut finished = Record::default();
        let mut failures = HashMap::new();
        let mut last = 0;
        while let Some(line) = lines.skim()? {
            last = lines.number;
            if finished.note(line.index, line.input, line.is_finished()).is_err() {
                return Err(lines.malformed(OTHER_INPUT));
            }
            if line.is_finished() {
                failures.remove(&line.index);
            } else if finished
                .state(line.index, line.input)
                .is_ok_and(|state| state == State::Failed)
            {
                failures.insert(line.index, last);
            }
        }
        Ok(Self {
            lines: Some(file.lines()?),
            last,
            finished,
            given: Record::default(),
            failures,
            output: PhantomData,
        })
    }

    fn read(&mut self) -> Result<Option<(usize, Result<O>)>> {
        let Some(lines) = &mut self.lines else { return Ok(None) };
        while lines.number < self.last {
            let Some(line) = lines.next::<O>()? else {
                return Ok(None);
            };
            let (index, number) = (line.index, lines.number);
            let wanted = match line.is_finished() {
                // Two processes on a file system without locks may both have finished an input: the first one counts.
                true => self
                    .given
                    .state(index, line.input)
                    .is_ok_and(|state| state == State::Open),
                false => self.failures.get(&index) == Some(&number),
            };
            if !wanted {
                continue;
            }
            drop(self.given.note(index, line.input, true));
            let place = usize::try_from(index).map_err(|_| {
                Error::new(
                    ErrorKind::LimitExceeded,
                    format!("index {index} is beyond what this machine can count"),
                )
            })?;
            if let Some(result) = line.into_result() {
                return Ok(Some((place, result)));
            }
        }
        Ok(None)
    }
}

impl<O: DeserializeOwned> Iterator for BatchResults<O> {
    type Item = Result<(usize, Result<O>)>;

    fn next(&mut self) -> Option<Self::Item> {
        let item = self.read().transpose();
        if !matches!(item, Some(Ok(_))) {
            self.lines = None;
        }
        item
    }
}

impl<O> fmt::Debug for BatchResults<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BatchResults")
            .field("finished", &self.finished.finished)
            .field("failed", &self.finished.failed)
            .finish_non_exhaustive()
    }
}
