//! The chat model.

use std::borrow::Cow;
use std::fmt;

use async_trait::async_trait;
use cadena_core::{
    AIMessage, ChatModel, ChatOptions, ChatRequest, Choices, ChunkStream, Error, ErrorKind, ModelProfile,
    OnUnsupported, PromptValue, Result, RunContext, Streamable, fold, impl_pipe,
};
use cadena_http::{Answer, Limits, RetryPolicy, Secret, Timers, Transport};
use futures::stream::{self, StreamExt};
use http::{HeaderName, HeaderValue};
use serde_json::{Value, json};

use crate::OpenAIClient;
use crate::client::{Ask, Call, first};
use crate::models::gives_logprobs;
use crate::prepare::Policy;
use crate::rules::ModelRules;
use crate::stream::{AnswerStream, ChoicesStream, Expect};

/// A chat model of OpenAI, or of any server that speaks Chat Completions (llama.cpp, vLLM, Ollama, …).
///
/// [`new`](Self::new) reads the environment; the `with_*` methods replace a part. A clone is cheap and shares connections, so build one and clone
/// it, or [`bind`](cadena_core::Bind::bind) it. `invoke` is one HTTP call, `stream` yields a chunk for every event that has one, and both
/// give the same: text, calls, usage, log probabilities, metadata.
///
/// # Examples
///
/// ```
/// use cadena_core::{Bind, ChatOptions, RunnableExt};
/// use cadena_http::Replay;
/// use cadena_openai::ChatOpenAI;
///
/// # futures::executor::block_on(async {
/// // A recording stands in for the network, so that this runs anywhere.
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
/// The [`ErrorKind`](cadena_core::ErrorKind) follows from the server's code and type, then its words, then its status; `detail()` is what the server said, and
/// `hint()` what to do. A stream that ends before its finish reason is [`Truncated`](cadena_core::ErrorKind::Truncated), with what had arrived in
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
    /// A model by its name, with address and key from the environment.
    ///
    /// Read here, once: `OPENAI_API_KEY`; `OPENAI_API_BASE`, then `OPENAI_BASE_URL`, then `https://api.openai.com/v1`; `OPENAI_ORG_ID`, then
    /// `OPENAI_ORGANIZATION`; `OPENAI_PROJECT_ID`. Nothing is opened and nothing can fail: a missing key is an error of the first call, and
    /// only where OpenAI itself is asked.
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

    /// Sends a header with every request, in place of ours if it has the same name. For one request: [`ChatOptions::header`].
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

    /// Sets how the model answers where nothing else is bound. Calling it again adds to what was set.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{ChatModel, ChatOptions};
    /// use cadena_openai::ChatOpenAI;
    ///
    /// let llm = ChatOpenAI::new("gpt-4o-mini").with_options(ChatOptions::new().temperature(0.0));
    /// assert_eq!(llm.bound_options().temperature, Some(0.0));
    /// ```
    #[must_use]
    pub fn with_options(mut self, options: ChatOptions) -> Self {
        self.options = self.options.merge(options);
        self
    }

    /// Sets which rules about models hold; all do. See [`ModelRule`](crate::ModelRule).
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_openai::{ChatOpenAI, ModelRules};
    ///
    /// let llm = ChatOpenAI::new("gpt-5").with_model_rules(ModelRules::none());
    /// assert_eq!(llm.model_rules(), ModelRules::none());
    /// ```
    #[must_use]
    pub fn with_model_rules(mut self, rules: ModelRules) -> Self {
        self.policy.rules = rules;
        self
    }

    /// The rules about models that hold.
    #[must_use]
    pub fn model_rules(&self) -> ModelRules {
        self.policy.rules
    }

    /// Sets what happens to an option that cannot be honoured: an error.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{Bind, ChatOptions, ErrorKind, OnUnsupported, RunnableExt};
    /// # use cadena_http::Replay;
    /// use cadena_openai::ChatOpenAI;
    ///
    /// # futures::executor::block_on(async {
    /// # let replay = Replay::from_jsonl(include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/hello.jsonl")))?;
    /// # let llm = ChatOpenAI::new("gpt-4o-mini").with_transport(replay);
    /// let top = ChatOptions::new().top_logprobs(5); // and no `logprobs(true)`
    /// let error = llm.bind(top).invoke("hi").await.unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::Unsupported);
    /// assert!(error.to_string().contains("`top_logprobs` cannot be sent: it needs `logprobs`"));
    ///
    /// let lenient = llm.with_on_unsupported(OnUnsupported::Warn);
    /// # let _ = lenient;
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    #[must_use]
    pub fn with_on_unsupported(mut self, policy: OnUnsupported) -> Self {
        self.policy.on_unsupported = policy;
        self
    }

    /// Sets which endpoint is asked: [`Endpoint::Auto`].
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{ChatOptions, RunnableExt, Bind};
    /// use cadena_http::Replay;
    /// use cadena_openai::{ChatOpenAI, Endpoint};
    ///
    /// # futures::executor::block_on(async {
    /// # let replay = Replay::from_jsonl(include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/responses.jsonl")))?;
    /// let llm = ChatOpenAI::new("gpt-4o-mini").with_endpoint(Endpoint::Responses);
    /// # let llm = llm.with_transport(replay);
    /// let llm = llm.bind(ChatOptions::new().logprobs(true));
    /// let message = llm.invoke(("human", "how are you today")).await?;
    /// assert_eq!(message.text(), "I'm fine");
    /// let first = message.logprobs().and_then(|logprobs| logprobs.tokens().next());
    /// assert_eq!(first.map(|token| (token.token.as_str(), token.logprob)), Some(("I'm", -0.25)));
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    #[must_use]
    pub fn with_endpoint(mut self, endpoint: Endpoint) -> Self {
        self.policy.endpoint = endpoint;
        self
    }

    /// Sets whether the server's own copy of a conversation is continued: off, so that every request has all messages.
    ///
    /// If it is on, a request names the last answer that the Responses API gave (`previous_response_id`) and has only the messages
    /// behind it; the server remembers the others, thoughts and system messages among them. In an agent's loop these are the results of the
    /// tools. All messages are sent where no answer has an id of that API (`resp_…`), where `store` is `false`, as the server remembers
    /// nothing then, and where `previous_response_id` or `conversation` is among the options, which then say it all.
    ///
    /// It needs the Responses API: [`Endpoint::Auto`] takes that of OpenAI. Chat Completions remembers nothing, so all messages are sent there.
    ///
    /// What was taken out of the older messages, or changed in them, the server does not hear of. Remembered messages are paid for as input like others. The server forgets them after 30 days; it then rejects the request
    /// ([`ErrorKind::InvalidRequest`] or [`ErrorKind::NotFound`]), and another without this setting works.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::RunnableExt;
    /// # use cadena_http::Replay;
    /// # use cadena_core::{AIMessage, HumanMessage, Message};
    /// use cadena_openai::ChatOpenAI;
    ///
    /// # futures::executor::block_on(async {
    /// # let replay = Replay::from_jsonl(include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/responses_previous.jsonl")))?;
    /// let llm = ChatOpenAI::new("gpt-4o-mini").with_use_previous_response_id(true);
    /// # let llm = llm.with_transport(replay);
    /// let mut messages: Vec<Message> = vec![HumanMessage::new("I'm Ada.").into()];
    /// let answer = llm.invoke(messages.clone()).await?;
    /// assert_eq!(answer.response_metadata.id.as_deref(), Some("resp_1"));
    ///
    /// messages.push(answer.into());
    /// messages.push(HumanMessage::new("Who am I?").into());
    /// // Only the question is sent, and `"previous_response_id": "resp_1"`.
    /// assert_eq!(llm.invoke(messages).await?.text(), "Ada.");
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    #[must_use]
    pub fn with_use_previous_response_id(mut self, continued: bool) -> Self {
        self.policy.use_previous_response_id = continued;
        self
    }

    /// Sets whether a message brings the headers of its answer, in `response_metadata.extra["headers"]`: off. The server's id of the
    /// request is among them (`x-request-id`); cookies are not.
    ///
    /// In a stream they stand on the first chunk.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::RunnableExt;
    /// # use cadena_core::{Bind, ChatOptions};
    /// # use cadena_http::Replay;
    /// # use cadena_openai::ChatOpenAI;
    ///
    /// # futures::executor::block_on(async {
    /// # let replay = Replay::from_jsonl(include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/hello.jsonl")))?;
    /// let llm = ChatOpenAI::new("gpt-4o-mini").with_response_headers(true);
    /// # let llm = llm.with_transport(replay).bind(ChatOptions::new().logprobs(true));
    /// let message = llm.invoke(("human", "how are you today")).await?;
    /// let headers = &message.response_metadata.extra.get("headers").unwrap();
    /// assert_eq!(headers["content-type"], "application/json");
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    #[must_use]
    pub fn with_response_headers(mut self, headers: bool) -> Self {
        self.response_headers = headers;
        self
    }

    /// Sets whether the thoughts of an answer (`additional_kwargs["reasoning_content"]`) go back to the server with it: off.
    ///
    /// Servers differ: some need them while tools are called, others reject them. OpenAI gives none.
    ///
    /// # Examples
    ///
    /// ```
    /// let llm = cadena_openai::ChatOpenAI::new("deepseek-chat").with_reasoning_sent_back(true);
    /// # let _ = llm;
    /// ```
    #[must_use]
    pub fn with_reasoning_sent_back(mut self, sent: bool) -> Self {
        self.reasoning_sent_back = sent;
        self
    }

    /// Sets whether a whole answer is asked for as a stream and added up: off. It keeps long answers alive behind gateways that
    /// close a silent connection.
    ///
    /// # Examples
    ///
    /// ```
    /// let llm = cadena_openai::ChatOpenAI::new("gpt-4o-mini").with_streaming(true);
    /// # let _ = llm;
    /// ```
    #[must_use]
    pub fn with_streaming(mut self, streaming: bool) -> Self {
        self.streaming = streaming;
        self
    }

    /// Sets whether a stream asks for its usage (`stream_options.include_usage`): on, so that a stream adds up to what `invoke` returns.
    ///
    /// Switch it off for a server that rejects `stream_options`.
    ///
    /// # Examples
    ///
    /// ```
    /// let llm = cadena_openai::ChatOpenAI::new("gpt-4o-mini").with_stream_usage(false);
    /// # let _ = llm;
    /// ```
    #[must_use]
    pub fn with_stream_usage(mut self, usage: bool) -> Self {
        self.stream_usage = usage;
        self
    }

    /// Sets whether a stream that says `[DONE]` without a finish reason is truncated: on. Switch it off for a server that never gives one.
    ///
    /// # Examples
    ///
    /// ```
    /// let llm = cadena_openai::ChatOpenAI::new("small-server").with_finish_reason_required(false);
    /// # let _ = llm;
    /// ```
    #[must_use]
    pub fn with_finish_reason_required(mut self, required: bool) -> Self {
        self.finish_reason_required = required;
        self
    }

    /// Sets what the model says about itself: that it calls tools, and gives log probabilities unless it is
    /// [known](crate::known_model) to give none. The name of the model stays the one that is asked; no request changes.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{ChatModel, ModelProfile};
    /// use cadena_openai::ChatOpenAI;
    ///
    /// let llm = ChatOpenAI::new("smollm2").with_base_url("http://127.0.0.1:8080/v1");
    /// let llm = llm.with_profile(ModelProfile::new("llama.cpp", "smollm2").with_logprobs(true));
    /// assert!(!llm.profile().tools);
    /// ```
    #[must_use]
    pub fn with_profile(mut self, profile: ModelProfile) -> Self {
        self.profile = Some(profile);
        self
    }

    /// Answers once and gives the server's answer as it came beside the message: status, headers, and the body to its last byte.
    ///
    /// For what a message does not hold, such as fields of a server's own. It is a call outside of a chain, so no listener hears of it.
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
    pub async fn invoke_raw(&self, input: impl Into<PromptValue> + Send) -> Result<(AIMessage, Answer)> {
        let (call, _) = self.call(ChatRequest::new(input), false, &RunContext::default())?;
        call.raw().await
    }

    /// The model whose vocabulary counts: the one that is bound, or what stands behind the deployment.
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

/// Which of OpenAI's two endpoints for chats is asked.
///
/// Both give the same message for the same answer, with the same log probabilities. Over the Responses API the content is a list of
/// blocks, which holds thoughts and the work of the server's tools as well; sent back, each goes as the item that it came as, with what this
/// version does not know of it. To Chat Completions such an answer goes with its texts, refusals and calls alone: thoughts and the work of
/// the server's tools have no form there, and what would be missed, such as a picture that was made, is refused
/// ([`ModelRule::PartsByRole`](crate::ModelRule::PartsByRole)).
///
/// In a stream, blocks with the same `index` are pieces of one: of a text and what it cites, of a thought, of a call and its arguments, of
/// the code that the server runs. What a tool of the server is doing stands in a member of its block that the finished message does not have:
/// `"tool_progress": {"status": "searching"}`, and for an image that is being made `{"status": "partial_image", "partial_image_b64": "…"}`.
///
/// With the option `background` a stream waits for the answer as any other does. `invoke` does not: the server answers at once that it
/// has begun, which is an error ([`ErrorKind::Truncated`], not to be retried) whose [`partial`](cadena_core::Error::partial) answer has the id.
///
/// # Examples
///
/// ```
/// use cadena_openai::{ChatOpenAI, Endpoint};
///
/// let llm = ChatOpenAI::new("gpt-4o-mini").with_endpoint(Endpoint::Responses);
/// assert_eq!(Endpoint::default(), Endpoint::Auto);
/// # let _ = llm;
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Endpoint {
    /// The Responses API where OpenAI is asked and only that can do what is asked for: an option such as `reasoning` or
    /// `previous_response_id`, a tool that the server runs, a model of [`ModelRule::ResponsesOnly`](crate::ModelRule::ResponsesOnly).
    /// Chat Completions otherwise, and of other servers, which may know such options there.
    #[default]
    Auto,
    /// Chat Completions (`/chat/completions`).
    ChatCompletions,
    /// The Responses API (`/responses`).
    Responses,
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
        // What other servers call by the name of a model of OpenAI's may be anything.
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
        })
    }

    fn stream_chat(&self, request: ChatRequest, cx: RunContext) -> ChunkStream<AIMessage> {
        match self.call(request, true, &cx) {
            Ok((call, expect)) => AnswerStream::new(call, expect).boxed(),
            Err(error) => stream::once(async { Err(error) }).boxed(),
        }
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
        match self.call(request, true, &cx) {
            Ok((call, expect)) => ChoicesStream::new(call, expect).boxed(),
            Err(error) => stream::once(async { Err(error) }).boxed(),
        }
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
