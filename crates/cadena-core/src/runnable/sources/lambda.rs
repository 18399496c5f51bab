//! A function as a step.

use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::sync::Arc;

use async_trait::async_trait;
use futures::future::{BoxFuture, FutureExt};
use tokio_util::sync::ReusableBoxFuture;

use crate::error::BoxError;
use crate::runnable::caught::{caught, caught_future};
use crate::runnable::erased::Erased;
use crate::runnable::{Runnable, StepInfo};
use crate::{Error, ErrorKind, Graph, Result, RunContext, Streamable, impl_pipe};

/// Makes a step of a function, plain or `async`, that returns a value or a `Result`.
///
/// The function waits for its whole input and returns its output in one piece. Its error may be any error: cadena's own
/// stays what it is, another becomes the source of one of kind [`Step`](ErrorKind::Step). So does a panic: it is an error of that input,
/// and the other inputs of a batch go on.
///
/// # Examples
///
/// ```
/// use cadena_core::{lambda, RunnableExt};
///
/// # futures::executor::block_on(async {
/// let trimmed = lambda(|text: String| text.trim().to_owned());
/// let parsed = lambda(|text: String| text.parse::<i32>());
/// let slow = lambda(|n: i32| async move { n * 2 });
///
/// let chain = trimmed | parsed | slow;
/// assert_eq!(chain.invoke(" 21 ").await?, 42);
/// assert_eq!(chain.invoke("x").await.unwrap_err().to_string(), "step failed: the function gave an error (in step `RunnableLambda`)");
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
#[must_use = "steps do nothing until they are invoked"]
pub fn lambda<I: Streamable, Kind, F: IntoLambda<I, Kind>>(function: F) -> Lambda<I, F::Output> {
    function.into_lambda()
}

/// A function as a step; [`lambda`] makes one. LangChain's `RunnableLambda`, and that is the name of its run.
///
/// # Examples
///
/// ```
/// use cadena_core::{Lambda, RunnableExt, lambda};
///
/// # futures::executor::block_on(async {
/// let double: Lambda<i32, i32> = lambda(|n: i32| n * 2);
/// assert_eq!(double.invoke(21).await?, 42);
/// assert_eq!(double.name(), "RunnableLambda");
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
#[must_use = "steps do nothing until they are invoked"]
#[doc(alias = "RunnableLambda")]
pub struct Lambda<I, O> {
    name: Cow<'static, str>,
    body: Body<I, O>,
}

const UNNAMED: &str = "RunnableLambda";

enum Body<I, O> {
    Sync(Arc<dyn SyncBody<I, O>>),
    Async(Arc<dyn AsyncBody<I, O>>),
}

/// A function, for a step alone and for a chain that knows no types.
trait SyncBody<I, O>: Send + Sync {
    fn call(&self, input: I) -> Result<O>;
    fn call_erased(&self, value: Erased) -> Result<Erased>;
}

impl<I, O, F> SyncBody<I, O> for F
where
    I: 'static,
    O: Send + 'static,
    F: Fn(I) -> Result<O> + Send + Sync,
{
    fn call(&self, input: I) -> Result<O> {
        caught(|| self(input))
    }

    fn call_erased(&self, mut value: Erased) -> Result<Erased> {
        let input = value.take()?;
        Ok(value.put(caught(|| self(input))?))
    }
}

/// An asynchronous function. Its future is boxed, for a step alone; a chain has a place for it.
trait AsyncBody<I, O>: Send + Sync {
    fn start(&self, input: I) -> BoxFuture<'static, Result<O>>;
    fn start_erased(&self, value: Erased, place: &mut Place) -> Result<()>;
}

/// Where a chain keeps the future of the step that runs: futures of one size share one allocation.
pub(in crate::runnable) type Place = ReusableBoxFuture<'static, Result<Erased>>;

impl<I, O, Fut, F> AsyncBody<I, O> for F
where
    I: 'static,
    F: Fn(I) -> Fut + Send + Sync,
    Fut: Future<Output = Result<O>> + Send + 'static,
    O: Send + 'static,
{
    fn start(&self, input: I) -> BoxFuture<'static, Result<O>> {
        match caught(|| Ok(self(input))) {
            Ok(future) => caught_future(future).boxed(),
            Err(error) => std::future::ready(Err(error)).boxed(),
        }
    }

    fn start_erased(&self, mut value: Erased, place: &mut Place) -> Result<()> {
        let input = value.take()?;
        let future = caught(|| Ok(self(input)))?;
        place.set(caught_future(future).map(move |output| output.map(|output| value.put(output))));
        Ok(())
    }
}

/// The first answer of a function to a chain that nobody observes.
pub(in crate::runnable) enum Started {
    /// It has answered.
    Done(Result<Erased>),
    /// It will answer: its future is in the chain's place.
    Later,
}

impl<I, O> Lambda<I, O> {
    fn new(body: Body<I, O>) -> Self {
        Self {
            name: Cow::Borrowed(UNNAMED),
            body,
        }
    }

    /// Calls the function, in a chain that nobody observes.
    pub(in crate::runnable) fn start(&self, value: Erased, place: &mut Place) -> Started {
        match &self.body {
            Body::Sync(function) => Started::Done(function.call_erased(value)),
            Body::Async(function) => match function.start_erased(value, place) {
                Ok(()) => Started::Later,
                Err(error) => Started::Done(Err(error)),
            },
        }
    }

    /// Names the step in events and errors; default: `RunnableLambda`.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{RunnableExt, lambda};
    ///
    /// assert_eq!(lambda(|n: i32| n * 2).named("double").name(), "double");
    /// ```
    pub fn named(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.name = name.into();
        self
    }
}

#[async_trait]
impl<I: Streamable, O: Streamable> Runnable for Lambda<I, O> {
    type Input = I;
    type Output = O;

    fn describe(&self) -> StepInfo<'_> {
        match &*self.name {
            UNNAMED => StepInfo::new(UNNAMED),
            name => StepInfo::new(name).graph(|| Graph::of_function(self)),
        }
    }

    async fn run(&self, input: I, _cx: RunContext) -> Result<O> {
        match &self.body {
            Body::Sync(function) => function.call(input),
            Body::Async(function) => function.start(input).await,
        }
    }
}

impl_pipe!(Lambda<I, O>, for <I: Streamable, O: Streamable>);

impl<I, O> Clone for Lambda<I, O> {
    fn clone(&self) -> Self {
        let body = match &self.body {
            Body::Sync(function) => Body::Sync(Arc::clone(function)),
            Body::Async(function) => Body::Async(Arc::clone(function)),
        };
        Self {
            name: self.name.clone(),
            body,
        }
    }
}

impl<I, O> fmt::Debug for Lambda<I, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lambda")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// A function that [`lambda`] takes: its output can flow, or is a `Result` or a future of what can.
#[diagnostic::on_unimplemented(
    message = "this function cannot be a step of a chain",
    label = "not a step",
    note = "`cadena::lambda` takes a `Fn(Input) -> Output`, plain or async, whose output is a `cadena::Streamable` or a `Result` of one; it must be `Send + Sync + 'static`, and the type of its argument must be written out"
)]
pub trait IntoLambda<I, Kind> {
    /// The output of the step.
    type Output: Streamable;

    /// The step.
    fn into_lambda(self) -> Lambda<I, Self::Output>;
}

/// The kinds of functions that [`lambda`] accepts.
pub mod lambda_kind {
    /// Returns a value.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::lambda_kind::Plain;
    /// use cadena_core::{IntoLambda, RunnableExt};
    ///
    /// # futures::executor::block_on(async {
    /// let step = IntoLambda::<i32, Plain>::into_lambda(|n: i32| n * 2);
    /// assert_eq!(step.invoke(21).await?, 42);
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    #[derive(Debug)]
    pub enum Plain {}
    /// Returns a `Result`.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::lambda_kind::Fallible;
    /// use cadena_core::{IntoLambda, RunnableExt};
    ///
    /// # futures::executor::block_on(async {
    /// let step = IntoLambda::<String, Fallible>::into_lambda(|text: String| text.parse::<i32>());
    /// assert_eq!(step.invoke("42").await?, 42);
    /// assert!(step.invoke("x").await.is_err());
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    #[derive(Debug)]
    pub enum Fallible {}
    /// Returns a future of a value.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::lambda_kind::Async;
    /// use cadena_core::{IntoLambda, RunnableExt};
    ///
    /// # futures::executor::block_on(async {
    /// let step = IntoLambda::<i32, Async>::into_lambda(|n: i32| async move { n * 2 });
    /// assert_eq!(step.invoke(21).await?, 42);
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    #[derive(Debug)]
    pub enum Async {}
    /// Returns a future of a `Result`.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::lambda_kind::AsyncFallible;
    /// use cadena_core::{IntoLambda, RunnableExt};
    ///
    /// # futures::executor::block_on(async {
    /// let step = IntoLambda::<String, AsyncFallible>::into_lambda(|text: String| async move { text.parse::<i32>() });
    /// assert_eq!(step.invoke("42").await?, 42);
    /// assert!(step.invoke("x").await.is_err());
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    #[derive(Debug)]
    pub enum AsyncFallible {}
}

pub(in crate::runnable) fn failed(error: impl Into<BoxError>) -> Error {
    Error::wrap(ErrorKind::Step, "the function gave an error", error)
}

impl<I: 'static, O, F> IntoLambda<I, lambda_kind::Plain> for F
where
    F: Fn(I) -> O + Send + Sync + 'static,
    O: Streamable,
{
    type Output = O;

    fn into_lambda(self) -> Lambda<I, O> {
        Lambda::new(Body::Sync(Arc::new(move |input: I| Ok(self(input)))))
    }
}

impl<I: 'static, O, E, F> IntoLambda<I, lambda_kind::Fallible> for F
where
    F: Fn(I) -> Result<O, E> + Send + Sync + 'static,
    O: Streamable,
    E: Into<BoxError>,
{
    type Output = O;

    fn into_lambda(self) -> Lambda<I, O> {
        Lambda::new(Body::Sync(Arc::new(move |input: I| self(input).map_err(failed))))
    }
}

impl<I: 'static, O, Fut, F> IntoLambda<I, lambda_kind::Async> for F
where
    F: Fn(I) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = O> + Send + 'static,
    O: Streamable,
{
    type Output = O;

    fn into_lambda(self) -> Lambda<I, O> {
        Lambda::new(Body::Async(Arc::new(move |input: I| self(input).map(Ok))))
    }
}

impl<I: 'static, O, E, Fut, F> IntoLambda<I, lambda_kind::AsyncFallible> for F
where
    F: Fn(I) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<O, E>> + Send + 'static,
    O: Streamable,
    E: Into<BoxError>,
{
    type Output = O;

    fn into_lambda(self) -> Lambda<I, O> {
        Lambda::new(Body::Async(Arc::new(move |input: I| {
            self(input).map(|result| result.map_err(failed))
        })))
    }
}
