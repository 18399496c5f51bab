//! The calls of a batch job: files and batches.

use std::sync::Arc;

use cadena_core::{Error, ErrorKind, Result};
use cadena_http::{Failure, HttpClient, HttpRequest, Redactor, StreamingResponse};
use http::{HeaderValue, header};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::input::InputFile;
use super::status::Batch;
use crate::client::{read, send_with_key};
use crate::config::Config;
use crate::{OpenAIClient, error};

/// So many pages of batches are searched for one: as many as OpenAI lets an account create in an hour.
const PAGES: usize = 20;

/// Where the files and batches of a model's server are.
#[derive(Clone, Debug)]
pub(super) struct Server {
    pub(super) config: Arc<Config>,
    pub(super) http: HttpClient,
    /// The name of the model in hints.
    pub(super) model: String,
}

#[derive(Deserialize)]
struct File {
    id: String,
}

#[derive(Deserialize)]
struct Page {
    data: Vec<Batch>,
    #[serde(default)]
    has_more: bool,
}

impl Server {
    pub(super) fn of(client: &OpenAIClient, model: String) -> Self {
        Self {
            config: Arc::clone(&client.config),
            http: client.http.clone(),
            model,
        }
    }

    /// Uploads a file and returns its id. It is sent again like any request: a file that nobody names costs nothing.
    pub(super) async fn upload(&self, file: InputFile) -> Result<String> {
        let request = file.attach(self.config.post("/files")?)?;
        let file: File = self.ask(&self.http, request, "uploaded file").await?;
        checked(file.id)
    }

    /// Creates the batch of a file. Never sent twice, unless the server has refused the first: every batch is paid for.
    pub(super) async fn create(&self, file: &str, endpoint: &str, metadata: &Map<String, Value>) -> Result<Batch> {
        let mut body = json!({"input_file_id": file, "endpoint": endpoint, "completion_window": "24h"});
        if let (Some(body), false) = (body.as_object_mut(), metadata.is_empty()) {
            body.insert("metadata".to_owned(), Value::Object(metadata.clone()));
        }
        let request = self.config.post("/batches")?.with_json(&body)?;
        let once = self.http.retry().clone().resend_unanswered(false);
        let http = self
            .http
            .clone()
            .with_http_retry(once)
            .with_classifier(refused_or_unknown);
        let error = match self.ask(&http, request, "batch").await {
            Ok(batch) => return Ok(batch),
            Err(error) => error,
        };
        if was_refused(&error) {
            return Err(error);
        }
        // The batch may be there all the same, and its file identifies it.
        match self.find(file).await {
            Ok(Some(batch)) => Ok(batch),
            Ok(None) => Err(error.with_hint("no batch of this file was found: submit again")),
            Err(_) => {
                let hint = "the batch may have been created: look at the server's list before you submit again";
                Err(error.with_hint(hint))
            }
        }
    }

    /// The batch of a file, among the newest.
    pub(super) async fn find(&self, file: &str) -> Result<Option<Batch>> {
        let mut path = "/batches?limit=100".to_owned();
        for _page in 0..PAGES {
            let page: Page = self.ask(&self.http, self.config.get(&path)?, "list of batches").await?;
            let found = page
                .data
                .iter()
                .find(|batch| batch.input_file_id.as_deref() == Some(file));
            if let Some(batch) = found {
                return Ok(Some(batch.clone()));
            }
            match page.data.last() {
                Some(last) if page.has_more => path = format!("/batches?limit=100&after={}", path_part(&last.id)?),
                _ => break,
            }
        }
        Ok(None)
    }

    pub(super) async fn batch(&self, id: &str) -> Result<Batch> {
        let request = self.config.get(&format!("/batches/{}", path_part(id)?))?;
        self.ask(&self.http, request, "batch").await
    }

    pub(super) async fn cancel(&self, id: &str) -> Result<Batch> {
        let request = self.config.post(&format!("/batches/{}/cancel", path_part(id)?))?;
        self.ask(&self.http, request, "batch").await
    }

    /// A file from a place on, as far as the server knows of ranges, and what takes the request's secrets out of it.
    pub(super) async fn content(&self, id: &str, place: Option<u64>) -> Result<(StreamingResponse, Redactor)> {
        let mut request = self.config.get(&format!("/files/{}/content", path_part(id)?))?;
        if let Some(range) = place.and_then(from_place) {
            request = request.with_header(header::RANGE, range);
        }
        // Lines are limited one by one and never gathered, so the length of the file is no danger. And it takes as long as its reader.
        let (limits, timers) = (self.http.limits().stream(u64::MAX), self.http.timers().total(None));
        let http = self.http.clone().with_limits(limits).with_timers(timers);
        // A fresh key each time: a large file may take longer than a key lives.
        let (request, response) = self.send(&request, |request| http.download(request)).await?;
        Ok((response, Redactor::of(&request)))
    }

    /// How long a line may be.
    pub(super) fn line_limit(&self) -> usize {
        self.http.limits().event
    }

    /// Adds what the reader can do about it.
    pub(super) fn explain(&self, error: Error) -> Error {
        self.config.explain(error, &self.model)
    }

    /// Returns the redactor of the secrets of the model's requests.
    pub(super) fn redactor(&self) -> Redactor {
        self.config
            .get("/batches")
            .map_or_else(|_| Redactor::new(), |request| Redactor::of(&request))
    }

    /// Sends a request with a valid key, and returns it as it went out beside its answer.
    async fn send<T, Fut>(&self, request: &HttpRequest, send: impl Fn(HttpRequest) -> Fut) -> Result<(HttpRequest, T)>
    where
        Fut: Future<Output = Result<T>>,
    {
        let sent = send_with_key(&self.config, request, send).await;
        sent.map_err(|error| self.explain(error))
    }

    async fn ask<T: DeserializeOwned>(&self, http: &HttpClient, request: HttpRequest, what: &str) -> Result<T> {
        let (request, answer) = self.send(&request, |request| http.send(request)).await?;
        let read = read(&answer, what, &Redactor::of(&request));
        read.map_err(|error| self.explain(error))
    }
}

/// As for every call, but a server's fault is not worth another try: whether it has done its work is not known.
fn refused_or_unknown(failure: &Failure<'_>) -> Error {
    let error = error::of_status(failure);
    match failure.status.as_u16() {
        408 | 500.. => error.with_retryable(false),
        _ => error,
    }
}

/// Whether the server said no, or was not reached at all.
fn was_refused(error: &Error) -> bool {
    match error.status() {
        Some(408) => false,
        Some(status) => (400..500).contains(&status),
        None => {
            let unsent = error.downcast_source_ref::<cadena_http::Unanswered>().is_none();
            match error.kind() {
                ErrorKind::Connect => unsent,
                ErrorKind::Timeout
                | ErrorKind::Truncated
                | ErrorKind::Stalled
                | ErrorKind::Decode
                // A report of such a fault in a body with a status of success.
                | ErrorKind::Server => false,
                _ => true,
            }
        }
    }
}

/// An id as a part of a path. It comes from outside, and must not lead elsewhere.
fn path_part(id: &str) -> Result<&str> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    if !id.is_empty() && !id.starts_with('.') && id.bytes().all(plain) {
        return Ok(id);
    }
    Err(Error::new(
        ErrorKind::InvalidInput,
        "the id of a batch or a file holds a character that no id has",
    ))
}

fn checked(id: String) -> Result<String> {
    path_part(&id)?;
    Ok(id)
}

/// The header that asks for a file from a place on.
fn from_place(place: u64) -> Option<HeaderValue> {
    HeaderValue::from_str(&format!("bytes={place}-")).ok()
}
