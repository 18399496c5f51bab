//! [`Composition`]: the step of a chat model that asks other chat models.

use std::fmt;

use crate::{AIMessage, PromptValue, RunKind, Runnable, RunnableExt};

/// The step of a chat model that only asks other chat models; [`ChatModel::composition`](crate::ChatModel::composition) returns it.
///
/// A composition takes no permit of [`max_concurrency`](crate::RunConfig::max_concurrency) and reports no usage, because the models inside do both.
/// Its run has the kind of the step, and its graph is that of the step.
///
/// # Examples
///
/// A model that asks a cheap model for short questions and an expensive one for the others:
///
/// ```
/// use cadena_core::{
///     AIMessage, Branch, ChatModel, ChatRequest, ChunkStream, Composition, EchoModel, ModelProfile, PromptValue, RunConfig,
///     RunContext, Runnable, RunnableExt, branch,
/// };
///
/// #[derive(Clone)]
/// struct ByLength(Branch<PromptValue, AIMessage>);
///
/// impl ChatModel for ByLength {
///     fn profile(&self) -> ModelProfile {
///         ModelProfile::new("echo", "by-length")
///     }
///
///     fn composition(&self) -> Option<Composition<'_>> {
///         Some(Composition::of(&self.0))
///     }
///
///     fn stream_chat(&self, request: ChatRequest, cx: RunContext) -> ChunkStream<AIMessage> {
///         self.0.run_stream(PromptValue::new(request.messages), cx)
///     }
/// }
///
/// # futures::executor::block_on(async {
/// let is_short = |prompt: &PromptValue| prompt.messages.len() < 3;
/// let model = ByLength(branch().when(is_short, EchoModel::new()).otherwise(EchoModel::new()));
/// let one_at_a_time = RunConfig::new().max_concurrency(1);
/// assert_eq!(model.invoke_with("hi", one_at_a_time).await?.text(), "hi");
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
#[derive(Clone, Copy)]
pub struct Composition<'a> {
    step: &'a dyn Runnable<Input = PromptValue, Output = AIMessage>,
    has_run: bool,
}

impl<'a> Composition<'a> {
    /// Describes a composition by its step. The type has an example.
    #[must_use]
    pub fn of(step: &'a dyn Runnable<Input = PromptValue, Output = AIMessage>) -> Self {
        Self { step, has_run: false }
    }

    /// Returns the same step with a run, even if the step alone has no run: an answer of a cache is a run with start and end.
    pub(super) fn with_run(self) -> Self {
        Self { has_run: true, ..self }
    }

    pub(super) fn step(self) -> &'a dyn Runnable<Input = PromptValue, Output = AIMessage> {
        self.step
    }

    pub(super) fn kind(self) -> RunKind {
        match self.step.kind() {
            RunKind::Transparent if self.has_run => RunKind::Chain,
            kind => kind,
        }
    }
}

impl fmt::Debug for Composition<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Composition").field(&self.step.name()).finish()
    }
}
