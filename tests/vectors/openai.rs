//! What the OpenAI model sends, and what it makes of answers that a transport plays from memory.
//!
//! Three things differ from LangChain in every case, because here the sum of a stream is what `invoke` returns. They are listed
//! in `departures.json` under the case `*`; what is taken off a result before it is compared is checked against the bytes of
//! the server first.

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use cadena_core::{
    AIMessage, AIMessageChunk, Bind, Bound, ChatModelExt, ChatOptions, Choices, Error, ErrorKind, PromptValue,
    RunnableExt, convert_to_openai_tool, merge_all,
};
use cadena_http::{HttpRequest, RetryPolicy, StreamingResponse, Transport};
use cadena_openai::{ChatOpenAI, Endpoint};
use futures::stream::{self, StreamExt, TryStreamExt};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde_json::{Map, Value, json};

use crate::errors::CaseError;
use crate::kinds::messages;
use crate::merge::arg;
use crate::structured;

/// `invoke` with the answers of a case.
pub(crate) fn response(args: &Value) -> Result<Value, CaseError> {
    let answers = match args.get("responses") {
        Some(list) => list.as_array().into_iter().flatten().map(HttpResponse::read).collect(),
        None => vec![HttpResponse::read(arg(args, "response"))],
    };
    let server = Server::new(answers);
    let llm = model(args, &server, false)?;
    if let Some(given) = args.get("structured") {
        return structured::response(&llm, args, given);
    }
    let prompt = prompt(args)?;
    if arg(args, "mode") == "generate" {
        let choices = block_on(async { llm.generate(prompt).await })??;
        return generations(&choices);
    }
    let counted = arg(args, "count") == true;
    let result = block_on(async { llm.invoke(prompt).await })?;
    let requests = server.requests().len();
    match result {
        Ok(message) => {
            let mut dump = serde_json::to_value(message)?;
            number(&mut dump);
            take_ending(&mut dump, arg(arg(args, "response"), "body").get("usage"));
            Ok(if counted {
                json!({"result": dump, "requests": requests})
            } else {
                dump
            })
        }
        Err(error) if counted => Err(CaseError::from(error).with_partial(json!({"requests": requests}))),
        Err(error) => Err(error.into()),
    }
}

/// LangChain's result of `generate`, which says twice what is in a message.
fn generations(choices: &Choices) -> Result<Value, CaseError> {
    let generation = |message: &AIMessage| {
        let mut dump = serde_json::to_value(message)?;
        number(&mut dump);
        let metadata = &message.response_metadata;
        let info = json!({"finish_reason": metadata.finish_reason, "logprobs": metadata.logprobs});
        Ok(json!({"text": message.text(), "message": dump, "generation_info": info}))
    };
    let metadata = choices.first().map(|message| &message.response_metadata);
    Ok(json!({
        "generations": choices.iter().map(generation).collect::<Result<Vec<_>, CaseError>>()?,
        "llm_output": {
            "token_usage": metadata.and_then(|metadata| metadata.token_usage.clone()),
            "model_name": "gpt-4o-mini",
            "system_fingerprint": metadata.and_then(|metadata| metadata.system_fingerprint.clone()),
        },
    }))
}

/// `stream` with the bytes of a case.
pub(crate) fn stream(args: &Value) -> Result<Value, CaseError> {
    let body: Vec<Bytes> = arg(args, "chunks_b64")
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|chunk| STANDARD.decode(chunk.as_str()?).ok())
        .map(Bytes::from)
        .collect();
    let wire = Wire::read(&body);
    let server = Server::new(vec![HttpResponse::streamed(args, body)]);
    let llm = model(args, &server, false)?;
    let prompt = prompt(args)?;
    let (chunks, error) = block_on(async {
        let (mut chunks, mut stream) = (Vec::<AIMessageChunk>::new(), llm.stream(prompt));
        while let Some(item) = stream.next().await {
            match item {
                Ok(chunk) => chunks.push(chunk),
                Err(error) => return (chunks, Some(error)),
            }
        }
        (chunks, None)
    })?;
    let mut merged = serde_json::to_value(merge_all(chunks.clone())?)?;
    let mut dumps: Vec<Value> = chunks.iter().map(serde_json::to_value).collect::<Result<_, _>>()?;
    dumps
        .iter_mut()
        .chain([&mut merged])
        .for_each(|dump| wire.take_additions(dump));
    if arg(args, "mode") == "invoke" {
        // A streaming model that is invoked; here it is the sum.
        let sum = chunks.into_iter().sum::<AIMessageChunk>();
        let mut message = serde_json::to_value(cadena_core::AIMessage::from(sum))?;
        wire.take_additions(&mut message);
        return error.map_or(Ok(message), |error| Err(error.into()));
    }
    let result = json!({"chunks": dumps, "merged": merged});
    match error {
        None => Ok(result),
        Some(error) => Err(CaseError::from(error).with_partial(result)),
    }
}

/// The request that a call makes, as it leaves the client.
pub(crate) fn request(args: &Value) -> Result<Value, CaseError> {
    let streamed = arg(args, "call") == "stream";
    let events = streamed
        || args
            .pointer("/init/streaming")
            .is_some_and(|streaming| *streaming == true);
    let server = Server::new(vec![HttpResponse::harmless(events)]);
    let llm = model(args, &server, true)?.bind(ChatOptions::try_from(
        args.get("call_kwargs").cloned().unwrap_or_else(|| json!({})),
    )?);
    let prompt = prompt(args)?;
    let structured = args.get("structured").map(|given| structured::step(&llm, given));
    let structured = structured.transpose()?;
    let failed = block_on(async {
        if let Some(step) = structured {
            // The server's answer is no JSON: what matters here is what it was asked.
            step.include_raw().invoke(prompt).await.err()
        } else if streamed {
            llm.stream(prompt).try_for_each(|_| async { Ok(()) }).await.err()
        } else {
            llm.invoke(prompt).await.err()
        }
    })?;
    let requests = server.requests();
    let Some(request) = requests.first() else {
        return Err(failed.map_or_else(|| CaseError::open("no request"), CaseError::from));
    };
    let url: http::Uri = request.url.parse().unwrap_or_default();
    let shown = |name: &str| {
        let known = [
            "accept",
            "authorization",
            "content-type",
            "openai-organization",
            "openai-project",
        ];
        name.starts_with("x-") || known.contains(&name)
    };
    let headers = request.headers.iter().filter(|(name, _)| shown(name.as_str()));
    let mut headers: Map<String, Value> = headers
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap_or_default().into()))
        .collect();
    if events
        && headers
            .get("accept")
            .is_some_and(|accept| accept == "text/event-stream")
    {
        headers.insert("accept".to_owned(), "application/json".into());
    }
    Ok(json!({
        "method": request.method.as_str(),
        "path": url.path(),
        "query": url.query().unwrap_or_default(),
        "headers": headers,
        "body": serde_json::from_slice::<Value>(&request.body)?,
        "requests": requests.len(),
    }))
}

pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> Result<T, CaseError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Error::wrap(ErrorKind::Internal, "tokio gives no runtime", error))?;
    Ok(runtime.block_on(future))
}

/// The model of a case: LangChain's constructor arguments, then tools, then what is bound. `usage` says whether a stream asks
/// for its usage where the case does not say.
fn model(args: &Value, server: &Server, usage: bool) -> Result<Bound<Bound<ChatOpenAI>>, CaseError> {
    let mut init = arg(args, "init").as_object().cloned().unwrap_or_default();
    let mut take = |key: &str| init.shift_remove(key);
    // LangChain asks any server for responses where an option needs them; here only OpenAI itself is asked by need.
    let endpoint = match take("use_responses_api") {
        Some(asked) if asked == true => Endpoint::Responses,
        _ => Endpoint::Auto,
    };
    let headers = take("include_response_headers").is_some_and(|headers| headers == true);
    let retries = take("max_retries").and_then(|count| count.as_u64()).unwrap_or(0);
    let policy = RetryPolicy::default().base_pause(Duration::from_millis(1));
    let usage = take("stream_usage").map_or(usage, |usage| usage == true);
    let streaming = take("streaming").is_some_and(|streaming| streaming == true);
    // Parts of LangChain's constructor that change nothing in a request.
    for name in [
        "disabled_params",
        "output_version",
        "disable_streaming",
        "stream_chunk_timeout",
        "verbose",
    ] {
        take(name);
    }
    // Named parts of LangChain's constructor that have a method of their own here, or are options like all others.
    let (organization, query) = (take("organization"), take("default_query"));
    let (sent_headers, kwargs) = (take("default_headers"), take("model_kwargs"));
    if let Some(Value::Object(kwargs)) = kwargs {
        init.extend(kwargs);
    }
    let mut llm = ChatOpenAI::new("gpt-4o-mini")
        .with_api_key("sk-test")
        .with_base_url("https://api.openai.com/v1")
        .with_endpoint(endpoint)
        .with_http_retry(policy.max_attempts(u32::try_from(retries + 1).unwrap_or(1)))
        .with_stream_usage(usage)
        .with_streaming(streaming && args.get("chunks_b64").is_none())
        .with_response_headers(headers)
        .with_transport(server.clone())
        .with_options(ChatOptions::try_from(Value::Object(init))?);
    if let Some(organization) = organization.as_ref().and_then(Value::as_str) {
        llm = llm.with_organization(organization);
    }
    for (name, value) in query.as_ref().and_then(Value::as_object).into_iter().flatten() {
        llm = llm.with_query(name, value.as_str().unwrap_or_default());
    }
    let mut tools = match args.get("bind_tools") {
        Some(given) => bound_tools(given)?,
        None => ChatOptions::new(),
    };
    for (name, value) in sent_headers.as_ref().and_then(Value::as_object).into_iter().flatten() {
        tools = tools.header(name, value.as_str().unwrap_or_default());
    }
    Ok(llm.bind(tools).bind(ChatOptions::try_from(
        args.get("bind").cloned().unwrap_or_else(|| json!({})),
    )?))
}

/// The options that stand for a call of `bind_tools`.
pub(crate) fn bound_tools(given: &Value) -> Result<ChatOptions, CaseError> {
    let kwarg = |key: &str| arg(given, "kwargs").get(key).cloned();
    let strict = kwarg("strict").and_then(|strict| strict.as_bool());
    let tools = arg(given, "tools").as_array().cloned().unwrap_or_default();
    let tools = tools.into_iter().map(|tool| convert_to_openai_tool(tool, strict));
    let mut options = json!({"tools": tools.collect::<cadena_core::Result<Vec<_>>>()?});
    for key in ["tool_choice", "parallel_tool_calls"] {
        if let (Some(value), Some(options)) = (kwarg(key), options.as_object_mut()) {
            options.insert(key.to_owned(), value);
        }
    }
    Ok(ChatOptions::try_from(options)?)
}

pub(crate) fn prompt(args: &Value) -> Result<PromptValue, CaseError> {
    match args.get("messages") {
        None => Ok("hi".into()),
        Some(Value::String(text)) => Ok(text.as_str().into()),
        Some(_) => Ok(messages(args)?.into()),
    }
}

/// LangChain numbers the random id of a whole answer by its choice, also the first.
pub(crate) fn number(dump: &mut Value) {
    let whole = "lc_run--".len() + 36;
    if let Some(Value::String(id)) = dump
        .get_mut("id")
        .filter(|id| id.as_str().is_some_and(|id| id.starts_with("lc_run--")))
        && id.len() == whole
    {
        id.push_str("-0");
    }
}

/// Takes the finish reason and the server's usage off a message of the Responses API, where LangChain has none, if they are
/// what follows from the body.
fn take_ending(dump: &mut Value, usage: Option<&Value>) {
    let Some(metadata) = dump.get_mut("response_metadata").and_then(Value::as_object_mut) else {
        return;
    };
    let reason = match metadata.get("status").and_then(Value::as_str) {
        Some("completed") => ["stop", "tool_calls"],
        Some("incomplete") => ["length", "content_filter"],
        _ => return,
    };
    let said = metadata.get("finish_reason").and_then(Value::as_str);
    if said.is_some_and(|said| reason.contains(&said)) {
        metadata.shift_remove("finish_reason");
    }
    if usage.is_some() && metadata.get("token_usage") == usage {
        metadata.shift_remove("token_usage");
    }
}

/// What the events of a stream say that LangChain leaves out of a stream's metadata and cadena keeps.
struct Wire {
    ids: Vec<Value>,
    usages: Vec<Value>,
}

impl Wire {
    fn read(body: &[Bytes]) -> Self {
        let text = String::from_utf8_lossy(&body.concat()).into_owned();
        let events = text
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line.strip_prefix("data:")?.trim()).ok());
        let (mut ids, mut usages) = (Vec::new(), Vec::new());
        for event in events {
            ids.extend(event.get("id").cloned());
            usages.extend(event.get("usage").cloned());
            usages.extend(event.pointer("/response/usage").cloned());
        }
        Self { ids, usages }
    }

    /// Takes the server's id and usage off, if they are what it sent and stand where they belong: the id with a finish
    /// reason, the raw usage with the count.
    fn take_additions(&self, dump: &mut Value) {
        take_ending(dump, None);
        let counted = dump.get("usage_metadata").is_some_and(|usage| !usage.is_null());
        let Some(metadata) = dump.get_mut("response_metadata").and_then(Value::as_object_mut) else {
            return;
        };
        let finished = metadata.contains_key("finish_reason");
        let mut take = |key: &str, sent: &[Value], belongs: bool| {
            if belongs && metadata.get(key).is_some_and(|value| sent.contains(value)) {
                metadata.shift_remove(key);
            }
        };
        take("id", &self.ids, finished);
        take("token_usage", &self.usages, counted);
    }
}

/// One answer of the server.
#[derive(Clone)]
struct HttpResponse {
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<Bytes>,
    /// Whether the connection is closed before the end of the body.
    truncated: bool,
}

impl HttpResponse {
    fn read(response: &Value) -> Self {
        let body = match arg(response, "raw_body") {
            Value::String(text) => text.clone(),
            _ => arg(response, "body").to_string(),
        };
        let mut headers = Self::headers(response, "application/json");
        for (name, value) in arg(response, "headers").as_object().into_iter().flatten() {
            let name = name.parse::<HeaderName>();
            if let (Ok(name), Some(Ok(value))) = (name, value.as_str().map(HeaderValue::from_str)) {
                headers.insert(name, value);
            }
        }
        Self {
            status: Self::status(response),
            headers,
            body: vec![body.into()],
            truncated: false,
        }
    }

    /// Any answer that the client can read.
    fn harmless(events: bool) -> Self {
        // Each endpoint finds its own answer there.
        let choice = |key: &str| {
            json!({
                "choices": [{"index": 0, key: {"role": "assistant", "content": "ok"}, "finish_reason": "stop"}],
                "status": "completed", "output": [],
            })
        };
        if events {
            let body = format!("data: {}\n\ndata: [DONE]\n\n", choice("delta"));
            return Self::streamed(&Value::Null, vec![body.into()]);
        }
        Self::read(&json!({"body": choice("message")}))
    }

    fn streamed(args: &Value, body: Vec<Bytes>) -> Self {
        let truncated = arg(args, "truncate") == true;
        Self {
            status: Self::status(args),
            headers: Self::headers(args, "text/event-stream"),
            body,
            truncated,
        }
    }

    fn status(value: &Value) -> StatusCode {
        let code = arg(value, "status")
            .as_u64()
            .and_then(|code| u16::try_from(code).ok())
            .unwrap_or(200);
        StatusCode::from_u16(code).unwrap_or_default()
    }

    fn headers(value: &Value, default: &'static str) -> HeaderMap {
        let kind = arg(value, "content_type").as_str().and_then(|kind| kind.parse().ok());
        HeaderMap::from_iter([(
            http::header::CONTENT_TYPE,
            kind.unwrap_or(HeaderValue::from_static(default)),
        )])
    }
}

/// Gives the answers of a case, the last one again and again, and keeps the requests.
#[derive(Clone)]
struct Server(Arc<Script>);

struct Script {
    answers: Vec<HttpResponse>,
    requests: Mutex<Vec<HttpRequest>>,
}

impl Server {
    fn new(answers: Vec<HttpResponse>) -> Self {
        Self(Arc::new(Script {
            answers,
            requests: Mutex::default(),
        }))
    }

    fn requests(&self) -> Vec<HttpRequest> {
        self.0
            .requests
            .lock()
            .map(|requests| requests.clone())
            .unwrap_or_default()
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Server")
    }
}

#[cadena_core::async_trait]
impl Transport for Server {
    async fn send(&self, request: HttpRequest) -> cadena_core::Result<StreamingResponse> {
        let turn = match self.0.requests.lock() {
            Ok(mut requests) => {
                requests.push(request);
                requests.len() - 1
            }
            Err(_) => 0,
        };
        let answer = self.0.answers.get(turn).or(self.0.answers.last()).cloned();
        let answer = answer.ok_or_else(|| Error::new(ErrorKind::Internal, "a case without an answer"))?;
        let lost = answer
            .truncated
            .then(|| Err(Error::new(ErrorKind::Truncated, "the connection was closed")));
        let body = stream::iter(answer.body.into_iter().map(Ok).chain(lost)).boxed();
        Ok(StreamingResponse::new(answer.status)
            .with_headers(answer.headers)
            .with_body(body))
    }
}
