//! One line of the file: an input that is finished, and how.

use std::fmt;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::fingerprint::Fingerprint;
use crate::{Error, ErrorKind, Result};

/// How every line begins. A last line that a crash cut off begins so, and a line of a foreign file does not.
pub(super) const BEGINNING: &[u8] = b"{\"index\":";

/// The longest line that is written or read: a corrupt file must not fill the memory.
pub(super) const MAX_LINE: usize = 64 << 20;

#[derive(Serialize)]
struct Written<'a, O> {
    index: usize,
    input: Fingerprint,
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<&'a O>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<StoredError>,
}

/// Writes a line with its end, and makes sure that it can be read.
///
/// An output that cannot be read back, as a `NaN` that becomes `null`, is an error now and not when 100,000 answers are paid for.
pub(super) fn write<O>(index: usize, input: Fingerprint, result: Result<O>) -> Result<(Vec<u8>, Result<O>)>
where
    O: Serialize + DeserializeOwned,
{
    let error = match result {
        Ok(output) => match written(index, input, Some(&output), None).and_then(readable::<O>) {
            Ok(line) => return Ok((line, Ok(output))),
            Err(error) => error,
        },
        Err(error) => error,
    };
    Ok((written::<O>(index, input, None, Some(&error))?, Err(error)))
}

fn written<O: Serialize>(
    index: usize,
    input: Fingerprint,
    output: Option<&O>,
    error: Option<&Error>,
) -> Result<Vec<u8>> {
    let line = Written {
        index,
        input,
        output,
        error: error.map(StoredError::of),
    };
    let mut line = serde_json::to_vec(&line).map_err(unreadable)?;
    if line.len() > MAX_LINE {
        let detail = format!("the output takes more than {} MiB as JSON", MAX_LINE >> 20);
        return Err(Error::new(ErrorKind::LimitExceeded, detail));
    }
    line.push(b'\n');
    Ok(line)
}

fn readable<O: DeserializeOwned>(line: Vec<u8>) -> Result<Vec<u8>> {
    match serde_json::from_slice::<Line<O>>(&line) {
        Ok(_) => Ok(line),
        Err(error) => Err(unreadable(error)),
    }
}

fn unreadable(error: serde_json::Error) -> Error {
    Error::new(
        ErrorKind::Step,
        "the output cannot be kept: it does not read back from its JSON",
    )
    .with_source(error)
}

/// A line that was read.
#[derive(Deserialize)]
#[serde(bound(deserialize = "O: Deserialize<'de>"))]
pub(super) struct Line<O> {
    pub(super) index: u64,
    pub(super) input: Fingerprint,
    // By a function, since the output `()` is `null`, which is not the same as no output.
    #[serde(default = "nothing", deserialize_with = "something")]
    output: Option<O>,
    #[serde(default)]
    error: Option<StoredError>,
}

fn nothing<O>() -> Option<O> {
    None
}

fn something<'de, D: Deserializer<'de>, O: Deserialize<'de>>(deserializer: D) -> Result<Option<O>, D::Error> {
    O::deserialize(deserializer).map(Some)
}

impl<O: DeserializeOwned> Line<O> {
    pub(super) fn read(line: &[u8]) -> Result<Self, Malformed> {
        let line: Self = serde_json::from_slice(line).map_err(Malformed::Json)?;
        match (&line.output, &line.error) {
            (Some(_), None) | (None, Some(_)) => Ok(line),
            _ => Err(Malformed::Neither),
        }
    }

    pub(super) fn is_finished(&self) -> bool {
        self.output.is_some()
    }

    pub(super) fn into_result(self) -> Option<Result<O>> {
        match (self.output, self.error) {
            (Some(output), _) => Some(Ok(output)),
            (None, Some(error)) => Some(Err(error.into_error())),
            (None, None) => None,
        }
    }
}

/// Why a line is not a line of a batch.
#[derive(Debug)]
pub(super) enum Malformed {
    Json(serde_json::Error),
    Neither,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Json(error) => error.fmt(f),
            Self::Neither => f.write_str("it has not one of `output` and `error`"),
        }
    }
}

impl std::error::Error for Malformed {}

/// An error as a file keeps it: everything but the part of an answer that had arrived.
#[derive(Serialize, Deserialize)]
struct StoredError {
    /// Read as a value: a later version may know more kinds.
    kind: Value,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    detail: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    step: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
    #[serde(default)]
    retryable: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cause: Option<String>,
}

impl StoredError {
    fn of(error: &Error) -> Self {
        let mut causes = Vec::new();
        let mut next = std::error::Error::source(error);
        while let Some(cause) = next {
            causes.push(cause.to_string());
            next = cause.source();
        }
        Self {
            kind: serde_json::to_value(error.kind()).unwrap_or_default(),
            detail: error.detail().to_owned(),
            hint: error.hint().map(str::to_owned),
            step: error.step().map(str::to_owned),
            status: error.status(),
            code: error.code().map(str::to_owned),
            request_id: error.request_id().map(str::to_owned),
            retryable: error.is_retryable(),
            cause: (!causes.is_empty()).then(|| causes.join(": ")),
        }
    }

    fn into_error(self) -> Error {
        let kind = serde_json::from_value(self.kind).unwrap_or(ErrorKind::Step);
        let mut error = Error::new(kind, self.detail).with_retryable(self.retryable);
        if let Some(hint) = self.hint {
            error = error.with_hint(hint);
        }
        if let Some(step) = self.step {
            error = error.in_step(step);
        }
        if let Some(status) = self.status {
            error = error.with_status(status);
        }
        if let Some(code) = self.code {
            error = error.with_code(code);
        }
        if let Some(id) = self.request_id {
            error = error.with_request_id(id);
        }
        match self.cause {
            Some(cause) => error.with_source(Cause(cause)),
            None => error,
        }
    }
}

/// The causes of an error of an earlier run: they may quote the input.
struct Cause(String);

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cause(..)")
    }
}

impl std::error::Error for Cause {}
