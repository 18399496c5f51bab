//! A client of a resource on Azure.

use std::sync::Arc;

use cadena_core::Result;
use cadena_http::Secret;

use crate::OpenAIClient;
use crate::azure::Azure;
use crate::config::{Config, Source, key_source};

impl OpenAIClient {
    /// Makes a client of Azure, with the resource and its key from the environment.
    ///
    /// Read here, once: `AZURE_OPENAI_ENDPOINT`; `AZURE_OPENAI_API_KEY`, then `AZURE_OPENAI_AD_TOKEN`; `OPENAI_API_VERSION`. A missing one is an
    /// error of the first call. On Azure, the name of a deployment replaces the name of a model.
    ///
    /// With a version such as `2024-10-21`, the deployment's own address is asked (`/openai/deployments/…`); without one, the newer address of
    /// the resource, which needs none (`/openai/v1/`).
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_openai::{OpenAIClient, OpenAIEmbeddings};
    ///
    /// let client = OpenAIClient::azure().with_endpoint("https://name.openai.azure.com").with_api_version("2024-10-21");
    /// let embeddings = OpenAIEmbeddings::new("my-embeddings").with_client(client);
    /// assert!(format!("{embeddings:?}").contains("2024-10-21"));
    /// ```
    #[must_use]
    pub fn azure() -> Self {
        let mut client = Self::new();
        client.config = Arc::new(Config::azure_from_env());
        client
    }

    /// Sets the address of the resource, such as `https://name.openai.azure.com`. A client of OpenAI becomes one of Azure, and forgets its key.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_openai::OpenAIClient;
    ///
    /// let client = OpenAIClient::new().with_api_key("sk-abcdef").with_endpoint("https://name.openai.azure.com");
    /// assert!(format!("{client:?}").contains("name.openai.azure.com"));
    /// assert!(!client.has_api_key(), "the key is not for Azure");
    /// ```
    #[must_use]
    pub fn with_endpoint(mut self, endpoint: impl Into<String>) -> Self {
        self.azure_mut().endpoint = endpoint.into();
        self.config_mut().sources.endpoint = Source::Method("with_endpoint");
        self
    }

    /// Sets the version of the deployment's own address, such as `2024-10-21`; `None` asks the newer address of the resource.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_openai::OpenAIClient;
    ///
    /// let client = OpenAIClient::azure().with_endpoint("https://name.openai.azure.com");
    /// let dated = client.clone().with_api_version("2024-10-21");
    /// assert!(format!("{dated:?}").contains("name.openai.azure.com/openai\""));
    /// let newer = client.with_api_version(None);
    /// assert!(format!("{newer:?}").contains("name.openai.azure.com/openai/v1\""));
    /// ```
    #[must_use]
    pub fn with_api_version<'a>(mut self, version: impl Into<Option<&'a str>>) -> Self {
        self.azure_mut().api_version = version.into().map(str::to_owned);
        self.config_mut().sources.api_version = Source::Method("with_api_version");
        self
    }

    /// Sets a token of Entra ID, in place of a key. It is never printed.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_openai::OpenAIClient;
    ///
    /// let client = OpenAIClient::azure().with_token("abcdef");
    /// assert!(client.has_api_key() && !format!("{client:?}").contains("abcdef"));
    /// ```
    #[must_use]
    pub fn with_token(mut self, token: impl Into<Secret>) -> Self {
        self.azure_mut();
        self.config_mut()
            .set_api_key(token.into(), Source::Method("with_token"));
        self.azure_mut().bearer = true;
        self
    }

    /// Sets a function that is asked for a token of Entra ID before every call, in place of a key. Its error is the error of the call.
    /// After the status 401 it is asked once more, and the request sent again if its answer is another.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_openai::OpenAIClient;
    ///
    /// let client = OpenAIClient::azure().with_token_fn(async || Ok("a-token-of-this-minute"));
    /// assert!(client.has_api_key());
    /// ```
    #[must_use]
    pub fn with_token_fn<F, K, S>(mut self, token: F) -> Self
    where
        F: Fn() -> K + Send + Sync + 'static,
        K: Future<Output = Result<S>> + Send + 'static,
        S: Into<Secret>,
    {
        self.azure_mut();
        let source = Source::Method("with_token_fn");
        self.config_mut().set_key_source(key_source(token), source);
        self.azure_mut().bearer = true;
        self
    }

    /// The part of the settings that is Azure's. Settings for another server do not go to Azure.
    pub(crate) fn azure_mut(&mut self) -> &mut Azure {
        let config = self.config_mut();
        if config.azure.is_none() {
            config.forget_key();
            (config.organization, config.project) = (None, None);
        }
        config.azure.get_or_insert_default()
    }
}
