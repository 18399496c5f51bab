//! The part of a call inside a hook.

use std::fmt;
use std::future::poll_fn;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;

use futures::future::{BoxFuture, FutureExt};

use super::output::{ErasedChunk, StepChunk, StepOutput};
use super::target::{Target, TypedStep};
use super::{StepCall, StepHook};
use crate::{Error, ErrorKind, Result, Runnable};

/// The part of a call inside a hook: the hooks that follow it, then the step. A hook calls it once, several times, or not at all.
///
/// A hook must return an output of [`run`](Self::run) unchanged: if the caller wants chunks, it has them already. A hook that changes
/// outputs calls [`run_whole`](Self::run_whole), which holds the chunks back.
///
/// # Examples
///
/// A hook that tries again, as long as the caller has seen nothing:
///
/// ```
/// use std::sync::Arc;
/// use cadena_core::{async_trait, EchoModel, Next, Result, RunConfig, RunnableExt, StepCall, StepHook, StepOutput};
///
/// struct Twice;
///
/// #[async_trait]
/// impl StepHook for Twice {
///     async fn around(&self, _call: &StepCall, next: Next<'_>) -> Result<StepOutput> {
///         match next.run().await {
///             Err(error) if error.is_retryable() && !next.has_passed() => next.run().await,
///             result => result,
///         }
///     }
/// }
///
/// # futures::executor::block_on(async {
/// let config = RunConfig::new().hook(Arc::new(Twice));
/// assert_eq!(EchoModel::new().invoke_with("hi", config).await?.text(), "hi");
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
pub struct Next<'a> {
    inside: Inside<'a>,
    sink: Option<&'a dyn Sink>,
    calls: AtomicUsize,
    passed: Passed,
}

/// Which call of a [`Next`] has passed something on; 0 while none has.
type Passed = Arc<AtomicUsize>;

impl Next<'_> {
    /// Calls the step. If the caller wants chunks, it gets each as it comes; the returned output is their sum.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::sync::Arc;
    /// use cadena_core::{EchoModel, Next, Result, RunConfig, RunnableExt, StepCall, StepHook, StepOutput, async_trait};
    ///
    /// # struct Hook;
    /// # #[async_trait]
    /// impl StepHook for Hook {
    ///     async fn around(&self, _: &StepCall, next: Next<'_>) -> Result<StepOutput> {
    ///         let output = next.run().await?;
    ///         assert_eq!(output.to_json()?["content"], "hi");
    ///         Ok(output)
    ///     }
    /// }
    ///
    /// # futures::executor::block_on(async {
    /// let config = RunConfig::new().hook(Arc::new(Hook));
    /// assert_eq!(EchoModel::new().invoke_with("hi", config).await?.text(), "hi");
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    ///
    /// # Errors
    ///
    /// Those of the step. [`Config`](ErrorKind::Config) if an earlier call has passed something on to the caller, which [`has_passed`](Self::has_passed) reports.
    pub async fn run(&self) -> Result<StepOutput> {
        self.pass(None).await
    }

    /// Calls the step as [`run`](Self::run) does, and shows each chunk before the caller gets it. If the caller wants a whole output, there are no
    /// chunks.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::{Arc, Mutex};
    /// use cadena_core::{AIMessageChunk, EchoModel, Next, Result, RunConfig, RunnableExt, StepCall, StepHook, StepOutput, async_trait};
    /// use futures::TryStreamExt;
    ///
    /// #[derive(Default)]
    /// struct Transcript(Mutex<String>);
    ///
    /// #[async_trait]
    /// impl StepHook for Transcript {
    ///     async fn around(&self, _: &StepCall, next: Next<'_>) -> Result<StepOutput> {
    ///         next.run_each(|chunk| {
    ///             if let Some(chunk) = chunk.downcast_ref::<AIMessageChunk>() {
    ///                 self.0.lock().unwrap().push_str(&chunk.text());
    ///             }
    ///         }).await
    ///     }
    /// }
    ///
    /// # futures::executor::block_on(async {
    /// let transcript = Arc::new(Transcript::default());
    /// let config = RunConfig::new().hook(Arc::<Transcript>::clone(&transcript));
    /// EchoModel::new().stream_with("to be", config).try_collect::<Vec<_>>().await?;
    /// assert_eq!(*transcript.0.lock().unwrap(), "to be");
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
    pub async fn run_each(&self, mut each: impl FnMut(&StepChunk<'_>) + Send) -> Result<StepOutput> {
        self.pass(Some(&mut each)).await
    }

    /// Calls the step and holds its chunks back, so that the hook may change the output or throw it away. The caller then gets the
    /// output of the hook as one chunk.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::Arc;
    /// use cadena_core::{AIMessage, EchoModel, Next, Result, RunConfig, RunnableExt, StepCall, StepHook, StepOutput, async_trait};
    ///
    /// /// Takes numbers out of answers.
    /// struct Redact;
    ///
    /// #[async_trait]
    /// impl StepHook for Redact {
    ///     async fn around(&self, _: &StepCall, next: Next<'_>) -> Result<StepOutput> {
    ///         let output = next.run_whole().await?;
    ///         Ok(match output.downcast_ref::<AIMessage>() {
    ///             Some(answer) => StepOutput::new(AIMessage::new(answer.text().replace(|c: char| c.is_numeric(), "*"))),
    ///             None => output,
    ///         })
    ///     }
    /// }
    ///
    /// # futures::executor::block_on(async {
    /// let config = RunConfig::new().hook(Arc::new(Redact));
    /// assert_eq!(EchoModel::new().invoke_with("call 42", config).await?.text(), "call **");
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    ///
    /// # Errors
    ///
    /// Those of the step.
    pub async fn run_whole(&self) -> Result<StepOutput> {
        self.inside.run(None).await
    }

    /// Returns whether the caller has got something, so that it is too late to call again or to answer otherwise.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::sync::Arc;
    /// use cadena_core::{EchoModel, Next, Result, RunConfig, RunnableExt, StepCall, StepHook, StepOutput, async_trait};
    ///
    /// # struct Hook;
    /// # #[async_trait]
    /// impl StepHook for Hook {
    ///     async fn around(&self, _: &StepCall, next: Next<'_>) -> Result<StepOutput> {
    ///         assert!(!next.has_passed());
    ///         let output = next.run().await?;
    ///         assert!(next.has_passed());
    ///         Ok(output)
    ///     }
    /// }
    ///
    /// # futures::executor::block_on(async {
    /// let config = RunConfig::new().hook(Arc::new(Hook));
    /// assert_eq!(EchoModel::new().invoke_with("hi", config).await?.text(), "hi");
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    #[must_use]
    pub fn has_passed(&self) -> bool {
        self.passed.load(Ordering::Relaxed) != 0
    }

    async fn pass<'e>(&self, each: Option<&'e mut Each<'e>>) -> Result<StepOutput> {
        let route = Route {
            outer: self.sink,
            call: 1 + self.calls.fetch_add(1, Ordering::Relaxed),
            passed: &self.passed,
            each: each.map(Mutex::new),
        };
        if self.has_passed() {
            return Err(called_again());
        }
        let mut output = self.inside.run(self.sink.map(|_| &route as _)).await?;
        // Whole outputs follow the rule of chunks, so that a hook that breaks the rule fails in both modes.
        if !route.claim() {
            return Err(called_again());
        }
        output.origin = Some(Arc::clone(&self.passed));
        Ok(output)
    }
}

#[cold]
fn called_again() -> Error {
    let detail = "a hook called the step again after an output had gone on to the caller";
    Error::new(ErrorKind::Config, detail).with_hint("ask `Next::has_passed` before, or call `Next::run_whole`")
}

impl fmt::Debug for Next<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Next")
            .field("hooks", &self.inside.hooks.len())
            .field("has_passed", &self.has_passed())
            .finish_non_exhaustive()
    }
}

/// The way of chunks to the caller. A call has none if the caller wants a whole output.
pub(in crate::run) trait Sink: Send + Sync {
    /// Hands a chunk on.
    fn put(&self, chunk: Box<dyn ErasedChunk>);

    /// Whether the caller has taken the last chunk.
    fn is_taken(&self) -> bool;
}

/// Hands a chunk on and waits until the caller has it, so that the step makes no more than the caller takes.
pub(super) async fn deliver(sink: &dyn Sink, chunk: Box<dyn ErasedChunk>) {
    sink.put(chunk);
    poll_fn(|task| {
        if sink.is_taken() {
            return Poll::Ready(());
        }
        // The caller gets the chunk from this very poll. A hook may wait for several futures at once, and then polls again
        // only those that woke up.
        task.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

type Each<'a> = dyn FnMut(&StepChunk<'_>) + Send + 'a;

/// The path of chunks through one hook.
struct Route<'a, 'b> {
    outer: Option<&'a dyn Sink>,
    call: usize,
    passed: &'a AtomicUsize,
    each: Option<Mutex<&'b mut Each<'b>>>,
}

impl Route<'_, '_> {
    /// Of several calls at once, the first that has something is the one that goes on.
    fn claim(&self) -> bool {
        let claimed = self
            .passed
            .compare_exchange(0, self.call, Ordering::Relaxed, Ordering::Relaxed);
        claimed.is_ok_and(|_| true) || claimed == Err(self.call)
    }
}

impl Sink for Route<'_, '_> {
    fn put(&self, chunk: Box<dyn ErasedChunk>) {
        if !self.claim() {
            return;
        }
        if let Some(each) = &self.each {
            let mut each = each.lock().unwrap_or_else(PoisonError::into_inner);
            each(&StepChunk(&*chunk));
        }
        if let Some(outer) = self.outer {
            outer.put(chunk);
        }
    }

    fn is_taken(&self) -> bool {
        self.outer.is_none_or(Sink::is_taken)
    }
}

/// The part of a call inside a hook: the hooks that follow it, then the step.
#[derive(Clone, Copy)]
pub(in crate::run) struct Inside<'a> {
    hooks: &'a [Arc<dyn StepHook>],
    call: &'a StepCall,
    target: &'a dyn Target,
}

impl<'a> Inside<'a> {
    pub(in crate::run) fn new<R: Runnable + ?Sized>(
        hooks: &'a [Arc<dyn StepHook>],
        call: &'a StepCall,
        step: &'a TypedStep<'_, R>,
    ) -> Self {
        Self {
            hooks,
            call,
            target: step,
        }
    }

    /// Calls the outermost of the hooks, or the step if there is none. Chunks go into the sink.
    pub(in crate::run) fn run<'b>(self, sink: Option<&'b dyn Sink>) -> BoxFuture<'b, Result<StepOutput>>
    where
        'a: 'b,
    {
        match self.hooks.split_first() {
            None => self.target.run(sink),
            Some((hook, hooks)) => through(&**hook, Self { hooks, ..self }, sink).boxed(),
        }
    }
}

async fn through(hook: &dyn StepHook, inside: Inside<'_>, sink: Option<&dyn Sink>) -> Result<StepOutput> {
    let passed = Passed::default();
    let next = Next {
        inside,
        sink,
        calls: AtomicUsize::new(0),
        passed: Arc::clone(&passed),
    };
    let output = hook.around(inside.call, next).await?;
    if output
        .origin
        .as_ref()
        .is_some_and(|origin| Arc::ptr_eq(origin, &passed))
    {
        return Ok(output);
    }
    if passed.load(Ordering::Relaxed) != 0 {
        let detail = "a hook changed an output that had gone on to the caller";
        return Err(Error::new(ErrorKind::Config, detail).with_hint("call `Next::run_whole` in it"));
    }
    let output = inside.target.restore(output)?;
    if let Some(sink) = sink {
        deliver(sink, inside.target.chunk(&output)?).await;
    }
    Ok(output)
}
