//! The setters that everything with a client has in common.

/// Writes `with_client` and the settings of a client that are asked for most, for a type with a field `client`.
macro_rules! connection_setters {
    ($type:ident, $argument:literal) => {
        impl $type {
            /// Replaces the client: address, key, transport, timers and retries.
            ///
            /// # Examples
            ///
            /// ```
            #[doc = concat!("use cadena_openai::{OpenAIClient, ", stringify!($type), "};")]
            ///
            /// let client = OpenAIClient::new().with_base_url("http://127.0.0.1:8080/v1");
            #[doc = concat!("let asked = ", stringify!($type), "::new(", $argument, ").with_client(client);")]
            /// assert!(format!("{asked:?}").contains("127.0.0.1:8080"));
            /// ```
            #[must_use]
            pub fn with_client(mut self, client: $crate::OpenAIClient) -> Self {
                self.client = client;
                self
            }

            /// Sets the API key. It is never printed.
            ///
            /// # Examples
            ///
            /// ```
            #[doc = concat!("let asked = cadena_openai::", stringify!($type), "::new(", $argument, ").with_api_key(\"sk-abcdef\");")]
            /// assert!(!format!("{asked:?}").contains("abcdef"));
            /// ```
            #[must_use]
            pub fn with_api_key(mut self, key: impl Into<cadena_http::Secret>) -> Self {
                self.client = self.client.with_api_key(key);
                self
            }

            /// Sets the address below which the endpoints are, such as `http://127.0.0.1:8080/v1`.
            ///
            /// # Examples
            ///
            /// ```
            #[doc = concat!("let asked = cadena_openai::", stringify!($type), "::new(", $argument, ").with_base_url(\"http://127.0.0.1:8080/v1\");")]
            /// assert!(format!("{asked:?}").contains("127.0.0.1:8080"));
            /// ```
            #[must_use]
            pub fn with_base_url(mut self, url: impl Into<String>) -> Self {
                self.client = self.client.with_base_url(url);
                self
            }

            /// Replaces what touches the network: a recording, a recorder, an own client. No key is needed then.
            ///
            /// # Examples
            ///
            /// ```
            /// let replay = cadena_http::Replay::from_jsonl(r#"{"recording":1,"about":null}"#)?;
            #[doc = concat!("let asked = cadena_openai::", stringify!($type), "::new(", $argument, ").with_transport(replay);")]
            /// assert!(format!("{asked:?}").contains("Replay"));
            /// # Ok::<_, cadena_core::Error>(())
            /// ```
            #[must_use]
            pub fn with_transport(mut self, transport: impl cadena_http::Transport) -> Self {
                self.client = self.client.with_transport(transport);
                self
            }

            /// Sets how often and when a request is sent again: by default what [`RetryPolicy::default`](cadena_http::RetryPolicy::default) says.
            ///
            /// # Examples
            ///
            /// ```
            /// use cadena_http::RetryPolicy;
            ///
            #[doc = concat!("let asked = cadena_openai::", stringify!($type), "::new(", $argument, ").with_retry(RetryPolicy::default().max_attempts(7));")]
            /// assert!(format!("{asked:?}").contains("max_attempts: 7"));
            /// ```
            #[must_use]
            pub fn with_retry(mut self, retry: cadena_http::RetryPolicy) -> Self {
                self.client = self.client.with_retry(retry);
                self
            }
        }
    };
}
pub(crate) use connection_setters;
