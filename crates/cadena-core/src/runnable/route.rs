//! A step that a function chooses or builds for each input.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;

use super::caught::caught;
use super::sources::lambda::failed;
use super::{BoxRunnable, Runnable, RunnableExt, StepInfo};
use crate::error::BoxError;
use crate::run::layers::{call, call_stream};
use crate::stream::later;
use crate::{ChunkStream, Result, RunContext, StreamMode, Streamable, impl_pipe};

/// Makes a step of a function that looks at the input and returns the step that runs on it, as a run inside this one.
///
/// The function may build the step anew, and the step may contain this one again: such a recursion ends with
/// [`LimitExceeded`](crate::ErrorKind::LimitExceeded) at [`RunConfig::recursion_limit`](crate::RunConfig::recursion_limit), by default 25 levels deep.
///
/// It waits for its whole input, which the function looks at, and streams as the chosen step does.
///
/// # Examples
///
/// ```
/// use cadena_core::{lambda, passthrough, route_fn, BoxRunnable, RunnableExt};
///
/// /// Halves a number until it is odd.
/// fn odd_part() -> BoxRunnable<u32, u32> {
///     let again = |n: &u32| match n % 2 {
///         0 => (lambda(|n: u32| n / 2) | odd_part()).boxed(),
///         _ => passthrough().boxed(),
///     };
///     route_fn(again).boxed()
/// }
///
/// # futures::executor::block_on(async {
/// assert_eq!(odd_part().invoke(40u32).await?, 5);
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
#[must_use = "steps do nothing until they are invoked"]
pub fn route_fn<I, R>(function: impl Fn(&I) -> R + Send + Sync + 'static) -> Route<I, R::Output>
where
    I: Streamable,
    R: Runnable<Input = I>,
{
    Route::new(move |input| Ok(function(input).boxed()))
}

/// As [`route_fn`], for a function that can fail.
///
/// # Examples
///
/// ```
/// use cadena_core::{lambda, try_route_fn, BoxRunnable, RunnableExt};
///
/// # futures::executor::block_on(async {
/// let divide = try_route_fn(|n: &i32| match n {
///     0 => Err("nothing to divide by"),
///     _ => Ok(lambda(|n: i32| 100 / n)),
/// });
/// assert_eq!(divide.invoke(5).await?, 20);
/// assert!(divide.invoke(0).await.is_err());
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
#[must_use = "steps do nothing until they are invoked"]
pub fn try_route_fn<I, R, E>(function: impl Fn(&I) -> Result<R, E> + Send + Sync + 'static) -> Route<I, R::Output>
where
    I: Streamable,
    R: Runnable<Input = I>,
    E: Into<BoxError>,
{
    Route::new(move |input| function(input).map(RunnableExt::boxed).map_err(failed))
}

/// A step that a function chooses for each input; [`route_fn`] and [`try_route_fn`] make one.
///
/// # Examples
///
/// ```
/// use cadena_core::{Route, RunnableExt, lambda, route_fn};
///
/// # futures::executor::block_on(async {
/// let add: Route<i32, i32> = route_fn(|n: &i32| {
///     let double = *n * 2;
///     lambda(move |n: i32| n + double)
/// });
/// assert_eq!(add.invoke(5).await?, 15);
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
#[must_use = "steps do nothing until they are invoked"]
pub struct Route<I, O> {
    name: Cow<'static, str>,
    function: Arc<Choose<I, O>>,
}

type Choose<I, O> = dyn Fn(&I) -> Result<BoxRunnable<I, O>> + Send + Sync;

impl<I, O> Route<I, O> {
    fn new(function: impl Fn(&I) -> Result<BoxRunnable<I, O>> + Send + Sync + 'static) -> Self {
        Self {
            name: Cow::Borrowed("RunnableLambda"),
            function: Arc::new(function),
        }
    }

    /// Names the step in events and errors; default: `RunnableLambda`.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{RunnableExt, lambda, route_fn};
    ///
    /// let step = route_fn(|_: &i32| lambda(|n: i32| n + 1)).named("choose");
    /// assert_eq!(step.name(), "choose");
    /// ```
    pub fn named(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.name = name.into();
        self
    }
}

#[async_trait]
impl<I: Streamable, O: Streamable> Runnable for Route<I, O> {
    type Input = I;
    type Output = O;

    fn describe(&self) -> StepInfo<'_> {
        StepInfo::new(&*self.name).streaming(StreamMode::StreamsOutput)
    }

    async fn run(&self, input: I, cx: RunContext) -> Result<O> {
        let cx = cx.deeper()?;
        let step = caught(|| (self.function)(&input))?;
        call(&*step, input, cx).await
    }

    fn run_stream(&self, input: I, cx: RunContext) -> ChunkStream<O> {
        let this = self.clone();
        later(self.name.clone(), async move {
            let cx = cx.deeper()?;
            let step = caught(|| (this.function)(&input))?;
            Ok(call_stream(&*step, input, cx))
        })
    }
}

impl_pipe!(Route<I, O>, for <I: Streamable, O: Streamable>);

impl<I, O> Clone for Route<I, O> {
    fn clone(&self) -> Self {
        Self {
            name: self.name.clone(),
            function: Arc::clone(&self.function),
        }
    }
}

impl<I, O> fmt::Debug for Route<I, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Route")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}
