//! Reports of errors by servers, in whatever form.

mod reader;

use cadena_core::ErrorKind;
use cadena_http::Redactor;
use http::StatusCode;
use serde_json::Value;

use super::words::by_word;
use reader::ReportReader;

/// A report, read.
#[derive(Debug, Default)]
pub(super) struct Reported {
    /// The sentences, each followed by its reason. Short, without secrets.
    pub(super) message: String,
    /// The whole texts of which [`message`](Self::message) was made. They are searched and never shown.
    pub(super) searched: String,
    /// Code, type and status of each level, the outermost first.
    pub(super) words: Vec<Vec<String>>,
    /// The type as the server wrote it, even if it is too general to be a code.
    pub(super) r#type: Option<String>,
    pub(super) param: Option<String>,
    /// The first status that the report names.
    pub(super) status: Option<StatusCode>,
    /// The kind that follows from a number of one vendor.
    pub(super) by_number: Option<ErrorKind>,
    /// The categories for which Azure's filters refused it.
    pub(super) filtered: Vec<String>,
    /// The server that failed, if a gateway names it.
    pub(super) provider: Option<String>,
}

impl Reported {
    /// Reads a report. Nothing is found in JSON that is none.
    pub(super) fn read(report: &Value, redactor: &Redactor) -> Self {
        ReportReader::read(report, redactor)
    }

    /// Whether the server said anything.
    pub(super) fn is_empty(&self) -> bool {
        self.message.is_empty()
            && self.words.is_empty()
            && self.param.is_none()
            && self.status.is_none()
            && self.by_number.is_none()
    }

    /// The kind that its codes have. Those of the innermost reason come first.
    pub(super) fn by_words(&self) -> Option<ErrorKind> {
        let inner = self.words.iter().rev().flatten().find_map(|word| by_word(word));
        inner.or(self.by_number)
    }

    /// The code to show: that of the level that decides the kind, else the outermost that is more than a status.
    pub(super) fn code(&self, kind: ErrorKind) -> Option<&str> {
        // A number repeats the status, and this type repeats the kind.
        let says_more = |word: &&String| {
            let is_status = word.parse::<u64>().is_ok_and(|number| number < 1000);
            !is_status && *word != "invalid_request_error"
        };
        let tells = |level: &&Vec<String>| level.iter().any(|word| by_word(word) == Some(kind));
        let telling = self
            .words
            .iter()
            .find(tells)
            .and_then(|level| level.iter().find(says_more));
        let outermost = || self.words.iter().flatten().find(says_more);
        telling.or_else(outermost).map(String::as_str)
    }
}
