//! [`ModelSetup`]: the model that a step asks, with its options.

use serde_json::{Value, json};

use super::{ChatOptions, ModelProfile};

/// The model that a step asks, with its bound options; [`RunnableExt::model_setup`](crate::RunnableExt::model_setup) returns it.
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
    /// The provider, the name and the capabilities of the model.
    pub profile: ModelProfile,
    /// The options that are bound to the model.
    pub options: ChatOptions,
}

impl ModelSetup {
    /// Returns the name of the model that is asked: the model in the options, or else the model of the profile.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{Bind, ChatOptions, EchoModel, RunnableExt};
    ///
    /// let setup = EchoModel::new().bind(ChatOptions::new().model("echo-2")).model_setup();
    /// assert_eq!(setup.as_ref().map(|setup| setup.model()), Some("echo-2"));
    /// ```
    #[must_use]
    pub fn model(&self) -> &str {
        self.options.model.as_deref().unwrap_or(&self.profile.model)
    }

    /// Returns the provider, the model and the options as JSON.
    ///
    /// The value is equal for two models that are asked in the same way, so it can be part of a cache key.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{EchoModel, RunnableExt};
    ///
    /// let setup = EchoModel::new().model_setup();
    /// assert!(setup.is_some_and(|setup| setup.to_json()["provider"] == "echo"));
    /// ```
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({
            "provider": self.profile.provider,
            "model": self.model(),
            "options": serde_json::to_value(&self.options).unwrap_or_default(),
        })
    }
}
