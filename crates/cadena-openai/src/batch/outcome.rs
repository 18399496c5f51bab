//! One line of a file of results, read as the answer of a call.

use bytes::Bytes;
use cadena_core::{Error, ErrorKind, Result};
use cadena_http::{Failure, HttpResponse, Redactor};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::model::ReadAnswer;
use crate::error;
use crate::wire::{Text, lenient};

/// A line of a file of results.
#[derive(Deserialize)]
pub(super) struct ResultLine<'a> {
    pub(super) custom_id: String,
    #[serde(borrow, default)]
    response: Option<ResponseLine<'a>>,
    #[serde(default)]
    error: Option<Value>,
}

#[derive(Deserialize)]
struct ResponseLine<'a> {
    #[serde(default, deserialize_with = "lenient::index")]
    status_code: Option<u16>,
    #[serde(borrow, default)]
    request_id: Text<'a>,
    #[serde(borrow, default)]
    body: Option<&'a RawValue>,
}

impl ResultLine<'_> {
    /// Reads the result of its request. `text` is the line itself, so that the body need not be copied.
    pub(super) fn outcome<T>(self, text: &Bytes, read_answer: &ReadAnswer<T>, redactor: &Redactor) -> Result<T> {
        if let Some(report) = self.error.filter(error::says_something) {
            return Err(error::of_report(&report, redactor));
        }
        let Some(ResponseLine {
            status_code,
            request_id,
            body: Some(body),
        }) = self.response
        else {
            let detail = "the line has neither an answer nor an error";
            return Err(Error::new(ErrorKind::Decode, detail));
        };
        let status = status_code.and_then(|status| StatusCode::from_u16(status).ok());
        let status = status.unwrap_or(StatusCode::OK);
        let request_id = request_id.known();
        if !status.is_success() {
            let body = redactor.redact(body.get());
            let error = error::of_status(&Failure::new(status, body.as_bytes())).with_status(status.as_u16());
            return Err(match request_id {
                Some(id) => error.with_request_id(redactor.snippet(id.as_bytes())),
                None => error,
            });
        }
        let id = request_id.and_then(|id| HeaderValue::from_str(&redactor.snippet(id.as_bytes())).ok());
        let headers = id.map(|id| (HeaderName::from_static("x-request-id"), id));
        let body = text.slice_ref(body.get().as_bytes());
        read_answer(&HttpResponse::new(status, HeaderMap::from_iter(headers), body))
    }
}
