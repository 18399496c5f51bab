//! Who a model is and what it can do.

use std::borrow::Cow;

/// Who a model is and what it can do.
///
/// # Examples
///
/// ```
/// use cadena_core::ModelProfile;
///
/// let profile = ModelProfile::new("openai", "gpt-4o-mini").with_logprobs(true);
/// assert_eq!(profile.model, "gpt-4o-mini");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ModelProfile {
    /// The provider, such as `openai`.
    pub provider: Cow<'static, str>,
    /// The model, as the provider names it.
    pub model: String,
    /// Whether it gives log probabilities when asked.
    pub logprobs: bool,
    /// Whether it can call tools.
    pub tools: bool,
}

impl ModelProfile {
    /// A model of a provider, with no capability claimed.
    #[must_use]
    pub fn new(provider: impl Into<Cow<'static, str>>, model: impl Into<String>) -> Self {
        Self {
            provider: provider.into(),
            model: model.into(),
            ..Self::default()
        }
    }

    /// The profile of models that stand in for each other: this provider and model, with what both can do.
    pub(crate) fn meet(self, other: Self) -> Self {
        let Self {
            provider: _,
            model: _,
            logprobs,
            tools,
        } = other;
        Self {
            logprobs: self.logprobs && logprobs,
            tools: self.tools && tools,
            ..self
        }
    }

    /// Claims log probabilities.
    #[must_use]
    pub fn with_logprobs(mut self, logprobs: bool) -> Self {
        self.logprobs = logprobs;
        self
    }

    /// Claims tool calls.
    #[must_use]
    pub fn with_tools(mut self, tools: bool) -> Self {
        self.tools = tools;
        self
    }
}
