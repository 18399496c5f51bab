//! Other steps for when one fails.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use futures::stream::{self, StreamExt};

use super::step_list::AnyStep;
use super::{OneStep, Or, StepList};
use crate::run::layers::{call, call_stream};
use crate::runnable::caught::caught;
use crate::runnable::{Runnable, RunnableExt, StepInfo};
use crate::stream::later;
use crate::{ChunkStream, Error, ErrorKind, Graph, Node, Result, RunContext, StreamMode, impl_pipe};

/// A step with others for when it fails, LangChain's `RunnableWithFallbacks`; [`RunnableExt::with_fallbacks`](crate::RunnableExt::with_fallbacks) makes one.
///
/// Each gets the same input, in order, until one succeeds. By default every error leads to the next step but
/// [`Cancelled`](ErrorKind::Cancelled); [`only_if`](Self::only_if) sets another rule. If all fail, the error is the first one, and a [`FallbackErrors`] in its source
/// holds the others. A stream falls back until its first chunk: from then on the consumer has seen something, and an error
/// ends it.
///
/// It waits for its whole input, which each step gets, and streams as the step that succeeds does.
///
/// # Examples
///
/// ```
/// use cadena_core::{lambda, RunnableExt};
///
/// # futures::executor::block_on(async {
/// let strict = lambda(|text: String| text.parse::<i32>());
/// let parse = strict.with_fallbacks([lambda(|text: String| text.len() as i32)]);
/// assert_eq!(parse.invoke("42").await?, 42);
/// assert_eq!(parse.invoke("bears").await?, 5);
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
#[must_use = "steps do nothing until they are invoked"]
#[doc(alias = "RunnableWithFallbacks")]
pub struct Fallbacks<L: StepList> {
    list: L,
    /// The steps of the list, which every call goes through.
    steps: Arc<Vec<AnyStep<L::Input, L::Output>>>,
    predicate: Option<Arc<Predicate>>,
    edit: Option<Arc<Edit<L::Input>>>,
}

type Predicate = dyn Fn(&Error) -> bool + Send + Sync;
type Edit<I> = dyn Fn(&mut I, &Error) -> Result<()> + Send + Sync;

impl<L: StepList> Fallbacks<L> {
    pub(in crate::runnable) fn new(list: L) -> Self {
        Self {
            steps: Arc::new(list.steps()),
            list,
            predicate: None,
            edit: None,
        }
    }

    /// Adds a step for when all before it have failed.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{Error, ErrorKind, RunnableExt, lambda};
    ///
    /// # futures::executor::block_on(async {
    /// let number = lambda(|text: String| text.parse::<i32>());
    /// let length = lambda(|text: String| match text.len() {
    ///     0 => Err(Error::from(ErrorKind::InvalidInput)),
    ///     n => Ok(n as i32),
    /// });
    /// let step = number.with_fallbacks([length]).or(lambda(|_: String| -1_i32));
    /// assert_eq!((step.invoke("7").await?, step.invoke("x").await?, step.invoke("").await?), (7, 1, -1));
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    pub fn or<R: Runnable<Input = L::Input, Output = L::Output>>(self, step: R) -> Fallbacks<Or<L, OneStep<R>>> {
        let list = Or::new(self.list, OneStep::new(step));
        Fallbacks {
            steps: Arc::new(list.steps()),
            list,
            predicate: self.predicate,
            edit: self.edit,
        }
    }

    /// The steps with their types.
    pub(crate) fn list(&self) -> &L {
        &self.list
    }

    /// Whether a later step gets another input than the first.
    pub(crate) fn edits_input(&self) -> bool {
        self.edit.is_some()
    }

    /// These rules for other steps.
    pub(crate) fn around<S: StepList<Input = L::Input>>(&self, list: S) -> Fallbacks<S> {
        Fallbacks {
            steps: Arc::new(list.steps()),
            list,
            predicate: self.predicate.clone(),
            edit: self.edit.clone(),
        }
    }

    /// Sets which errors lead to the next step; the others are returned at once.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{lambda, Error, ErrorKind, RunnableExt};
    ///
    /// # futures::executor::block_on(async {
    /// let model = lambda(|_: String| Err::<String, _>(Error::from(ErrorKind::Authentication)));
    /// let other = lambda(|text: String| text);
    /// let careful = model.with_fallbacks([other]).only_if(|error| error.kind() != ErrorKind::Authentication);
    /// assert_eq!(careful.invoke("hi").await.unwrap_err().kind(), ErrorKind::Authentication);
    /// # });
    /// ```
    pub fn only_if(mut self, predicate: impl Fn(&Error) -> bool + Send + Sync + 'static) -> Self {
        self.predicate = Some(Arc::new(predicate));
        self
    }

    /// Sets which kinds of errors lead to the next step; the others are returned at once.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{lambda, Error, ErrorKind, RunnableExt};
    ///
    /// # futures::executor::block_on(async {
    /// let busy = lambda(|_: String| Err::<String, _>(Error::from(ErrorKind::RateLimited)));
    /// let careful = busy.with_fallbacks([lambda(|text: String| text)]).only_kinds([ErrorKind::RateLimited, ErrorKind::Server]);
    /// assert_eq!(careful.invoke("hi").await?, "hi");
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    pub fn only_kinds(self, kinds: impl IntoIterator<Item = ErrorKind>) -> Self {
        let kinds: Vec<_> = kinds.into_iter().collect();
        self.only_if(move |error| kinds.contains(&error.kind()))
    }

    /// Edits the input of the next step by the error of the last one, so that the step knows what went wrong.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{dict, lambda, Dict, Error, ErrorKind, RunnableExt};
    ///
    /// # futures::executor::block_on(async {
    /// let first = lambda(|_: Dict| Err::<String, _>(Error::new(ErrorKind::Parse, "no JSON")));
    /// let second = lambda(|input: Dict| input.read::<String>("error"));
    /// let repaired = first.with_fallbacks([second]).edit_input(|input, error| {
    ///     input.insert("error".to_owned(), error.detail().into());
    ///     Ok(())
    /// });
    /// assert_eq!(repaired.invoke(dict! {}).await?, "no JSON");
    /// # Ok::<_, Error>(()) }).unwrap();
    /// ```
    pub fn edit_input(
        mut self,
        function: impl Fn(&mut L::Input, &Error) -> Result<()> + Send + Sync + 'static,
    ) -> Self {
        self.edit = Some(Arc::new(function));
        self
    }

    fn handles(&self, error: &Error) -> bool {
        match &self.predicate {
            Some(predicate) => predicate(error),
            None => error.kind() != ErrorKind::Cancelled,
        }
    }

    /// Keeps an error; returns it if it ends the call.
    fn failed(&self, error: Error, errors: &mut Vec<Error>, input: &mut L::Input) -> Result<()> {
        if !self.handles(&error) {
            return Err(error);
        }
        if let Some(edit) = &self.edit {
            caught(|| edit(input, &error))?;
        }
        errors.push(error);
        Ok(())
    }
}

/// The first error, with the others as its source.
fn all_failed(errors: Vec<Error>) -> Error {
    let mut errors = errors.into_iter();
    let Some(first) = errors.next() else {
        return Error::new(ErrorKind::Internal, "there was no step to fall back to");
    };
    let others: Vec<_> = errors.collect();
    if others.is_empty() {
        return first;
    }
    let first = Arc::new(first);
    let error = Error::shared(&first);
    error.with_source(FallbackErrors { first, others })
}

/// The errors of the fallbacks, in the source of the first error: [`Error::downcast_source_ref`] finds them.
///
/// # Examples
///
/// ```
/// use cadena_core::{lambda, Error, ErrorKind, FallbackErrors, RunnableExt};
///
/// # futures::executor::block_on(async {
/// let fail = |kind| lambda(move |_: ()| Err::<(), _>(Error::from(kind)));
/// let error = fail(ErrorKind::Server).with_fallbacks([fail(ErrorKind::RateLimited)]).invoke(()).await.unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::Server);
/// let others = error.downcast_source_ref::<FallbackErrors>().map(FallbackErrors::errors).unwrap_or_default();
/// assert_eq!(others[0].kind(), ErrorKind::RateLimited);
/// # });
/// ```
#[derive(Debug)]
pub struct FallbackErrors {
    first: Arc<Error>,
    others: Vec<Error>,
}

impl FallbackErrors {
    /// Returns the errors of the steps after the first one, in order.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{lambda, Error, ErrorKind, FallbackErrors, RunnableExt};
    ///
    /// # futures::executor::block_on(async {
    /// let fails = |kind| lambda(move |_: String| Err::<String, _>(Error::from(kind)));
    /// let error = fails(ErrorKind::Server).with_fallbacks([fails(ErrorKind::Authentication)]).invoke("hi").await.unwrap_err();
    /// let others = error.downcast_source_ref::<FallbackErrors>().map(FallbackErrors::errors);
    /// assert_eq!(others.map(|errors| errors[0].kind()), Some(ErrorKind::Authentication));
    /// # });
    /// ```
    #[must_use]
    pub fn errors(&self) -> &[Error] {
        &self.others
    }
}

impl fmt::Display for FallbackErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.others.as_slice() {
            [one] => write!(f, "the fallback failed too: {one}"),
            others => {
                write!(f, "{} fallbacks failed too", others.len())?;
                let mut between = ": ";
                for error in others {
                    write!(f, "{between}{error}")?;
                    between = "; ";
                }
                Ok(())
            }
        }
    }
}

impl std::error::Error for FallbackErrors {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        std::error::Error::source(&*self.first)
    }
}

#[async_trait]
impl<L: StepList> Runnable for Fallbacks<L> {
    type Input = L::Input;
    type Output = L::Output;

    fn describe(&self) -> StepInfo<'_> {
        StepInfo::new("RunnableWithFallbacks")
            .streaming_with(|| {
                let modes = self.steps.iter().map(|step| step.streaming());
                modes
                    .reduce(StreamMode::beside)
                    .map_or(StreamMode::WaitsForAll, StreamMode::waiting)
            })
            .graph(|| {
                let steps = self.steps.iter().enumerate();
                Graph::one_of(
                    Node::of(self),
                    steps.map(|(index, step)| match index {
                        0 => (None, false, step.graph()),
                        _ => (Some("on error".to_owned()), true, step.graph()),
                    }),
                )
            })
    }

    async fn run(&self, mut input: L::Input, cx: RunContext) -> Result<L::Output> {
        let mut errors = Vec::new();
        for step in self.steps.iter() {
            match call(&**step, input.clone(), cx.clone()).await {
                Ok(output) => return Ok(output),
                Err(error) => self.failed(error, &mut errors, &mut input)?,
            }
        }
        Err(all_failed(errors))
    }

    fn run_stream(&self, mut input: L::Input, cx: RunContext) -> ChunkStream<L::Output> {
        let this = self.clone();
        later(self.name().into_owned(), async move {
            let mut errors = Vec::new();
            for step in this.steps.iter() {
                let mut chunks = call_stream(&**step, input.clone(), cx.clone());
                match chunks.next().await {
                    Some(Err(error)) => this.failed(error, &mut errors, &mut input)?,
                    first => return Ok(stream::iter(first).chain(chunks).boxed()),
                }
            }
            Err(all_failed(errors))
        })
    }
}

impl_pipe!(Fallbacks<L>, for <L: StepList>);

impl<L: StepList> Clone for Fallbacks<L> {
    fn clone(&self) -> Self {
        Self {
            list: self.list.clone(),
            steps: Arc::clone(&self.steps),
            predicate: self.predicate.clone(),
            edit: self.edit.clone(),
        }
    }
}

impl<L: StepList> fmt::Debug for Fallbacks<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.steps.iter().map(|step| step.name()).collect();
        f.debug_tuple("Fallbacks").field(&names).finish()
    }
}
