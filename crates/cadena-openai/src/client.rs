//! The client behind everything of OpenAI's that is no chat model: where requests go, with which key, how they are sent.

mod key;
mod setters;
pub(crate) use key::send_with_key;
pub(crate) use setters::connection_setters;

use std::sync::Arc;

use cadena_core::{Error, ErrorKind, Result};
use cadena_http::{
    CallOptions, HttpClient, HttpRequest, HttpResponse, Limits, Redactor, ReqwestTransport, RetryPolicy, Secret,
    Timers, Transport,
};
use http::{HeaderName, HeaderValue, header};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::config::{Config, percent_encode};
use crate::error;
use crate::wire::read_twice;

/// Address, key, timers and transport of OpenAI or of a server like it, for all that is asked there.
///
/// A clone is cheap and shares connections: build one and give it to everything by `with_client`. What is made by a `new` of its own
/// reads the same environment.
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
    /// A client with address and key from the environment: see [`ChatOpenAI::new`](crate::ChatOpenAI::new).
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

    /// Sets the API key. It is never printed.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_openai::OpenAIClient;
    ///
    /// let client = OpenAIClient::new().with_api_key("sk-abcdef");
    /// assert!(client.has_api_key() && !format!("{client:?}").contains("abcdef"));
    /// ```
    #[must_use]
    pub fn with_api_key(mut self, key: impl Into<Secret>) -> Self {
        let config = self.config_mut();
        if let Some(azure) = &mut config.azure {
            azure.bearer = false;
        }
        (config.api_key, config.key_source) = (Some(key.into()), None);
        self
    }

    /// Sets a function that is asked for a key before every call, as for a token that expires. Its error is the error of the call.
    /// After the status 401 it is asked once more, and the request sent again if its answer is another.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_openai::OpenAIClient;
    ///
    /// let client = OpenAIClient::new().with_api_key_fn(async || Ok("a-token-of-this-minute"));
    /// assert!(client.has_api_key());
    /// ```
    #[must_use]
    pub fn with_api_key_fn<F, K, S>(mut self, key: F) -> Self
    where
        F: Fn() -> K + Send + Sync + 'static,
        K: Future<Output = Result<S>> + Send + 'static,
        S: Into<Secret>,
    {
        let config = self.config_mut();
        config.api_key = None;
        config.key_source = Some(Arc::new(move || {
            let key = key();
            Box::pin(async move { Ok(key.await?.into()) })
        }));
        self
    }

    /// Whether there is an API key, from the environment or given, or a function that gives one.
    ///
    /// # Examples
    ///
    /// ```
    /// assert!(cadena_openai::OpenAIClient::new().with_api_key("sk-abcdef").has_api_key());
    /// ```
    #[must_use]
    pub fn has_api_key(&self) -> bool {
        self.config.has_key()
    }

    /// Sets the address below which the endpoints are, such as `http://127.0.0.1:8080/v1`. A client of Azure becomes one of that server, and forgets
    /// its key.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_openai::OpenAIClient;
    ///
    /// let client = OpenAIClient::new().with_base_url("http://127.0.0.1:8080/v1");
    /// assert!(format!("{client:?}").contains("http://127.0.0.1:8080/v1"));
    /// ```
    #[must_use]
    pub fn with_base_url(mut self, url: impl Into<String>) -> Self {
        self.config_mut().set_base_url(url.into());
        self
    }

    /// Sets the organization that is billed (`openai-organization`).
    ///
    /// # Examples
    ///
    /// ```
    /// let client = cadena_openai::OpenAIClient::new().with_organization("org-1");
    /// assert!(format!("{client:?}").contains("org-1"));
    /// ```
    #[must_use]
    pub fn with_organization(mut self, organization: impl Into<String>) -> Self {
        self.config_mut().organization = Some(organization.into());
        self
    }

    /// Sets the project that is billed (`openai-project`).
    ///
    /// # Examples
    ///
    /// ```
    /// let client = cadena_openai::OpenAIClient::new().with_project("proj-1");
    /// assert!(format!("{client:?}").contains("proj-1"));
    /// ```
    #[must_use]
    pub fn with_project(mut self, project: impl Into<String>) -> Self {
        self.config_mut().project = Some(project.into());
        self
    }

    /// Sends a header with every request, in place of ours if it has the same name.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_openai::OpenAIClient;
    /// use http::{HeaderName, HeaderValue};
    ///
    /// let client = OpenAIClient::new().with_header(HeaderName::from_static("x-trace"), HeaderValue::from_static("1"));
    /// assert!(format!("{client:?}").contains("x-trace"));
    /// ```
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.config_mut().headers.insert(name, value);
        self
    }

    /// Adds a parameter to the query of every address, as some gateways want it.
    ///
    /// # Examples
    ///
    /// ```
    /// let client = cadena_openai::OpenAIClient::new().with_query("api-version", "2024-10-21");
    /// # let _ = client;
    /// ```
    #[must_use]
    pub fn with_query(mut self, name: &str, value: &str) -> Self {
        let query = &mut self.config_mut().query;
        for (mark, part) in [("&", name), ("=", value)] {
            if mark == "=" || !query.is_empty() {
                query.push_str(mark);
            }
            percent_encode(part, query);
        }
        self
    }

    /// Replaces what touches the network: a recording, a recorder, an own client. No key is needed then.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_http::Replay;
    /// use cadena_openai::OpenAIClient;
    ///
    /// let replay = Replay::from_jsonl(include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/models.jsonl")))?;
    /// let client = OpenAIClient::new().with_transport(replay);
    /// assert!(format!("{client:?}").contains("Replay"));
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    #[must_use]
    pub fn with_transport(mut self, transport: impl Transport) -> Self {
        self.config_mut().own_transport = true;
        self.http = self.http.with_transport(transport);
        self
    }

    /// Sets how long each part of a call may take: by default what [`Timers::default`] says.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_http::Timers;
    /// use cadena_openai::OpenAIClient;
    /// use std::time::Duration;
    ///
    /// let client = OpenAIClient::new().with_timers(Timers::default().answer(Duration::from_secs(7)));
    /// assert!(format!("{client:?}").contains("answer: 7s"));
    /// ```
    #[must_use]
    pub fn with_timers(mut self, timers: Timers) -> Self {
        self.http = self.http.with_timers(timers);
        self
    }

    /// Sets how often and when a request is sent again: by default what [`RetryPolicy::default`] says.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_http::RetryPolicy;
    /// use cadena_openai::OpenAIClient;
    ///
    /// let client = OpenAIClient::new().with_retry(RetryPolicy::default().max_attempts(7));
    /// assert!(format!("{client:?}").contains("max_attempts: 7"));
    /// ```
    #[must_use]
    pub fn with_retry(mut self, retry: RetryPolicy) -> Self {
        self.http = self.http.with_retry(retry);
        self
    }

    /// Sets how many bytes a server may send: by default what [`Limits::default`] says.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_http::Limits;
    /// use cadena_openai::OpenAIClient;
    ///
    /// let client = OpenAIClient::new().with_limits(Limits::default().response(1234));
    /// assert!(format!("{client:?}").contains("response: 1234"));
    /// ```
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.http = self.http.with_limits(limits);
        self
    }

    pub(crate) fn config_mut(&mut self) -> &mut Config {
        Arc::make_mut(&mut self.config)
    }

    /// Posts JSON and reads JSON, and gives the answer as it came besides. `what` names the answer in errors, `model` the model in hints.
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

    /// Gets JSON about the server and none of its models.
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

impl Default for OpenAIClient {
    fn default() -> Self {
        Self::new()
    }
}

/// Says that a whole answer is wanted, where no header says otherwise.
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
