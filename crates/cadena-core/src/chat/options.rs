//! How a chat model is asked to answer.

mod read;
mod tool_choice;
pub use tool_choice::ToolChoice;

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{Error, ErrorKind, Extra, Result};

/// How a chat model is asked to answer: one typed struct for every model, and [`extra`](Self::extra) for what a server adds.
///
/// What is not set is not sent. Options are put on a model by [`bind`](crate::Bind::bind). What is set later wins, whether by its setter or by its
/// name in `extra`: there is one value for each name that goes over the wire.
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
///
/// let options = options.extra("temperature", 0.5);
/// assert_eq!((options.temperature, options.extra.get("temperature")), (None, Some(&0.5.into())));
/// let options = options.temperature(0.25);
/// assert_eq!((options.temperature, options.extra.get("temperature")), (Some(0.25), None));
/// ```
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct ChatOptions {
    /// The model to ask instead of the one that the client names: that one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// How freely tokens are chosen, from 0 to 2: as the server does, mostly 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f64>,
    /// Chooses only among the most probable tokens that make up this probability together, from 0 to 1: mostly 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub top_p: Option<f64>,
    /// The most tokens of an answer, those of its thoughts among them: as many as the model can. In JSON also `max_completion_tokens`.
    #[serde(alias = "max_completion_tokens", skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<u32>,
    /// Texts at which an answer ends; they are not part of it. In JSON also a single text.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "read::one_or_more")]
    pub stop: Option<Vec<String>>,
    /// Makes the choice of tokens repeatable, as far as the server can.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<i64>,
    /// Asks for the log probability of each token: no.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logprobs: Option<bool>,
    /// Asks for this many of the most probable tokens at each place; needs [`logprobs`](Self::logprobs).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub top_logprobs: Option<u32>,
    /// How many answers to make: 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub n: Option<u32>,
    /// Less of the subjects that were mentioned, from -2 to 2: 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub presence_penalty: Option<f64>,
    /// Less of the words that were used often, from -2 to 2: 0.
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
    /// Parameters of this request's address, in place of the client's of the same name. In JSON `extra_query`; read but never
    /// written, since one of them may be a key.
    #[serde(rename = "extra_query", skip_serializing)]
    pub query: Extra,
    /// How long the request may take in all, with every try and the whole of a stream: as long as the run. In JSON a number of seconds, read
    /// but never written: it changes no answer.
    #[serde(deserialize_with = "read::seconds", skip_serializing)]
    pub timeout: Option<Duration>,
    /// What a provider or a server adds, by the name that goes over the wire.
    #[serde(flatten)]
    pub extra: Extra,
}

macro_rules! setters {
    ($($field:ident: $type:ty = $example:literal),* $(,)?) => {$(
        #[doc = concat!("Sets [`", stringify!($field), "`](Self#structfield.", stringify!($field), ").")]
        #[doc = "\n\n# Examples\n\n```"]
        #[doc = "# use cadena_core::{ChatOptions, ToolChoice};\n# use serde_json::{Map, json};\n# use std::time::Duration;"]
        #[doc = concat!("let options = ChatOptions::new().", stringify!($field), "(", $example, ");")]
        #[doc = concat!("assert_eq!(options.", stringify!($field), ", Some(", $example, "));\n```")]
        #[must_use]
        pub fn $field(self, $field: $type) -> Self {
            self.merge(Self { $field: Some($field), ..Self::default() })
        }
    )*};
}

/// Calls a macro with every typed option and the names by which it goes over the wire.
macro_rules! with_wire_names {
    ($call:ident) => {
        $call! {
            model: "model",
            temperature: "temperature",
            top_p: "top_p",
            max_tokens: "max_tokens" "max_completion_tokens" "max_output_tokens",
            stop: "stop",
            seed: "seed",
            logprobs: "logprobs",
            top_logprobs: "top_logprobs",
            n: "n",
            presence_penalty: "presence_penalty",
            frequency_penalty: "frequency_penalty",
            logit_bias: "logit_bias",
            tools: "tools",
            tool_choice: "tool_choice",
            parallel_tool_calls: "parallel_tool_calls",
            response_format: "response_format",
            reasoning_effort: "reasoning_effort",
        }
    };
}

impl ChatOptions {
    /// Options that say nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    setters! {
        temperature: f64 = "0.5",
        top_p: f64 = "0.9",
        max_tokens: u32 = "100",
        seed: i64 = "42",
        logprobs: bool = "true",
        top_logprobs: u32 = "5",
        n: u32 = "2",
        presence_penalty: f64 = "0.5",
        frequency_penalty: f64 = "0.5",
        logit_bias: Map<String, Value> = "Map::from_iter([(\"1734\".to_owned(), json!(-100))])",
        tools: Vec<Value> = "vec![json!({\"type\": \"function\", \"function\": {\"name\": \"now\"}})]",
        tool_choice: ToolChoice = "ToolChoice::Required",
        parallel_tool_calls: bool = "false",
        response_format: Value = "json!({\"type\": \"json_object\"})",
        timeout: Duration = "Duration::from_secs(20)",
    }

    /// Sets [`model`](Self#structfield.model).
    ///
    /// # Examples
    ///
    /// ```
    /// let options = cadena_core::ChatOptions::new().model("gpt-4o");
    /// assert_eq!(options.model.as_deref(), Some("gpt-4o"));
    /// ```
    #[must_use]
    pub fn model(self, model: impl Into<String>) -> Self {
        let model = Some(model.into());
        self.merge(Self {
            model,
            ..Self::default()
        })
    }

    /// Sets [`reasoning_effort`](Self#structfield.reasoning_effort).
    ///
    /// # Examples
    ///
    /// ```
    /// let options = cadena_core::ChatOptions::new().reasoning_effort("low");
    /// assert_eq!(options.reasoning_effort.as_deref(), Some("low"));
    /// ```
    #[must_use]
    pub fn reasoning_effort(self, effort: impl Into<String>) -> Self {
        let reasoning_effort = Some(effort.into());
        self.merge(Self {
            reasoning_effort,
            ..Self::default()
        })
    }

    /// Sets [`stop`](Self#structfield.stop).
    ///
    /// # Examples
    ///
    /// ```
    /// let options = cadena_core::ChatOptions::new().stop(["\n\n", "END"]);
    /// assert_eq!(options.stop.map(|texts| texts.len()), Some(2));
    /// ```
    #[must_use]
    pub fn stop<T: Into<String>>(self, stop: impl IntoIterator<Item = T>) -> Self {
        let stop = Some(stop.into_iter().map(Into::into).collect());
        self.merge(Self {
            stop,
            ..Self::default()
        })
    }

    /// Sets an option by the name that goes over the wire: one that has no setter, or another value than its setter takes.
    ///
    /// It takes the place of a typed option of this name. The members of an object `extra_body`, as LangChain has it, are options each.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::ChatOptions;
    /// use serde_json::json;
    ///
    /// let options = ChatOptions::new().extra("min_p", 0.05).extra("extra_body", json!({"top_k": 5}));
    /// assert_eq!(serde_json::to_value(options)?, json!({"min_p": 0.05, "top_k": 5}));
    /// # Ok::<_, serde_json::Error>(())
    /// ```
    #[must_use]
    pub fn extra(mut self, key: impl Into<String>, value: impl Into<Value>) -> Self {
        self.set_by_name(key.into(), value.into());
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

    /// Adds a parameter to the address of the request; see [`query`](Self#structfield.query).
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::ChatOptions;
    ///
    /// let options = ChatOptions::new().query("api-version", "1").query("api-version", "2");
    /// assert_eq!(options.query.get("api-version"), Some(&"2".into()));
    /// ```
    #[must_use]
    pub fn query(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.query.insert(name, value.into());
        self
    }

    /// Puts `later` on top: what it sets wins, by whatever way it was set below, and key by key in [`extra`](Self#structfield.extra).
    #[must_use]
    pub fn merge(mut self, mut later: Self) -> Self {
        macro_rules! put_on_top {
            ($($field:ident: $($name:literal)+,)*) => {$(
                if let Some(value) = later.$field.take() {
                    $(self.extra.remove($name);)+
                    self.$field = Some(value);
                }
            )*};
        }
        with_wire_names!(put_on_top);
        // Name every field: a new one must not compile before it has a rule, here or above.
        let Self {
            model: _,
            temperature: _,
            top_p: _,
            max_tokens: _,
            stop: _,
            seed: _,
            logprobs: _,
            top_logprobs: _,
            n: _,
            presence_penalty: _,
            frequency_penalty: _,
            logit_bias: _,
            tools: _,
            tool_choice: _,
            parallel_tool_calls: _,
            response_format: _,
            reasoning_effort: _,
            headers,
            query,
            timeout,
            extra,
        } = later;
        self.timeout = timeout.or(self.timeout);
        for (below, above) in [(&mut self.headers, headers), (&mut self.query, query)] {
            for (key, value) in above.into_map() {
                below.insert(key, value);
            }
        }
        for (key, value) in extra.into_map() {
            self.set_by_name(key, value);
        }
        self
    }

    /// Sets what goes over the wire by this name, in place of the typed option.
    fn set_by_name(&mut self, key: String, value: Value) {
        macro_rules! clear {
            ($($field:ident: $($name:literal)+,)*) => {
                match key.as_str() {
                    $($($name)|+ => self.$field = None,)*
                    _ => {}
                }
            };
        }
        match value {
            Value::Object(body) if key == "extra_body" => {
                body.into_iter().for_each(|(key, value)| self.set_by_name(key, value));
            }
            value => {
                with_wire_names!(clear);
                self.extra.insert(key, value);
            }
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
        let options: Self = serde_json::from_value(value).map_err(|error| {
            Error::new(ErrorKind::InvalidInput, "these are not options of a chat model").with_source(error)
        })?;
        // An `extra_body` is spread out.
        Ok(Self::new().merge(options))
    }
}
