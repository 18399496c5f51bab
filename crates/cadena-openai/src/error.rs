//! The kinds of the server's errors: by code and type, then by text, then by status.

mod quote;
pub(crate) use quote::quote;
mod report;
pub(crate) use report::{is_report, says_something};
mod reported;
mod words;
pub(crate) use words::by_word;

use cadena_core::{Error, ErrorKind};
use cadena_http::{Failure, Redactor};
use http::StatusCode;
use serde_json::Value;

use quote::quote_value;
use report::has_failed_base;
use reported::Reported;
use words::by_text;

/// The error of an answer whose status is not of the 2xx class.
pub(crate) fn of_status(failure: &Failure<'_>) -> Error {
    // The body has lost the secrets of the request already.
    let redactor = Redactor::new();
    let reason = failure.status.canonical_reason().unwrap_or("an unknown status");
    let unsaid = || {
        let quoted = quote(failure.body, &redactor);
        with_quote(format!("the server answered `{reason}`"), &quoted)
    };
    let reported = serde_json::from_slice(failure.body).map(|report| Reported::read(&report, &redactor));
    if let Ok(reported) = reported
        && !reported.is_empty()
    {
        return to_error(reported, Some(failure.status), unsaid);
    }
    let kind = by_status(failure.status);
    let text = String::from_utf8_lossy(failure.body);
    Error::new(by_text(&text, kind, true).unwrap_or(kind), unsaid()).with_status(failure.status.as_u16())
}

/// The error that a server reports inside of an answer that began well.
pub(crate) fn of_report(report: &Value, redactor: &Redactor) -> Error {
    let unsaid = || {
        // The members beside the error may be a part of the answer.
        let quoted = match report.get("error") {
            Some(error) if !says_something(error) => String::new(),
            error => quote_value(error.unwrap_or(report), redactor),
        };
        with_quote("the server reported an error without a message".to_owned(), &quoted)
    };
    to_error(Reported::read(report, redactor), None, unsaid)
}

/// The error of an event that is named `error`.
pub(crate) fn of_event(data: &[u8], redactor: &Redactor) -> Error {
    match serde_json::from_slice(data) {
        Ok(report) => of_report(&report, redactor),
        Err(_) => of_report(&Value::String(String::from_utf8_lossy(data).into_owned()), redactor),
    }
}

/// The error that an answer reports beside its choices: `MiniMax` reports there whether all went well.
pub(crate) fn beside_choices(data: &[u8], redactor: &Redactor) -> Option<Error> {
    // Nearly no server sends it, so nearly no answer is read a second time.
    memchr::memmem::find(data, b"\"base_resp\"")?;
    let answer: Value = serde_json::from_slice(data).ok()?;
    has_failed_base(&answer).then(|| of_report(answer.get("base_resp").unwrap_or(&answer), redactor))
}

/// The error that a body or an event reports, if that is what it does.
pub(crate) fn reported(data: &[u8], redactor: &Redactor) -> Option<Error> {
    let value: Value = serde_json::from_slice(data).ok()?;
    is_report(&value).then(|| of_report(&value, redactor))
}

/// The error of an event or a body that breaks the protocol.
pub(crate) fn malformed(what: &str, form: &str, data: &[u8], error: &serde_json::Error, redactor: &Redactor) -> Error {
    let place = error.column();
    let detail = format!("{what} is not {form} from byte {place} on: {}", quote(data, redactor));
    // The parser's own text may quote the value that it stumbled over.
    Error::new(ErrorKind::Decode, detail).with_source(redactor.redact(&error.to_string()).into_owned())
}

/// Says which texts a failed request was about.
pub(crate) fn name_texts(error: Error, first: usize, last: usize) -> Error {
    let texts = match first == last {
        true => format!("the request held the text {first} (from 0)"),
        false => format!("the request held the texts {first} to {last} (from 0)"),
    };
    match error.hint().map(|hint| format!("{hint}; {texts}")) {
        Some(hint) => error.with_hint(hint),
        None => error.with_hint(texts),
    }
}

fn with_quote(detail: String, quoted: &str) -> String {
    match quoted.is_empty() {
        true => detail,
        false => format!("{detail}: {quoted}"),
    }
}

fn by_status(status: StatusCode) -> ErrorKind {
    Failure::new(status, b"").to_error().kind()
}

/// The error of a report. `unsaid` is its detail if the server gave no message.
fn to_error(reported: Reported, status: Option<StatusCode>, unsaid: impl FnOnce() -> String) -> Error {
    let by_words = reported.by_words();
    // Servers that answer 200 first have no other place for a status.
    let known = status.or(reported.status);
    let kind = match known {
        // Whatever its type, the server asks for a pause.
        Some(StatusCode::TOO_MANY_REQUESTS) => by_words
            .filter(|kind| *kind == ErrorKind::QuotaExhausted)
            .unwrap_or(ErrorKind::RateLimited),
        Some(status) => by_words.unwrap_or_else(|| by_status(status)),
        None => by_words.unwrap_or(match reported.r#type.as_deref() {
            Some("invalid_request_error") => ErrorKind::InvalidRequest,
            _ => ErrorKind::Server,
        }),
    };
    // llama.cpp calls a text that is too long an error of the server's, which would be tried again.
    let is_certain = by_words.is_some() || known.is_some() || kind != ErrorKind::Server;
    let kind = by_text(&reported.searched, kind, is_certain).unwrap_or(kind);
    let mut detail = match reported.message.is_empty() {
        true => unsaid(),
        false => reported.message.clone(),
    };
    if !reported.filtered.is_empty() {
        detail.push_str(&format!(" (filtered: {})", reported.filtered.join(", ")));
    } else if let Some(param) = reported.param.as_deref().filter(|param| !detail.contains(*param)) {
        detail.push_str(&format!(" (parameter `{param}`)"));
    }
    if let Some(provider) = reported.provider.as_deref().filter(|name| !detail.contains(*name)) {
        detail.push_str(&format!(" (provider `{provider}`)"));
    }
    // It asks for more than a minute allows, so no minute will do.
    let is_too_large = kind == ErrorKind::RateLimited && detail.contains("Request too large");
    let mut error = Error::new(kind, detail);
    if let (None, Some(status)) = (status, reported.status) {
        error = error.with_status(status.as_u16());
    }
    if is_too_large {
        error = error.with_retryable(false).with_hint(
            "another try cannot help: shorten the messages, ask for fewer tokens, or raise the limit of the account",
        );
    }
    if let Some(code) = reported.code(kind) {
        error = error.with_code(code);
    }
    if let Some(r#type) = reported.r#type {
        error = error.with_type(r#type);
    }
    match reported.param {
        Some(param) => error.with_param(param),
        None => error,
    }
}

#[cfg(test)]
mod tests;
