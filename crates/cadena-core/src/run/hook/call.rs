//! The call that a hook wraps.

use std::any::{Any, TypeId};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;

use crate::{Error, ErrorKind, ModelSetup, Result, RunInfo, RunKind, Streamable};

/// A call of a step that does I/O, as a [`StepHook`](super::StepHook) sees it: which step, where in the chain, with what input.
///
/// A clone is cheap.
///
/// # Examples
///
/// ```
/// use std::sync::{Arc, Mutex};
/// use cadena_core::{async_trait, EchoModel, Next, Result, RunConfig, RunnableExt, StepCall, StepHook, StepOutput, StrOutputParser};
///
/// #[derive(Default)]
/// struct Names(Mutex<Vec<String>>);
///
/// #[async_trait]
/// impl StepHook for Names {
///     async fn around(&self, call: &StepCall, next: Next<'_>) -> Result<StepOutput> {
///         self.0.lock().unwrap().push(call.name().to_owned());
///         next.run().await
///     }
/// }
///
/// # futures::executor::block_on(async {
/// let names = Arc::new(Names::default());
/// let chain = EchoModel::new() | StrOutputParser;
/// chain.invoke_with("hi", RunConfig::new().hook(Arc::<Names>::clone(&names))).await?;
/// assert_eq!(*names.0.lock().unwrap(), ["seq:step:1/EchoModel"]);
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
#[derive(Clone)]
pub struct StepCall {
    facts: Arc<Facts>,
    input: Arc<dyn ErasedInput>,
}

struct Facts {
    name: Arc<str>,
    run: Arc<RunInfo>,
    model: Option<ModelSetup>,
    output: TypeId,
    streams: bool,
}

impl StepCall {
    pub(in crate::run) fn new<I: Streamable, O: Streamable>(
        name: Arc<str>,
        run: Arc<RunInfo>,
        model: Option<ModelSetup>,
        streams: bool,
        input: &Arc<SharedInput<I>>,
    ) -> Self {
        Self {
            facts: Arc::new(Facts {
                name,
                run,
                model,
                output: TypeId::of::<O>(),
                streams,
            }),
            input: Arc::<SharedInput<I>>::clone(input),
        }
    }

    /// Returns the name of the call: the path of the step through the chain, such as `seq:step:2/map:key:joke/ChatOpenAI`.
    ///
    /// The name is the same in every run of the same chain on the same input, whole or streamed, whatever runs at the same time. No two
    /// calls in one call of the chain have the same name: the second one on the same path ends in `#2`.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::sync::Arc;
    /// use cadena_core::{AIMessage, EchoModel, Next, Result, RunConfig, RunnableExt, StepCall, StepHook, StepOutput, StrOutputParser, async_trait};
    ///
    /// # struct Answer;
    /// # #[async_trait]
    /// impl StepHook for Answer {
    ///     async fn around(&self, call: &StepCall, _: Next<'_>) -> Result<StepOutput> {
    ///         Ok(StepOutput::new(AIMessage::new(call.name())))
    ///     }
    /// }
    ///
    /// # futures::executor::block_on(async {
    /// let config = RunConfig::new().hook(Arc::new(Answer));
    /// let chain = EchoModel::new() | StrOutputParser;
    /// assert_eq!(chain.invoke_with("hi", config).await?, "seq:step:1/EchoModel");
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    #[must_use]
    pub fn name(&self) -> &str {
        &self.facts.name
    }

    /// Returns the name of the step, as its run has it.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::sync::Arc;
    /// use cadena_core::{AIMessage, EchoModel, Next, Result, RunConfig, RunnableExt, StepCall, StepHook, StepOutput, StrOutputParser, async_trait};
    ///
    /// # struct Answer;
    /// # #[async_trait]
    /// impl StepHook for Answer {
    ///     async fn around(&self, call: &StepCall, _: Next<'_>) -> Result<StepOutput> {
    ///         Ok(StepOutput::new(AIMessage::new(call.step())))
    ///     }
    /// }
    ///
    /// # futures::executor::block_on(async {
    /// let config = RunConfig::new().hook(Arc::new(Answer));
    /// let chain = EchoModel::new() | StrOutputParser;
    /// assert_eq!(chain.invoke_with("hi", config).await?, "EchoModel");
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    #[must_use]
    pub fn step(&self) -> &str {
        &self.facts.run.name
    }

    /// Returns the kind of the step: a model, a tool or a retriever.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::sync::Arc;
    /// use cadena_core::{AIMessage, EchoModel, Next, Result, RunConfig, RunnableExt, StepCall, StepHook, StepOutput, async_trait};
    ///
    /// # struct Answer;
    /// # #[async_trait]
    /// impl StepHook for Answer {
    ///     async fn around(&self, call: &StepCall, _: Next<'_>) -> Result<StepOutput> {
    ///         Ok(StepOutput::new(AIMessage::new(call.kind().as_str())))
    ///     }
    /// }
    ///
    /// # futures::executor::block_on(async {
    /// let config = RunConfig::new().hook(Arc::new(Answer));
    /// assert_eq!(EchoModel::new().invoke_with("hi", config).await?.text(), "chat_model");
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    #[must_use]
    pub fn kind(&self) -> RunKind {
        self.facts.run.kind
    }

    /// Returns the run of the step, with its id, tags and metadata.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::sync::Arc;
    /// use cadena_core::{AIMessage, EchoModel, Next, Result, RunConfig, RunnableExt, StepCall, StepHook, StepOutput, async_trait};
    ///
    /// # struct Answer;
    /// # #[async_trait]
    /// impl StepHook for Answer {
    ///     async fn around(&self, call: &StepCall, _: Next<'_>) -> Result<StepOutput> {
    ///         Ok(StepOutput::new(AIMessage::new(call.run().tags.join(" "))))
    ///     }
    /// }
    ///
    /// # futures::executor::block_on(async {
    /// let config = RunConfig::new().hook(Arc::new(Answer));
    /// assert_eq!(EchoModel::new().invoke_with("hi", config.tag("nightly")).await?.text(), "nightly");
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    #[must_use]
    pub fn run(&self) -> &RunInfo {
        &self.facts.run
    }

    /// Returns the model and its options, if the step is a chat model. The key of a cache needs both.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::sync::Arc;
    /// use cadena_core::{AIMessage, EchoModel, Next, Result, RunConfig, RunnableExt, StepCall, StepHook, StepOutput, async_trait};
    ///
    /// # struct Answer;
    /// # #[async_trait]
    /// impl StepHook for Answer {
    ///     async fn around(&self, call: &StepCall, _: Next<'_>) -> Result<StepOutput> {
    ///         Ok(StepOutput::new(AIMessage::new(call.model().map_or("none", |model| model.model()))))
    ///     }
    /// }
    ///
    /// # futures::executor::block_on(async {
    /// let config = RunConfig::new().hook(Arc::new(Answer));
    /// assert_eq!(EchoModel::new().invoke_with("hi", config).await?.text(), "echo-1");
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    #[must_use]
    pub fn model(&self) -> Option<&ModelSetup> {
        self.facts.model.as_ref()
    }

    /// Returns whether the caller wants chunks.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::sync::Arc;
    /// use cadena_core::{AIMessage, AIMessageChunk, EchoModel, Next, Result, RunConfig, RunnableExt, StepCall, StepHook, StepOutput, async_trait};
    /// use futures::TryStreamExt;
    ///
    /// # struct Answer;
    /// # #[async_trait]
    /// impl StepHook for Answer {
    ///     async fn around(&self, call: &StepCall, _: Next<'_>) -> Result<StepOutput> {
    ///         Ok(StepOutput::new(AIMessage::new(call.is_streamed().to_string())))
    ///     }
    /// }
    ///
    /// # futures::executor::block_on(async {
    /// let config = RunConfig::new().hook(Arc::new(Answer));
    /// assert_eq!(EchoModel::new().invoke_with("hi", config.clone()).await?.text(), "false");
    /// let chunks: Vec<AIMessageChunk> = EchoModel::new().stream_with("hi", config).try_collect().await?;
    /// assert_eq!(chunks.into_iter().sum::<AIMessageChunk>().text(), "true");
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    #[must_use]
    pub fn is_streamed(&self) -> bool {
        self.facts.streams
    }

    /// Returns whether the output of the step is a `T`: a hook that answers from a record reads the answer as one.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{AIMessage, EchoModel, Next, Result, RunConfig, RunnableExt, StepCall, StepHook, StepOutput, async_trait};
    /// use std::sync::Arc;
    ///
    /// /// Answers every model with the same words.
    /// struct Always(&'static str);
    ///
    /// #[async_trait]
    /// impl StepHook for Always {
    ///     async fn around(&self, call: &StepCall, next: Next<'_>) -> Result<StepOutput> {
    ///         match call.returns::<AIMessage>() {
    ///             true => Ok(StepOutput::new(AIMessage::new(self.0))),
    ///             false => next.run().await,
    ///         }
    ///     }
    /// }
    ///
    /// # futures::executor::block_on(async {
    /// let config = RunConfig::new().hook(Arc::new(Always("no")));
    /// assert_eq!(EchoModel::new().invoke_with("yes?", config).await?.text(), "no");
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    #[must_use]
    pub fn returns<T: 'static>(&self) -> bool {
        self.facts.output == TypeId::of::<T>()
    }

    pub(super) fn output(&self) -> TypeId {
        self.facts.output
    }

    /// Returns the input as JSON, which is written when this is called.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::{Arc, Mutex};
    /// use cadena_core::{async_trait, EchoModel, Next, PromptValue, Result, RunConfig, RunnableExt, StepCall, StepHook, StepOutput};
    ///
    /// #[derive(Default)]
    /// struct Questions(Mutex<Vec<String>>);
    ///
    /// #[async_trait]
    /// impl StepHook for Questions {
    ///     async fn around(&self, call: &StepCall, next: Next<'_>) -> Result<StepOutput> {
    ///         assert_eq!(call.input()?["messages"][0]["type"], "human");
    ///         let prompt: Option<PromptValue> = call.input_as();
    ///         self.0.lock().unwrap().extend(prompt.map(|prompt| prompt.messages[0].text().into_owned()));
    ///         next.run().await
    ///     }
    /// }
    ///
    /// # futures::executor::block_on(async {
    /// let questions = Arc::new(Questions::default());
    /// EchoModel::new().invoke_with("why?", RunConfig::new().hook(Arc::<Questions>::clone(&questions))).await?;
    /// assert_eq!(*questions.0.lock().unwrap(), ["why?"]);
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    ///
    /// # Errors
    ///
    /// [`Unsupported`](ErrorKind::Unsupported) if the input has no JSON form.
    pub fn input(&self) -> Result<Value> {
        self.input.json()
    }

    /// Returns the input, if it is a `T`: that of a model is a [`PromptValue`](crate::PromptValue).
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::sync::Arc;
    /// use cadena_core::{AIMessage, EchoModel, Next, PromptValue, Result, RunConfig, RunnableExt, StepCall, StepHook, StepOutput, async_trait};
    ///
    /// # struct Answer;
    /// # #[async_trait]
    /// impl StepHook for Answer {
    ///     async fn around(&self, call: &StepCall, _: Next<'_>) -> Result<StepOutput> {
    ///         Ok(StepOutput::new(AIMessage::new(call.input_as::<PromptValue>().map_or(0, |prompt| prompt.messages.len()).to_string())))
    ///     }
    /// }
    ///
    /// # futures::executor::block_on(async {
    /// let config = RunConfig::new().hook(Arc::new(Answer));
    /// assert_eq!(EchoModel::new().invoke_with("hi", config).await?.text(), "1");
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    #[must_use]
    pub fn input_as<T: Clone + 'static>(&self) -> Option<T> {
        let mut found = None;
        self.input.with(&mut |input| found = input.downcast_ref::<T>().cloned());
        found
    }
}

/// Prints the name and the kind: the input holds a prompt, which stays out of logs.
impl fmt::Debug for StepCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StepCall")
            .field("name", &self.name())
            .field("kind", &self.kind())
            .finish_non_exhaustive()
    }
}

/// An input that each call of the step gets a clone of. It is locked, because a value that flows is `Send` but need not be `Sync`.
pub(in crate::run) struct SharedInput<I>(Mutex<I>);

impl<I: Streamable> SharedInput<I> {
    pub(in crate::run) fn new(input: I) -> Self {
        Self(Mutex::new(input))
    }

    pub(super) fn get(&self) -> I {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

trait ErasedInput: Send + Sync {
    fn json(&self) -> Result<Value>;
    fn with(&self, see: &mut dyn FnMut(&dyn Any));
}

impl<I: Streamable> ErasedInput for SharedInput<I> {
    fn json(&self) -> Result<Value> {
        let input = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        serde_json::to_value(&*input).map_err(|error| no_json("the input", error))
    }

    fn with(&self, see: &mut dyn FnMut(&dyn Any)) {
        see(&*self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

pub(super) fn no_json(what: &str, error: serde_json::Error) -> Error {
    Error::new(ErrorKind::Unsupported, format!("{what} of the step has no JSON form")).with_source(error)
}
