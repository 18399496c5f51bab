//! The description of a step: its name, its kind, how it streams, and what takes work to find out.

use std::borrow::Cow;
use std::fmt;

use super::{Runnable, RunnableExt};
use crate::{Graph, ModelSetup, Node, RunKind, StreamMode};

/// The description of a step, which [`Runnable::describe`] returns.
///
/// Only the name and the kind are asked for in a call. Everything else that costs work is a function, which runs only if somebody
/// asks: [`RunnableExt::graph`] draws the graph, for example, and a call never does.
///
/// # Examples
///
/// ```
/// use cadena_core::{Result, RunContext, RunKind, Runnable, RunnableExt, StepInfo, async_trait};
///
/// #[derive(Clone)]
/// struct Search;
///
/// #[async_trait]
/// impl Runnable for Search {
///     type Input = String;
///     type Output = Vec<String>;
///
///     fn describe(&self) -> StepInfo<'_> {
///         StepInfo::new("search").kind(RunKind::Retriever)
///     }
///
///     async fn run(&self, query: String, _cx: RunContext) -> Result<Vec<String>> {
///         Ok(vec![format!("a page about {query}")])
///     }
/// }
///
/// assert_eq!((&*Search.name(), Search.kind()), ("search", RunKind::Retriever));
/// ```
#[must_use = "a description does nothing until `describe` returns it"]
pub struct StepInfo<'a> {
    name: Lazy<'a, Cow<'a, str>>,
    kind: RunKind,
    /// `None` until it is set: the kind decides.
    streaming: Option<Lazy<'a, StreamMode>>,
    /// `None` until it is set: one step between its input and its output.
    graph: Option<Later<'a, Graph>>,
    model: Option<Later<'a, Option<ModelSetup>>>,
}

/// `Send`, so that a description may live across an `await`.
type Later<'a, T> = Box<dyn FnOnce() -> T + Send + 'a>;

enum Lazy<'a, T> {
    Known(T),
    Later(Later<'a, T>),
}

impl<T> Lazy<'_, T> {
    fn get(self) -> T {
        match self {
            Self::Known(value) => value,
            Self::Later(find) => find(),
        }
    }
}

impl<'a> StepInfo<'a> {
    /// A step of this name, of kind [`Chain`](RunKind::Chain), that waits for its whole input and returns its output in one piece.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::StepInfo;
    ///
    /// let info = StepInfo::new("search");
    /// assert_eq!(format!("{info:?}"), "StepInfo { name: \"search\", kind: Chain, .. }");
    /// ```
    pub fn new(name: impl Into<Cow<'a, str>>) -> Self {
        Self {
            name: Lazy::Known(name.into()),
            kind: RunKind::Chain,
            streaming: None,
            graph: None,
            model: None,
        }
    }

    /// A step with the name of its type: the default of [`Runnable::describe`].
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{Result, RunContext, Runnable, RunnableExt, StepInfo, StreamMode, async_trait};
    /// # use cadena_core::ChunkStream;
    ///
    /// #[derive(Clone)]
    /// struct Shout;
    ///
    /// #[async_trait]
    /// impl Runnable for Shout {
    ///     type Input = String;
    ///     type Output = String;
    ///
    ///     fn describe(&self) -> StepInfo<'_> {
    ///         StepInfo::of(self).streaming(StreamMode::PassesThrough)
    ///     }
    ///
    ///     async fn run(&self, input: String, _cx: RunContext) -> Result<String> {
    ///         Ok(input.to_uppercase())
    ///     }
    ///
    ///     // `run_transform` turns each chunk as it comes …
    /// #   fn run_transform(&self, input: ChunkStream<String>, _cx: RunContext) -> ChunkStream<String> {
    /// #       use futures::StreamExt;
    /// #       input.map(|chunk| Ok(chunk?.to_uppercase())).boxed()
    /// #   }
    /// }
    ///
    /// assert_eq!(Shout.name(), "Shout");
    /// assert!(Shout.graph().streams());
    /// ```
    pub fn of<R: Runnable + ?Sized>(step: &'a R) -> Self {
        let _ = step;
        Self::new(short_type_name::<R>())
    }

    /// A wrapper that changes only what surrounds a call: name, streaming, graph and model are those of the inner step, and it is
    /// [`Transparent`](RunKind::Transparent), so that the run is the inner step's.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{EchoModel, Result, RunContext, RunKind, Runnable, RunnableExt, StepInfo, async_trait};
    ///
    /// /// Runs a step and counts nothing, times nothing, changes nothing.
    /// #[derive(Clone)]
    /// struct Same<R>(R);
    ///
    /// #[async_trait]
    /// impl<R: Runnable + Clone> Runnable for Same<R> {
    ///     type Input = R::Input;
    ///     type Output = R::Output;
    ///
    ///     fn describe(&self) -> StepInfo<'_> {
    ///         StepInfo::around(&self.0)
    ///     }
    ///
    ///     async fn run(&self, input: R::Input, cx: RunContext) -> Result<R::Output> {
    ///         self.0.invoke_in(input, &cx).await
    ///     }
    /// }
    ///
    /// let same = Same(EchoModel::new());
    /// assert_eq!((&*same.name(), same.kind()), ("EchoModel", RunKind::Transparent));
    /// assert_eq!(same.graph(), EchoModel::new().graph());
    /// ```
    pub fn around<R: Runnable + ?Sized>(step: &'a R) -> Self {
        let inner = step.describe();
        Self {
            streaming: Some(inner.streaming.unwrap_or(Lazy::Known(default_streaming(inner.kind)))),
            graph: Some(Box::new(|| step.graph())),
            kind: RunKind::Transparent,
            ..inner
        }
    }

    /// Sets the name of the step in events and errors.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{EchoModel, StepInfo};
    ///
    /// let model = EchoModel::new();
    /// let info = StepInfo::around(&model).name("planner");
    /// assert!(format!("{info:?}").contains("planner"));
    /// ```
    pub fn name(mut self, name: impl Into<Cow<'a, str>>) -> Self {
        self.name = Lazy::Known(name.into());
        self
    }

    /// Sets a name that takes work to write, such as one made of the names of other steps.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{AIMessage, EchoModel, PromptValue, Result, RunContext, Runnable, RunnableExt, StepInfo, async_trait};
    ///
    /// # #[derive(Clone)]
    /// struct Ask(EchoModel);
    ///
    /// # #[async_trait]
    /// # impl Runnable for Ask {
    /// #     type Input = PromptValue;
    /// #     type Output = AIMessage;
    /// fn describe(&self) -> StepInfo<'_> {
    ///     StepInfo::of(self).name_with(|| format!("Ask<{}>", self.0.name()))
    /// }
    /// #     async fn run(&self, input: PromptValue, cx: RunContext) -> Result<AIMessage> {
    /// #         self.0.invoke_in(input, &cx).await
    /// #     }
    /// # }
    ///
    /// assert_eq!(Ask(EchoModel::new()).name(), "Ask<EchoModel>");
    /// ```
    pub fn name_with(mut self, name: impl FnOnce() -> String + Send + 'a) -> Self {
        self.name = Lazy::Later(Box::new(|| Cow::Owned(name())));
        self
    }

    /// Sets the kind of the step in events and graphs; default: [`RunKind::Chain`].
    ///
    /// A [`Tool`](RunKind::Tool), a [`Retriever`](RunKind::Retriever) and a [`ChatModel`](RunKind::ChatModel) reach outside of the program: they
    /// are shown to [`StepHook`](crate::StepHook)s.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{RunKind, StepInfo};
    ///
    /// let info = StepInfo::new("search").kind(RunKind::Retriever);
    /// assert_eq!(format!("{info:?}"), "StepInfo { name: \"search\", kind: Retriever, .. }");
    /// ```
    pub fn kind(mut self, kind: RunKind) -> Self {
        self.kind = kind;
        self
    }

    /// Sets how the step treats chunks; default: [`StreamsOutput`](StreamMode::StreamsOutput) for a chat model,
    /// [`WaitsForAll`](StreamMode::WaitsForAll) for the rest.
    ///
    /// A step that writes [`run_stream`](Runnable::run_stream) or [`run_transform`](Runnable::run_transform) sets it.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{Result, RunContext, Runnable, RunnableExt, StepInfo, StreamMode, async_trait};
    /// # use cadena_core::ChunkStream;
    ///
    /// # #[derive(Clone)]
    /// # struct Shout;
    /// # #[async_trait]
    /// # impl Runnable for Shout {
    /// #     type Input = String;
    /// #     type Output = String;
    /// fn describe(&self) -> StepInfo<'_> {
    ///     StepInfo::of(self).streaming(StreamMode::PassesThrough)
    /// }
    /// #     async fn run(&self, input: String, _cx: RunContext) -> Result<String> {
    /// #         Ok(input.to_uppercase())
    /// #     }
    /// #     fn run_transform(&self, input: ChunkStream<String>, _cx: RunContext) -> ChunkStream<String> {
    /// #         use futures::StreamExt;
    /// #         input.map(|chunk| Ok(chunk?.to_uppercase())).boxed()
    /// #     }
    /// # }
    ///
    /// assert_eq!(Shout.streaming(), StreamMode::PassesThrough);
    /// ```
    pub fn streaming(mut self, mode: StreamMode) -> Self {
        self.streaming = Some(Lazy::Known(mode));
        self
    }

    /// As [`streaming`](Self::streaming), for a step that asks the steps inside it.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{AIMessage, EchoModel, PromptValue, Result, RunContext, Runnable, RunnableExt, StepInfo, StreamMode, async_trait};
    ///
    /// # #[derive(Clone)]
    /// struct Ask(EchoModel);
    ///
    /// # #[async_trait]
    /// # impl Runnable for Ask {
    /// #     type Input = PromptValue;
    /// #     type Output = AIMessage;
    /// fn describe(&self) -> StepInfo<'_> {
    ///     StepInfo::of(self).streaming_with(|| self.0.streaming())
    /// }
    /// #     async fn run(&self, input: PromptValue, cx: RunContext) -> Result<AIMessage> {
    /// #         self.0.invoke_in(input, &cx).await
    /// #     }
    /// # }
    ///
    /// assert_eq!(Ask(EchoModel::new()).streaming(), StreamMode::StreamsOutput);
    /// ```
    pub fn streaming_with(mut self, mode: impl FnOnce() -> StreamMode + Send + 'a) -> Self {
        self.streaming = Some(Lazy::Later(Box::new(mode)));
        self
    }

    /// Sets the graph of the step; default: one node between its input and its output.
    ///
    /// A step that holds others sets it: see [`Graph::append`].
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{EchoModel, Graph, Result, RunContext, Runnable, RunnableExt, StepInfo, StrOutputParser, async_trait};
    ///
    /// /// Asks a model and returns the text of its answer.
    /// #[derive(Clone)]
    /// struct Ask(EchoModel);
    ///
    /// #[async_trait]
    /// impl Runnable for Ask {
    ///     type Input = String;
    ///     type Output = String;
    ///
    ///     fn describe(&self) -> StepInfo<'_> {
    ///         StepInfo::of(self).graph(|| (self.0.clone() | StrOutputParser).graph())
    ///     }
    ///
    ///     async fn run(&self, input: String, cx: RunContext) -> Result<String> {
    ///         (self.0.clone() | StrOutputParser).invoke_in(input, &cx).await
    ///     }
    /// }
    ///
    /// assert!(Ask(EchoModel::new()).graph().to_mermaid().contains("EchoModel --> StrOutputParser"));
    /// ```
    pub fn graph(mut self, draw: impl FnOnce() -> Graph + Send + 'a) -> Self {
        self.graph = Some(Box::new(draw));
        self
    }

    /// Sets the model that the step asks, with the options that are bound to it; default: it asks none. Each [`ChatModel`](crate::ChatModel) sets it.
    ///
    /// A `tracing` span, a [`StepHook`](crate::StepHook) and the graph report it.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{AIMessage, EchoModel, PromptValue, Result, RunContext, Runnable, RunnableExt, StepInfo, async_trait};
    ///
    /// # #[derive(Clone)]
    /// struct Ask(EchoModel);
    ///
    /// # #[async_trait]
    /// # impl Runnable for Ask {
    /// #     type Input = PromptValue;
    /// #     type Output = AIMessage;
    /// fn describe(&self) -> StepInfo<'_> {
    ///     StepInfo::of(self).model(|| self.0.model_setup())
    /// }
    /// #     async fn run(&self, input: PromptValue, cx: RunContext) -> Result<AIMessage> {
    /// #         self.0.invoke_in(input, &cx).await
    /// #     }
    /// # }
    ///
    /// let setup = Ask(EchoModel::new()).model_setup();
    /// assert_eq!(setup.as_ref().map(|setup| setup.model()), Some("echo-1"));
    /// ```
    pub fn model(mut self, setup: impl FnOnce() -> Option<ModelSetup> + Send + 'a) -> Self {
        self.model = Some(Box::new(setup));
        self
    }

    pub(crate) fn into_name(self) -> Cow<'a, str> {
        self.name.get()
    }

    /// The kind, which costs no work.
    pub(crate) fn run_kind(&self) -> RunKind {
        self.kind
    }

    pub(super) fn into_streaming(self) -> StreamMode {
        let mode = self.streaming.map(Lazy::get);
        mode.unwrap_or_else(|| default_streaming(self.kind))
    }

    pub(super) fn into_model(self) -> Option<ModelSetup> {
        self.model.and_then(|setup| setup())
    }

    /// The graph that was set, or else the description back.
    pub(super) fn into_graph(mut self) -> Result<Graph, Self> {
        match self.graph.take() {
            Some(draw) => Ok(draw()),
            None => Err(self),
        }
    }

    /// The node of a step with this description.
    pub(super) fn into_node<R: Runnable + ?Sized>(self) -> Node {
        let mut node = Node::outline::<R>(&self.name.get());
        node.kind = self.kind;
        node.streaming = match self.streaming {
            Some(mode) => mode.get(),
            None => default_streaming(self.kind),
        };
        if let Some(ModelSetup { profile, .. }) = self.model.and_then(|setup| setup()) {
            node.metadata.insert("provider".to_owned(), profile.provider.into());
            node.metadata.insert("model".to_owned(), profile.model.into());
        }
        node
    }
}

fn default_streaming(kind: RunKind) -> StreamMode {
    match kind {
        RunKind::ChatModel => StreamMode::StreamsOutput,
        _ => StreamMode::WaitsForAll,
    }
}

impl fmt::Debug for StepInfo<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("StepInfo");
        if let Lazy::Known(name) = &self.name {
            debug.field("name", name);
        }
        debug.field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// `cadena_openai::ChatOpenAI` is `ChatOpenAI`, `my::Step<u8>` is `Step`.
pub(crate) fn short_type_name<T: ?Sized>() -> &'static str {
    let full = std::any::type_name::<T>();
    let plain = full.split('<').next().unwrap_or(full);
    plain.rsplit("::").next().unwrap_or(plain)
}
