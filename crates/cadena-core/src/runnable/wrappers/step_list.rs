//! Lists of steps that keep the type of each, so that a list of chat models is known as one.

use std::sync::Arc;

use crate::Streamable;
use crate::runnable::Runnable;

/// Steps with the same input and output, each of which keeps its type: the steps of a [`Fallbacks`](crate::Fallbacks) or an [`Alternatives`](crate::Alternatives).
///
/// A list of chat models makes a [chat model](crate::ToChatModel). The type of a list is written by the compiler; a program that has to name it uses
/// [`boxed`](crate::RunnableExt::boxed) or [`to_chat_model`](crate::ToChatModel::to_chat_model) instead.
///
/// # Examples
///
/// ```
/// use cadena_core::{lambda, OneStep, Or, StepList, Steps};
///
/// let list = Or::new(OneStep::new(lambda(|n: i32| n + 1)), Steps::new([lambda(|n: i32| n + 2), lambda(|n: i32| n + 2)]));
/// assert_eq!(list.steps().len(), 3);
/// ```
pub trait StepList: Clone + Send + Sync + 'static {
    /// The input of each step.
    type Input: Streamable;
    /// The output of each step.
    type Output: Streamable;

    /// Returns the steps in their order, without their types.
    fn steps(&self) -> Vec<AnyStep<Self::Input, Self::Output>>;
}

/// A step whose type is not known.
pub(super) type AnyStep<I, O> = Arc<dyn Runnable<Input = I, Output = O>>;

/// A list of one step; see [`StepList`].
///
/// # Examples
///
/// ```
/// use cadena_core::{OneStep, StepList, lambda};
///
/// let list = OneStep::new(lambda(|n: i32| n + 1));
/// assert_eq!(list.steps().len(), 1);
/// ```
#[derive(Debug)]
pub struct OneStep<R>(Arc<R>);

impl<R: Runnable> OneStep<R> {
    /// Makes a list of one step.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{OneStep, RunnableExt, lambda};
    ///
    /// let list = OneStep::new(lambda(|n: i32| n + 1).named("next"));
    /// assert_eq!(list.step().name(), "next");
    /// ```
    pub fn new(step: R) -> Self {
        Self(Arc::new(step))
    }

    pub(super) fn shared(step: Arc<R>) -> Self {
        Self(step)
    }

    /// Returns the step.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{OneStep, RunnableExt, lambda};
    ///
    /// # futures::executor::block_on(async {
    /// let list = OneStep::new(lambda(|n: i32| n + 1));
    /// assert_eq!(list.step().invoke(1).await?, 2);
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    #[must_use]
    pub fn step(&self) -> &R {
        &self.0
    }
}

impl<R: Runnable> StepList for OneStep<R> {
    type Input = R::Input;
    type Output = R::Output;

    fn steps(&self) -> Vec<AnyStep<R::Input, R::Output>> {
        let step: AnyStep<_, _> = Arc::<R>::clone(&self.0);
        vec![step]
    }
}

impl<R> Clone for OneStep<R> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

/// A list of steps of one type, as many as there are when the program runs; see [`StepList`].
///
/// # Examples
///
/// ```
/// use cadena_core::{StepList, Steps, lambda};
///
/// let list = Steps::new([lambda(|n: i32| n + 1), lambda(|n: i32| n * 2)]);
/// assert_eq!(list.steps().len(), 2);
/// ```
#[derive(Debug)]
pub struct Steps<R>(Vec<Arc<R>>);

impl<R: Runnable> Steps<R> {
    /// Makes a list of steps.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{Steps, lambda};
    ///
    /// let list = Steps::new((1..=3_i32).map(|step| lambda(move |n: i32| n + step)));
    /// assert_eq!(list.iter().count(), 3);
    /// ```
    pub fn new(steps: impl IntoIterator<Item = R>) -> Self {
        Self(steps.into_iter().map(Arc::new).collect())
    }

    /// Returns the steps in their order.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{RunnableExt, Steps, lambda};
    ///
    /// let list = Steps::new([lambda(|n: i32| n + 1).named("next"), lambda(|n: i32| n * 2).named("double")]);
    /// let names: Vec<_> = list.iter().map(|step| step.name()).collect();
    /// assert_eq!(names, ["next", "double"]);
    /// ```
    pub fn iter(&self) -> impl Iterator<Item = &R> {
        self.0.iter().map(|step| &**step)
    }
}

impl<R: Runnable> StepList for Steps<R> {
    type Input = R::Input;
    type Output = R::Output;

    fn steps(&self) -> Vec<AnyStep<R::Input, R::Output>> {
        let steps = self.0.iter();
        steps.map(|step| -> AnyStep<_, _> { Arc::<R>::clone(step) }).collect()
    }
}

impl<R> Clone for Steps<R> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

/// A list with another list after it; see [`StepList`].
///
/// # Examples
///
/// ```
/// use cadena_core::{OneStep, Or, StepList, lambda};
///
/// let list = Or::new(OneStep::new(lambda(|n: i32| n + 1)), OneStep::new(lambda(|n: i32| n * 2)));
/// assert_eq!(list.steps().len(), 2);
/// ```
#[derive(Clone, Debug)]
pub struct Or<A, B> {
    first: A,
    next: B,
}

impl<A: StepList, B: StepList<Input = A::Input, Output = A::Output>> Or<A, B> {
    /// Appends a list to a list.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{OneStep, Or, RunnableExt, StepList, lambda};
    ///
    /// let next = OneStep::new(lambda(|n: i32| n + 1).named("next"));
    /// let double = OneStep::new(lambda(|n: i32| n * 2).named("double"));
    /// let steps = Or::new(next, double).steps();
    /// assert_eq!((&*steps[0].name(), &*steps[1].name()), ("next", "double"));
    /// ```
    pub fn new(first: A, next: B) -> Self {
        Self { first, next }
    }

    /// Returns the first list.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{OneStep, Or, RunnableExt, lambda};
    ///
    /// let next = OneStep::new(lambda(|n: i32| n + 1).named("next"));
    /// let double = OneStep::new(lambda(|n: i32| n * 2).named("double"));
    /// assert_eq!(Or::new(next, double).first().step().name(), "next");
    /// ```
    pub fn first(&self) -> &A {
        &self.first
    }

    /// Returns the list after it.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{OneStep, Or, RunnableExt, lambda};
    ///
    /// let next = OneStep::new(lambda(|n: i32| n + 1).named("next"));
    /// let double = OneStep::new(lambda(|n: i32| n * 2).named("double"));
    /// assert_eq!(Or::new(next, double).next().step().name(), "double");
    /// ```
    pub fn next(&self) -> &B {
        &self.next
    }
}

impl<A: StepList, B: StepList<Input = A::Input, Output = A::Output>> StepList for Or<A, B> {
    type Input = A::Input;
    type Output = A::Output;

    fn steps(&self) -> Vec<AnyStep<A::Input, A::Output>> {
        let mut steps = self.first.steps();
        steps.extend(self.next.steps());
        steps
    }
}
