//! [`ChatOptions`]: the options of a request to a chat model.

#[macro_use]
mod name;
pub use name::OptionName;
mod foreign;
mod given;
mod misspelt;
mod read;
mod tool_choice;
pub use tool_choice::{IntoToolChoice, ToolChoice};

use std::collections::BTreeSet;
use std::time::Duration;

use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use crate::Extra;

/// The options of a request to a chat model: one typed struct for every model, and [`extra`](Self::extra) for the options that a server adds.
///
/// An option that is not set is not sent. [`bind`](crate::Bind::bind) sets options on a model. A later value wins, whether it is set by its setter
/// or by its name in `extra`: there is one value for each name that goes over the wire. [`without`](Self::without), or `null` in JSON, removes an
/// option that was set earlier.
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
#[derive(Clone, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ChatOptions {
    /// The model to ask; default: the model that the client names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// The randomness of the choice of tokens, from 0 to 2; default: the server's, mostly 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f64>,
    /// The total probability of the most probable tokens among which the model chooses, from 0 to 1; default: the server's, mostly 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub top_p: Option<f64>,
    /// The most tokens of an answer, including those of its reasoning; default: as many as the model can. In JSON also `max_completion_tokens`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<u32>,
    /// The texts at which an answer ends; they are not part of it. In JSON also a single text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stop: Option<Vec<String>>,
    /// The seed that makes the choice of tokens repeatable, as far as the server can.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<i64>,
    /// Whether to return the log probability of each token; default: no.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logprobs: Option<bool>,
    /// The number of most probable tokens to return at each place; needs [`logprobs`](Self::logprobs).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub top_logprobs: Option<u32>,
    /// The number of choices; default: 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub n: Option<u32>,
    /// The penalty on subjects that were mentioned before, from -2 to 2; default: 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub presence_penalty: Option<f64>,
    /// The penalty on words that were used often, from -2 to 2; default: 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frequency_penalty: Option<f64>,
    /// The bias of tokens by their ids, from -100 for less likely to 100 for likelier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logit_bias: Option<Map<String, Value>>,
    /// The tools that the model may call, in OpenAI's form.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tools: Option<Vec<Value>>,
    /// Whether the model may, must or must not call a tool.
    ///
    /// In JSON also LangChain's forms: `true` and `"any"` are `"required"`, and `false` sends nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool_choice: Option<ToolChoice>,
    /// Whether the model may call several tools at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parallel_tool_calls: Option<bool>,
    /// The form of the answer, such as a JSON schema, in OpenAI's form.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response_format: Option<Value>,
    /// The effort of a reasoning model, such as `low`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reasoning_effort: Option<String>,
    /// The headers of this request, in place of the client's of the same name.
    ///
    /// In JSON `extra_headers`; they are read but never written, since one of them may be a key.
    #[serde(skip)]
    pub headers: Extra,
    /// The parameters of this request's address, in place of the client's of the same name.
    ///
    /// In JSON `extra_query`; they are read but never written, since one of them may be a key.
    #[serde(skip)]
    pub query: Extra,
    /// The limit on the time of the request, with every try and the whole of a stream; default: the time of the run.
    ///
    /// In JSON a number of seconds; it is read but never written, since it changes no answer.
    #[serde(skip)]
    pub timeout: Option<Duration>,
    /// The options that a provider or a server adds, by the names that go over the wire.
    #[serde(flatten)]
    pub extra: Extra,
    /// The options to remove from earlier ones, by their names on the wire. In JSON each is null.
    #[serde(flatten, serialize_with = "as_nulls")]
    pub(crate) unset: BTreeSet<String>,
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

impl ChatOptions {
    /// Makes options without a value: nothing is sent.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::ChatOptions;
    ///
    /// let options = ChatOptions::new();
    /// assert_eq!((options.temperature, options.seed), (None, None));
    /// ```
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
        parallel_tool_calls: bool = "false",
        response_format: Value = "json!({\"type\": \"json_object\"})",
        timeout: Duration = "Duration::from_secs(20)",
    }

    /// Sets [`tool_choice`](Self#structfield.tool_choice) by a [`ToolChoice`], its word, the name of a tool, or whether a tool must be called.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{ChatOptions, ToolChoice};
    ///
    /// let options = ChatOptions::new().tool_choice("any");
    /// assert_eq!(options.tool_choice, Some(ToolChoice::Required));
    /// // Nothing is sent, whatever was set before.
    /// assert_eq!(options.tool_choice(false).tool_choice, None);
    /// ```
    #[must_use]
    pub fn tool_choice(self, choice: impl IntoToolChoice) -> Self {
        match choice.into_tool_choice() {
            Some(choice) => self.merge(Self {
                tool_choice: Some(choice),
                ..Self::default()
            }),
            None => self.without(OptionName::ToolChoice),
        }
    }

    /// Removes an option, from these options and from those that they are merged into.
    ///
    /// The server's default applies, although the constructor or an earlier bind set the option. [`extra`](Self::extra()) with `null` removes an
    /// option without a setter.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{Bind, ChatOptions, EchoModel, OptionName};
    /// use serde_json::json;
    ///
    /// let llm = EchoModel::new().bind(ChatOptions::new().top_p(0.5).seed(1));
    /// let options = llm.bind(ChatOptions::new().without(OptionName::TopP)).options();
    /// assert_eq!((options.top_p, options.seed), (None, Some(1)));
    /// assert_eq!(llm.bind(json!({"top_p": null}))?.options(), options);
    /// // A later value wins, as always.
    /// assert_eq!(options.top_p(0.9).top_p, Some(0.9));
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    #[must_use]
    pub fn without(mut self, option: OptionName) -> Self {
        self.set_by_name(option.as_str().to_owned(), Value::Null);
        self
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

    /// Sets an option by the name that goes over the wire: an option without a setter, or a value that its setter does not take.
    ///
    /// The value replaces a typed option of this name, and `null` removes the option. Each member of an object `extra_body`, a name from LangChain,
    /// is an option.
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

    /// Sets a header of the request; see [`headers`](Self#structfield.headers).
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

    /// Sets a parameter of the request's address; see [`query`](Self#structfield.query).
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

    /// Merges later options into these: a later value wins, however it was set, and key by key in [`extra`](Self#structfield.extra).
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::ChatOptions;
    ///
    /// let options = ChatOptions::new().seed(1).n(2).merge(ChatOptions::new().seed(3));
    /// assert_eq!((options.seed, options.n), (Some(3), Some(2)));
    /// ```
    #[must_use]
    pub fn merge(mut self, mut later: Self) -> Self {
        macro_rules! put_on_top {
            ($($field:ident: $($name:literal)+,)*) => {$(
                if let Some(value) = later.$field.take() {
                    self.clear([$($name),+][0]);
                    self.$field = Some(value);
                }
            )*};
        }
        for name in std::mem::take(&mut later.unset) {
            self.set_by_name(name, Value::Null);
        }
        with_wire_names!(put_on_top);
        // Name every field: a new field must not compile before it has a rule, here or above.
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
            unset: _,
        } = later;
        if timeout.is_some() {
            self.unset.remove(TIMEOUT);
            self.timeout = timeout;
        }
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

    /// Sets the value that goes over the wire by this name, in place of the typed option; `null` removes it.
    fn set_by_name(&mut self, key: String, value: Value) {
        match value {
            Value::Object(body) if key == EXTRA_BODY => {
                body.into_iter().for_each(|(key, value)| self.set_by_name(key, value));
            }
            // In LangChain, `false` means no choice.
            Value::Bool(false) if key == OptionName::ToolChoice.as_str() => self.set_by_name(key, Value::Null),
            Value::Null => {
                match key.as_str() {
                    TIMEOUT => self.timeout = None,
                    HEADERS => self.headers = Extra::default(),
                    QUERY => self.query = Extra::default(),
                    _ => {}
                }
                let name = self.clear(&key).to_owned();
                self.unset.insert(name);
            }
            value => {
                self.clear(&key);
                self.extra.insert(key, value);
            }
        }
    }

    /// Clears an option under all of its names, and returns the first of them.
    fn clear<'a>(&mut self, key: &'a str) -> &'a str {
        macro_rules! clear {
            ($($field:ident: $($name:literal)+,)*) => {
                match key {
                    $($($name)|+ => {
                        self.$field = None;
                        let names = [$($name),+];
                        for name in names {
                            self.extra.remove(name);
                            self.unset.remove(name);
                        }
                        names[0]
                    })*
                    other => {
                        self.extra.remove(other);
                        self.unset.remove(other);
                        other
                    }
                }
            };
        }
        with_wire_names!(clear)
    }
}

/// Names in JSON of options that are not part of the body.
const TIMEOUT: &str = "timeout";
const HEADERS: &str = "extra_headers";
const QUERY: &str = "extra_query";
/// The name of an object whose members are options.
const EXTRA_BODY: &str = "extra_body";

fn as_nulls<S: Serializer>(unset: &BTreeSet<String>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(unset.iter().map(|name| (name, ())))
}

/// Prints the options that are set, without the caller's texts, which stay out of logs.
impl std::fmt::Debug for ChatOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match serde_json::to_value(self) {
            Ok(Value::Object(set)) => {
                let shown = set.iter().map(|(key, value)| match value {
                    Value::Null | Value::Bool(_) | Value::Number(_) => (key, value.to_string()),
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
