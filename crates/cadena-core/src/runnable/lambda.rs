//! A function as a step.

use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::sync::Arc;

use async_trait::async_trait;
use futures::future::{BoxFuture, FutureExt};

use super::Runnable;
use super::caught::{caught, caught_future};
use crate::error::BoxError;
use crate::{Error, ErrorKind, Result, RunContext, Streamable, impl_pipe};

/// Makes a step of a function: plain or `async`, giving a value or a `Result`.
///
/// The function waits for its whole input and gives its output in one piece. Its error may be any error: cadena's own
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

/// A function as a step; [`lambda`] makes one.
#[must_use = "steps do nothing until they are invoked"]
pub struct Lambda<I, O> {
    name: Cow<'static, str>,
    body: Body<I, O>,
}

enum Body<I, O> {
    Sync(Arc<dyn Fn(I) -> Result<O> + Send + Sync>),
    Async(Arc<dyn Fn(I) -> BoxFuture<'static, Result<O>> + Send + Sync>),
}

impl<I, O> Lambda<I, O> {
    fn new(body: Body<I, O>) -> Self {
        Self {
            name: Cow::Borrowed("RunnableLambda"),
            body,
        }
    }

    /// The output, if the function gives it at once; else the input comes back.
    pub(super) fn at_once(&self, input: I) -> Result<Result<O>, I> {
        match &self.body {
            Body::Sync(function) => Ok(caught(|| function(input)).map_err(|error| error.in_step(self.name.clone()))),
            Body::Async(_) => Err(input),
        }
    }

    /// Names the step in events and errors; default: `RunnableLambda`.
    pub fn named(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.name = name.into();
        self
    }
}

#[async_trait]
impl<I: Streamable, O: Streamable> Runnable for Lambda<I, O> {
    type Input = I;
    type Output = O;

    fn name(&self) -> Cow<'_, str> {
        Cow::Borrowed(&self.name)
    }

    async fn run(&self, input: I, _cx: RunContext) -> Result<O> {
        match &self.body {
            Body::Sync(function) => caught(|| function(input)),
            Body::Async(function) => caught_future(caught(|| Ok(function(input)))?).await,
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
    /// What the step gives.
    type Output: Streamable;

    /// The step.
    fn into_lambda(self) -> Lambda<I, Self::Output>;
}

/// The kinds of functions that [`lambda`] tells apart.
pub mod lambda_kind {
    /// Gives a value.
    #[derive(Debug)]
    pub enum Plain {}
    /// Gives a `Result`.
    #[derive(Debug)]
    pub enum Fallible {}
    /// Gives a future of a value.
    #[derive(Debug)]
    pub enum Async {}
    /// Gives a future of a `Result`.
    #[derive(Debug)]
    pub enum AsyncFallible {}
}

pub(super) fn failed(error: impl Into<BoxError>) -> Error {
    Error::wrap(ErrorKind::Step, "the function gave an error", error)
}

impl<I, O, F> IntoLambda<I, lambda_kind::Plain> for F
where
    F: Fn(I) -> O + Send + Sync + 'static,
    O: Streamable,
{
    type Output = O;

    fn into_lambda(self) -> Lambda<I, O> {
        Lambda::new(Body::Sync(Arc::new(move |input| Ok(self(input)))))
    }
}

impl<I, O, E, F> IntoLambda<I, lambda_kind::Fallible> for F
where
    F: Fn(I) -> Result<O, E> + Send + Sync + 'static,
    O: Streamable,
    E: Into<BoxError>,
{
    type Output = O;

    fn into_lambda(self) -> Lambda<I, O> {
        Lambda::new(Body::Sync(Arc::new(move |input| self(input).map_err(failed))))
    }
}

impl<I, O, Fut, F> IntoLambda<I, lambda_kind::Async> for F
where
    F: Fn(I) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = O> + Send + 'static,
    O: Streamable,
{
    type Output = O;

    fn into_lambda(self) -> Lambda<I, O> {
        Lambda::new(Body::Async(Arc::new(move |input| self(input).map(Ok).boxed())))
    }
}

impl<I, O, E, Fut, F> IntoLambda<I, lambda_kind::AsyncFallible> for F
where
    F: Fn(I) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<O, E>> + Send + 'static,
    O: Streamable,
    E: Into<BoxError>,
{
    type Output = O;

    fn into_lambda(self) -> Lambda<I, O> {
        Lambda::new(Body::Async(Arc::new(move |input| {
            self(input).map(|result| result.map_err(failed)).boxed()
        })))
    }
}
