//! How a chat model asks and reads.

use cadena_core::{ChatOptions, ModelProfile, OnUnsupported};

use super::ChatOpenAI;
use crate::endpoint::Endpoint;
use crate::rules::ModelRules;

impl ChatOpenAI {
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

    /// Returns the rules about models that hold.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_openai::{ChatOpenAI, ModelRules};
    ///
    /// assert_eq!(ChatOpenAI::new("gpt-4o-mini").model_rules(), ModelRules::all());
    /// ```
    #[must_use]
    pub fn model_rules(&self) -> ModelRules {
        self.policy.rules
    }

    /// Sets how an option that cannot be honoured is treated: as an error.
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
    /// If it is on, a request names the last answer of the Responses API (`previous_response_id`) and has only the messages that
    /// follow it, such as the results of tools in an agent's loop; the server remembers the others, thoughts and system messages among them.
    /// All messages are sent if no answer has an id of that API (`resp_…`), if `store` is `false`, as the server then remembers
    /// nothing, and if `previous_response_id` or `conversation` is among the options.
    ///
    /// It needs the Responses API: [`Endpoint::Auto`] takes that of OpenAI. Chat Completions remembers nothing, so all messages are sent there.
    ///
    /// The server does not see changes that you make to earlier messages. Remembered messages are paid for as input
    /// like others. The server forgets them after 30 days; it then rejects the request
    /// ([`InvalidRequest`](cadena_core::ErrorKind::InvalidRequest) or [`NotFound`](cadena_core::ErrorKind::NotFound)), and another without
    /// this setting works.
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
    /// In a stream the first chunk has them.
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
    /// Servers differ: some need them while tools are called, others reject them. OpenAI sends no thoughts.
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

    /// Sets whether a whole answer is asked for as a stream and added up: off.
    ///
    /// It keeps long answers alive where a gateway closes a silent connection.
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

    /// Sets whether a stream that ends with `[DONE]` and without a finish reason is truncated: on.
    ///
    /// Switch it off for a server that never sends a finish reason.
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

    /// Sets the profile of the model. By default, it calls tools, and returns log probabilities unless it is
    /// [known](crate::known_model) not to.
    ///
    /// The name of the model stays the one that is asked; no request changes.
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
}
