//! [`WrappedModel`]: a wrapper of chat models, as a chat model.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Value, json};

use super::bind::Bound;
use super::cache::options_as_json;
use super::{AllChoices, ChatModel, ChatRequest, Composition, ModelList, ToChatModel};
use crate::runnable::Rewrap;
use crate::stream::later;
use crate::{
    AIMessage, Alternatives, BoxRunnable, ChatOptions, Choices, ChunkStream, Error, ErrorKind, Fallbacks, ModelProfile,
    PromptValue, Result, RunConfig, RunContext, Runnable, RunnableExt, Steps, Streamable, impl_pipe,
};

/// A wrapper of chat models, as a chat model; [`ToChatModel::to_chat_model`] makes one.
///
/// It is made of `model.with_retry(..)`, `model.with_fallbacks([..])` and the other wrappers.
///
/// - **The wrapper stays around each call.** An answer, a stream and a call for every choice are each tried again, answered by a fallback, or ended
///   by the time limit, as the step itself would be, with the same runs and events.
/// - **Options** that are bound to it, tools and the form of an answer reach every model inside, and win over the options that are bound to that
///   model. [Options of a config](crate::RunConfig::options()) win over both.
/// - **Its profile** is that of the first model, with the capabilities that all of them have.
/// - **`max_concurrency` and usage** count the models inside, each call once.
///
/// # Examples
///
/// ```
/// use cadena_core::{Bind, ChatOptions, Error, ErrorKind, RunnableExt};
/// use cadena_testing::ScriptedModel;
///
/// # futures::executor::block_on(async {
/// let first = ScriptedModel::new().fail(|| Error::from(ErrorKind::Server));
/// let second = ScriptedModel::new().say("Here I am.");
/// let model = first.bind(ChatOptions::new().seed(1)).with_fallbacks([second.clone()]);
///
/// assert_eq!(model.bind(ChatOptions::new().temperature(0.0)).invoke("Hello?").await?.text(), "Here I am.");
/// assert_eq!(first.requests()[0].options, ChatOptions::new().seed(1).temperature(0.0));
/// assert_eq!(second.requests()[0].options, ChatOptions::new().temperature(0.0));
/// # Ok::<_, Error>(()) }).unwrap();
/// ```
#[derive(Clone)]
#[must_use = "steps do nothing until they are invoked"]
pub struct WrappedModel {
    wrapper: Arc<dyn ModelWrapper>,
}

impl WrappedModel {
    pub(super) fn new(wrapper: impl ModelWrapper + 'static) -> Self {
        Self {
            wrapper: Arc::new(wrapper),
        }
    }

    fn models(&self) -> Vec<Arc<dyn ChatModel>> {
        self.wrapper.models()
    }
}

#[async_trait]
impl ChatModel for WrappedModel {
    fn profile(&self) -> ModelProfile {
        let profiles = self.models();
        let mut profiles = profiles.iter().map(|model| model.profile());
        let first = profiles.next().unwrap_or_default();
        profiles.fold(first, ModelProfile::meet)
    }

    fn name(&self) -> Cow<'_, str> {
        self.wrapper.step().name()
    }

    fn composition(&self) -> Option<Composition<'_>> {
        Some(Composition::of(self.wrapper.step()))
    }

    /// Returns the options of the first model.
    fn bound_options(&self) -> ChatOptions {
        let models = self.models();
        models.first().map(|model| model.bound_options()).unwrap_or_default()
    }

    fn cache_identity(&self) -> Value {
        let models = self.models();
        let models: Vec<_> = models.iter().map(|model| identity(&**model)).collect();
        json!({"wrapper": self.wrapper.rules(), "models": models})
    }

    fn cache_identity_in(&self, cx: &RunContext) -> Result<Value> {
        let models = self.wrapper.models_in(cx)?.into_iter().map(|(model, inside)| {
            let fixed = (inside.options() != cx.options()).then(|| inside.options().map(options_as_json));
            Ok(json!([
                model.cache_identity_in(&inside)?,
                options_as_json(&model.bound_options()),
                fixed
            ]))
        });
        let models = models.collect::<Result<Vec<_>>>()?;
        Ok(json!({"wrapper": self.wrapper.rules(), "models": models}))
    }

    fn stream_chat(&self, request: ChatRequest, cx: RunContext) -> ChunkStream<AIMessage> {
        match self.wrapper.one_answer(request.options, &cx) {
            Ok(step) => step.run_stream(PromptValue::new(request.messages), cx),
            Err(error) => later(ChatModel::name(self).into_owned(), async { Err(error) }),
        }
    }

    async fn chat(&self, request: ChatRequest, cx: RunContext) -> Result<AIMessage> {
        let step = self.wrapper.one_answer(request.options, &cx)?;
        step.run(PromptValue::new(request.messages), cx).await
    }

    fn stream_choices(&self, request: ChatRequest, cx: RunContext) -> ChunkStream<Choices> {
        match self.wrapper.every_choice(request.options, &cx) {
            Ok(step) => step.run_stream(PromptValue::new(request.messages), cx),
            Err(error) => later(ChatModel::name(self).into_owned(), async { Err(error) }),
        }
    }

    async fn choices(&self, request: ChatRequest, cx: RunContext) -> Result<Choices> {
        let step = self.wrapper.every_choice(request.options, &cx)?;
        step.run(PromptValue::new(request.messages), cx).await
    }
}

impl_pipe!(WrappedModel);

impl fmt::Debug for WrappedModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let models = self.models();
        let names: Vec<_> = models.iter().map(|model| ChatModel::name(&**model)).collect();
        f.debug_struct("WrappedModel")
            .field("step", &self.wrapper.step().name())
            .field("models", &names)
            .finish()
    }
}

/// Returns the part of a cache key that identifies a model.
fn identity(model: &dyn ChatModel) -> Value {
    json!([model.cache_identity(), options_as_json(&model.bound_options())])
}

/// A wrapper whose steps are chat models.
pub(super) trait ModelWrapper: Send + Sync {
    /// Returns the wrapper as a step.
    fn step(&self) -> &dyn Runnable<Input = PromptValue, Output = AIMessage>;

    /// Returns every model that a call may ask, the first one first.
    fn models(&self) -> Vec<Arc<dyn ChatModel>>;

    /// Returns the models that a call with this context may ask, each with the context in which it is asked.
    fn models_in(&self, cx: &RunContext) -> Result<Vec<(Arc<dyn ChatModel>, RunContext)>>;

    /// Returns the other settings of the wrapper that change an answer, for the key of a cache.
    fn rules(&self) -> Value {
        Value::Null
    }

    /// Returns the wrapper around models that are asked for one answer with these options, for a call with this context.
    fn one_answer(&self, options: ChatOptions, cx: &RunContext) -> Result<BoxRunnable<PromptValue, AIMessage>>;

    /// Returns the same as [`one_answer`](Self::one_answer), for every choice.
    fn every_choice(&self, options: ChatOptions, cx: &RunContext) -> Result<BoxRunnable<PromptValue, Choices>>;
}

/// A way to ask a model: for one answer or for every choice.
trait Ask: 'static {
    type Output: Streamable;
    type Step<M: ChatModel + Clone>: Runnable<Input = PromptValue, Output = Self::Output>;

    fn step<M: ChatModel + Clone>(model: M, options: &ChatOptions) -> Self::Step<M>;
}

struct OneAnswer;

impl Ask for OneAnswer {
    type Output = AIMessage;
    type Step<M: ChatModel + Clone> = Bound<M>;

    fn step<M: ChatModel + Clone>(model: M, options: &ChatOptions) -> Bound<M> {
        Bound::new(model, options.clone())
    }
}

struct EveryChoice;

impl Ask for EveryChoice {
    type Output = Choices;
    type Step<M: ChatModel + Clone> = AllChoices<Bound<M>>;

    fn step<M: ChatModel + Clone>(model: M, options: &ChatOptions) -> AllChoices<Bound<M>> {
        AllChoices::new(Bound::new(model, options.clone()))
    }
}

/// A wrapper of one model.
pub(super) struct WrappedStep<W> {
    wrapper: W,
}

impl<W: Rewrap<Step: ToChatModel>> WrappedStep<W> {
    pub(super) fn new(wrapper: W) -> Self {
        Self { wrapper }
    }

    fn around<A: Ask>(&self, options: ChatOptions) -> BoxRunnable<PromptValue, A::Output> {
        let wrapper = self.wrapper.rewrap(move |step| A::step(step.to_chat_model(), &options));
        wrapper.boxed()
    }
}

impl<W> ModelWrapper for WrappedStep<W>
where
    W: Rewrap<Step: ToChatModel> + Runnable<Input = PromptValue, Output = AIMessage>,
{
    fn step(&self) -> &dyn Runnable<Input = PromptValue, Output = AIMessage> {
        &self.wrapper
    }

    fn models(&self) -> Vec<Arc<dyn ChatModel>> {
        vec![Arc::new(self.wrapper.step().to_chat_model())]
    }

    fn models_in(&self, cx: &RunContext) -> Result<Vec<(Arc<dyn ChatModel>, RunContext)>> {
        let model: Arc<dyn ChatModel> = Arc::new(self.wrapper.step_in(cx)?.to_chat_model());
        Ok(vec![(model, self.wrapper.context(cx))])
    }

    fn one_answer(&self, options: ChatOptions, cx: &RunContext) -> Result<BoxRunnable<PromptValue, AIMessage>> {
        let _ = cx;
        Ok(self.around::<OneAnswer>(options))
    }

    fn every_choice(&self, options: ChatOptions, cx: &RunContext) -> Result<BoxRunnable<PromptValue, Choices>> {
        let _ = cx;
        Ok(self.around::<EveryChoice>(options))
    }
}

/// A model with fallback models.
pub(super) struct FallbackModels<L: ModelList> {
    wrapper: Fallbacks<L>,
    models: Vec<Arc<dyn ChatModel>>,
}

impl<L: ModelList> FallbackModels<L> {
    pub(super) fn new(wrapper: Fallbacks<L>) -> Self {
        Self {
            models: wrapper.list().models(),
            wrapper,
        }
    }

    fn around<A: Ask>(&self, options: &ChatOptions) -> BoxRunnable<PromptValue, A::Output> {
        let models = self.models.iter();
        let steps = models.map(|model| A::step(Arc::clone(model), options));
        self.wrapper.around(Steps::new(steps)).boxed()
    }
}

impl<L: ModelList> ModelWrapper for FallbackModels<L> {
    fn step(&self) -> &dyn Runnable<Input = PromptValue, Output = AIMessage> {
        &self.wrapper
    }

    fn models(&self) -> Vec<Arc<dyn ChatModel>> {
        self.models.clone()
    }

    fn models_in(&self, cx: &RunContext) -> Result<Vec<(Arc<dyn ChatModel>, RunContext)>> {
        let models = self.models.iter();
        Ok(models.map(|model| (Arc::clone(model), cx.clone())).collect())
    }

    fn rules(&self) -> Value {
        json!({"fallbacks": self.models.len(), "edits_input": self.wrapper.edits_input()})
    }

    fn one_answer(&self, options: ChatOptions, cx: &RunContext) -> Result<BoxRunnable<PromptValue, AIMessage>> {
        let _ = cx;
        Ok(self.around::<OneAnswer>(&options))
    }

    fn every_choice(&self, options: ChatOptions, cx: &RunContext) -> Result<BoxRunnable<PromptValue, Choices>> {
        let _ = cx;
        Ok(self.around::<EveryChoice>(&options))
    }
}

/// Models of which the caller chooses one.
pub(super) struct AlternativeModels<L: ModelList> {
    wrapper: Alternatives<L>,
    models: Vec<Arc<dyn ChatModel>>,
}

impl<L: ModelList> AlternativeModels<L> {
    pub(super) fn new(wrapper: Alternatives<L>) -> Self {
        Self {
            models: wrapper.list().models(),
            wrapper,
        }
    }

    fn chosen(&self, cx: &RunContext) -> Result<Arc<dyn ChatModel>> {
        let place = self.wrapper.place(cx)?;
        let missing = || Error::new(ErrorKind::Internal, "an alternative has no place in the list");
        self.models.get(place).cloned().ok_or_else(missing)
    }

    /// Returns the chosen model inside a step without a run, as the wrapper has no run either.
    fn around<A: Ask>(&self, options: &ChatOptions, cx: &RunContext) -> Result<BoxRunnable<PromptValue, A::Output>> {
        let step = A::step(self.chosen(cx)?, options);
        Ok(step.with_config(RunConfig::new()).boxed())
    }
}

impl<L: ModelList> ModelWrapper for AlternativeModels<L> {
    fn step(&self) -> &dyn Runnable<Input = PromptValue, Output = AIMessage> {
        &self.wrapper
    }

    fn models(&self) -> Vec<Arc<dyn ChatModel>> {
        let places = self.wrapper.places();
        places.filter_map(|place| self.models.get(place).cloned()).collect()
    }

    fn models_in(&self, cx: &RunContext) -> Result<Vec<(Arc<dyn ChatModel>, RunContext)>> {
        Ok(vec![(self.chosen(cx)?, cx.clone())])
    }

    fn one_answer(&self, options: ChatOptions, cx: &RunContext) -> Result<BoxRunnable<PromptValue, AIMessage>> {
        self.around::<OneAnswer>(&options, cx)
    }

    fn every_choice(&self, options: ChatOptions, cx: &RunContext) -> Result<BoxRunnable<PromptValue, Choices>> {
        self.around::<EveryChoice>(&options, cx)
    }
}
