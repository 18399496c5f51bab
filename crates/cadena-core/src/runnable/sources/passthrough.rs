//! The step that returns its input.

use std::fmt;
use std::marker::PhantomData;

use async_trait::async_trait;

use crate::runnable::{Runnable, StepInfo};
use crate::{ChunkStream, Result, RunContext, StreamMode, Streamable, impl_pipe};

/// Makes the step that returns its input, chunk by chunk: a branch of [`parallel`](crate::parallel()) that keeps the input.
///
/// # Examples
///
/// ```
/// use cadena_core::{lambda, parallel, passthrough, RunnableExt};
///
/// # futures::executor::block_on(async {
/// let with_length = parallel((passthrough(), lambda(|text: String| text.len())));
/// assert_eq!(with_length.invoke("bears").await?, ("bears".to_owned(), 5));
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
#[must_use = "steps do nothing until they are invoked"]
pub fn passthrough<T: Streamable>() -> Passthrough<T> {
    Passthrough(PhantomData)
}

/// The step that returns its input; [`passthrough`] makes one. LangChain's `RunnablePassthrough`, and that is the name of its run.
///
/// # Examples
///
/// ```
/// use cadena_core::{Passthrough, RunnableExt, passthrough};
///
/// # futures::executor::block_on(async {
/// let same: Passthrough<i32> = passthrough();
/// assert_eq!(same.invoke(42).await?, 42);
/// assert_eq!(same.name(), "RunnablePassthrough");
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
#[must_use = "steps do nothing until they are invoked"]
#[doc(alias = "RunnablePassthrough")]
pub struct Passthrough<T>(PhantomData<fn(T) -> T>);

#[async_trait]
impl<T: Streamable> Runnable for Passthrough<T> {
    type Input = T;
    type Output = T;

    fn describe(&self) -> StepInfo<'_> {
        StepInfo::new("RunnablePassthrough").streaming(StreamMode::PassesThrough)
    }

    async fn run(&self, input: T, _cx: RunContext) -> Result<T> {
        Ok(input)
    }

    fn run_transform(&self, input: ChunkStream<T>, _cx: RunContext) -> ChunkStream<T> {
        input
    }
}

impl_pipe!(Passthrough<T>, for <T: Streamable>);

impl<T> Clone for Passthrough<T> {
    fn clone(&self) -> Self {
        Self(PhantomData)
    }
}

impl<T> fmt::Debug for Passthrough<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passthrough")
    }
}
