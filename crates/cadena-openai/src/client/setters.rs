//! The settings that everything with a client has in common, written once.
//!
//! A type calls these macros with its name and a line of Rust that makes an `openai` of it, with which its examples begin. It has a
//! method `client_mut`.

/// Writes the settings of key, transport, timers, retries and limits.
macro_rules! client_setters {
    ($type:ident, $new:literal) => {
        impl $type {
            /// Sets the API key. It is never printed.
            ///
            /// # Examples
            ///
            /// ```
            #[doc = $new]
            /// let openai = openai.with_api_key("sk-abcdef");
            /// assert!(openai.has_api_key() && !format!("{openai:?}").contains("abcdef"));
            /// ```
            ///
            /// # Errors
            ///
            /// A key that is empty or holds a line break is an error of the first call, of the kind `Config`.
            #[must_use]
            pub fn with_api_key(mut self, key: impl Into<cadena_http::Secret>) -> Self {
                let source = $crate::config::Source::Method("with_api_key");
                self.client_mut().config_mut().set_api_key(key.into(), source);
                self
            }

            /// Sets a function that is asked for a key before every call, for a token that expires. Its error is the error of the call.
            ///
            /// After the status 401 it is asked once more, and the request is sent again if it returns another key.
            ///
            /// # Examples
            ///
            /// ```
            #[doc = $new]
            /// let openai = openai.with_api_key_fn(async || Ok("a-token-of-this-minute"));
            /// assert!(openai.has_api_key());
            /// ```
            #[must_use]
            pub fn with_api_key_fn<F, K, S>(mut self, key: F) -> Self
            where
                F: Fn() -> K + Send + Sync + 'static,
                K: Future<Output = cadena_core::Result<S>> + Send + 'static,
                S: Into<cadena_http::Secret>,
            {
                let source = $crate::config::Source::Method("with_api_key_fn");
                self.client_mut()
                    .config_mut()
                    .set_key_source($crate::config::key_source(key), source);
                self
            }

            /// Sends no key, to a server that needs none. A key from the environment is forgotten.
            ///
            /// OpenAI and Azure are asked without a key then, too, and refuse the request.
            ///
            /// # Examples
            ///
            /// ```
            #[doc = $new]
            /// let openai = openai.with_api_key("sk-abcdef").without_api_key();
            /// assert!(!openai.has_api_key());
            /// ```
            #[must_use]
            pub fn without_api_key(mut self) -> Self {
                let config = self.client_mut().config_mut();
                config.forget_key();
                config.needs_key = false;
                self
            }

            /// Returns whether there is an API key, from the environment or set, or a function that returns one.
            ///
            /// # Examples
            ///
            /// ```
            #[doc = $new]
            /// assert!(openai.with_api_key("sk-abcdef").has_api_key());
            /// ```
            #[must_use]
            pub fn has_api_key(&self) -> bool {
                self.client().config.has_key()
            }

            /// Sends a header with every request, in place of ours if it has the same name.
            ///
            /// # Examples
            ///
            /// ```
            /// use http::{HeaderName, HeaderValue};
            ///
            #[doc = $new]
            /// let openai = openai.with_header(HeaderName::from_static("x-trace"), HeaderValue::from_static("1"));
            /// assert!(format!("{openai:?}").contains("x-trace"));
            /// ```
            #[must_use]
            pub fn with_header(mut self, name: http::HeaderName, value: http::HeaderValue) -> Self {
                self.client_mut().config_mut().headers.insert(name, value);
                self
            }

            /// Adds a parameter to the query of every address, as some gateways want it.
            ///
            /// # Examples
            ///
            /// ```
            #[doc = $new]
            /// let openai = openai.with_query("tenant", "a");
            /// # let _ = openai;
            /// ```
            #[must_use]
            pub fn with_query(mut self, name: &str, value: &str) -> Self {
                self.client_mut().config_mut().add_parameter(name, value);
                self
            }

            /// Replaces the transport, which touches the network: by a recording, a recorder, or a client of your own. No key is needed then.
            ///
            /// # Examples
            ///
            /// ```
            #[doc = $new]
            /// let replay = cadena_http::Replay::from_jsonl(r#"{"recording":1,"about":null}"#)?;
            /// let openai = openai.with_transport(replay);
            /// assert!(format!("{openai:?}").contains("Replay"));
            /// # Ok::<_, cadena_core::Error>(())
            /// ```
            #[must_use]
            pub fn with_transport(mut self, transport: impl cadena_http::Transport) -> Self {
                self.client_mut().set_transport(transport);
                self
            }

            /// Sets how long each part of a call may take: [`Timers::default`](cadena_http::Timers::default) by default.
            ///
            /// # Examples
            ///
            /// ```
            /// use std::time::Duration;
            ///
            /// use cadena_http::Timers;
            ///
            #[doc = $new]
            /// let openai = openai.with_timers(Timers::default().answer(Duration::from_secs(7)));
            /// assert!(format!("{openai:?}").contains("answer: 7s"));
            /// ```
            #[must_use]
            pub fn with_timers(mut self, timers: cadena_http::Timers) -> Self {
                self.client_mut().change_http(|http| http.with_timers(timers));
                self
            }

            /// Sets how often and when the client sends a request again: [`RetryPolicy::default`](cadena_http::RetryPolicy::default) by default.
            ///
            /// `with_retry`, which any step has, repeats the whole step. Both count the same sends: see
            /// [`RetryOptions`](cadena_core::RetryOptions).
            ///
            /// # Examples
            ///
            /// ```
            /// use cadena_http::RetryPolicy;
            ///
            #[doc = $new]
            /// let openai = openai.with_http_retry(RetryPolicy::default().max_attempts(7));
            /// assert!(format!("{openai:?}").contains("max_attempts: 7"));
            /// ```
            #[must_use]
            pub fn with_http_retry(mut self, retry: cadena_http::RetryPolicy) -> Self {
                self.client_mut().change_http(|http| http.with_http_retry(retry));
                self
            }

            /// Sets how many bytes a server may send: [`Limits::default`](cadena_http::Limits::default) by default.
            ///
            /// # Examples
            ///
            /// ```
            /// use cadena_http::Limits;
            ///
            #[doc = $new]
            /// let openai = openai.with_limits(Limits::default().response(1234));
            /// assert!(format!("{openai:?}").contains("response: 1234"));
            /// ```
            #[must_use]
            pub fn with_limits(mut self, limits: cadena_http::Limits) -> Self {
                self.client_mut().change_http(|http| http.with_limits(limits));
                self
            }
        }
    };
}
pub(crate) use client_setters;

/// Writes the settings of the address and of who pays, which a deployment on Azure does not have.
macro_rules! address_setters {
    ($type:ident, $new:literal) => {
        impl $type {
            /// Sets the address below which the endpoints are, such as `http://127.0.0.1:8080/v1`.
            ///
            /// A client of Azure becomes one of that server, and forgets its key.
            ///
            /// # Examples
            ///
            /// ```
            #[doc = $new]
            /// let openai = openai.with_base_url("http://127.0.0.1:8080/v1");
            /// assert!(format!("{openai:?}").contains("http://127.0.0.1:8080/v1"));
            /// ```
            ///
            /// # Errors
            ///
            /// An address that is empty or has no scheme is an error of the first call, of the kind `Config`.
            #[must_use]
            pub fn with_base_url(mut self, url: impl Into<String>) -> Self {
                self.client_mut().config_mut().set_base_url(url.into());
                self
            }

            /// Sets the organization that is billed (`openai-organization`).
            ///
            /// # Examples
            ///
            /// ```
            #[doc = $new]
            /// let openai = openai.with_organization("org-1");
            /// assert!(format!("{openai:?}").contains("org-1"));
            /// ```
            #[must_use]
            pub fn with_organization(mut self, organization: impl Into<String>) -> Self {
                let config = self.client_mut().config_mut();
                config.organization = Some(organization.into());
                config.sources.organization = $crate::config::Source::Method("with_organization");
                self
            }

            /// Sets the project that is billed (`openai-project`).
            ///
            /// # Examples
            ///
            /// ```
            #[doc = $new]
            /// let openai = openai.with_project("proj-1");
            /// assert!(format!("{openai:?}").contains("proj-1"));
            /// ```
            #[must_use]
            pub fn with_project(mut self, project: impl Into<String>) -> Self {
                let config = self.client_mut().config_mut();
                config.project = Some(project.into());
                config.sources.project = $crate::config::Source::Method("with_project");
                self
            }
        }
    };
}
pub(crate) use address_setters;

/// Writes `with_client`, for a type with a field `client`, and what the setters need.
macro_rules! with_client {
    ($type:ident, $new:literal) => {
        impl $type {
            /// Replaces the client: address, key, transport, timers and retries.
            ///
            /// # Examples
            ///
            /// ```
            #[doc = $new]
            /// let client = cadena_openai::OpenAIClient::new().with_base_url("http://127.0.0.1:8080/v1");
            /// let openai = openai.with_client(client);
            /// assert!(format!("{openai:?}").contains("127.0.0.1:8080"));
            /// ```
            #[must_use]
            pub fn with_client(mut self, client: $crate::OpenAIClient) -> Self {
                self.client = client;
                self
            }

            fn client(&self) -> &$crate::OpenAIClient {
                &self.client
            }

            fn client_mut(&mut self) -> &mut $crate::OpenAIClient {
                &mut self.client
            }
        }

        $crate::client::client_setters!($type, $new);
        $crate::client::address_setters!($type, $new);
    };
}
pub(crate) use with_client;
