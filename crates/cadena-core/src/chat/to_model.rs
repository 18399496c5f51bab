//! [`ToChatModel`]: the trait of chat models and of their wrappers.

use std::sync::Arc;

use super::wrapped::{AlternativeModels, FallbackModels, WrappedStep};
use super::{ChatModel, WrappedModel};
use crate::{
    AIMessage, Alternatives, ConfigurableStep, Configured, Fallbacks, Named, OneStep, Or, PromptValue, Retry, Runnable,
    StepList, Steps, Timeout, WithListeners,
};

/// A chat model, or a wrapper of chat models.
///
/// The trait is the bound of [`agent`](crate::agent()), [`bind_tools`](crate::BindTools), [`bind`](crate::Bind::bind),
/// [`with_structured_output`](crate::ChatModelExt::with_structured_output) and the other methods of [`ChatModelExt`](crate::ChatModelExt).
///
/// Every [`ChatModel`] that is `Clone` implements it, and so does each of these wrappers around one: [`with_retry`](crate::RunnableExt::with_retry),
/// [`with_fallbacks`](crate::RunnableExt::with_fallbacks), [`with_timeout`](crate::RunnableExt::with_timeout),
/// [`with_config`](crate::RunnableExt::with_config), [`named`](crate::RunnableExt::named), [`with_listeners`](crate::RunnableExt::with_listeners),
/// [`configurable`](crate::RunnableExt::configurable) and [`configurable_alternatives`](crate::RunnableExt::configurable_alternatives).
/// [`WrappedModel`] describes the wrapper as a model.
///
/// # Examples
///
/// ```
/// use cadena_core::{Bind, ChatModelExt, ChatOptions, EchoModel, RetryOptions, RunnableExt};
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
/// let model = EchoModel::new().with_retry(RetryOptions::new()).with_fallbacks([EchoModel::new()]);
/// let answer = model.bind(ChatOptions::new().logprobs(true)).invoke("hello there").await?;
/// assert_eq!(answer.logprobs().map(|logprobs| logprobs.tokens().count()), Some(2));
/// assert_eq!(model.generate("hi").await?.len(), 1);
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a chat model",
    label = "not a chat model, nor a wrapper of chat models",
    note = "a chat model implements `cadena::ChatModel` and `Clone`; `with_retry`, `with_fallbacks`, `with_timeout` and the other wrappers of a chat model stay chat models if everything that they wrap is one",
    note = "give the model tools, options or a form of its answers first, and join it to other steps with `|` after that"
)]
pub trait ToChatModel: Runnable<Input = PromptValue, Output = AIMessage> {
    /// The type of the chat model: `Self` for a chat model, and [`WrappedModel`] for a wrapper.
    type Model: ChatModel + Clone;

    /// Returns the chat model, or the wrapper as one.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{ChatModel, EchoModel, RetryOptions, RunnableExt, ToChatModel};
    /// use std::sync::Arc;
    ///
    /// let careful = EchoModel::new().with_retry(RetryOptions::new());
    /// let models: Vec<Arc<dyn ChatModel>> = vec![Arc::new(careful.to_chat_model()), Arc::new(EchoModel::new())];
    /// assert_eq!(models[0].profile(), models[1].profile());
    /// ```
    fn to_chat_model(&self) -> Self::Model;
}

#[diagnostic::do_not_recommend]
impl<M: ChatModel + Clone> ToChatModel for M {
    type Model = M;

    fn to_chat_model(&self) -> M {
        self.clone()
    }
}

macro_rules! wrapped_step {
    ($wrapper:ident $(, $param:ident: $($bound:tt)+)?) => {
        impl<R: ToChatModel $(, $param: $($bound)+)?> ToChatModel for $wrapper<R $(, $param)?> {
            type Model = WrappedModel;

            fn to_chat_model(&self) -> WrappedModel {
                WrappedModel::new(WrappedStep::new(self.clone()))
            }
        }
    };
}

wrapped_step!(Retry);
wrapped_step!(Timeout);
wrapped_step!(Configured);
wrapped_step!(Named);
wrapped_step!(WithListeners);
wrapped_step!(ConfigurableStep, T: Send + Sync + 'static);

impl<L: ModelList> ToChatModel for Fallbacks<L> {
    type Model = WrappedModel;

    fn to_chat_model(&self) -> WrappedModel {
        WrappedModel::new(FallbackModels::new(self.clone()))
    }
}

impl<L: ModelList> ToChatModel for Alternatives<L> {
    type Model = WrappedModel;

    fn to_chat_model(&self) -> WrappedModel {
        WrappedModel::new(AlternativeModels::new(self.clone()))
    }
}

/// A list in which every step is a chat model or wraps chat models, so that its [`Fallbacks`] or [`Alternatives`] are a chat model.
///
/// # Examples
///
/// ```
/// use cadena_core::{EchoModel, ModelList, OneStep, Or};
///
/// let list = Or::new(OneStep::new(EchoModel::new()), OneStep::new(EchoModel::new()));
/// assert_eq!(list.models().len(), 2);
/// ```
#[diagnostic::on_unimplemented(
    message = "not every step of this list is a chat model",
    label = "has a step that is no chat model",
    note = "fallbacks and alternatives of a chat model are a chat model only if each of them is one"
)]
pub trait ModelList: StepList<Input = PromptValue, Output = AIMessage> {
    /// Returns the models in their order.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{Bind, ChatModel, ChatOptions, EchoModel, ModelList, OneStep, Or};
    ///
    /// let seeded = EchoModel::new().bind(ChatOptions::new().seed(1));
    /// let models = Or::new(OneStep::new(seeded), OneStep::new(EchoModel::new())).models();
    /// assert_eq!((models[0].bound_options().seed, models[1].bound_options().seed), (Some(1), None));
    /// ```
    fn models(&self) -> Vec<Arc<dyn ChatModel>>;
}

fn shared<R: ToChatModel>(step: &R) -> Arc<dyn ChatModel> {
    Arc::new(step.to_chat_model())
}

impl<R: ToChatModel> ModelList for OneStep<R> {
    fn models(&self) -> Vec<Arc<dyn ChatModel>> {
        vec![shared(self.step())]
    }
}

impl<R: ToChatModel> ModelList for Steps<R> {
    fn models(&self) -> Vec<Arc<dyn ChatModel>> {
        self.iter().map(shared).collect()
    }
}

impl<A: ModelList, B: ModelList> ModelList for Or<A, B> {
    fn models(&self) -> Vec<Arc<dyn ChatModel>> {
        let mut models = self.first().models();
        models.extend(self.next().models());
        models
    }
}
