//! The lines of the file, one at a time.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::sync::Arc;

use serde::de::{DeserializeOwned, IgnoredAny};

use super::line::{BEGINNING, Line, MAX_LINE};
use crate::{Error, ErrorKind, Result};

/// The fault of a line whose input is not that of an earlier line.
pub(super) const OTHER_INPUT: &str = "has another input than an earlier line of the same index";

/// Reads a file line by line; memory for one line.
pub(super) struct Lines {
    reader: BufReader<File>,
    path: Arc<Path>,
    line: Vec<u8>,
    /// Of the last line that was read; the first one is 1.
    pub(super) number: u64,
    /// Where the last whole line ends.
    pub(super) end: u64,
    /// The last line is whole but for its line end.
    pub(super) lacks_line_end: bool,
}

impl Lines {
    pub(super) fn new(file: File, path: Arc<Path>) -> Self {
        Self {
            reader: BufReader::with_capacity(1 << 16, file),
            path,
            line: Vec::new(),
            number: 0,
            end: 0,
            lacks_line_end: false,
        }
    }

    /// The next line; `None` at the end, also if a crash has left a part of a line there.
    pub(super) fn next<O: DeserializeOwned>(&mut self) -> Result<Option<Line<O>>> {
        self.line.clear();
        let limit = MAX_LINE as u64 + 1;
        let mut reader = self.reader.by_ref().take(limit);
        let length = reader
            .read_until(b'\n', &mut self.line)
            .map_err(|error| failed(&self.path, "read", error))?;
        if length == 0 {
            return Ok(None);
        }
        self.number += 1;
        let whole = self.line.last() == Some(&b'\n');
        if !whole && length as u64 == limit {
            let detail = format!("line {} of `{}` is too long", self.number, self.path.display());
            return Err(Error::new(ErrorKind::LimitExceeded, detail).with_hint("is it the file of a batch?"));
        }
        match Line::read(&self.line) {
            Ok(line) => {
                self.end += length as u64;
                self.lacks_line_end = !whole;
                Ok(Some(line))
            }
            Err(_) if !whole && self.is_torn() => Ok(None),
            Err(error) => Err(self.malformed("cannot be read as a result").with_source(error)),
        }
    }

    /// The next line, whatever its output is.
    pub(super) fn skim(&mut self) -> Result<Option<Line<IgnoredAny>>> {
        self.next()
    }

    /// An error in the last line that was read.
    pub(super) fn malformed(&self, what: &str) -> Error {
        let detail = format!("line {} of `{}` {what}", self.number, self.path.display());
        Error::new(ErrorKind::Config, detail)
            .with_hint("is it the file of another batch? without the line its input runs again")
    }

    /// Whether this is what a crash leaves of a line: its beginning, or zeros that the file system never filled. Anything
    /// else is a file that is none of ours, and nothing of it may be cut off.
    fn is_torn(&self) -> bool {
        let length = self.line.len().min(BEGINNING.len());
        self.line.get(..length) == BEGINNING.get(..length) || self.line.iter().all(|byte| *byte == 0)
    }
}

/// An error of the file system.
pub(super) fn failed(path: &Path, doing: &str, error: std::io::Error) -> Error {
    let detail = format!("the batch file `{}` cannot be {doing}", path.display());
    Error::new(ErrorKind::Config, detail).with_source(error)
}
