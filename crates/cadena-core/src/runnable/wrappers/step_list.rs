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
#[derive(Debug)]
pub struct OneStep<R>(Arc<R>);

impl<R: Runnable> OneStep<R> {
    /// Makes a list of one step.
    pub fn new(step: R) -> Self {
        Self(Arc::new(step))
    }

    pub(super) fn shared(step: Arc<R>) -> Self {
        Self(step)
    }

    /// Returns the step.
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
#[derive(Debug)]
pub struct Steps<R>(Vec<Arc<R>>);

impl<R: Runnable> Steps<R> {
    /// Makes a list of steps.
    pub fn new(steps: impl IntoIterator<Item = R>) -> Self {
        Self(steps.into_iter().map(Arc::new).collect())
    }

    /// Returns the steps in their order.
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
#[derive(Clone, Debug)]
pub struct Or<A, B> {
    first: A,
    next: B,
}

impl<A: StepList, B: StepList<Input = A::Input, Output = A::Output>> Or<A, B> {
    /// Appends a list to a list.
    pub fn new(first: A, next: B) -> Self {
        Self { first, next }
    }

    /// Returns the first list.
    pub fn first(&self) -> &A {
        &self.first
    }

    /// Returns the list after it.
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
