//! One of several steps, by conditions.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;

use super::caught::caught;
use super::sources::lambda::failed;
use super::{Runnable, RunnableExt, StepInfo};
use crate::error::BoxError;
use crate::run::layers::{call, call_stream};
use crate::stream::later;
use crate::{ChunkStream, Error, ErrorKind, Graph, Node, Result, RunContext, StreamMode, Streamable, impl_pipe};

/// Begins a step that hands its input to the first of several steps whose condition holds.
///
/// Conditions are functions that look at the input, or steps that return a `bool`; they are asked in their order until one
/// holds. Without a match the step of [`otherwise`](Branch::otherwise) runs; without that, it is an error.
///
/// It waits for its whole input, which the conditions look at, and streams as the chosen step does.
///
/// # Examples
///
/// ```
/// use cadena_core::{branch, lambda, RunnableExt};
///
/// # futures::executor::block_on(async {
/// let size = branch()
///     .when(|n: &i32| *n > 100, lambda(|n: i32| format!("{n} is large")))
///     .when_step(lambda(|n: i32| async move { n > 10 }), lambda(|n: i32| format!("{n} will do")))
///     .otherwise(lambda(|n: i32| format!("{n} is small")));
/// assert_eq!(size.invoke(1000).await?, "1000 is large");
/// assert_eq!(size.invoke(50).await?, "50 will do");
/// assert_eq!(size.invoke(5).await?, "5 is small");
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
#[must_use = "steps do nothing until they are invoked"]
pub fn branch<I: Streamable, O: Streamable>() -> Branch<I, O> {
    Branch {
        cases: Arc::new(Vec::new()),
        default: None,
    }
}

/// One of several steps, by conditions; [`branch`] begins one.
///
/// # Examples
///
/// ```
/// use cadena_core::{Branch, RunnableExt, branch, lambda};
///
/// # futures::executor::block_on(async {
/// let absolute: Branch<i32, i32> = branch().when(|n: &i32| *n < 0, lambda(|n: i32| -n)).otherwise(lambda(|n: i32| n));
/// assert_eq!((absolute.invoke(-5).await?, absolute.invoke(5).await?), (5, 5));
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
#[must_use = "steps do nothing until they are invoked"]
#[doc(alias = "RunnableBranch")]
pub struct Branch<I, O> {
    cases: Arc<Vec<Case<I, O>>>,
    default: Option<AnyStep<I, O>>,
}

type AnyStep<I, O> = Arc<dyn Runnable<Input = I, Output = O>>;

struct Case<I, O> {
    condition: Condition<I>,
    step: AnyStep<I, O>,
}

type Test<I> = dyn Fn(&I) -> Result<bool> + Send + Sync;

enum Condition<I> {
    Test(Arc<Test<I>>),
    Step(AnyStep<I, bool>),
}

impl<I: Streamable> Condition<I> {
    /// The label of the edge to its step: the name of the condition, or its number.
    fn label(&self, number: usize) -> String {
        match self {
            Self::Step(step) if !step.name().starts_with("Runnable") => format!("when {}", step.name()),
            Self::Step(_) | Self::Test(_) => format!("when {number}"),
        }
    }
}

impl<I: Streamable, O: Streamable> Branch<I, O> {
    /// Adds a step for the inputs for which `test` holds.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{branch, lambda, RunnableExt};
    ///
    /// # futures::executor::block_on(async {
    /// let sign = branch().when(|n: &i32| *n < 0, lambda(|_: i32| "-".to_owned())).otherwise(lambda(|_: i32| "+".to_owned()));
    /// assert_eq!(sign.invoke(-1).await?, "-");
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    pub fn when<R>(self, test: impl Fn(&I) -> bool + Send + Sync + 'static, step: R) -> Self
    where
        R: Runnable<Input = I, Output = O>,
    {
        self.case(Condition::Test(Arc::new(move |input| Ok(test(input)))), step)
    }

    /// Adds a step for the inputs for which `test` holds; its error is that of the branch.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{branch, dict, lambda, Dict, RunnableExt};
    ///
    /// # futures::executor::block_on(async {
    /// let adults = branch()
    ///     .try_when(|person: &Dict| person.read::<u8>("age").map(|age| age >= 18), lambda(|_: Dict| "adult".to_owned()))
    ///     .otherwise(lambda(|_: Dict| "child".to_owned()));
    /// assert_eq!(adults.invoke(dict! {"age": 42}).await?, "adult");
    /// assert!(adults.invoke(dict! {"name": "Bear"}).await.is_err());
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    pub fn try_when<E, R>(self, test: impl Fn(&I) -> Result<bool, E> + Send + Sync + 'static, step: R) -> Self
    where
        E: Into<BoxError>,
        R: Runnable<Input = I, Output = O>,
    {
        self.case(
            Condition::Test(Arc::new(move |input| test(input).map_err(failed))),
            step,
        )
    }

    /// Adds a step for the inputs for which another step returns `true`. That step has its own run, tagged `condition:1`.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{branch, lambda, RunnableExt};
    ///
    /// # futures::executor::block_on(async {
    /// let is_long = lambda(|text: String| async move { text.len() > 3 });
    /// let shown = branch().when_step(is_long, lambda(|text: String| text[..3].to_owned())).otherwise(lambda(|text: String| text));
    /// assert_eq!(shown.invoke("bears").await?, "bea");
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    pub fn when_step<C, R>(self, condition: C, step: R) -> Self
    where
        C: Runnable<Input = I, Output = bool>,
        R: Runnable<Input = I, Output = O>,
    {
        self.case(Condition::Step(Arc::new(condition)), step)
    }

    /// Sets the step for the inputs that no condition holds for.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{branch, lambda, RunnableExt};
    ///
    /// # futures::executor::block_on(async {
    /// let even = branch().when(|n: &i32| n % 2 == 0, lambda(|n: i32| n));
    /// assert!(even.invoke(1).await.is_err());
    /// assert_eq!(even.otherwise(lambda(|n: i32| n + 1)).invoke(1).await?, 2);
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    pub fn otherwise<R: Runnable<Input = I, Output = O>>(mut self, step: R) -> Self {
        self.default = Some(Arc::new(step));
        self
    }

    fn case<R: Runnable<Input = I, Output = O>>(mut self, condition: Condition<I>, step: R) -> Self {
        let step = Arc::new(step);
        Arc::make_mut(&mut self.cases).push(Case { condition, step });
        self
    }

    /// The step for an input, with its context. The input comes back, as a borrowed one would have to be `Sync`.
    async fn choose(&self, input: I, cx: &RunContext) -> Result<(AnyStep<I, O>, I, RunContext)> {
        for (index, case) in self.cases.iter().enumerate() {
            let number = index + 1;
            let holds = match &case.condition {
                Condition::Test(test) => caught(|| test(&input))?,
                Condition::Step(step) => {
                    let cx = cx.child(|| format!("condition:{number}"));
                    call(&**step, input.clone(), cx).await?
                }
            };
            if holds {
                return Ok((Arc::clone(&case.step), input, cx.child(|| format!("branch:{number}"))));
            }
        }
        match &self.default {
            Some(step) => Ok((Arc::clone(step), input, cx.child(|| "branch:default".to_owned()))),
            None => Err(no_match(self.cases.len())),
        }
    }
}

fn no_match(conditions: usize) -> Error {
    let detail = match conditions {
        0 => "the branch has no condition".to_owned(),
        1 => "the one condition does not hold".to_owned(),
        conditions => format!("none of the {conditions} conditions holds"),
    };
    Error::new(ErrorKind::InvalidInput, detail).with_hint("give the branch a step for the rest with `.otherwise(…)`")
}

#[async_trait]
impl<I: Streamable, O: Streamable> Runnable for Branch<I, O> {
    type Input = I;
    type Output = O;

    fn describe(&self) -> StepInfo<'_> {
        StepInfo::new("RunnableBranch")
            .streaming_with(|| {
                let steps = self.cases.iter().map(|case| &case.step).chain(&self.default);
                let modes = steps.map(|step| step.streaming());
                modes
                    .reduce(StreamMode::beside)
                    .map_or(StreamMode::WaitsForAll, StreamMode::waiting)
            })
            .graph(|| {
                let cases = self.cases.iter().enumerate().map(|(index, case)| {
                    let label = case.condition.label(index + 1);
                    (Some(label), true, case.step.graph())
                });
                let default = self.default.iter();
                let default = default.map(|step| (Some("otherwise".to_owned()), true, step.graph()));
                Graph::one_of(Node::of(self), cases.chain(default))
            })
    }

    async fn run(&self, input: I, cx: RunContext) -> Result<O> {
        let (step, input, cx) = self.choose(input, &cx).await?;
        call(&*step, input, cx).await
    }

    fn run_stream(&self, input: I, cx: RunContext) -> ChunkStream<O> {
        let this = self.clone();
        later(self.name().into_owned(), async move {
            let (step, input, cx) = this.choose(input, &cx).await?;
            Ok(call_stream(&*step, input, cx))
        })
    }
}

impl_pipe!(Branch<I, O>, for <I: Streamable, O: Streamable>);

impl<I, O> Clone for Branch<I, O> {
    fn clone(&self) -> Self {
        Self {
            cases: Arc::clone(&self.cases),
            default: self.default.clone(),
        }
    }
}

impl<I, O> Clone for Case<I, O> {
    fn clone(&self) -> Self {
        Self {
            condition: match &self.condition {
                Condition::Test(test) => Condition::Test(Arc::clone(test)),
                Condition::Step(step) => Condition::Step(Arc::clone(step)),
            },
            step: Arc::clone(&self.step),
        }
    }
}

impl<I: Streamable, O: Streamable> fmt::Debug for Branch<I, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let steps: Vec<_> = self.cases.iter().map(|case| case.step.name()).collect();
        f.debug_struct("Branch")
            .field("when", &steps)
            .field("otherwise", &self.default.as_ref().map(|step| step.name()))
            .finish()
    }
}
