//! Which model a step asks, and how.

use serde_json::{Value, json};

use super::{ChatOptions, ModelProfile};

/// Which model a step asks, and how: [`RunnableExt::model_setup`](crate::RunnableExt::model_setup) says it.
///
/// # Examples
///
/// ```
/// use cadena_core::{Bind, ChatOptions, EchoModel, RunnableExt};
///
/// let setup = EchoModel::new().bind(ChatOptions::new().temperature(0.5)).model_setup();
/// assert_eq!(setup.as_ref().map(|setup| setup.model()), Some("echo-1"));
/// assert_eq!(setup.and_then(|setup| setup.options.temperature), Some(0.5));
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ModelSetup {
    /// Who the model is and what it can do.
    pub profile: ModelProfile,
    /// The options that are bound to it.
    pub options: ChatOptions,
}

impl ModelSetup {
    /// The model that is asked: the one that the options name, or else that of the profile.
    #[must_use]
    pub fn model(&self) -> &str {
        self.options.model.as_deref().unwrap_or(&self.profile.model)
    }

    /// Provider, model and options as JSON: equal for two models that are asked in the same way, so that it serves in the
    /// key of a cache.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({
            "provider": self.profile.provider,
            "model": self.model(),
            "options": serde_json::to_value(&self.options).unwrap_or_default(),
        })
    }
}
