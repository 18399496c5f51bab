//! The client that models, embeddings and the others share: where requests go, with which key, and how they are sent.

mod key;
mod setters;
pub(crate) use key::send_with_key;
pub(crate) use setters::{address_setters, client_setters, with_client};

use std::sync::Arc;

use cadena_core::{Error, ErrorKind, Result};
use cadena_http::{CallOptions, HttpClient, HttpRequest, HttpResponse, Redactor, ReqwestTransport, Transport};
use http::{HeaderValue, header};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::config::Config;
use crate::error;
use crate::wire::read_twice;

/// A client of OpenAI, or of a server like it: address, key, timers and transport.
///
/// A clone is cheap and shares connections: build one and pass it to models, embeddings and the others by `with_client`. Each of their
/// `new` makes a client from the same environment.
///
/// # Examples
///
/// ```
/// use cadena_openai::{OpenAIClient, OpenAIEmbeddings};
///
/// let client = OpenAIClient::new().with_base_url("http://127.0.0.1:8080/v1").with_api_key("sk-abcdef");
/// let embeddings = OpenAIEmbeddings::new("nomic-embed").with_client(client);
/// assert!(format!("{embeddings:?}").contains("127.0.0.1:8080"));
/// assert!(!format!("{embeddings:?}").contains("abcdef"));
/// ```
#[derive(Clone, Debug)]
pub struct OpenAIClient {
    pub(crate) config: Arc<Config>,
    pub(crate) http: HttpClient,
}

impl OpenAIClient {
    /// Makes a client with address and key from the environment: see [`ChatOpenAI::new`](crate::ChatOpenAI::new).
    ///
    /// Nothing is opened and nothing can fail.
    ///
    /// # Examples
    ///
    /// ```
    /// let client = cadena_openai::OpenAIClient::new();
    /// assert!(format!("{client:?}").contains("base_url"));
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self {
            config: Arc::new(Config::from_env()),
            http: HttpClient::new(ReqwestTransport::new()).with_classifier(error::of_status),
        }
    }

    /// The client that the setters read: itself.
    fn client(&self) -> &Self {
        self
    }

    /// The client that the setters change: itself.
    fn client_mut(&mut self) -> &mut Self {
        self
    }

    pub(crate) fn set_transport(&mut self, transport: impl Transport) {
        self.config_mut().own_transport = true;
        self.change_http(|http| http.with_transport(transport));
    }

    pub(crate) fn change_http(&mut self, change: impl FnOnce(HttpClient) -> HttpClient) {
        self.http = change(self.http.clone());
    }

    pub(crate) fn config_mut(&mut self) -> &mut Config {
        Arc::make_mut(&mut self.config)
    }

    /// Posts JSON and reads JSON, and returns the HTTP response beside it. `what` names the answer in errors, `model` the model in hints.
    pub(crate) async fn post<B, A>(
        &self,
        path: &str,
        body: &B,
        options: CallOptions,
        what: &str,
        model: &str,
    ) -> Result<(A, HttpResponse)>
    where
        B: Serialize + Sync + ?Sized,
        A: DeserializeOwned,
    {
        let request = self.config.post(&self.config.path(path, model))?.with_json(body)?;
        self.ask(request, options, what, model).await
    }

    /// Gets JSON about the server itself.
    pub(crate) async fn get<A: DeserializeOwned>(&self, path: &str, what: &str) -> Result<A> {
        let request = self.config.get(path)?;
        Ok(self.ask(request, CallOptions::new(), what, "").await?.0)
    }

    async fn ask<A: DeserializeOwned>(
        &self,
        request: HttpRequest,
        options: CallOptions,
        what: &str,
        model: &str,
    ) -> Result<(A, HttpResponse)> {
        let explain = |error| self.config.explain(error, model);
        let request = accept_json(request);
        let sent = send_with_key(&self.config, &request, |request| self.http.send_with(request, options));
        let (request, answer) = sent.await.map_err(explain)?;
        let read = read(&answer, what, &Redactor::of(&request)).map_err(explain)?;
        Ok((read, answer))
    }
}

client_setters!(OpenAIClient, "let openai = cadena_openai::OpenAIClient::new();");
address_setters!(OpenAIClient, "let openai = cadena_openai::OpenAIClient::new();");

impl Default for OpenAIClient {
    fn default() -> Self {
        Self::new()
    }
}

/// Asks for a whole answer, unless a header of the caller asks for something else.
pub(crate) fn accept_json(mut request: HttpRequest) -> HttpRequest {
    let json = HeaderValue::from_static("application/json");
    request.headers.entry(header::ACCEPT).or_insert(json);
    request
}

/// Reads an answer; one that reports an error in place of what was asked for is that error.
pub(crate) fn read<A: DeserializeOwned>(answer: &HttpResponse, what: &str, redactor: &Redactor) -> Result<A> {
    let body = &answer.body;
    let refused = |cause: serde_json::Error| {
        error::reported(body, redactor).unwrap_or_else(|| {
            let detail = format!("the answer is no {what}: {}", error::quote(body, redactor));
            // The parser's own text may quote the value that it stumbled over.
            Error::new(ErrorKind::Decode, detail).with_source(redactor.redact(&cause.to_string()).into_owned())
        })
    };
    let read = match error::beside_choices(body, redactor) {
        Some(error) => Err(error),
        None => read_twice(body, |body| serde_json::from_slice(body)).map_err(refused),
    };
    read.map_err(|error| match answer.request_id() {
        Some(id) if error.request_id().is_none() => error.with_request_id(redactor.snippet(id.as_bytes())),
        _ => error,
    })
}
