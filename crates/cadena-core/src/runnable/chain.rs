//! Steps one after the other.

use std::any::Any;
use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use async_trait::async_trait;
use futures::future::{BoxFuture, FutureExt};

use super::erased::Erased;
use super::sources::lambda::{Place, Started};
use super::{Lambda, Runnable, RunnableExt, StepInfo};
use crate::run::layers::{call, call_stream, call_transform, is_observed};
use crate::{ChunkStream, Error, ErrorKind, Graph, Result, RunContext, StreamMode, Streamable};

/// Steps one after the other, which `a | b` and `a.pipe(b)` make. LangChain's `RunnableSequence`, and that is the name of its run.
///
/// The types are checked where steps are joined, then erased, so that a chain of any length has one short type, compiles
/// fast and clones cheaply. Chains of chains are flat: one run with the steps `seq:step:1`, `seq:step:2`, …
///
/// It streams as far as its steps do: output begins when the last step that needs its whole input has it.
///
/// # Examples
///
/// ```
/// use cadena_core::{lambda, Chain, RunnableExt};
///
/// # futures::executor::block_on(async {
/// let chain: Chain<i32, String> = lambda(|n: i32| n + 1) | lambda(|n: i32| n * 2) | lambda(|n: i32| format!("<{n}>"));
/// assert_eq!(chain.invoke(20).await?, "<42>");
/// assert_eq!(chain.len(), 3);
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
#[must_use = "steps do nothing until they are invoked"]
#[doc(alias = "RunnableSequence")]
pub struct Chain<I, O> {
    name: Option<Arc<str>>,
    steps: Arc<Vec<Arc<dyn Step>>>,
    types: PhantomData<fn(I) -> O>,
}

impl<I: Streamable, O: Streamable> Chain<I, O> {
    /// Makes a chain of one step. A chain without a name becomes this chain, with the same steps.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{lambda, Chain};
    ///
    /// assert_eq!(Chain::new(lambda(|n: i32| n + 1)).len(), 1);
    /// ```
    pub fn new<R: Runnable<Input = I, Output = O>>(step: R) -> Self {
        let mut steps = Vec::with_capacity(2);
        push(&mut steps, step);
        Self {
            name: None,
            steps: Arc::new(steps),
            types: PhantomData,
        }
    }

    /// Appends a step. Of a chain without a name each step is appended, so that chains stay flat.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{lambda, Chain};
    ///
    /// let chain = Chain::new(lambda(|n: i32| n + 1)).then(lambda(|n: i32| n * 2));
    /// assert_eq!(chain.len(), 2);
    /// ```
    pub fn then<R: Accepts<O>>(mut self, next: R) -> Chain<I, R::Output> {
        push(Arc::make_mut(&mut self.steps), next);
        Chain {
            name: self.name,
            steps: self.steps,
            types: PhantomData,
        }
    }

    /// Names the chain in events and errors; default: `RunnableSequence`.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{lambda, RunnableExt};
    ///
    /// let chain = (lambda(|n: i32| n + 1) | lambda(|n: i32| n * 2)).named("sum");
    /// assert_eq!(chain.name(), "sum");
    /// ```
    pub fn named(mut self, name: impl Into<Arc<str>>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Draws the chain, as [`RunnableExt::graph`] does; a chain has this without that trait in scope.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{EchoModel, StrOutputParser};
    ///
    /// let chain = EchoModel::new() | StrOutputParser;
    /// println!("{}", chain.graph());
    /// assert!(chain.graph().streams());
    /// ```
    pub fn graph(&self) -> Graph
    where
        I: Streamable,
        O: Streamable,
    {
        RunnableExt::graph(self)
    }

    /// Returns the number of its steps.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{EchoModel, StrOutputParser};
    ///
    /// assert_eq!((EchoModel::new() | StrOutputParser).len(), 2);
    /// ```
    #[must_use]
    pub fn len(&self) -> usize {
        self.steps.len()
    }

    /// Returns `false`: a chain has at least one step.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{EchoModel, StrOutputParser};
    ///
    /// assert!(!(EchoModel::new() | StrOutputParser).is_empty());
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// Returns the names of its steps, in order.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{EchoModel, StrOutputParser};
    ///
    /// let chain = EchoModel::new() | StrOutputParser;
    /// assert_eq!(chain.step_names().collect::<Vec<_>>(), ["EchoModel", "StrOutputParser"]);
    /// ```
    pub fn step_names(&self) -> impl Iterator<Item = Cow<'_, str>> {
        self.steps.iter().map(|step| step.name())
    }
}

/// The steps of a chain are taken one by one, so that there is no run between them and the new chain.
fn push<R: Runnable>(steps: &mut Vec<Arc<dyn Step>>, step: R) {
    match (&step as &dyn Any).downcast_ref::<Chain<R::Input, R::Output>>() {
        Some(chain) if chain.name.is_none() => steps.extend(chain.steps.iter().cloned()),
        _ => steps.push(Arc::new(Typed(step))),
    }
}

fn tag(index: usize) -> String {
    format!("seq:step:{}", index + 1)
}

#[async_trait]
impl<I: Streamable, O: Streamable> Runnable for Chain<I, O> {
    type Input = I;
    type Output = O;

    fn describe(&self) -> StepInfo<'_> {
        StepInfo::new(self.name.as_deref().unwrap_or("RunnableSequence"))
            .streaming_with(|| {
                let modes = self.steps.iter().map(|step| step.streaming());
                modes.fold(StreamMode::PassesThrough, StreamMode::then)
            })
            .graph(|| {
                let graph = Graph::in_sequence(self.steps.iter().map(|step| step.graph()));
                match &self.name {
                    Some(name) => graph.named(name),
                    None => graph,
                }
            })
    }

    async fn run(&self, input: I, cx: RunContext) -> Result<O> {
        let mut value = Erased::new(input);
        // Nothing is allocated for a future without a size.
        let mut place = Place::new(std::future::pending());
        let observed = is_observed(&cx);
        for (index, step) in self.steps.iter().enumerate() {
            // A call that nobody observes needs no run around a function.
            let started = if observed {
                Start::Layered(value)
            } else {
                step.start(value, &mut place)
            };
            value = match started {
                Start::Done(output) => output,
                Start::Later => (&mut place).await,
                Start::Layered(value) => step.call(value, cx.child(|| tag(index))).await,
            }
            .map_err(|error| error.in_step(step.name()))?;
        }
        value.take()
    }

    fn run_stream(&self, input: I, cx: RunContext) -> ChunkStream<O> {
        let streamed = || {
            let (first, rest) = self
                .steps
                .split_first()
                .ok_or_else(|| Error::new(ErrorKind::Internal, "a chain has no step"))?;
            let stream = first.stream(Erased::new(input), cx.child(|| tag(0)))?;
            through(rest, 1, stream, &cx)
        };
        or_error::<O>(streamed())
    }

    fn run_transform(&self, input: ChunkStream<I>, cx: RunContext) -> ChunkStream<O> {
        or_error::<O>(through(&self.steps, 0, Erased::new(input), &cx))
    }
}

fn through(steps: &[Arc<dyn Step>], from: usize, mut stream: Erased, cx: &RunContext) -> Result<Erased> {
    for (index, step) in steps.iter().enumerate() {
        stream = step.transform(stream, cx.child(|| tag(from + index)))?;
    }
    Ok(stream)
}

fn or_error<O: Streamable>(stream: Result<Erased>) -> ChunkStream<O> {
    use futures::stream::{self, StreamExt};
    stream
        .and_then(|mut stream| stream.take::<ChunkStream<O>>())
        .unwrap_or_else(|error| stream::once(async { Err(error) }).boxed())
}

/// A step without its types. A stream is boxed once, not per chunk.
trait Step: Send + Sync {
    fn name(&self) -> Cow<'_, str>;
    fn streaming(&self) -> StreamMode;
    fn graph(&self) -> Graph;
    fn start(&self, input: Erased, place: &mut Place) -> Start;
    fn call<'a>(&'a self, input: Erased, cx: RunContext) -> BoxFuture<'a, Result<Erased>>;
    fn stream(&self, input: Erased, cx: RunContext) -> Result<Erased>;
    fn transform(&self, input: Erased, cx: RunContext) -> Result<Erased>;
}

/// How a step begins that nobody observes.
enum Start {
    /// A function has answered.
    Done(Result<Erased>),
    /// A function will answer: its future is in the place.
    Later,
    /// Any other step is called through the layers; the input comes back.
    Layered(Erased),
}

struct Typed<R>(R);

impl<R: Runnable> Step for Typed<R> {
    fn name(&self) -> Cow<'_, str> {
        self.0.name()
    }

    fn streaming(&self) -> StreamMode {
        self.0.streaming()
    }

    fn graph(&self) -> Graph {
        self.0.graph()
    }

    fn start(&self, input: Erased, place: &mut Place) -> Start {
        let Some(lambda) = (&self.0 as &dyn Any).downcast_ref::<Lambda<R::Input, R::Output>>() else {
            return Start::Layered(input);
        };
        match lambda.start(input, place) {
            Started::Done(output) => Start::Done(output),
            Started::Later => Start::Later,
        }
    }

    fn call<'a>(&'a self, mut input: Erased, cx: RunContext) -> BoxFuture<'a, Result<Erased>> {
        async move {
            let output = call(&self.0, input.take()?, cx).await?;
            Ok(input.put(output))
        }
        .boxed()
    }

    fn stream(&self, mut input: Erased, cx: RunContext) -> Result<Erased> {
        Ok(Erased::new(call_stream(&self.0, input.take()?, cx)))
    }

    fn transform(&self, mut input: Erased, cx: RunContext) -> Result<Erased> {
        Ok(Erased::new(call_transform(&self.0, input.take()?, cx)))
    }
}

impl<I, O> Clone for Chain<I, O> {
    fn clone(&self) -> Self {
        Self {
            name: self.name.clone(),
            steps: Arc::clone(&self.steps),
            types: PhantomData,
        }
    }
}

impl<I, O> fmt::Debug for Chain<I, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.steps.iter().map(|step| step.name()).collect();
        write!(f, "Chain({})", names.join(" | "))
    }
}

/// A step that accepts a `T`, and so may follow a step that returns one: every runnable whose input is `T`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot follow a step that returns `{T}`",
    label = "this step does not take `{T}`",
    note = "the output of a step must be the input of the next one; put `cadena::lambda(|value: {T}| …)` between them to convert it"
)]
pub trait Accepts<T>: Runnable<Input = T> {}

#[diagnostic::do_not_recommend]
impl<T, R: Runnable<Input = T> + ?Sized> Accepts<T> for R {}

/// Writes the `|` operator for your own step. The method `pipe` needs no macro.
///
/// Only the step on the left of a `|` needs it. Without it the compiler reports E0369, ``no implementation for `Shout | …` ``: the operator
/// is a trait of the standard library, so its message cannot name this macro.
///
/// # Examples
///
/// ```
/// use cadena_core::{async_trait, impl_pipe, lambda, Result, RunContext, Runnable, RunnableExt};
///
/// #[derive(Clone)]
/// struct Shout;
///
/// #[async_trait]
/// impl Runnable for Shout {
///     type Input = String;
///     type Output = String;
///     async fn run(&self, input: String, _cx: RunContext) -> Result<String> {
///         Ok(input.to_uppercase())
///     }
/// }
/// impl_pipe!(Shout);
///
/// # futures::executor::block_on(async {
/// let chain = Shout | lambda(|text: String| text.len());
/// assert_eq!(chain.invoke("hello").await?, 5);
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
#[macro_export]
macro_rules! impl_pipe {
    ($type:ty $(, for <$($param:ident $(: $bound:path)?),+>)?) => {
        impl<Next $(, $($param $(: $bound)?),+)?> ::core::ops::BitOr<Next> for $type
        where
            Next: $crate::Accepts<<$type as $crate::Runnable>::Output>,
        {
            type Output = $crate::Chain<<$type as $crate::Runnable>::Input, <Next as $crate::Runnable>::Output>;

            fn bitor(self, next: Next) -> Self::Output {
                $crate::RunnableExt::pipe(self, next)
            }
        }
    };
}

impl_pipe!(Chain<I, O>, for <I: Streamable, O: Streamable>);
