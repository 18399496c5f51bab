//! The chat model.

mod settings;

use std::borrow::Cow;
use std::fmt;

use async_trait::async_trait;
use cadena_core::{
    AIMessage, ChatModel, ChatOptions, ChatRequest, Choices, ChunkStream, Error, ErrorKind, ModelProfile,
    OnUnsupported, PromptValue, Result, RunContext, Streamable, fold, impl_pipe,
};
use cadena_http::HttpResponse;
use serde_json::{Value, json};

use crate::OpenAIClient;
use crate::call::{Ask, Call, first};
use crate::client::with_client;
use crate::endpoint::Endpoint;
use crate::events::Expect;
use crate::models::gives_logprobs;
use crate::prepare::Policy;
use crate::rules::ModelRules;
use crate::stream;

/// A chat model of OpenAI, or of any server that speaks Chat Completions (llama.cpp, vLLM, Ollama, …).
///
/// [`new`](Self::new) reads the environment; the `with_*` methods replace a part. A clone is cheap and shares connections, so build one and clone
/// it, or [`bind`](cadena_core::Bind::bind) it. `invoke` is one HTTP call, `stream` yields a chunk for every event that has one, and both
/// return the same: text, calls, usage, log probabilities, metadata.
///
/// It is called inside of a tokio runtime with I/O and time enabled, such as that of `#[tokio::main]`; outside of one, a call over the network is
/// an error of the kind [`Config`](cadena_core::ErrorKind::Config).
///
/// # Examples
///
/// ```
/// use cadena_core::{Bind, ChatOptions, RunnableExt};
/// use cadena_http::Replay;
/// use cadena_openai::ChatOpenAI;
///
/// # futures::executor::block_on(async {
/// // A recording replaces the network, so that this runs anywhere.
/// let replay = Replay::from_jsonl(include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/hello.jsonl")))?;
/// let llm = ChatOpenAI::new("gpt-4o-mini").with_transport(replay).bind(ChatOptions::new().logprobs(true));
///
/// let message = llm.invoke(("human", "how are you today")).await?;
/// assert_eq!(message.text(), "I'm fine");
/// let first = message.logprobs().and_then(|logprobs| logprobs.tokens().next());
/// assert_eq!(first.map(|token| (token.token.as_str(), token.logprob)), Some(("I'm", -0.25)));
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
///
/// # Example: streaming
///
/// ```
/// use cadena_core::{AIMessageChunk, Bind, ChatOptions, RunnableExt};
/// use futures::TryStreamExt;
/// # use cadena_http::Replay;
/// # use cadena_openai::ChatOpenAI;
///
/// # futures::executor::block_on(async {
/// # let replay = Replay::from_jsonl(include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/hello.jsonl")))?;
/// let llm = ChatOpenAI::new("gpt-4o-mini").with_transport(replay).bind(ChatOptions::new().logprobs(true));
/// let mut chunks = llm.stream(("human", "how are you today"));
/// let mut full = AIMessageChunk::default();
/// while let Some(chunk) = chunks.try_next().await? {
///     full += chunk;
/// }
/// assert_eq!(full.text(), "I'm fine");
/// assert_eq!(full.logprobs().map(|logprobs| logprobs.tokens().count()), Some(2));
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
///
/// # Errors
///
/// The [`ErrorKind`](cadena_core::ErrorKind) follows from the server's code and type, then its words, then its status. `detail()` is the server's message, with
/// the reason that a gateway got from its own server; `code()`, `error_type()` and `param()` are the server's; `hint()` is the remedy. A failure
/// that is reported with the status 200, or inside of a stream, is an error as well. A stream that ends before its finish reason is [`Truncated`](cadena_core::ErrorKind::Truncated), with what had arrived in
/// [`partial()`](cadena_core::Error::partial).
#[derive(Clone)]
pub struct ChatOpenAI {
    model: String,
    pub(crate) client: OpenAIClient,
    options: ChatOptions,
    policy: Policy,
    stream_usage: bool,
    streaming: bool,
    response_headers: bool,
    reasoning_sent_back: bool,
    finish_reason_required: bool,
    profile: Option<ModelProfile>,
}

impl ChatOpenAI {
    /// Makes a model by its name, with address and key from the environment.
    ///
    /// Read here, once: `OPENAI_API_KEY`; `OPENAI_API_BASE`, then `OPENAI_BASE_URL`, then `https://api.openai.com/v1`; `OPENAI_ORG_ID`, then
    /// `OPENAI_ORGANIZATION`; `OPENAI_PROJECT_ID`. Nothing is opened and nothing can fail: a missing key is an error of the first call, and
    /// only where OpenAI itself is asked. A variable that is set and empty is an error of the first call, of the kind `Config`, that names it.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::ChatModel;
    /// use cadena_openai::ChatOpenAI;
    ///
    /// let profile = ChatOpenAI::new("gpt-4o-mini").profile();
    /// assert_eq!((&*profile.provider, profile.model.as_str(), profile.logprobs), ("openai", "gpt-4o-mini", true));
    /// ```
    #[must_use]
    pub fn new(model: impl Into<String>) -> Self {
        Self {
            model: model.into(),
            client: OpenAIClient::new(),
            options: ChatOptions::new(),
            policy: Policy {
                rules: ModelRules::all(),
                on_unsupported: OnUnsupported::Error,
                endpoint: Endpoint::Auto,
                use_previous_response_id: false,
            },
            stream_usage: true,
            streaming: false,
            response_headers: false,
            reasoning_sent_back: false,
            finish_reason_required: true,
            profile: None,
        }
    }

    /// Answers once, and returns the HTTP response beside the message: status, headers, and the body to its last byte.
    ///
    /// Use it for fields that a message does not hold. It is a call outside of a chain, so no listener hears of it.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::ChatOptions;
    /// # use cadena_http::Replay;
    /// # use cadena_openai::ChatOpenAI;
    ///
    /// # futures::executor::block_on(async {
    /// # let replay = Replay::from_jsonl(include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/hello.jsonl")))?;
    /// # let llm = ChatOpenAI::new("gpt-4o-mini").with_transport(replay);
    /// let llm = llm.with_options(ChatOptions::new().logprobs(true));
    /// let (message, answer) = llm.invoke_raw(("human", "how are you today")).await?;
    /// assert_eq!(message.text(), "I'm fine");
    /// let body: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
    /// assert_eq!(body["choices"][0]["message"]["content"], "I'm fine");
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    ///
    /// # Errors
    ///
    /// As `invoke`.
    pub async fn invoke_raw(&self, input: impl Into<PromptValue> + Send) -> Result<(AIMessage, HttpResponse)> {
        let (call, _) = self.call(ChatRequest::new(input), false, &RunContext::default())?;
        call.raw().await
    }

    /// The model whose vocabulary counts: the one that is bound, or the one that the deployment serves.
    #[cfg(feature = "tiktoken")]
    pub(crate) fn model_behind(&self) -> &str {
        let bound = self.options.model.as_deref();
        bound.unwrap_or_else(|| self.client.config.model_behind(&self.model))
    }

    /// Bound options lie on top of the model's own.
    pub(crate) fn call(&self, request: ChatRequest, stream: bool, cx: &RunContext) -> Result<(Call, Expect)> {
        let call = Call::new(
            Ask {
                config: &self.client.config,
                http: &self.client.http,
                model: &self.model,
                messages: &request.messages,
                options: self.options.clone().merge(request.options),
                policy: self.policy,
                stream,
                include_usage: self.stream_usage,
                response_headers: self.response_headers,
                reasoning: self.reasoning_sent_back,
            },
            cx,
        )?;
        let expect = Expect {
            choices: call.choices,
            usage: self.stream_usage,
            finish_reason: self.finish_reason_required,
            others: false,
        };
        Ok((call, expect))
    }
}

#[async_trait]
impl ChatModel for ChatOpenAI {
    fn profile(&self) -> ModelProfile {
        let config = &self.client.config;
        let model = self.options.model.as_ref().unwrap_or(&self.model);
        if let Some(mut profile) = self.profile.clone() {
            profile.model.clone_from(model);
            return profile;
        }
        // On another server, the name of an OpenAI model may mean anything.
        let of_openai = config.is_openai() || config.azure.is_some();
        let logprobs = gives_logprobs(config.model_behind(model)).filter(|_| of_openai);
        ModelProfile::new(config.provider(), model.clone())
            .with_logprobs(logprobs.unwrap_or(true))
            .with_tools(true)
    }

    fn name(&self) -> Cow<'_, str> {
        "ChatOpenAI".into()
    }

    fn bound_options(&self) -> ChatOptions {
        self.options.clone()
    }

    fn cache_identity(&self) -> Value {
        json!({
            "server": self.client.config.identity(),
            "model": self.model,
            "stream_usage": self.stream_usage,
            "endpoint": format!("{:?}", self.policy.endpoint),
            "use_previous_response_id": self.policy.use_previous_response_id,
            "reasoning_sent_back": self.reasoning_sent_back,
            "model_rules": format!("{:?}", self.policy.rules),
            "response_headers": self.response_headers,
        })
    }

    fn stream_chat(&self, request: ChatRequest, cx: RunContext) -> ChunkStream<AIMessage> {
        stream::chunks(self.call(request, true, &cx))
    }

    async fn chat(&self, request: ChatRequest, cx: RunContext) -> Result<AIMessage> {
        if self.streaming {
            return fold::<AIMessage>(self.stream_chat(request, cx))
                .await?
                .ok_or_else(nothing_came);
        }
        let (call, _) = self.call(request, false, &cx)?;
        Ok(first(call.whole().await?).into())
    }

    fn stream_choices(&self, request: ChatRequest, cx: RunContext) -> ChunkStream<Choices> {
        stream::choices(self.call(request, true, &cx))
    }

    async fn choices(&self, request: ChatRequest, cx: RunContext) -> Result<Choices> {
        if self.streaming {
            return fold::<Choices>(self.stream_choices(request, cx))
                .await?
                .ok_or_else(nothing_came);
        }
        let (call, _) = self.call(request, false, &cx)?;
        Choices::from_chunk(call.whole().await?)
    }
}

with_client!(
    ChatOpenAI,
    "let openai = cadena_openai::ChatOpenAI::new(\"gpt-4o-mini\");"
);

impl_pipe!(ChatOpenAI);

fn nothing_came() -> Error {
    Error::new(ErrorKind::Truncated, "the stream ended without a chunk")
}

impl fmt::Debug for ChatOpenAI {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChatOpenAI")
            .field("model", &self.model)
            .field("config", &self.client.config)
            .field("options", &self.options)
            .field("http", &self.client.http)
            .field("policy", &self.policy)
            .field("stream_usage", &self.stream_usage)
            .field("streaming", &self.streaming)
            .field("response_headers", &self.response_headers)
            .field("reasoning_sent_back", &self.reasoning_sent_back)
            .field("finish_reason_required", &self.finish_reason_required)
            .field("profile", &self.profile)
            .finish()
    }
}
