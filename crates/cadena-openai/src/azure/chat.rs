//! The chat model on Azure.

use std::borrow::Cow;

use cadena_core::{
    AIMessage, ChatModel, ChatOptions, ChatRequest, Choices, ChunkStream, Composition, ModelProfile, PromptValue,
    Result, RunContext, async_trait, impl_pipe,
};
use cadena_http::{HttpResponse, Secret};
use serde_json::Value;

use crate::client::client_setters;
use crate::{ChatOpenAI, OpenAIClient};

/// A chat model that a deployment on Azure serves: [`ChatOpenAI`] with Azure's address and keys.
///
/// The findings of Azure's filters are in `response_metadata.extra`: `prompt_filter_results` about the prompt, `content_filter_results` about the
/// answer, in a stream as well. A prompt that a filter refuses is an error of the kind [`ContentFilter`](cadena_core::ErrorKind::ContentFilter) that names
/// the categories; an answer that a filter cut has the finish reason `content_filter`.
///
/// A bound `model` names another deployment of the resource.
///
/// # Examples
///
/// ```
/// use cadena_core::{ErrorKind, RunnableExt};
/// use cadena_http::Replay;
/// use cadena_openai::AzureChatOpenAI;
///
/// # futures::executor::block_on(async {
/// // A recording replaces the network, so that this runs anywhere.
/// let replay = Replay::from_jsonl(include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/azure.jsonl")))?;
/// let llm = AzureChatOpenAI::new("my-gpt")
///     .with_endpoint("https://name.openai.azure.com")
///     .with_api_version("2024-10-21")
///     .with_transport(replay);
///
/// let message = llm.invoke("hi").await?;
/// assert_eq!(message.text(), "Hello");
/// let filtered = message.response_metadata.extra.get("content_filter_results").unwrap();
/// assert_eq!(filtered["violence"]["severity"], "safe");
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
#[derive(Clone, Debug)]
pub struct AzureChatOpenAI {
    chat: ChatOpenAI,
}

impl AzureChatOpenAI {
    /// Makes a model of a deployment by its name, with the resource and its key from the environment: see [`OpenAIClient::azure`].
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::ChatModel;
    /// use cadena_openai::AzureChatOpenAI;
    ///
    /// let profile = AzureChatOpenAI::new("my-gpt").profile();
    /// assert_eq!((&*profile.provider, profile.model.as_str()), ("azure", "my-gpt"));
    /// ```
    #[must_use]
    pub fn new(deployment: impl Into<String>) -> Self {
        let chat = ChatOpenAI::new(deployment).with_client(OpenAIClient::azure());
        Self { chat }
    }

    /// Replaces the client. One of OpenAI becomes one of Azure, and forgets its key.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_openai::{AzureChatOpenAI, OpenAIClient};
    ///
    /// let client = OpenAIClient::azure().with_endpoint("https://name.openai.azure.com");
    /// let llm = AzureChatOpenAI::new("my-gpt").with_client(client);
    /// assert!(format!("{llm:?}").contains("name.openai.azure.com"));
    /// ```
    #[must_use]
    pub fn with_client(self, client: OpenAIClient) -> Self {
        self.ask_by(|_| client)
    }

    /// Sets the address of the resource, such as `https://name.openai.azure.com`.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_openai::AzureChatOpenAI;
    ///
    /// let llm = AzureChatOpenAI::new("my-gpt").with_endpoint("https://name.openai.azure.com");
    /// assert!(format!("{llm:?}").contains("name.openai.azure.com"));
    /// ```
    #[must_use]
    pub fn with_endpoint(self, endpoint: impl Into<String>) -> Self {
        self.ask_by(|client| client.with_endpoint(endpoint))
    }

    /// Sets the version of the deployment's own address, such as `2024-10-21`; `None` asks the newer address of the resource,
    /// which has no version (`/openai/v1/`).
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_openai::AzureChatOpenAI;
    ///
    /// let llm = AzureChatOpenAI::new("my-gpt").with_api_version("2024-10-21");
    /// assert!(format!("{llm:?}").contains("2024-10-21"));
    /// ```
    #[must_use]
    pub fn with_api_version<'a>(self, version: impl Into<Option<&'a str>>) -> Self {
        self.ask_by(|client| client.with_api_version(version))
    }

    /// Sets a token of Entra ID, in place of a key. It is never printed.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_openai::AzureChatOpenAI;
    ///
    /// let llm = AzureChatOpenAI::new("my-gpt").with_token("abcdef");
    /// assert!(format!("{llm:?}").contains("bearer: true") && !format!("{llm:?}").contains("abcdef"));
    /// ```
    #[must_use]
    pub fn with_token(self, token: impl Into<Secret>) -> Self {
        self.ask_by(|client| client.with_token(token))
    }

    /// Sets a function that is asked for a token of Entra ID before every call, in place of a key. Its error is the error of the call.
    /// After the status 401 it is asked once more, and the request sent again if its answer is another.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_openai::AzureChatOpenAI;
    ///
    /// let llm = AzureChatOpenAI::new("my-gpt").with_token_fn(async || Ok("a-token-of-this-minute"));
    /// # let _ = llm;
    /// ```
    #[must_use]
    pub fn with_token_fn<F, K, S>(self, token: F) -> Self
    where
        F: Fn() -> K + Send + Sync + 'static,
        K: Future<Output = Result<S>> + Send + 'static,
        S: Into<Secret>,
    {
        self.ask_by(|client| client.with_token_fn(token))
    }

    /// Sets the model that the deployment serves, such as `o3-mini`, so that the rules of that model hold.
    ///
    /// By default, the deployment's name is taken for the model's. See [`ModelRule`](crate::ModelRule).
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_openai::AzureChatOpenAI;
    ///
    /// let llm = AzureChatOpenAI::new("my-gpt").with_model("o3-mini");
    /// assert!(format!("{llm:?}").contains("o3-mini"));
    /// ```
    #[must_use]
    pub fn with_model(self, model: impl Into<String>) -> Self {
        self.ask_by(|mut client| {
            client.azure_mut().model = Some(model.into());
            client
        })
    }

    /// Sets how the model answers where nothing else is bound. Calling it again adds to what was set.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{ChatModel, ChatOptions};
    /// use cadena_openai::AzureChatOpenAI;
    ///
    /// let llm = AzureChatOpenAI::new("my-gpt").with_options(ChatOptions::new().temperature(0.0));
    /// assert_eq!(llm.bound_options().temperature, Some(0.0));
    /// ```
    #[must_use]
    pub fn with_options(self, options: ChatOptions) -> Self {
        self.with_chat(|chat| chat.with_options(options))
    }

    /// Changes the other settings of [`ChatOpenAI`]: rules, usage, streaming, headers of answers.
    ///
    /// Address, key and transport stay as they are set on this type.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_openai::{AzureChatOpenAI, ModelRules};
    ///
    /// let llm = AzureChatOpenAI::new("my-gpt").with_chat(|chat| chat.with_streaming(true).with_model_rules(ModelRules::none()));
    /// # let _ = llm;
    /// ```
    #[must_use]
    pub fn with_chat(mut self, change: impl FnOnce(ChatOpenAI) -> ChatOpenAI) -> Self {
        let client = self.chat.client.clone();
        self.chat = change(self.chat).with_client(client);
        self
    }

    /// Answers once, and returns the HTTP response beside the message: see [`ChatOpenAI::invoke_raw`].
    ///
    /// # Examples
    ///
    /// ```
    /// # use cadena_http::Replay;
    /// # use cadena_openai::AzureChatOpenAI;
    /// # futures::executor::block_on(async {
    /// # let replay = Replay::from_jsonl(include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/azure.jsonl")))?;
    /// # let llm = AzureChatOpenAI::new("my-gpt")
    /// #     .with_endpoint("https://name.openai.azure.com")
    /// #     .with_api_version("2024-10-21")
    /// #     .with_transport(replay);
    /// let (message, answer) = llm.invoke_raw("hi").await?;
    /// assert_eq!(message.text(), "Hello");
    /// assert_eq!(answer.status, 200);
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    ///
    /// # Errors
    ///
    /// As `invoke`.
    pub async fn invoke_raw(&self, input: impl Into<PromptValue> + Send) -> Result<(AIMessage, HttpResponse)> {
        self.chat.invoke_raw(input).await
    }

    #[cfg(feature = "tiktoken")]
    pub(crate) fn of_openai(&self) -> &ChatOpenAI {
        &self.chat
    }

    /// Changes the client, which stays one of Azure.
    fn ask_by(mut self, change: impl FnOnce(OpenAIClient) -> OpenAIClient) -> Self {
        let mut client = change(self.chat.client.clone());
        client.azure_mut();
        self.chat = self.chat.with_client(client);
        self
    }

    fn client(&self) -> &OpenAIClient {
        &self.chat.client
    }

    fn client_mut(&mut self) -> &mut OpenAIClient {
        &mut self.chat.client
    }
}

client_setters!(
    AzureChatOpenAI,
    "let openai = cadena_openai::AzureChatOpenAI::new(\"my-gpt\");"
);

#[async_trait]
#[deny(clippy::missing_trait_methods, reason = "a wrapper is what it wraps")]
impl ChatModel for AzureChatOpenAI {
    fn profile(&self) -> ModelProfile {
        self.chat.profile()
    }

    fn name(&self) -> Cow<'_, str> {
        "AzureChatOpenAI".into()
    }

    fn bound_options(&self) -> ChatOptions {
        self.chat.bound_options()
    }

    fn cache_identity(&self) -> Value {
        let mut identity = self.chat.cache_identity();
        let azure = self.chat.client.config.azure.as_ref();
        if let (Value::Object(identity), Some(azure)) = (&mut identity, azure) {
            identity.insert("api_version".to_owned(), azure.api_version.clone().into());
            identity.insert("behind".to_owned(), azure.model.clone().into());
        }
        identity
    }

    fn cache_identity_in(&self, _cx: &RunContext) -> Result<Value> {
        Ok(self.cache_identity())
    }

    fn composition(&self) -> Option<Composition<'_>> {
        self.chat.composition()
    }

    fn stream_chat(&self, request: ChatRequest, cx: RunContext) -> ChunkStream<AIMessage> {
        self.chat.stream_chat(request, cx)
    }

    async fn chat(&self, request: ChatRequest, cx: RunContext) -> Result<AIMessage> {
        self.chat.chat(request, cx).await
    }

    fn stream_choices(&self, request: ChatRequest, cx: RunContext) -> ChunkStream<Choices> {
        self.chat.stream_choices(request, cx)
    }

    async fn choices(&self, request: ChatRequest, cx: RunContext) -> Result<Choices> {
        self.chat.choices(request, cx).await
    }
}

impl_pipe!(AzureChatOpenAI);
