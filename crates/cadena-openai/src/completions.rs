//! The older completions: the model continues a text.

use std::borrow::Cow;
use std::fmt;

use async_trait::async_trait;
use cadena_core::{
    AIMessage, BufferOptions, ChatModel, ChatOptions, ChatRequest, Choices, ChoicesChunk, ChunkStream, Content, Error,
    ErrorKind, Message, ModelProfile, PromptValue, Result, RunContext, Streamable, get_buffer_string, impl_pipe,
};
use cadena_http::HttpResponse;
use futures::stream::{self, StreamExt, TryStreamExt};
use serde_json::{Map, Value, json};

use crate::OpenAIClient;
use crate::call::{Call, first};
use crate::client::with_client;
use crate::error::name_texts;
use crate::events::Expect;
use crate::stream as answers;
use crate::wire::stream_options;

/// The path of the endpoint below the base URL.
const PATH: &str = "/completions";

/// A model that continues a text, by the older endpoint `/completions`: base models, `gpt-3.5-turbo-instruct`, local servers.
///
/// It is asked as a chat model is, so everything that works with one works with it: `bind`, streams, caches, log probabilities. The prompt is the
/// text of a single message of a human, unchanged; several messages become a transcript (`Human: …`, `AI: …`), as
/// [`get_buffer_string`] writes it. The answer is the text that follows, as an [`AIMessage`].
///
/// | option | what is sent |
/// |---|---|
/// | `max_tokens` | as it is; OpenAI's own default is 16 |
/// | `logprobs`, `top_logprobs` | `logprobs`, the number of alternatives; 1 for `logprobs(true)` alone |
/// | `temperature`, `top_p`, `stop`, `seed`, `n`, penalties, `logit_bias` | as they are |
/// | `.extra("echo", true)`, `suffix`, `best_of`, … | as they are |
/// | tools, `response_format`, `reasoning_effort` | nothing: they are errors of the kind [`Unsupported`](ErrorKind::Unsupported) |
///
/// Each token's log probability is in `response_metadata.logprobs`, with its `text_offset` among the token's other keys. The first token of an echoed
/// prompt has none and is left out.
///
/// Each prompt is one request, in a `batch` as well, so that a refused one leaves its neighbours alone and each has its events.
/// [`complete`](Self::complete) sends many prompts in one request.
///
/// # Examples
///
/// ```
/// use cadena_core::{Bind, ChatOptions, PromptTemplate, RunnableExt, StrOutputParser, dict};
/// use cadena_http::Replay;
/// use cadena_openai::OpenAICompletions;
///
/// # futures::executor::block_on(async {
/// // A recording replaces the network, so that this runs anywhere.
/// let replay = Replay::from_jsonl(include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/completions.jsonl")))?;
/// let llm = OpenAICompletions::new("gpt-3.5-turbo-instruct").with_transport(replay);
/// let llm = llm.bind(ChatOptions::new().max_tokens(2).logprobs(true).top_logprobs(2));
///
/// let message = llm.invoke("Once upon").await?;
/// assert_eq!(message.text(), " a time");
/// let tokens = message.logprobs().and_then(|logprobs| logprobs.content.clone()).unwrap_or_default();
/// assert_eq!((tokens[0].token.as_str(), tokens[0].logprob), (" a", -0.25));
///
/// let chain = PromptTemplate::from_template("Once {word}")? | llm | StrOutputParser;
/// # let _ = chain;
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
#[derive(Clone)]
pub struct OpenAICompletions {
    model: String,
    pub(crate) client: OpenAIClient,
    options: ChatOptions,
    stream_usage: bool,
    finish_reason_required: bool,
    batch_size: usize,
    concurrency: usize,
}

impl OpenAICompletions {
    /// Makes a model by its name, with address and key from the environment: see [`ChatOpenAI::new`](crate::ChatOpenAI::new).
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::ChatModel;
    /// use cadena_openai::OpenAICompletions;
    ///
    /// assert_eq!(OpenAICompletions::new("davinci-002").profile().model, "davinci-002");
    /// ```
    #[must_use]
    pub fn new(model: impl Into<String>) -> Self {
        Self {
            model: model.into(),
            client: OpenAIClient::new(),
            options: ChatOptions::new(),
            stream_usage: true,
            finish_reason_required: true,
            batch_size: 20,
            concurrency: 4,
        }
    }

    /// Makes a model of a deployment on Azure, with the resource and its key from the environment: see [`OpenAIClient::azure`].
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::ChatModel;
    /// use cadena_openai::OpenAICompletions;
    ///
    /// let profile = OpenAICompletions::azure("my-instruct").profile();
    /// assert_eq!((&*profile.provider, profile.model.as_str()), ("azure", "my-instruct"));
    /// ```
    #[must_use]
    pub fn azure(deployment: impl Into<String>) -> Self {
        Self::new(deployment).with_client(OpenAIClient::azure())
    }

    /// Sets how the model answers where nothing else is bound. Calling it again adds to what was set.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{ChatModel, ChatOptions};
    /// use cadena_openai::OpenAICompletions;
    ///
    /// let llm = OpenAICompletions::new("davinci-002").with_options(ChatOptions::new().max_tokens(64));
    /// assert_eq!(llm.bound_options().max_tokens, Some(64));
    /// ```
    #[must_use]
    pub fn with_options(mut self, options: ChatOptions) -> Self {
        self.options = self.options.merge(options);
        self
    }

    /// Sets whether a stream asks for its usage (`stream_options.include_usage`): on. Switch it off for a server that rejects `stream_options`.
    ///
    /// # Examples
    ///
    /// ```
    /// let llm = cadena_openai::OpenAICompletions::new("davinci-002").with_stream_usage(false);
    /// assert!(format!("{llm:?}").contains("stream_usage: false"));
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
    /// let llm = cadena_openai::OpenAICompletions::new("small").with_finish_reason_required(false);
    /// assert!(format!("{llm:?}").contains("finish_reason_required: false"));
    /// ```
    #[must_use]
    pub fn with_finish_reason_required(mut self, required: bool) -> Self {
        self.finish_reason_required = required;
        self
    }

    /// Sets how many prompts [`complete`](Self::complete) puts into one request at most: 20, as LangChain's `batch_size`.
    ///
    /// # Examples
    ///
    /// ```
    /// let llm = cadena_openai::OpenAICompletions::new("davinci-002").with_batch_size(100);
    /// assert!(format!("{llm:?}").contains("batch_size: 100"));
    /// ```
    #[must_use]
    pub fn with_batch_size(mut self, prompts: usize) -> Self {
        self.batch_size = prompts.max(1);
        self
    }

    /// Sets how many requests of [`complete`](Self::complete) are under way at once: 4.
    ///
    /// # Examples
    ///
    /// ```
    /// let llm = cadena_openai::OpenAICompletions::new("davinci-002").with_max_concurrency(1);
    /// assert!(format!("{llm:?}").contains("max_concurrency: 1"));
    /// ```
    #[must_use]
    pub fn with_max_concurrency(mut self, requests: usize) -> Self {
        self.concurrency = requests.max(1);
        self
    }

    /// Continues many texts, several in one request, and returns the answers to each in the order of the texts.
    ///
    /// Options are those of [`with_options`](Self::with_options); with `n`, each text has as many answers. The usage of a whole request is on
    /// the first answer to its first text, so that a sum is right. It is a call outside of a chain, so no listener hears of it.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::ChatOptions;
    /// use cadena_http::Replay;
    /// use cadena_openai::OpenAICompletions;
    ///
    /// # futures::executor::block_on(async {
    /// # let replay = Replay::from_jsonl(include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/complete.jsonl")))?;
    /// let llm = OpenAICompletions::new("davinci-002").with_options(ChatOptions::new().max_tokens(2));
    /// # let llm = llm.with_transport(replay);
    /// let answers = llm.complete(&["One, two,", "A, B,"]).await?;
    /// let texts: Vec<_> = answers.iter().flatten().map(|message| message.text().into_owned()).collect();
    /// assert_eq!(texts, [" three", " C"]);
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    ///
    /// # Errors
    ///
    /// As `invoke`: the first error of a request, which names its texts in the hint; what other requests answered is dropped.
    /// [`Decode`](ErrorKind::Decode) if an answer is missing.
    pub async fn complete(&self, texts: &[impl AsRef<str> + Sync]) -> Result<Vec<Choices>> {
        let texts: Vec<&str> = texts.iter().map(AsRef::as_ref).collect();
        let requests: Vec<_> = (0..texts.len())
            .step_by(self.batch_size)
            .zip(texts.chunks(self.batch_size))
            .map(|(first, texts)| self.request(first, texts))
            .collect();
        let answers = stream::iter(requests).buffered(self.concurrency);
        Ok(answers.try_collect::<Vec<_>>().await?.into_iter().flatten().collect())
    }

    /// One request of `complete`.
    async fn request(&self, first: usize, texts: &[&str]) -> Result<Vec<Choices>> {
        let answered = async {
            let prompt = match texts {
                // Every server takes a text, not every one a list.
                [text] => (*text).into(),
                texts => texts.into(),
            };
            let call = self.post(&self.options, prompt, false, &RunContext::default())?;
            let choices = usize::try_from(call.choices).unwrap_or(usize::MAX).max(1);
            deal(call.whole().await?, texts.len(), choices)
        };
        let last = first + texts.len().saturating_sub(1);
        answered.await.map_err(|error| name_texts(error, first, last))
    }

    /// Answers once, and returns the HTTP response beside the message: see [`ChatOpenAI::invoke_raw`](crate::ChatOpenAI::invoke_raw).
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::ChatOptions;
    /// # use cadena_http::Replay;
    /// # use cadena_openai::OpenAICompletions;
    ///
    /// # futures::executor::block_on(async {
    /// # let replay = Replay::from_jsonl(include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/completions.jsonl")))?;
    /// # let llm = OpenAICompletions::new("gpt-3.5-turbo-instruct").with_transport(replay);
    /// let llm = llm.with_options(ChatOptions::new().max_tokens(2).logprobs(true).top_logprobs(2));
    /// let (message, answer) = llm.invoke_raw("Once upon").await?;
    /// assert_eq!(message.text(), " a time");
    /// let body: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
    /// assert_eq!(body["choices"][0]["logprobs"]["tokens"][0], " a");
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

    pub(crate) fn call(&self, request: ChatRequest, stream: bool, cx: &RunContext) -> Result<(Call, Expect)> {
        let options = self.options.clone().merge(request.options);
        options.check()?;
        let call = self.post(&options, prompt(&request.messages)?.into(), stream, cx)?;
        let expect = Expect {
            choices: call.choices,
            usage: self.stream_usage,
            finish_reason: self.finish_reason_required,
            others: false,
        };
        Ok((call, expect))
    }

    fn post(&self, options: &ChatOptions, prompt: Value, stream: bool, cx: &RunContext) -> Result<Call> {
        let model = options.model.clone().unwrap_or_else(|| self.model.clone());
        let body = body(&model, prompt, options, stream, self.stream_usage)?;
        Call::post(&self.client, PATH, &body, options, model, cx)
    }
}

with_client!(
    OpenAICompletions,
    "let openai = cadena_openai::OpenAICompletions::new(\"davinci-002\");"
);

#[async_trait]
impl ChatModel for OpenAICompletions {
    fn profile(&self) -> ModelProfile {
        let model = self.options.model.as_ref().unwrap_or(&self.model);
        ModelProfile::new(self.client.config.provider(), model.clone()).with_logprobs(true)
    }

    fn name(&self) -> Cow<'_, str> {
        "OpenAICompletions".into()
    }

    fn bound_options(&self) -> ChatOptions {
        self.options.clone()
    }

    fn cache_identity(&self) -> Value {
        json!({
            "endpoint": PATH,
            "model": self.model,
            "client": self.client.config.identity(),
            "stream_usage": self.stream_usage,
        })
    }

    fn stream_chat(&self, request: ChatRequest, cx: RunContext) -> ChunkStream<AIMessage> {
        answers::chunks(self.call(request, true, &cx))
    }

    async fn chat(&self, request: ChatRequest, cx: RunContext) -> Result<AIMessage> {
        let (call, _) = self.call(request, false, &cx)?;
        Ok(first(call.whole().await?).into())
    }

    fn stream_choices(&self, request: ChatRequest, cx: RunContext) -> ChunkStream<Choices> {
        answers::choices(self.call(request, true, &cx))
    }

    async fn choices(&self, request: ChatRequest, cx: RunContext) -> Result<Choices> {
        let (call, _) = self.call(request, false, &cx)?;
        Choices::from_chunk(call.whole().await?)
    }
}

impl_pipe!(OpenAICompletions);

impl fmt::Debug for OpenAICompletions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenAICompletions")
            .field("model", &self.model)
            .field("client", &self.client)
            .field("options", &self.options)
            .field("stream_usage", &self.stream_usage)
            .field("finish_reason_required", &self.finish_reason_required)
            .field("batch_size", &self.batch_size)
            .field("max_concurrency", &self.concurrency)
            .finish()
    }
}

/// Gives each text its choices: the server counts them through, those of the first text first.
fn deal(all: ChoicesChunk, texts: usize, choices: usize) -> Result<Vec<Choices>> {
    let wrong = |detail: String| {
        let hint = "the server may take one prompt at a time: call `with_batch_size(1)`";
        Error::new(ErrorKind::Decode, detail).with_hint(hint)
    };
    let wanted = texts.saturating_mul(choices);
    let mut dealt = vec![Vec::new(); texts];
    let mut found = 0;
    for (index, chunk) in all {
        let text = usize::try_from(index).ok().map(|index| index / choices);
        let place = text.and_then(|text| dealt.get_mut(text));
        let place =
            place.ok_or_else(|| wrong(format!("the answer has a choice with the `index` {index} of {wanted}")))?;
        place.push(AIMessage::from(chunk));
        found += 1;
    }
    if found != wanted {
        return Err(wrong(format!(
            "the answer has {found} choices where {wanted} were expected"
        )));
    }
    Ok(dealt.into_iter().map(Choices::from).collect())
}

/// The text that the model goes on with.
fn prompt(messages: &[Message]) -> Result<String> {
    let media = |message: &Message| match message.content() {
        Content::Text(_) => false,
        Content::Parts(parts) => parts.iter().any(|part| part.as_text().is_none()),
    };
    if messages.iter().any(media) {
        let detail = "a completion takes text, and a message holds something else";
        return Err(
            Error::new(ErrorKind::Unsupported, detail).with_hint("ask a chat model, or leave out images and files")
        );
    }
    match messages {
        [Message::Human(message)] => Ok(message.text().into_owned()),
        messages => get_buffer_string(messages, &BufferOptions::default()),
    }
}

/// The body of a request.
fn body(model: &str, prompt: Value, options: &ChatOptions, stream: bool, usage: bool) -> Result<Map<String, Value>> {
    let unknown = [
        ("tools", options.tools.is_some()),
        ("tool_choice", options.tool_choice.is_some()),
        ("parallel_tool_calls", options.parallel_tool_calls.is_some()),
        ("response_format", options.response_format.is_some()),
        ("reasoning_effort", options.reasoning_effort.is_some()),
    ];
    if let Some((option, _)) = unknown.iter().find(|(_, set)| *set) {
        let detail = format!("`{option}` cannot be sent: a completion has no such option");
        return Err(Error::new(ErrorKind::Unsupported, detail).with_hint("take it out, or ask a chat model"));
    }
    let given = |key: &&str| options.extra.get(key).is_some();
    if let Some(key) = ["prompt", "stream"].into_iter().find(given) {
        let detail = format!("`{key}` cannot be sent: it follows from how the model is called");
        let error = Error::new(ErrorKind::Unsupported, detail);
        return Err(error.with_hint("give the text as input, to `invoke` or `stream`"));
    }
    let mut body = Map::new();
    let mut put = |key: &str, value: Value| {
        if !value.is_null() {
            body.insert(key.to_owned(), value);
        }
    };
    put("model", model.into());
    put("prompt", prompt);
    put("temperature", json!(options.temperature));
    put("top_p", json!(options.top_p));
    put("max_tokens", json!(options.max_tokens));
    put("stop", json!(options.stop));
    put("seed", json!(options.seed));
    put("n", json!(options.n));
    put("presence_penalty", json!(options.presence_penalty));
    put("frequency_penalty", json!(options.frequency_penalty));
    put("logit_bias", json!(options.logit_bias));
    put(
        "logprobs",
        json!(options.top_logprobs.or((options.logprobs == Some(true)).then_some(1))),
    );
    put("stream", stream.into());
    put("stream_options", json!(stream_options(&options.extra, stream, usage)));
    let others = options.extra.iter().filter(|(key, _)| *key != "stream_options");
    body.extend(others.map(|(key, value)| (key.clone(), value.clone())));
    Ok(body)
}
