//! Options that only OpenAI's endpoints have, as typed setters on the options of every model.

mod names;
pub(crate) use names::OPTION_NAMES;

use cadena_core::ChatOptions;
use serde_json::{Map, Value, json};

/// OpenAI's own options. In scope, they are setters beside those of [`ChatOptions`]; a misspelt one does not compile.
///
/// Each is stored under its name on the wire in [`ChatOptions::extra`], where a server's own options are too; what has no
/// setter goes there by [`ChatOptions::extra`](ChatOptions::extra()) and is sent as it is.
///
/// # Examples
///
/// ```
/// use cadena_core::{Bind, ChatModel, ChatOptions};
/// use cadena_openai::{ChatOpenAI, OpenAIOptionsExt, ServiceTier, Verbosity};
///
/// let options = ChatOptions::new()
///     .temperature(0.0)
///     .service_tier(ServiceTier::Flex)
///     .verbosity(Verbosity::Low)
///     .store(true)
///     .metadata([("team", "search")]);
/// let llm = ChatOpenAI::new("gpt-4o-mini").bind(options);
/// assert_eq!(llm.bound_options().extra.get("service_tier"), Some(&"flex".into()));
/// ```
pub trait OpenAIOptionsExt: Sized {
    /// Sets an option by its name on the wire.
    #[doc(hidden)]
    #[must_use]
    fn openai_option(self, key: &str, value: Value) -> Self;

    /// Adds members to an option that is an object.
    #[doc(hidden)]
    #[must_use]
    fn openai_members(self, key: &str, members: Map<String, Value>) -> Self;

    /// Sets how the answer sounds (`audio`). Its [`modalities`](Self::modalities) must name [`Modality::Audio`] too.
    ///
    /// # Examples
    ///
    /// ```
    /// # use cadena_core::ChatOptions;
    /// # use serde_json::json;
    /// use cadena_openai::{AudioOutput, Modality, OpenAIOptionsExt};
    ///
    /// let options = ChatOptions::new().modalities([Modality::Text, Modality::Audio]).audio(AudioOutput::new("alloy", "wav"));
    /// assert_eq!(options.extra.get("audio"), Some(&json!({"voice": "alloy", "format": "wav"})));
    /// ```
    #[must_use]
    fn audio(self, audio: AudioOutput) -> Self {
        self.openai_option("audio", json!({"voice": audio.voice, "format": audio.format}))
    }

    /// Sets which of the [`functions`](Self::functions) is called, `auto` or `none` or `{"name": "add"}`, by its older name;
    /// see [`ChatOptions::tool_choice`](ChatOptions::tool_choice()).
    ///
    /// # Examples
    ///
    /// ```
    /// # use cadena_core::ChatOptions;
    /// # use serde_json::json;
    /// use cadena_openai::OpenAIOptionsExt;
    ///
    /// let options = ChatOptions::new().functions([json!({"name": "now"})]).function_call("auto");
    /// assert_eq!(options.extra.get("function_call"), Some(&json!("auto")));
    /// ```
    #[must_use]
    fn function_call(self, choice: impl Into<Value>) -> Self {
        self.openai_option("function_call", choice.into())
    }

    /// Sets the functions that the model may call, by their older name; see [`ChatOptions::tools`](ChatOptions::tools()).
    ///
    /// The call is then in `additional_kwargs["function_call"]`, and a [`FunctionMessage`](cadena_core::FunctionMessage) answers it.
    ///
    /// # Examples
    ///
    /// ```
    /// # use cadena_core::ChatOptions;
    /// # use serde_json::json;
    /// use cadena_openai::OpenAIOptionsExt;
    ///
    /// let options = ChatOptions::new().functions([json!({"name": "now"})]);
    /// assert_eq!(options.extra.get("functions"), Some(&json!([{"name": "now"}])));
    /// ```
    #[must_use]
    fn functions(self, functions: impl IntoIterator<Item = Value>) -> Self {
        let functions: Vec<Value> = functions.into_iter().collect();
        self.openai_option("functions", functions.into())
    }

    /// Sets whether a stream's events are padded against eavesdropping (`stream_options.include_obfuscation`): they are, at the cost of longer events.
    ///
    /// # Examples
    ///
    /// ```
    /// # use cadena_core::ChatOptions;
    /// # use serde_json::json;
    /// use cadena_openai::OpenAIOptionsExt;
    ///
    /// let options = ChatOptions::new().include_obfuscation(false);
    /// assert_eq!(options.extra.get("stream_options"), Some(&json!({"include_obfuscation": false})));
    /// ```
    #[must_use]
    fn include_obfuscation(self, include: bool) -> Self {
        let member = Map::from_iter([("include_obfuscation".to_owned(), include.into())]);
        self.openai_members("stream_options", member)
    }

    /// Sets what the stored completion is labelled with: up to 16 pairs.
    ///
    /// # Examples
    ///
    /// ```
    /// # use cadena_core::ChatOptions;
    /// # use serde_json::json;
    /// use cadena_openai::OpenAIOptionsExt;
    ///
    /// let options = ChatOptions::new().metadata([("team", "search")]);
    /// assert_eq!(options.extra.get("metadata"), Some(&json!({"team": "search"})));
    /// ```
    #[must_use]
    fn metadata<K: Into<String>, V: Into<String>>(self, pairs: impl IntoIterator<Item = (K, V)>) -> Self {
        let pairs = pairs.into_iter();
        let pairs: Map<_, _> = pairs.map(|(key, value)| (key.into(), value.into().into())).collect();
        self.openai_option("metadata", pairs.into())
    }

    /// Sets the forms in which the model answers: text alone.
    ///
    /// # Examples
    ///
    /// ```
    /// # use cadena_core::ChatOptions;
    /// # use serde_json::json;
    /// use cadena_openai::{Modality, OpenAIOptionsExt};
    ///
    /// let options = ChatOptions::new().modalities([Modality::Text]);
    /// assert_eq!(options.extra.get("modalities"), Some(&json!(["text"])));
    /// ```
    #[must_use]
    fn modalities(self, modalities: impl IntoIterator<Item = Modality>) -> Self {
        let names: Vec<Value> = modalities.into_iter().map(|one| one.as_str().into()).collect();
        self.openai_option("modalities", names.into())
    }

    /// Sets how the conversation is checked by a moderation model, in OpenAI's form.
    ///
    /// # Examples
    ///
    /// ```
    /// # use cadena_core::ChatOptions;
    /// # use serde_json::json;
    /// use cadena_openai::OpenAIOptionsExt;
    ///
    /// let options = ChatOptions::new().moderation(json!({"model": "omni-moderation-latest"}));
    /// assert_eq!(options.extra.get("moderation"), Some(&json!({"model": "omni-moderation-latest"})));
    /// ```
    #[must_use]
    fn moderation(self, moderation: impl Into<Value>) -> Self {
        self.openai_option("moderation", moderation.into())
    }

    /// Sets the system message of this call alone (`instructions`): the Responses API does not keep it for the next one.
    ///
    /// # Examples
    ///
    /// ```
    /// # use cadena_core::ChatOptions;
    /// # use serde_json::json;
    /// use cadena_openai::OpenAIOptionsExt;
    ///
    /// let options = ChatOptions::new().instructions("Be brief.");
    /// assert_eq!(options.extra.get("instructions"), Some(&json!("Be brief.")));
    /// ```
    #[must_use]
    fn instructions(self, instructions: impl Into<String>) -> Self {
        self.openai_option("instructions", instructions.into().into())
    }

    /// Sets what an answer of the Responses API contains besides, such as `reasoning.encrypted_content`. Log probabilities need no word
    /// here: [`ChatOptions::logprobs`](ChatOptions::logprobs()) asks for them.
    ///
    /// # Examples
    ///
    /// ```
    /// # use cadena_core::ChatOptions;
    /// # use serde_json::json;
    /// use cadena_openai::OpenAIOptionsExt;
    ///
    /// let options = ChatOptions::new().include(["reasoning.encrypted_content"]);
    /// assert_eq!(options.extra.get("include"), Some(&json!(["reasoning.encrypted_content"])));
    /// ```
    #[must_use]
    fn include<T: Into<String>>(self, names: impl IntoIterator<Item = T>) -> Self {
        let names: Vec<Value> = names.into_iter().map(|name| name.into().into()).collect();
        self.openai_option("include", names.into())
    }

    /// Sets the response that this one goes on from, by its `response_metadata.id`; then only what is new is given as input.
    ///
    /// # Examples
    ///
    /// ```
    /// # use cadena_core::ChatOptions;
    /// # use serde_json::json;
    /// use cadena_openai::OpenAIOptionsExt;
    ///
    /// let options = ChatOptions::new().previous_response_id("resp_1");
    /// assert_eq!(options.extra.get("previous_response_id"), Some(&json!("resp_1")));
    /// ```
    #[must_use]
    fn previous_response_id(self, id: impl Into<String>) -> Self {
        self.openai_option("previous_response_id", id.into().into())
    }

    /// Sets whether and how a reasoning model sends its thoughts over the Responses API (`reasoning.summary`): `auto`, `concise` or `detailed`.
    ///
    /// # Examples
    ///
    /// ```
    /// # use cadena_core::ChatOptions;
    /// # use serde_json::json;
    /// use cadena_openai::OpenAIOptionsExt;
    ///
    /// let options = ChatOptions::new().reasoning_summary("auto");
    /// assert_eq!(options.extra.get("reasoning"), Some(&json!({"summary": "auto"})));
    /// ```
    #[must_use]
    fn reasoning_summary(self, summary: impl Into<String>) -> Self {
        let member = Map::from_iter([("summary".to_owned(), summary.into().into())]);
        self.openai_members("reasoning", member)
    }

    /// Sets whether the Responses API leaves out the middle of a conversation that is too long, `auto` or `disabled`.
    ///
    /// # Examples
    ///
    /// ```
    /// # use cadena_core::ChatOptions;
    /// # use serde_json::json;
    /// use cadena_openai::OpenAIOptionsExt;
    ///
    /// let options = ChatOptions::new().truncation("auto");
    /// assert_eq!(options.extra.get("truncation"), Some(&json!("auto")));
    /// ```
    #[must_use]
    fn truncation(self, truncation: impl Into<String>) -> Self {
        self.openai_option("truncation", truncation.into().into())
    }

    /// Sets a text that most of the answer will repeat, such as the file that is edited: it comes faster then.
    ///
    /// # Examples
    ///
    /// ```
    /// # use cadena_core::ChatOptions;
    /// # use serde_json::json;
    /// use cadena_openai::OpenAIOptionsExt;
    ///
    /// let options = ChatOptions::new().prediction("fn main() {}");
    /// assert_eq!(options.extra.get("prediction"), Some(&json!({"type": "content", "content": "fn main() {}"})));
    /// ```
    #[must_use]
    fn prediction(self, text: impl Into<String>) -> Self {
        self.openai_option("prediction", json!({"type": "content", "content": text.into()}))
    }

    /// Sets a key by which requests with the same beginning find the same cache.
    ///
    /// # Examples
    ///
    /// ```
    /// # use cadena_core::ChatOptions;
    /// # use serde_json::json;
    /// use cadena_openai::OpenAIOptionsExt;
    ///
    /// let options = ChatOptions::new().prompt_cache_key("handbook");
    /// assert_eq!(options.extra.get("prompt_cache_key"), Some(&json!("handbook")));
    /// ```
    #[must_use]
    fn prompt_cache_key(self, key: impl Into<String>) -> Self {
        self.openai_option("prompt_cache_key", key.into().into())
    }

    /// Sets how prompts are cached, in OpenAI's form.
    ///
    /// # Examples
    ///
    /// ```
    /// # use cadena_core::ChatOptions;
    /// # use serde_json::json;
    /// use cadena_openai::OpenAIOptionsExt;
    ///
    /// let options = ChatOptions::new().prompt_cache_options(json!({"ttl": "30m"}));
    /// assert_eq!(options.extra.get("prompt_cache_options"), Some(&json!({"ttl": "30m"})));
    /// ```
    #[must_use]
    fn prompt_cache_options(self, options: impl Into<Value>) -> Self {
        self.openai_option("prompt_cache_options", options.into())
    }

    /// Sets how long a prompt stays in the cache, `in_memory` or `24h`.
    ///
    /// # Examples
    ///
    /// ```
    /// # use cadena_core::ChatOptions;
    /// # use serde_json::json;
    /// use cadena_openai::OpenAIOptionsExt;
    ///
    /// let options = ChatOptions::new().prompt_cache_retention("24h");
    /// assert_eq!(options.extra.get("prompt_cache_retention"), Some(&json!("24h")));
    /// ```
    #[must_use]
    fn prompt_cache_retention(self, retention: impl Into<String>) -> Self {
        self.openai_option("prompt_cache_retention", retention.into().into())
    }

    /// Sets a stable id of the end user, hashed, by which OpenAI finds misuse.
    ///
    /// # Examples
    ///
    /// ```
    /// # use cadena_core::ChatOptions;
    /// # use serde_json::json;
    /// use cadena_openai::OpenAIOptionsExt;
    ///
    /// let options = ChatOptions::new().safety_identifier("5f2b");
    /// assert_eq!(options.extra.get("safety_identifier"), Some(&json!("5f2b")));
    /// ```
    #[must_use]
    fn safety_identifier(self, id: impl Into<String>) -> Self {
        self.openai_option("safety_identifier", id.into().into())
    }

    /// Sets how soon, and at which price, the request is worked on: [`ServiceTier::Auto`].
    ///
    /// # Examples
    ///
    /// ```
    /// # use cadena_core::ChatOptions;
    /// # use serde_json::json;
    /// use cadena_openai::{OpenAIOptionsExt, ServiceTier};
    ///
    /// let options = ChatOptions::new().service_tier(ServiceTier::Flex);
    /// assert_eq!(options.extra.get("service_tier"), Some(&json!("flex")));
    /// ```
    #[must_use]
    fn service_tier(self, tier: ServiceTier) -> Self {
        self.openai_option("service_tier", tier.as_str().into())
    }

    /// Sets whether the completion is stored for evaluation and distillation: no. The Responses API stores unless this is `false`.
    ///
    /// # Examples
    ///
    /// ```
    /// # use cadena_core::ChatOptions;
    /// # use serde_json::json;
    /// use cadena_openai::OpenAIOptionsExt;
    ///
    /// let options = ChatOptions::new().store(true);
    /// assert_eq!(options.extra.get("store"), Some(&json!(true)));
    /// ```
    #[must_use]
    fn store(self, store: bool) -> Self {
        self.openai_option("store", store.into())
    }

    /// Sets the end user's id by its older name; see [`safety_identifier`](Self::safety_identifier).
    ///
    /// # Examples
    ///
    /// ```
    /// # use cadena_core::ChatOptions;
    /// # use serde_json::json;
    /// use cadena_openai::OpenAIOptionsExt;
    ///
    /// let options = ChatOptions::new().user("5f2b");
    /// assert_eq!(options.extra.get("user"), Some(&json!("5f2b")));
    /// ```
    #[must_use]
    fn user(self, user: impl Into<String>) -> Self {
        self.openai_option("user", user.into().into())
    }

    /// Sets how much is said: [`Verbosity::Medium`].
    ///
    /// # Examples
    ///
    /// ```
    /// # use cadena_core::ChatOptions;
    /// # use serde_json::json;
    /// use cadena_openai::{OpenAIOptionsExt, Verbosity};
    ///
    /// let options = ChatOptions::new().verbosity(Verbosity::Low);
    /// assert_eq!(options.extra.get("verbosity"), Some(&json!("low")));
    /// ```
    #[must_use]
    fn verbosity(self, verbosity: Verbosity) -> Self {
        self.openai_option("verbosity", verbosity.as_str().into())
    }

    /// Lets a search model look into the web (`web_search_options`).
    ///
    /// # Examples
    ///
    /// ```
    /// # use cadena_core::ChatOptions;
    /// # use serde_json::json;
    /// use cadena_openai::{OpenAIOptionsExt, WebSearch};
    ///
    /// let options = ChatOptions::new().web_search(WebSearch::new());
    /// assert_eq!(options.extra.get("web_search_options"), Some(&json!({})));
    /// ```
    #[must_use]
    fn web_search(self, search: WebSearch) -> Self {
        self.openai_option("web_search_options", search.into_value())
    }
}

impl OpenAIOptionsExt for ChatOptions {
    fn openai_option(self, key: &str, value: Value) -> Self {
        self.extra(key, value)
    }

    fn openai_members(mut self, key: &str, members: Map<String, Value>) -> Self {
        let mut object = match self.extra.remove(key) {
            Some(Value::Object(object)) => object,
            _ => Map::new(),
        };
        object.extend(members);
        self.extra(key, object)
    }
}

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)*
        }

        impl $name {
            /// Returns the word on the wire.
            ///
            /// # Examples
            ///
            /// ```
            /// assert_eq!(cadena_openai::ServiceTier::Flex.as_str(), "flex");
            /// ```
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)*
                }
            }
        }
    };
}

words! {
    /// How soon, and at which price, a request is worked on.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(cadena_openai::ServiceTier::Flex.as_str(), "flex");
    /// ```
    ServiceTier {
        /// As the project is set. On the wire: `auto`.
        Auto = "auto",
        /// The usual price and speed. On the wire: `default`.
        Default = "default",
        /// Cheaper and slower. On the wire: `flex`.
        Flex = "flex",
        /// Capacity bought in advance. On the wire: `scale`.
        Scale = "scale",
        /// Dearer and faster. On the wire: `priority`.
        Priority = "priority",
        /// The fastest there is. On the wire: `fast`.
        Fast = "fast",
    }
}

words! {
    /// How much is said.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(cadena_openai::Verbosity::Low.as_str(), "low");
    /// ```
    Verbosity {
        /// Short. On the wire: `low`.
        Low = "low",
        /// The usual. On the wire: `medium`.
        Medium = "medium",
        /// At length. On the wire: `high`.
        High = "high",
    }
}

words! {
    /// A form in which a model answers.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(cadena_openai::Modality::Audio.as_str(), "audio");
    /// ```
    Modality {
        /// Text. On the wire: `text`.
        Text = "text",
        /// Sound. On the wire: `audio`.
        Audio = "audio",
    }
}

/// How an answer sounds.
///
/// # Examples
///
/// ```
/// use cadena_core::ChatOptions;
/// use cadena_openai::{AudioOutput, Modality, OpenAIOptionsExt};
///
/// let options = ChatOptions::new()
///     .modalities([Modality::Text, Modality::Audio])
///     .audio(AudioOutput::new("alloy", "wav"));
/// assert_eq!(options.extra.get("audio"), Some(&serde_json::json!({"voice": "alloy", "format": "wav"})));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AudioOutput {
    voice: String,
    format: String,
}

impl AudioOutput {
    /// Makes a voice such as `alloy`, and a format: `wav`, `aac`, `mp3`, `flac`, `opus` or `pcm16`. A stream takes `pcm16` only.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::ChatOptions;
    /// use cadena_openai::{AudioOutput, OpenAIOptionsExt};
    ///
    /// let options = ChatOptions::new().audio(AudioOutput::new("coral", "mp3"));
    /// assert_eq!(options.extra.get("audio"), Some(&serde_json::json!({"voice": "coral", "format": "mp3"})));
    /// ```
    #[must_use]
    pub fn new(voice: impl Into<String>, format: impl Into<String>) -> Self {
        Self {
            voice: voice.into(),
            format: format.into(),
        }
    }
}

/// How a search model looks into the web.
///
/// # Examples
///
/// ```
/// use cadena_core::ChatOptions;
/// use cadena_openai::{OpenAIOptionsExt, UserLocation, WebSearch};
///
/// let near = UserLocation { city: Some("Lima".to_owned()), country: Some("PE".to_owned()), ..UserLocation::default() };
/// let options = ChatOptions::new().web_search(WebSearch::new().context_size("low").near(near));
/// let sent = serde_json::json!({
///     "search_context_size": "low",
///     "user_location": {"type": "approximate", "approximate": {"city": "Lima", "country": "PE"}},
/// });
/// assert_eq!(options.extra.get("web_search_options"), Some(&sent));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WebSearch {
    context_size: Option<String>,
    location: Option<UserLocation>,
}

impl WebSearch {
    /// Makes a search with the settings of the server.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::ChatOptions;
    /// use cadena_openai::{OpenAIOptionsExt, WebSearch};
    ///
    /// let options = ChatOptions::new().web_search(WebSearch::new());
    /// assert_eq!(options.extra.get("web_search_options"), Some(&serde_json::json!({})));
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets how much of the results the model reads: `low`, `medium` or `high`.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::ChatOptions;
    /// use cadena_openai::{OpenAIOptionsExt, WebSearch};
    ///
    /// let options = ChatOptions::new().web_search(WebSearch::new().context_size("high"));
    /// assert_eq!(options.extra.get("web_search_options"), Some(&serde_json::json!({"search_context_size": "high"})));
    /// ```
    #[must_use]
    pub fn context_size(mut self, size: impl Into<String>) -> Self {
        self.context_size = Some(size.into());
        self
    }

    /// Sets about where the user is.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_openai::{UserLocation, WebSearch};
    ///
    /// let lima = UserLocation { city: Some("Lima".to_owned()), ..UserLocation::default() };
    /// assert_ne!(WebSearch::new().near(lima.clone()), WebSearch::new());
    /// assert_eq!(WebSearch::new().near(UserLocation::default()).near(lima.clone()), WebSearch::new().near(lima));
    /// ```
    #[must_use]
    pub fn near(mut self, location: UserLocation) -> Self {
        self.location = Some(location);
        self
    }

    fn into_value(self) -> Value {
        let mut map = Map::new();
        map.extend(
            self.context_size
                .map(|size| ("search_context_size".to_owned(), size.into())),
        );
        if let Some(location) = self.location {
            let UserLocation {
                city,
                country,
                region,
                timezone,
            } = location;
            let known = [
                ("city", city),
                ("country", country),
                ("region", region),
                ("timezone", timezone),
            ];
            let known: Map<_, _> = known
                .into_iter()
                .filter_map(|(key, value)| Some((key.to_owned(), value?.into())))
                .collect();
            let location = json!({"type": "approximate", "approximate": known});
            map.insert("user_location".to_owned(), location);
        }
        map.into()
    }
}

/// About where a user is.
///
/// # Examples
///
/// ```
/// use cadena_openai::UserLocation;
///
/// let peru = UserLocation { country: Some("PE".to_owned()), ..UserLocation::default() };
/// assert_eq!((peru.city, peru.country.as_deref()), (None, Some("PE")));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserLocation {
    /// The city, such as `Lima`.
    pub city: Option<String>,
    /// The country by its two letters, such as `PE`.
    pub country: Option<String>,
    /// The region, such as `California`.
    pub region: Option<String>,
    /// The time zone, such as `America/Lima`.
    pub timezone: Option<String>,
}
