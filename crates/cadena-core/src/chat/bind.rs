//! [`Bind`]: options that are fixed before a step is composed.

use std::borrow::Cow;

use async_trait::async_trait;
use serde_json::Value;

use super::{ChatModel, ChatRequest, Composition, ToChatModel};
use crate::{AIMessage, ChatOptions, Choices, ChunkStream, ModelProfile, OnUnsupported, Result, RunContext};

/// Fixes options of a step before it is composed.
///
/// Options never travel through a chain. Options bound later win over options bound first, which win over the constructor's. A bound model is a
/// model: it can be bound again, and keeps its earlier options.
///
/// # Examples
///
/// ```
/// use cadena_core::{Bind, ChatModel, ChatOptions, EchoModel};
///
/// let llm = EchoModel::new().bind(ChatOptions::new().logprobs(true)).bind(ChatOptions::new().top_logprobs(5));
/// assert_eq!(llm.options().logprobs, Some(true));
/// assert_eq!(llm.options().top_logprobs, Some(5));
/// ```
///
/// `bind` accepts JSON too, and checks it at once:
///
/// ```
/// use cadena_core::{Bind, EchoModel};
/// use serde_json::json;
///
/// assert!(EchoModel::new().bind(json!({"logprobs": true})).is_ok());
/// assert!(EchoModel::new().bind(json!({"logprobs": "yes"})).is_err());
/// ```
#[diagnostic::on_unimplemented(
    message = "`{O}` is nothing that can be bound to `{Self}`",
    label = "not the options of this step",
    note = "a chat model takes `cadena::ChatOptions::new().temperature(0.5)` or `serde_json::json!({{\"temperature\": 0.5}})`; what one provider alone knows goes into `ChatOptions::extra`"
)]
pub trait Bind<O> {
    /// The type of the step with its options.
    type Bound;

    /// Returns the step with these options; the step itself stays as it is.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{Bind, ChatModel, ChatOptions, EchoModel};
    ///
    /// let model = EchoModel::new();
    /// assert_eq!(model.bind(ChatOptions::new().seed(1)).options().seed, Some(1));
    /// assert_eq!(model.bound_options().seed, None);
    /// ```
    fn bind(&self, options: O) -> Self::Bound;
}

// One impl covers every form of options: with two, the compiler's only word on a step that is no model is that it has no `bind`.
impl<M: ToChatModel, O: ModelOptions> Bind<O> for M {
    type Bound = O::Bound<M::Model>;

    fn bind(&self, options: O) -> O::Bound<M::Model> {
        options.bind_to(self.to_chat_model())
    }
}

/// The options of a chat model: [`ChatOptions`], or JSON that is checked when it is bound.
///
/// # Examples
///
/// ```
/// use cadena_core::{Bind, ChatOptions, EchoModel};
/// use serde_json::json;
///
/// let typed = EchoModel::new().bind(ChatOptions::new().seed(1));
/// let read = EchoModel::new().bind(json!({"seed": 1}))?;
/// assert_eq!(typed.options(), read.options());
/// # Ok::<_, cadena_core::Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is nothing that can be bound to a chat model",
    label = "not the options of a chat model",
    note = "a chat model takes `cadena::ChatOptions::new().temperature(0.5)` or `serde_json::json!({{\"temperature\": 0.5}})`; what one provider alone knows goes into `ChatOptions::extra`"
)]
pub trait ModelOptions: Sized {
    /// The type of the model with the options.
    type Bound<M>;

    #[doc(hidden)]
    fn bind_to<M: ChatModel>(self, model: M) -> Self::Bound<M>;
}

impl ModelOptions for ChatOptions {
    type Bound<M> = Bound<M>;

    fn bind_to<M: ChatModel>(self, model: M) -> Bound<M> {
        Bound::new(model, self)
    }
}

impl ModelOptions for Value {
    type Bound<M> = Result<Bound<M>>;

    fn bind_to<M: ChatModel>(self, model: M) -> Result<Bound<M>> {
        Ok(Bound::new(model, ChatOptions::try_from(self)?))
    }
}

/// A chat model with fixed options; [`Bind::bind`] makes one.
///
/// # Examples
///
/// ```
/// use cadena_core::{Bind, Bound, ChatOptions, EchoModel, RunnableExt};
///
/// # futures::executor::block_on(async {
/// let llm: Bound<EchoModel> = EchoModel::new().bind(ChatOptions::new().stop(["there"]));
/// assert_eq!(llm.invoke("hi there").await?.text(), "hi ");
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
#[derive(Clone, Debug)]
#[must_use = "steps do nothing until they are invoked"]
pub struct Bound<M> {
    model: M,
    options: ChatOptions,
    on_unsupported: Option<OnUnsupported>,
}

impl<M: ChatModel> Bound<M> {
    pub(crate) fn new(model: M, options: ChatOptions) -> Self {
        Self {
            model,
            options,
            on_unsupported: None,
        }
    }

    /// Sets the policy for options that the model does not take.
    pub(super) fn on_unsupported(self, policy: OnUnsupported) -> Self {
        Self {
            on_unsupported: Some(policy),
            ..self
        }
    }

    /// Returns the options that are fixed on this model and on the models inside; later ones win.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{Bind, ChatOptions, EchoModel};
    ///
    /// let llm = EchoModel::new().bind(ChatOptions::new().seed(1).n(2)).bind(ChatOptions::new().seed(3));
    /// assert_eq!((llm.options().seed, llm.options().n), (Some(3), Some(2)));
    /// ```
    #[must_use]
    pub fn options(&self) -> ChatOptions {
        self.model.bound_options().merge(self.options.clone())
    }

    /// Sets further options, which win over those that are fixed already.
    ///
    /// The type of the model stays, as [`configurable`](crate::RunnableExt::configurable) needs it.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{Bind, ChatOptions, ConfigKey, EchoModel, RunnableExt};
    ///
    /// const TEMPERATURE: ConfigKey<f64> = ConfigKey::new("temperature");
    ///
    /// let llm = EchoModel::new().bind(ChatOptions::new().seed(1));
    /// assert_eq!(llm.clone().with_options(ChatOptions::new().seed(2)).options().seed, Some(2));
    /// let warm = |llm: &cadena_core::Bound<EchoModel>, value: &f64| llm.clone().with_options(ChatOptions::new().temperature(*value));
    /// let llm = llm.configurable(TEMPERATURE, warm);
    /// # drop(llm);
    /// ```
    pub fn with_options(mut self, options: ChatOptions) -> Self {
        self.options = self.options.merge(options);
        self
    }

    /// Returns the model without the options that were fixed last.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{Bind, ChatModel, ChatOptions, EchoModel};
    ///
    /// let llm = EchoModel::new().bind(ChatOptions::new().seed(1));
    /// assert_eq!(llm.model().bound_options().seed, None);
    /// ```
    pub fn model(&self) -> &M {
        &self.model
    }

    /// Adds the bound options to a request, whose own options win.
    fn fill(&self, mut request: ChatRequest) -> ChatRequest {
        request.options = self.options.clone().merge(request.options);
        request
    }
}

#[deny(
    clippy::missing_trait_methods,
    reason = "a bound model is its model in everything but the options"
)]
#[async_trait]
impl<M: ChatModel + Clone> ChatModel for Bound<M> {
    fn profile(&self) -> ModelProfile {
        let profile = self.model.profile();
        match self.on_unsupported {
            Some(policy) => profile.with_on_unsupported(policy),
            None => profile,
        }
    }

    fn name(&self) -> Cow<'_, str> {
        self.model.name()
    }

    fn bound_options(&self) -> ChatOptions {
        self.options()
    }

    fn composition(&self) -> Option<Composition<'_>> {
        self.model.composition()
    }

    fn cache_identity(&self) -> Value {
        self.model.cache_identity()
    }

    fn cache_identity_in(&self, cx: &RunContext) -> Result<Value> {
        self.model.cache_identity_in(cx)
    }

    fn stream_chat(&self, request: ChatRequest, cx: RunContext) -> ChunkStream<AIMessage> {
        self.model.stream_chat(self.fill(request), cx)
    }

    async fn chat(&self, request: ChatRequest, cx: RunContext) -> Result<AIMessage> {
        self.model.chat(self.fill(request), cx).await
    }

    fn stream_choices(&self, request: ChatRequest, cx: RunContext) -> ChunkStream<Choices> {
        self.model.stream_choices(self.fill(request), cx)
    }

    async fn choices(&self, request: ChatRequest, cx: RunContext) -> Result<Choices> {
        self.model.choices(self.fill(request), cx).await
    }
}

crate::impl_pipe!(Bound<M>, for <M: CloneableModel>);

/// A model that can be bound; the one trait bound for the `|` of [`Bound`].
#[doc(hidden)]
pub trait CloneableModel: ChatModel + Clone {}

impl<M: ChatModel + Clone> CloneableModel for M {}
