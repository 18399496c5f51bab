//! One call of an endpoint: the request built and sent.

mod answer;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use cadena_core::{AIMessage, AIMessageChunk, ChatOptions, ChoicesChunk, Error, Message, Result, RunContext, RunId};
use cadena_http::{CallOptions, HttpClient, HttpRequest, HttpResponse, Redactor, Streamed};
use http::{HeaderMap, header};
use serde_json::{Map, Value};
use tokio::time::Instant;

use crate::OpenAIClient;
use crate::client::{accept_json, send_with_key};
use crate::config::Config;
use crate::conversation::{check_roles, nothing_to_send, with_call_ids};
use crate::endpoint::Api;
use crate::fingerprint::fnv1a;
use crate::prepare::{Policy, Prepared};
use crate::responses::CreateResponse;
use crate::rules::ModelRule;
use crate::wire::ChatCompletionRequest;

/// One call, with everything that it needs while its answer comes in, so that it does not borrow the model.
#[derive(Debug)]
pub(crate) struct Call {
    request: HttpRequest,
    /// The request as it went out, with the key that was asked for.
    authorized: OnceLock<HttpRequest>,
    http: HttpClient,
    /// When the run must have ended.
    deadline: Option<Instant>,
    /// How long the call may take from when it is sent first.
    timeout: Option<Duration>,
    config: Arc<Config>,
    warnings: Vec<String>,
    response_headers: bool,
    /// Whether there is nothing to send. An answer that is there already can still be read.
    is_empty: bool,
    /// The id of the message, where the answer comes from a recording. Chat Completions has no ids of messages, and that of the run is random.
    replayed_id: Option<String>,
    pub(crate) api: Api,
    /// The model that was asked for.
    pub(crate) model: String,
    /// How many answers were asked for.
    pub(crate) choices: u32,
}

/// How a call is made.
pub(crate) struct Ask<'a> {
    pub(crate) config: &'a Arc<Config>,
    pub(crate) http: &'a HttpClient,
    pub(crate) model: &'a str,
    pub(crate) messages: &'a [Message],
    pub(crate) options: ChatOptions,
    pub(crate) policy: Policy,
    pub(crate) stream: bool,
    pub(crate) include_usage: bool,
    pub(crate) response_headers: bool,
    pub(crate) reasoning: bool,
}

impl Call {
    pub(crate) fn new(ask: Ask<'_>, cx: &RunContext) -> Result<Self> {
        let Ask {
            config,
            http,
            model,
            messages,
            options,
            policy,
            stream,
            include_usage,
            response_headers,
            reasoning,
        } = ask;
        let Prepared { options, warnings, api } =
            policy.prepare(options, config.model_behind(model), config.is_openai())?;
        let asked = options.model.as_deref().unwrap_or(model);
        let known = options.model.as_deref().unwrap_or(config.model_behind(model));
        let messages = &*with_call_ids(messages);
        let is_checked =
            api == Api::ChatCompletions && config.is_of_openai() && policy.rules.has(ModelRule::PartsByRole);
        if is_checked {
            check_roles(messages)?;
        }
        let request = config.post(&config.path(api.path(), asked))?;
        let mut request = match api {
            Api::ChatCompletions => request.with_json(&ChatCompletionRequest {
                model: asked,
                messages,
                options: &options,
                stream,
                include_usage,
                developer: policy.rules.apply(ModelRule::DeveloperRole, known),
                reasoning,
                unknown: !config.is_of_openai() || !policy.rules.has(ModelRule::KnownMembers),
                max_completion_tokens: policy.rules.apply(ModelRule::MaxCompletionTokens, known),
            })?,
            Api::Responses => request.with_json(&CreateResponse {
                model: asked,
                messages,
                options: &options,
                stream,
                continues: policy.use_previous_response_id,
            })?,
        };
        if !stream {
            request = accept_json(request);
        }
        let replayed_id = replayed_id(http, &request);
        Ok(Self {
            replayed_id,
            request: Config::add_own(request, &options)?,
            authorized: OnceLock::new(),
            http: http.clone(),
            deadline: cx.deadline(),
            timeout: options.timeout,
            config: Arc::clone(config),
            warnings,
            response_headers,
            is_empty: is_checked && messages.is_empty(),
            api,
            model: asked.to_owned(),
            choices: options.n.unwrap_or(1),
        })
    }

    /// The body of the request.
    pub(crate) fn body(&self) -> Bytes {
        self.request.body.clone()
    }

    /// A call of an endpoint whose answers are read as chat completions are.
    pub(crate) fn post(
        client: &OpenAIClient,
        path: &str,
        body: &Map<String, Value>,
        options: &ChatOptions,
        model: String,
        cx: &RunContext,
    ) -> Result<Self> {
        let OpenAIClient { config, http } = client;
        let mut request = config.post(&config.path(path, &model))?.with_json(body)?;
        if body.get("stream") != Some(&Value::Bool(true)) {
            request = accept_json(request);
        }
        let replayed_id = replayed_id(http, &request);
        Ok(Self {
            replayed_id,
            request: Config::add_own(request, options)?,
            authorized: OnceLock::new(),
            http: http.clone(),
            deadline: cx.deadline(),
            timeout: options.timeout,
            config: Arc::clone(config),
            warnings: Vec::new(),
            response_headers: false,
            is_empty: false,
            // The older completions have an API of their own, and their answers a reader of theirs.
            api: Api::ChatCompletions,
            model,
            choices: options.n.unwrap_or(1),
        })
    }

    /// Sends the request, with a fresh key if one must be asked for.
    async fn send<T, Fut>(&self, send: impl Fn(HttpRequest) -> Fut) -> Result<T>
    where
        Fut: Future<Output = Result<T>>,
    {
        if self.is_empty {
            return Err(self.explain(nothing_to_send()));
        }
        let sent = send_with_key(&self.config, &self.request, send).await;
        let (request, answer) = sent.map_err(|error| self.explain(error))?;
        self.authorized.get_or_init(|| request);
        Ok(answer)
    }

    fn redactor(&self) -> Redactor {
        Redactor::of(self.authorized.get().unwrap_or(&self.request))
    }

    /// The notes about the call that the message carries: warnings, and the headers if they were asked for.
    pub(crate) fn notes(&self, headers: &HeaderMap) -> Map<String, Value> {
        let mut notes = Map::new();
        if self.response_headers {
            notes.insert("headers".to_owned(), Value::Object(shown_headers(headers)));
        }
        if !self.warnings.is_empty() {
            notes.insert("warnings".to_owned(), self.warnings.clone().into());
        }
        notes
    }

    /// Sends it and waits for the whole answer.
    pub(crate) async fn whole(self) -> Result<ChoicesChunk> {
        let answer = self.answer().await?;
        self.read_whole(&answer)
    }

    /// Reads a whole answer that came for this call.
    pub(crate) fn read_whole(&self, answer: &HttpResponse) -> Result<ChoicesChunk> {
        let choices = self.read(answer).map_err(|error| self.explain(error))?;
        let named = choices.into_iter().map(|(index, mut chunk)| {
            self.name(index, &mut chunk);
            (index, chunk)
        });
        Ok(named.collect())
    }

    /// Gives a chunk the id of a replayed message, unless the server has given it one.
    pub(crate) fn name(&self, index: u32, chunk: &mut AIMessageChunk) {
        if let Some(id) = &self.replayed_id {
            chunk.id.get_or_insert_with(|| match index {
                0 => id.clone(),
                index => format!("{id}-{index}"),
            });
        }
    }

    /// Sends it and waits for the whole answer, unread.
    pub(crate) async fn answer(&self) -> Result<HttpResponse> {
        let limits = self.limits();
        self.send(|request| self.http.send_with(request, limits)).await
    }

    /// Sends it and waits for the whole answer: the first choice, and the answer as it came.
    pub(crate) async fn raw(&self) -> Result<(AIMessage, HttpResponse)> {
        let answer = self.answer().await?;
        let choices = self.read_whole(&answer)?;
        Ok((first(choices).into(), answer))
    }

    /// Sends it and waits for the first event of its stream.
    pub(crate) async fn open(&self) -> Result<Streamed> {
        let limits = self.limits();
        self.send(|request| self.http.stream_with(request, limits)).await
    }

    /// The deadline of the call that begins now.
    fn limits(&self) -> CallOptions {
        let own = self.timeout.and_then(|limit| Instant::now().checked_add(limit));
        let earlier = self.deadline.into_iter().chain(own).min();
        earlier.map_or_else(CallOptions::new, |at| CallOptions::new().deadline(at))
    }

    /// Adds what the reader can do about it.
    pub(crate) fn explain(&self, error: Error) -> Error {
        self.config.explain(error, &self.model)
    }
}

/// The id of a replayed message: in the form of a run's, with a number that follows from the body of the request.
fn replayed_id(http: &HttpClient, request: &HttpRequest) -> Option<String> {
    let is_replay = http.transport().is_replay();
    is_replay.then(|| format!("lc_run--{}", RunId::from_u128(fnv1a(&request.body))))
}

/// Writes the notes about a call into the first chunk of its answer.
pub(crate) fn note(chunk: &mut AIMessageChunk, notes: Map<String, Value>) {
    for (key, note) in notes {
        chunk.response_metadata.extra.insert(key, note);
    }
}

/// The first choice alone.
pub(crate) fn first(choices: ChoicesChunk) -> AIMessageChunk {
    let first = choices.into_iter().find(|(index, _)| *index == 0);
    first.map(|(_, chunk)| chunk).unwrap_or_default()
}

/// Headers as JSON. Cookies are left out, as they open a session.
fn shown_headers(headers: &HeaderMap) -> Map<String, Value> {
    let mut shown = Map::new();
    for name in headers.keys().filter(|name| *name != header::SET_COOKIE) {
        let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
        shown.insert(name.as_str().to_owned(), values.collect::<Vec<_>>().join(", ").into());
    }
    shown
}
