//! How a chat model is asked to answer.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use crate::{Error, ErrorKind, Extra, Result};

/// How a chat model is asked to answer: one typed struct for every model, and [`extra`](Self::extra) for what a server adds.
///
/// What is not set is not sent. Options are put on a model by [`bind`](crate::Bind::bind); those bound later win.
///
/// # Examples
///
/// ```
/// use cadena_core::ChatOptions;
///
/// let base = ChatOptions::new().temperature(0.0).logprobs(true);
/// let options = base.merge(ChatOptions::new().temperature(1.0).extra("min_p", 0.05));
/// assert_eq!(options.temperature, Some(1.0));
/// assert_eq!(options.logprobs, Some(true));
/// ```
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct ChatOptions {
    /// The model to ask instead of the one that the client names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// How freely tokens are chosen, from 0 to 2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f64>,
    /// Choose only among the tokens that make up this probability.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub top_p: Option<f64>,
    /// The most tokens of an answer. In JSON also `max_completion_tokens`.
    #[serde(alias = "max_completion_tokens", skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<u32>,
    /// Texts at which an answer ends; they are not part of it. In JSON also a single text.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "one_or_more")]
    pub stop: Option<Vec<String>>,
    /// Makes the choice of tokens repeatable, as far as the server can.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<i64>,
    /// Asks for the log probability of each token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logprobs: Option<bool>,
    /// Asks for this many of the most probable tokens at each place; needs [`logprobs`](Self::logprobs).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub top_logprobs: Option<u32>,
    /// How many answers to make.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub n: Option<u32>,
    /// Less of the subjects that were mentioned, from -2 to 2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub presence_penalty: Option<f64>,
    /// Less of the words that were used often, from -2 to 2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frequency_penalty: Option<f64>,
    /// Makes tokens, by their ids, likelier or less likely, from -100 to 100.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logit_bias: Option<Map<String, Value>>,
    /// The tools that the model may call, in OpenAI's form.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tools: Option<Vec<Value>>,
    /// Whether the model may, must or must not call a tool.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool_choice: Option<ToolChoice>,
    /// Whether the model may call several tools at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parallel_tool_calls: Option<bool>,
    /// The form of the answer, such as a JSON schema, in OpenAI's form.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response_format: Option<Value>,
    /// How long a reasoning model thinks, such as `low`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reasoning_effort: Option<String>,
    /// Headers of this request, in place of the client's of the same name. In JSON `extra_headers`; read but never written,
    /// since one of them may be a key.
    #[serde(rename = "extra_headers", skip_serializing)]
    pub headers: Extra,
    /// What a provider or a server adds, by the name that goes over the wire.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Whether the model may, must or must not call a tool.
///
/// # Examples
///
/// ```
/// use cadena_core::ToolChoice;
///
/// assert_eq!(serde_json::to_value(ToolChoice::Required)?, "required");
/// # Ok::<_, serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ToolChoice {
    /// The model decides. As JSON: `"auto"`.
    Auto,
    /// No tool. As JSON: `"none"`.
    None,
    /// At least one tool. As JSON: `"required"`.
    Required,
    /// The tool of this name. As JSON: `{"name": "add"}`.
    Name(String),
    /// What else a provider understands, as it goes over the wire. As JSON: the value.
    #[serde(untagged)]
    Other(Value),
}

macro_rules! setters {
    ($($field:ident: $type:ty),* $(,)?) => {$(
        #[doc = concat!("Sets [`", stringify!($field), "`](Self#structfield.", stringify!($field), ").")]
        #[must_use]
        pub fn $field(mut self, $field: $type) -> Self {
            self.$field = Some($field);
            self
        }
    )*};
}

impl ChatOptions {
    /// Options that say nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    setters! {
        temperature: f64,
        top_p: f64,
        max_tokens: u32,
        seed: i64,
        logprobs: bool,
        top_logprobs: u32,
        n: u32,
        presence_penalty: f64,
        frequency_penalty: f64,
        logit_bias: Map<String, Value>,
        tools: Vec<Value>,
        tool_choice: ToolChoice,
        parallel_tool_calls: bool,
        response_format: Value,
    }

    /// Sets [`model`](Self#structfield.model).
    #[must_use]
    pub fn model(mut self, model: impl Into<String>) -> Self {
        self.model = Some(model.into());
        self
    }

    /// Sets [`reasoning_effort`](Self#structfield.reasoning_effort).
    #[must_use]
    pub fn reasoning_effort(mut self, effort: impl Into<String>) -> Self {
        self.reasoning_effort = Some(effort.into());
        self
    }

    /// Sets [`stop`](Self#structfield.stop).
    #[must_use]
    pub fn stop<T: Into<String>>(mut self, stop: impl IntoIterator<Item = T>) -> Self {
        self.stop = Some(stop.into_iter().map(Into::into).collect());
        self
    }

    /// Sets an option that has no setter, by the name that goes over the wire.
    #[must_use]
    pub fn extra(mut self, key: impl Into<String>, value: impl Into<Value>) -> Self {
        self.extra.insert(key, value);
        self
    }

    /// Sends a header with the request; see [`headers`](Self#structfield.headers).
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::ChatOptions;
    ///
    /// let options = ChatOptions::new().header("x-trace", "1").merge(ChatOptions::new().header("x-user", "ann"));
    /// assert_eq!(options.headers.iter().count(), 2);
    /// assert!(!format!("{options:?}").contains("ann"));
    /// ```
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.insert(name, value.into());
        self
    }

    /// Puts `later` on top: what it sets wins, key by key also in [`extra`](Self#structfield.extra).
    #[must_use]
    pub fn merge(self, later: Self) -> Self {
        // Name every field: a new one must not compile before it has a rule.
        let Self {
            model,
            temperature,
            top_p,
            max_tokens,
            stop,
            seed,
            logprobs,
            top_logprobs,
            n,
            presence_penalty,
            frequency_penalty,
            logit_bias,
            tools,
            tool_choice,
            parallel_tool_calls,
            response_format,
            reasoning_effort,
            headers,
            extra,
        } = later;
        let on_top = |mut below: Extra, above: Extra| {
            for (key, value) in above.into_map() {
                below.insert(key, value);
            }
            below
        };
        Self {
            model: model.or(self.model),
            temperature: temperature.or(self.temperature),
            top_p: top_p.or(self.top_p),
            max_tokens: max_tokens.or(self.max_tokens),
            stop: stop.or(self.stop),
            seed: seed.or(self.seed),
            logprobs: logprobs.or(self.logprobs),
            top_logprobs: top_logprobs.or(self.top_logprobs),
            n: n.or(self.n),
            presence_penalty: presence_penalty.or(self.presence_penalty),
            frequency_penalty: frequency_penalty.or(self.frequency_penalty),
            logit_bias: logit_bias.or(self.logit_bias),
            tools: tools.or(self.tools),
            tool_choice: tool_choice.or(self.tool_choice),
            parallel_tool_calls: parallel_tool_calls.or(self.parallel_tool_calls),
            response_format: response_format.or(self.response_format),
            reasoning_effort: reasoning_effort.or(self.reasoning_effort),
            headers: on_top(self.headers, headers),
            extra: on_top(self.extra, extra),
        }
    }
}

/// Names what is set; texts of the caller's stay out of logs.
impl std::fmt::Debug for ChatOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match serde_json::to_value(self) {
            Ok(Value::Object(set)) => {
                let shown = set.iter().map(|(key, value)| match value {
                    Value::Bool(_) | Value::Number(_) => (key, value.to_string()),
                    _ if key == "model" => (key, value.to_string()),
                    _ => (key, "..".to_owned()),
                });
                f.write_str("ChatOptions ")?;
                f.debug_map()
                    .entries(shown.map(|(key, value)| (key.clone(), value)))
                    .finish()
            }
            _ => f.write_str("ChatOptions { .. }"),
        }
    }
}

impl TryFrom<Value> for ChatOptions {
    type Error = Error;

    fn try_from(value: Value) -> Result<Self> {
        serde_json::from_value(value).map_err(|error| {
            Error::new(ErrorKind::InvalidInput, "these are not options of a chat model").with_source(error)
        })
    }
}

/// `"a"` is `["a"]`, as OpenAI takes it.
fn one_or_more<'de, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Option<Vec<String>>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "`stop` is a text or a list of texts")]
    enum OneOrMore {
        One(String),
        More(Vec<String>),
    }
    Ok(Option::deserialize(deserializer)?.map(|stop| match stop {
        OneOrMore::One(text) => vec![text],
        OneOrMore::More(texts) => texts,
    }))
}
