//! Options made ready for one request: model rules applied, what cannot be honoured refused or left out.

use cadena_core::{ChatOptions, Error, ErrorKind, OnUnsupported, Result, ToolChoice};
use serde_json::Value;

use crate::endpoint::{Api, Endpoint};
use crate::responses::LOGPROBS;
use crate::rules::{ModelRule, ModelRules, reasons};

/// Options of one request, and what was left out of them.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(crate) options: ChatOptions,
    /// The notes of the answer about options that were left out.
    pub(crate) warnings: Vec<String>,
    /// Where it is sent.
    pub(crate) api: Api,
}

/// The settings of a model that decide about its options.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Policy {
    pub(crate) rules: ModelRules,
    pub(crate) on_unsupported: OnUnsupported,
    pub(crate) endpoint: Endpoint,
    /// Whether the server's own copy of a conversation is continued.
    pub(crate) use_previous_response_id: bool,
}

impl Policy {
    /// Applies rules and policy. `own_server` is set if OpenAI itself is asked: of other servers nothing is known.
    pub(crate) fn prepare(self, mut options: ChatOptions, model: &str, own_server: bool) -> Result<Prepared> {
        options.check()?;
        // LangChain's word for no choice.
        options
            .tool_choice
            .take_if(|choice| *choice == ToolChoice::Other(false.into()));
        // An object has been spread out where the options were put together.
        if options.extra.get("extra_body").is_some() {
            let error = Error::new(ErrorKind::InvalidInput, "`extra_body` is not an object");
            return Err(error.with_hint("name the fields: `{\"min_p\": 0.05}`"));
        }
        let model = options.model.clone().unwrap_or_else(|| model.to_owned());
        let api = match self.endpoint {
            Endpoint::ChatCompletions => Api::ChatCompletions,
            Endpoint::Responses => Api::Responses,
            Endpoint::Auto if own_server && self.needs_responses(&options, &model) => Api::Responses,
            Endpoint::Auto => Api::ChatCompletions,
        };
        let mut refused = Vec::new();
        kind_of_call(&options, &mut refused);
        if self.rules.has(ModelRule::ReasoningSampling) && reasons(&model, effort(&options)) {
            sampling(&options, &model, &mut refused);
        }
        combinations(&options, &mut refused);
        match api {
            Api::ChatCompletions if own_server => responses_only(&options, &mut refused),
            Api::ChatCompletions => {}
            Api::Responses => chat_only(&options, own_server, &mut refused),
        }
        let mut warnings = Vec::new();
        for refusal in refused {
            match self.on_unsupported {
                OnUnsupported::Ignore => {}
                OnUnsupported::Warn => warnings.push(format!("`{}` was left out: {}", refusal.option, refusal.why)),
                _ => return Err(refusal.into_error()),
            }
            take_out(&mut options, refusal.option);
        }
        if self.rules.apply(ModelRule::DefaultTemperature, &model) {
            options.temperature.get_or_insert(1.0);
        }
        Ok(Prepared { options, warnings, api })
    }

    /// Whether only the Responses API can honour the options, or answer for the model.
    fn needs_responses(self, options: &ChatOptions, model: &str) -> bool {
        let extra = |key: &&str| options.extra.get(key).is_some_and(|value| !value.is_null());
        RESPONSES_ONLY.iter().any(extra)
            || self.use_previous_response_id
            || options.tools.iter().flatten().any(is_of_server)
            || self.rules.apply(ModelRule::ResponsesOnly, model)
    }
}

/// An option that cannot be honoured.
struct Refusal {
    option: &'static str,
    why: String,
    remedy: String,
}

impl Refusal {
    fn new(option: &'static str, why: impl Into<String>, remedy: impl Into<String>) -> Self {
        let (why, remedy) = (why.into(), remedy.into());
        Self { option, why, remedy }
    }

    fn into_error(self) -> Error {
        let Self { option, why, remedy } = self;
        let policy = "`with_on_unsupported` leaves such options out";
        Error::new(ErrorKind::Unsupported, format!("`{option}` cannot be sent: {why}"))
            .with_hint(format!("{remedy}; {policy}"))
    }
}

fn effort(options: &ChatOptions) -> Option<&str> {
    let extra = options.extra.get("reasoning_effort").and_then(Value::as_str);
    extra.or(options.reasoning_effort.as_deref())
}

/// Refuses options that follow from how the model is called.
fn kind_of_call(options: &ChatOptions, refused: &mut Vec<Refusal>) {
    for (option, remedy) in [
        ("messages", "give the messages as input"),
        ("stream", "call `stream` or `invoke`"),
    ] {
        if options.extra.get(option).is_some() {
            refused.push(Refusal::new(option, "it follows from how the model is called", remedy));
        }
    }
}

/// Refuses sampling options that reasoning models reject, unless they have the default value.
fn sampling(options: &ChatOptions, model: &str, refused: &mut Vec<Refusal>) {
    let differs = |value: Option<f64>, fixed: f64| value.is_some_and(|value| (value - fixed).abs() > f64::EPSILON);
    let set = [
        ("temperature", differs(options.temperature, 1.0)),
        ("top_p", differs(options.top_p, 1.0)),
        ("presence_penalty", differs(options.presence_penalty, 0.0)),
        ("frequency_penalty", differs(options.frequency_penalty, 0.0)),
        ("logprobs", options.logprobs == Some(true)),
        ("top_logprobs", options.top_logprobs.is_some()),
        ("logit_bias", options.logit_bias.is_some()),
    ];
    for (option, _) in set.into_iter().filter(|(_, set)| *set) {
        let why = format!("the reasoning model `{model}` does not take it");
        let remedy = "take it out, ask another model, or switch off `ModelRule::ReasoningSampling`";
        refused.push(Refusal::new(option, why, remedy));
    }
}

/// Refuses options that need another one.
fn combinations(options: &ChatOptions, refused: &mut Vec<Refusal>) {
    let extra = |key: &str| options.extra.get(key).filter(|value| !value.is_null());
    let included = extra("include").and_then(Value::as_array);
    let included = included.is_some_and(|all| all.iter().any(|one| one == LOGPROBS));
    let logprobs = options.logprobs == Some(true) || extra("logprobs").is_some() || included;
    let tools = options.tools.as_ref().is_some_and(|tools| !tools.is_empty()) || extra("tools").is_some();
    let speaks = extra("modalities")
        .and_then(Value::as_array)
        .is_some_and(|all| all.iter().any(|one| one == "audio"));
    let asked = |option: &str| refused.iter().any(|refusal| refusal.option == option);
    let missing = [
        (
            "top_logprobs",
            options.top_logprobs.is_some() && !logprobs && !asked("top_logprobs"),
            "it needs `logprobs`",
            "set `logprobs(true)` as well",
        ),
        (
            "tool_choice",
            options.tool_choice.is_some() && !tools,
            "there are no tools to choose from",
            "bind tools as well",
        ),
        (
            "parallel_tool_calls",
            options.parallel_tool_calls.is_some() && !tools,
            "there are no tools to call",
            "bind tools as well",
        ),
        (
            "audio",
            extra("audio").is_some() && !speaks,
            "`modalities` does not name `audio`",
            "set `modalities([Modality::Text, Modality::Audio])` as well",
        ),
    ];
    for (option, _, why, remedy) in missing.into_iter().filter(|(_, missing, ..)| *missing) {
        refused.push(Refusal::new(option, why, remedy));
    }
}

/// Options of OpenAI's other endpoint, which Chat Completions rejects there; other servers may know some of them.
const RESPONSES_ONLY: [&str; 11] = [
    "background",
    "context_management",
    "conversation",
    "include",
    "instructions",
    "max_output_tokens",
    "max_tool_calls",
    "previous_response_id",
    "reasoning",
    "text",
    "truncation",
];

fn responses_only(options: &ChatOptions, refused: &mut Vec<Refusal>) {
    for option in RESPONSES_ONLY {
        if options.extra.get(option).is_some() {
            let why = "it is an option of the Responses API, and this is Chat Completions";
            let remedy = "take it out, or call `with_endpoint(Endpoint::Responses)`";
            refused.push(Refusal::new(option, why, remedy));
        }
    }
    let mut of_server = options.tools.iter().flatten().filter(|tool| is_of_server(tool));
    if let Some(kind) = of_server.find_map(|tool| tool.get("type")?.as_str()) {
        let why = format!("`{kind}` is a tool of the Responses API, and this is Chat Completions");
        let remedy = "call `with_endpoint(Endpoint::Responses)`, or bind tools of type `function` or `custom`";
        refused.push(Refusal::new("tools", why, remedy));
    }
}

/// Whether the server itself has the tool.
fn is_of_server(tool: &Value) -> bool {
    let kind = tool.get("type").and_then(Value::as_str);
    kind.is_some_and(|kind| kind != "function" && kind != "custom")
}

/// Options of Chat Completions that OpenAI's other endpoint does not know; another server may.
const CHAT_ONLY: [&str; 12] = [
    "audio",
    "frequency_penalty",
    "function_call",
    "functions",
    "logit_bias",
    "modalities",
    "n",
    "prediction",
    "presence_penalty",
    "seed",
    "stop",
    "web_search_options",
];

/// Refuses options that only Chat Completions has. A typed one has no form in the Responses API, whoever is asked.
fn chat_only(options: &ChatOptions, own_server: bool, refused: &mut Vec<Refusal>) {
    let is_set = |value: Option<f64>| value.is_some_and(|value| value != 0.0);
    let typed = [
        ("frequency_penalty", is_set(options.frequency_penalty)),
        ("logit_bias", options.logit_bias.is_some()),
        ("n", options.n.is_some_and(|n| n > 1)),
        ("presence_penalty", is_set(options.presence_penalty)),
        ("seed", options.seed.is_some()),
        ("stop", options.stop.as_ref().is_some_and(|stop| !stop.is_empty())),
    ];
    let typed = typed.into_iter().filter(|(_, set)| *set).map(|(option, _)| option);
    let extra = CHAT_ONLY
        .into_iter()
        .filter(|key| own_server && options.extra.get(key).is_some());
    for option in typed.chain(extra) {
        if refused.iter().all(|refusal| refusal.option != option) {
            let why = "it is an option of Chat Completions, and this is the Responses API";
            let remedy = "take it out, or call `with_endpoint(Endpoint::ChatCompletions)`";
            refused.push(Refusal::new(option, why, remedy));
        }
    }
}

fn take_out(options: &mut ChatOptions, option: &str) {
    options.extra.remove(option);
    match option {
        "temperature" => options.temperature = None,
        "top_p" => options.top_p = None,
        "presence_penalty" => options.presence_penalty = None,
        "frequency_penalty" => options.frequency_penalty = None,
        "logprobs" => options.logprobs = None,
        "top_logprobs" => options.top_logprobs = None,
        "logit_bias" => options.logit_bias = None,
        "n" => options.n = None,
        "seed" => options.seed = None,
        "stop" => options.stop = None,
        "tool_choice" => options.tool_choice = None,
        "parallel_tool_calls" => options.parallel_tool_calls = None,
        // Only the tools that the endpoint does not have.
        "tools" => {
            if let Some(tools) = &mut options.tools {
                tools.retain(|tool| !is_of_server(tool));
            }
        }
        _ => {}
    }
}
