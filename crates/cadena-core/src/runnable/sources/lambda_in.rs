//! A function that receives the context of its run, as a step.

use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::sync::Arc;

use async_trait::async_trait;
use futures::future::{BoxFuture, FutureExt};

use super::lambda::failed;
use crate::error::BoxError;
use crate::runnable::caught::{caught, caught_future};
use crate::runnable::{Runnable, StepInfo};
use crate::{Result, RunContext, Streamable, impl_pipe};

/// Makes a step of an `async` function that receives the [`RunContext`] with its input.
///
/// With it the function calls other steps as parts of its own run, by [`invoke_in`](crate::RunnableExt::invoke_in): so they appear in events, and are bound by the limits of the
/// whole call. It can also emit custom events, by [`emit_custom`](RunContext::emit_custom). Everything else is as for [`lambda`](fn@crate::lambda), which is enough
/// for a function that needs neither.
///
/// # Examples
///
/// ```
/// use cadena_core::{lambda_in, AIMessage, EchoModel, Error, RunContext, RunEvent, RunnableExt};
/// use futures::TryStreamExt;
///
/// # futures::executor::block_on(async {
/// let twice = lambda_in(|text: String, cx: RunContext| async move {
///     let first: AIMessage = EchoModel::new().invoke_in(text, &cx).await?;
///     let second = EchoModel::new().invoke_in(format!("{0} {0}", first.text()), &cx).await?;
///     Ok::<_, Error>(second.text().into_owned())
/// });
/// let events: Vec<_> = twice.stream_events("hi").try_collect().await?;
/// let answers: Vec<_> = events.iter().filter_map(RunEvent::message).collect();
/// assert_eq!((answers[0].text(), answers[1].text()), ("hi".into(), "hi hi".into()));
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
pub fn lambda_in<I, O, E, Fut>(function: impl Fn(I, RunContext) -> Fut + Send + Sync + 'static) -> LambdaIn<I, O>
where
    I: Streamable,
    O: Streamable,
    E: Into<BoxError>,
    Fut: Future<Output = Result<O, E>> + Send + 'static,
{
    LambdaIn {
        name: Cow::Borrowed("RunnableLambda"),
        function: Arc::new(move |input, cx| {
            let called = caught(|| Ok(function(input, cx)));
            async move { caught_future(called?.map(|result| result.map_err(failed))).await }.boxed()
        }),
    }
}

/// A function with its context as a step; [`lambda_in`] makes one.
///
/// # Examples
///
/// ```
/// use cadena_core::{Error, LambdaIn, RunContext, RunnableExt, lambda_in};
///
/// # futures::executor::block_on(async {
/// let depth: LambdaIn<i32, u32> = lambda_in(|_: i32, cx: RunContext| async move { Ok::<_, Error>(cx.depth()) });
/// assert_eq!(depth.invoke(1).await?, 0);
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
#[must_use = "steps do nothing until they are invoked"]
pub struct LambdaIn<I, O> {
    name: Cow<'static, str>,
    function: Arc<Function<I, O>>,
}

type Function<I, O> = dyn Fn(I, RunContext) -> BoxFuture<'static, Result<O>> + Send + Sync;

impl<I, O> LambdaIn<I, O> {
    /// Names the step in events and errors; default: `RunnableLambda`.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{Error, RunContext, RunnableExt, lambda_in};
    ///
    /// let step = lambda_in(|n: i32, _cx: RunContext| async move { Ok::<_, Error>(n * 2) }).named("double");
    /// assert_eq!(step.name(), "double");
    /// ```
    pub fn named(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.name = name.into();
        self
    }
}

#[async_trait]
impl<I: Streamable, O: Streamable> Runnable for LambdaIn<I, O> {
    type Input = I;
    type Output = O;

    fn describe(&self) -> StepInfo<'_> {
        StepInfo::new(&*self.name)
    }

    async fn run(&self, input: I, cx: RunContext) -> Result<O> {
        (self.function)(input, cx).await
    }
}

impl_pipe!(LambdaIn<I, O>, for <I: Streamable, O: Streamable>);

impl<I, O> Clone for LambdaIn<I, O> {
    fn clone(&self) -> Self {
        Self {
            name: self.name.clone(),
            function: Arc::clone(&self.function),
        }
    }
}

impl<I, O> fmt::Debug for LambdaIn<I, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LambdaIn")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}
