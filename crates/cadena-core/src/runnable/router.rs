//! One of several steps, by name.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use futures::stream::{self, StreamExt};
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use super::{Runnable, RunnableExt, StepInfo};
use crate::run::layers::{call, call_stream};
use crate::{
    ChunkStream, Error, ErrorKind, Graph, Node, Result, RunContext, RunKind, StreamMode, Streamable, Whole, impl_pipe,
};

/// Begins a step that hands an input to the step that the input names: a [`RouterInput`] holds both.
///
/// A name that no step has is an error that lists the names of the steps. The run is that of the chosen step. LangChain's `RouterRunnable`.
/// To choose by looking at the input itself there are [`branch`](super::branch) and [`route_fn`](super::route_fn).
///
/// It waits for its whole input, which has the name, and streams as the named step does.
///
/// # Examples
///
/// ```
/// use cadena_core::{lambda, router, RunnableExt};
///
/// # futures::executor::block_on(async {
/// let calculator = router().route("double", lambda(|n: i32| n * 2)).route("square", lambda(|n: i32| n * n));
/// assert_eq!(calculator.invoke(("square", 5)).await?, 25);
///
/// let error = calculator.invoke(("halve", 5)).await.unwrap_err();
/// assert_eq!(error.detail(), "there is no route `halve`; there are `double`, `square`");
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
#[must_use = "steps do nothing until they are invoked"]
pub fn router<I: Streamable, O: Streamable>() -> Router<I, O> {
    Router {
        routes: Arc::new(IndexMap::new()),
    }
}

/// One of several steps, by name; [`router`] begins one.
///
/// # Examples
///
/// ```
/// use cadena_core::{Router, RunnableExt, lambda, router};
///
/// # futures::executor::block_on(async {
/// let steps: Router<i32, i32> = router().route("double", lambda(|n: i32| n * 2));
/// assert_eq!(steps.invoke(("double", 5)).await?, 10);
/// assert!(steps.invoke(("halve", 5)).await.is_err());
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
#[must_use = "steps do nothing until they are invoked"]
#[doc(alias = "RouterRunnable")]
pub struct Router<I, O> {
    routes: Arc<IndexMap<String, AnyStep<I, O>>>,
}

type AnyStep<I, O> = Arc<dyn Runnable<Input = I, Output = O>>;

impl<I: Streamable, O: Streamable> Router<I, O> {
    /// Adds a step under a name; a step of the same name is replaced.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{lambda, router, RouterInput, RunnableExt};
    ///
    /// # futures::executor::block_on(async {
    /// let steps = router().route("double", lambda(|n: i32| n * 2)).route("square", lambda(|n: i32| n * n));
    /// assert_eq!(steps.invoke(RouterInput::new("square", 5)).await?, 25);
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    pub fn route<R: Runnable<Input = I, Output = O>>(mut self, key: impl Into<String>, step: R) -> Self {
        Arc::make_mut(&mut self.routes).insert(key.into(), Arc::new(step));
        self
    }

    fn find(&self, key: &str) -> Result<&AnyStep<I, O>> {
        self.routes.get(key).ok_or_else(|| {
            let known: Vec<_> = self.routes.keys().map(|key| format!("`{key}`")).collect();
            let known = match known.as_slice() {
                [] => "none".to_owned(),
                known => known.join(", "),
            };
            let detail = format!("there is no route `{key}`; there are {known}");
            Error::new(ErrorKind::InvalidInput, detail)
        })
    }
}

/// The input of a [`Router`]: the name of a route, and the input of its step.
///
/// # Examples
///
/// ```
/// use cadena_core::RouterInput;
///
/// let input = RouterInput::new("math", 5);
/// assert_eq!(serde_json::to_string(&input)?, r#"{"key":"math","input":5}"#);
/// # Ok::<_, serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouterInput<I> {
    /// The name of a route.
    pub key: String,
    /// The input of the step.
    pub input: I,
}

impl<I> RouterInput<I> {
    /// An input for a route.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::RouterInput;
    ///
    /// let input = RouterInput::new("double", 5);
    /// assert_eq!((input.key.as_str(), input.input), ("double", 5));
    /// ```
    #[must_use]
    pub fn new(key: impl Into<String>, input: I) -> Self {
        Self { key: key.into(), input }
    }
}

impl<K: Into<String>, I> From<(K, I)> for RouterInput<I> {
    fn from((key, input): (K, I)) -> Self {
        Self { key: key.into(), input }
    }
}

impl<I: Streamable> Streamable for RouterInput<I> {
    type Chunk = Whole<Self>;

    fn into_chunk(self) -> Whole<Self> {
        Whole(self)
    }

    fn from_chunk(chunk: Whole<Self>) -> Result<Self> {
        Ok(chunk.0)
    }
}

#[async_trait]
impl<I: Streamable, O: Streamable> Runnable for Router<I, O> {
    type Input = RouterInput<I>;
    type Output = O;

    fn describe(&self) -> StepInfo<'_> {
        StepInfo::new("RouterRunnable")
            .kind(RunKind::Transparent)
            .streaming_with(|| {
                let modes = self.routes.values().map(|step| step.streaming());
                modes
                    .reduce(StreamMode::beside)
                    .map_or(StreamMode::WaitsForAll, StreamMode::waiting)
            })
            .graph(|| {
                let routes = self.routes.iter();
                Graph::one_of(
                    Node::of(self),
                    routes.map(|(key, step)| (Some(key.clone()), true, step.graph())),
                )
            })
    }

    async fn run(&self, input: RouterInput<I>, cx: RunContext) -> Result<O> {
        call(&**self.find(&input.key)?, input.input, cx).await
    }

    fn run_stream(&self, input: RouterInput<I>, cx: RunContext) -> ChunkStream<O> {
        match self.find(&input.key) {
            Ok(step) => call_stream(&**step, input.input, cx),
            Err(error) => stream::once(std::future::ready(Err(error.in_step(self.name())))).boxed(),
        }
    }
}

impl_pipe!(Router<I, O>, for <I: Streamable, O: Streamable>);

impl<I, O> Clone for Router<I, O> {
    fn clone(&self) -> Self {
        Self {
            routes: Arc::clone(&self.routes),
        }
    }
}

impl<I, O> fmt::Debug for Router<I, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Router")
            .field(&self.routes.keys().collect::<Vec<_>>())
            .finish()
    }
}
