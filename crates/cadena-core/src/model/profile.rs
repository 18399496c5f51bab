//! [`ModelProfile`]: the provider, the name and the capabilities of a model.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::{OnUnsupported, OptionName};

/// The profile of a model: its provider, its name, its capabilities and the options that it takes.
///
/// # Examples
///
/// ```
/// use cadena_core::{ModelProfile, OptionName};
///
/// let profile = ModelProfile::new("openai", "gpt-4o-mini").with_logprobs(true).with_options([OptionName::Temperature]);
/// assert_eq!(profile.model, "gpt-4o-mini");
/// assert!(profile.honours("temperature") && profile.honours("logprobs") && !profile.honours("seed"));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ModelProfile {
    /// The name of the provider, such as `openai`.
    pub provider: Cow<'static, str>,
    /// The provider's name of the model.
    pub model: String,
    /// Whether the model returns log probabilities when the options ask for them.
    pub logprobs: bool,
    /// Whether the model can call tools.
    pub tools: bool,
    options: Honoured,
    on_unsupported: OnUnsupported,
}

/// The options that a model takes, by their names in JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Honoured {
    All,
    These(BTreeSet<Cow<'static, str>>),
}

impl Default for Honoured {
    fn default() -> Self {
        Self::These(BTreeSet::new())
    }
}

impl ModelProfile {
    /// Describes a model of a provider, with no capability and no option.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::ModelProfile;
    ///
    /// let profile = ModelProfile::new("mine", "mine-1");
    /// assert_eq!(profile.provider, "mine");
    /// assert_eq!(profile.model, "mine-1");
    /// assert!(!profile.logprobs && !profile.tools);
    /// ```
    #[must_use]
    pub fn new(provider: impl Into<Cow<'static, str>>, model: impl Into<String>) -> Self {
        Self {
            provider: provider.into(),
            model: model.into(),
            ..Self::default()
        }
    }

    /// Sets whether the model returns log probabilities. It then takes the options `logprobs` and `top_logprobs`.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::ModelProfile;
    ///
    /// assert!(ModelProfile::new("mine", "mine-1").with_logprobs(true).honours("top_logprobs"));
    /// ```
    #[must_use]
    pub fn with_logprobs(mut self, logprobs: bool) -> Self {
        self.logprobs = logprobs;
        self
    }

    /// Sets whether the model can call tools. It then takes the options `tools`, `tool_choice` and `parallel_tool_calls`.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::ModelProfile;
    ///
    /// assert!(ModelProfile::new("mine", "mine-1").with_tools(true).honours("tool_choice"));
    /// ```
    #[must_use]
    pub fn with_tools(mut self, tools: bool) -> Self {
        self.tools = tools;
        self
    }

    /// Adds options that the model takes: an [`OptionName`], or the name of an option in [`extra`](super::ChatOptions#structfield.extra).
    ///
    /// A call with any other option fails with [`Unsupported`](crate::ErrorKind::Unsupported) before the model is called, so that no option is
    /// ignored in silence.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{ModelProfile, OptionName};
    ///
    /// let profile = ModelProfile::new("mine", "mine-1").with_options([OptionName::Temperature, OptionName::MaxTokens]).with_options(["min_p"]);
    /// assert!(profile.honours("max_tokens") && profile.honours("min_p"));
    /// ```
    #[must_use]
    pub fn with_options(mut self, names: impl IntoIterator<Item = impl Into<Cow<'static, str>>>) -> Self {
        if let Honoured::These(options) = &mut self.options {
            options.extend(names.into_iter().map(Into::into));
        }
        self
    }

    /// Lets every option reach the provider, which sends it on or refuses it.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::ModelProfile;
    ///
    /// assert!(ModelProfile::new("mine", "mine-1").with_all_options().honours("min_p"));
    /// ```
    #[must_use]
    pub fn with_all_options(mut self) -> Self {
        self.options = Honoured::All;
        self
    }

    /// Sets the policy for options that are not listed; default: [`OnUnsupported::Error`].
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{ModelProfile, OnUnsupported};
    ///
    /// let strict = ModelProfile::new("mine", "mine-1");
    /// assert_ne!(strict.clone().with_on_unsupported(OnUnsupported::Warn), strict);
    /// ```
    #[must_use]
    pub fn with_on_unsupported(mut self, policy: OnUnsupported) -> Self {
        self.on_unsupported = policy;
        self
    }

    /// Returns whether the model takes an option, by its name in JSON.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{ModelProfile, OptionName};
    ///
    /// let profile = ModelProfile::new("mine", "mine-1").with_options([OptionName::Seed]);
    /// assert!(profile.honours("seed") && !profile.honours("temperature"));
    /// ```
    #[must_use]
    pub fn honours(&self, option: &str) -> bool {
        let of_capability = match option {
            "logprobs" | "top_logprobs" => self.logprobs,
            "tools" | "tool_choice" | "parallel_tool_calls" => self.tools,
            _ => false,
        };
        of_capability
            || match &self.options {
                Honoured::All => true,
                Honoured::These(options) => options.contains(option),
            }
    }

    pub(crate) fn on_unsupported(&self) -> OnUnsupported {
        self.on_unsupported
    }

    /// Returns the profile of two models that stand in for each other: this provider and model, with the capabilities that both have.
    pub(crate) fn meet(self, other: Self) -> Self {
        let options = match (self.options, other.options) {
            (Honoured::All, options) | (options, Honoured::All) => options,
            (Honoured::These(a), Honoured::These(b)) => Honoured::These(a.intersection(&b).cloned().collect()),
        };
        Self {
            provider: self.provider,
            model: self.model,
            logprobs: self.logprobs && other.logprobs,
            tools: self.tools && other.tools,
            options,
            on_unsupported: self.on_unsupported,
        }
    }
}

impl From<OptionName> for Cow<'static, str> {
    fn from(name: OptionName) -> Self {
        Self::Borrowed(name.as_str())
    }
}
