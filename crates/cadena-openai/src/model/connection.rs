//! Where a chat model sends its requests, and how: the settings of its client.

use cadena_core::Result;
use cadena_http::{Limits, RetryPolicy, Secret, Timers, Transport};
use http::{HeaderName, HeaderValue};

use super::ChatOpenAI;
use crate::OpenAIClient;

impl ChatOpenAI {
    /// Replaces address, key, transport, timers and retries by those of a client, which embeddings and others can share.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_openai::{ChatOpenAI, OpenAIClient};
    ///
    /// let client = OpenAIClient::new().with_base_url("http://127.0.0.1:8080/v1");
    /// let llm = ChatOpenAI::new("smollm2").with_client(client);
    /// assert!(format!("{llm:?}").contains("http://127.0.0.1:8080/v1"));
    /// ```
    #[must_use]
    pub fn with_client(mut self, client: OpenAIClient) -> Self {
        self.client = client;
        self
    }

    /// Sets the API key. It is never printed.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_openai::ChatOpenAI;
    ///
    /// let llm = ChatOpenAI::new("gpt-4o-mini").with_api_key("sk-abcdef");
    /// assert!(llm.has_api_key());
    /// assert!(!format!("{llm:?}").contains("abcdef"));
    /// ```
    #[must_use]
    pub fn with_api_key(mut self, key: impl Into<Secret>) -> Self {
        self.client = self.client.with_api_key(key);
        self
    }

    /// Sets a function that is asked for a key before every call, as for a token that expires. Its error is the error of the call.
    /// After the status 401 it is asked once more, and the request sent again if its answer is another.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_openai::ChatOpenAI;
    ///
    /// let llm = ChatOpenAI::new("gpt-4o-mini").with_api_key_fn(async || Ok("a-token-of-this-minute"));
    /// assert!(llm.has_api_key());
    /// ```
    #[must_use]
    pub fn with_api_key_fn<F, K, S>(mut self, key: F) -> Self
    where
        F: Fn() -> K + Send + Sync + 'static,
        K: Future<Output = Result<S>> + Send + 'static,
        S: Into<Secret>,
    {
        self.client = self.client.with_api_key_fn(key);
        self
    }

    /// Whether there is an API key, from the environment or given, or a function that gives one.
    #[must_use]
    pub fn has_api_key(&self) -> bool {
        self.client.config.has_key()
    }

    /// Sets the address below which the endpoints are, such as `http://127.0.0.1:8080/v1`.
    ///
    /// A server that is not OpenAI's gets the key if there is one, and works without.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_openai::ChatOpenAI;
    ///
    /// let llm = ChatOpenAI::new("smollm2").with_base_url("http://127.0.0.1:8080/v1");
    /// assert!(format!("{llm:?}").contains("http://127.0.0.1:8080/v1"));
    /// ```
    #[must_use]
    pub fn with_base_url(mut self, url: impl Into<String>) -> Self {
        self.client = self.client.with_base_url(url);
        self
    }

    /// Sets the organization that is billed (`openai-organization`).
    ///
    /// # Examples
    ///
    /// ```
    /// let llm = cadena_openai::ChatOpenAI::new("gpt-4o-mini").with_organization("org-1");
    /// assert!(format!("{llm:?}").contains("org-1"));
    /// ```
    #[must_use]
    pub fn with_organization(mut self, organization: impl Into<String>) -> Self {
        self.client = self.client.with_organization(organization);
        self
    }

    /// Sets the project that is billed (`openai-project`).
    ///
    /// # Examples
    ///
    /// ```
    /// let llm = cadena_openai::ChatOpenAI::new("gpt-4o-mini").with_project("proj-1");
    /// assert!(format!("{llm:?}").contains("proj-1"));
    /// ```
    #[must_use]
    pub fn with_project(mut self, project: impl Into<String>) -> Self {
        self.client = self.client.with_project(project);
        self
    }

    /// Sends a header with every request, in place of ours if it has the same name. For one request: [`ChatOptions::header`](cadena_core::ChatOptions::header).
    ///
    /// # Examples
    ///
    /// ```
    /// use http::{HeaderName, HeaderValue};
    ///
    /// let llm = cadena_openai::ChatOpenAI::new("gpt-4o-mini")
    ///     .with_header(HeaderName::from_static("x-trace"), HeaderValue::from_static("1"));
    /// assert!(format!("{llm:?}").contains("x-trace"));
    /// ```
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.client = self.client.with_header(name, value);
        self
    }

    /// Adds a parameter to the query of every address, as some gateways want it.
    ///
    /// # Examples
    ///
    /// ```
    /// let llm = cadena_openai::ChatOpenAI::new("gpt-4o-mini").with_query("api-version", "2024-10-21");
    /// # let _ = llm;
    /// ```
    #[must_use]
    pub fn with_query(mut self, name: &str, value: &str) -> Self {
        self.client = self.client.with_query(name, value);
        self
    }

    /// Replaces what touches the network: a recording, a recorder, an own client. No key is needed then.
    ///
    /// An own `reqwest::Client` goes in as `ReqwestTransport::from_client(client)`.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_http::Replay;
    /// use cadena_openai::ChatOpenAI;
    ///
    /// let replay = Replay::from_jsonl(include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/hello.jsonl")))?;
    /// let llm = ChatOpenAI::new("gpt-4o-mini").with_transport(replay);
    /// assert!(format!("{llm:?}").contains("Replay"));
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    #[must_use]
    pub fn with_transport(mut self, transport: impl Transport) -> Self {
        self.client = self.client.with_transport(transport);
        self
    }

    /// Sets how long each part of a call may take: by default what [`Timers::default`] says.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_http::Timers;
    /// use cadena_openai::ChatOpenAI;
    /// use std::time::Duration;
    ///
    /// let llm = ChatOpenAI::new("gpt-4o-mini").with_timers(Timers::default().idle(Duration::from_secs(30)));
    /// # let _ = llm;
    /// ```
    #[must_use]
    pub fn with_timers(mut self, timers: Timers) -> Self {
        self.client = self.client.with_timers(timers);
        self
    }

    /// Sets how often and when a request is sent again: by default what [`RetryPolicy::default`] says.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_http::RetryPolicy;
    ///
    /// let llm = cadena_openai::ChatOpenAI::new("gpt-4o-mini").with_retry(RetryPolicy::none());
    /// # let _ = llm;
    /// ```
    #[must_use]
    pub fn with_retry(mut self, retry: RetryPolicy) -> Self {
        self.client = self.client.with_retry(retry);
        self
    }

    /// Sets how many bytes a server may send: by default what [`Limits::default`] says.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_http::Limits;
    ///
    /// let llm = cadena_openai::ChatOpenAI::new("gpt-4o-mini").with_limits(Limits::default().event(1 << 20));
    /// # let _ = llm;
    /// ```
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.client = self.client.with_limits(limits);
        self
    }
}
