//! What a hook gives for a call.

use std::any::Any;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use serde::Serialize;
use serde_json::Value;

use super::call::no_json;
use crate::{Result, Streamable};

/// The output of a step, as a [`StepHook`](super::StepHook) sees it: what the step gave, or what the hook says instead.
///
/// # Examples
///
/// ```
/// use cadena_core::{AIMessage, StepOutput};
///
/// let output = StepOutput::new(AIMessage::new("hi"));
/// assert_eq!(output.to_json()?["content"], "hi");
/// assert_eq!(output.downcast_ref::<AIMessage>().map(|message| message.text()), Some("hi".into()));
/// # Ok::<_, cadena_core::Error>(())
/// ```
#[derive(Clone)]
pub struct StepOutput {
    pub(super) value: OutputValue,
    /// The call of [`Next`](super::Next) that gave it: what it has passed on must not change any more.
    pub(super) origin: Option<Arc<AtomicUsize>>,
}

#[derive(Clone)]
pub(super) enum OutputValue {
    Typed(Box<dyn ErasedOutput>),
    Json(Value),
}

impl StepOutput {
    /// An output of the type that the step gives: an [`AIMessage`](crate::AIMessage) of a model.
    #[must_use]
    pub fn new<T: Streamable>(output: T) -> Self {
        Self {
            value: OutputValue::Typed(Box::new(output)),
            origin: None,
        }
    }

    /// An output as [`to_json`](Self::to_json) wrote it: the type of the step's output reads it back, by [`Streamable::from_json`].
    #[must_use]
    pub fn from_json(output: Value) -> Self {
        Self {
            value: OutputValue::Json(output),
            origin: None,
        }
    }

    /// The output as JSON; written when it is asked for.
    ///
    /// # Errors
    ///
    /// [`Unsupported`](crate::ErrorKind::Unsupported) if the output has no JSON form.
    pub fn to_json(&self) -> Result<Value> {
        match &self.value {
            OutputValue::Typed(output) => output.json(),
            OutputValue::Json(output) => Ok(output.clone()),
        }
    }

    /// The output itself, if it is a `T`.
    #[must_use]
    pub fn downcast_ref<T: 'static>(&self) -> Option<&T> {
        match &self.value {
            OutputValue::Typed(output) => output.as_any().downcast_ref(),
            OutputValue::Json(_) => None,
        }
    }
}

/// The output holds an answer: it stays out of logs.
impl fmt::Debug for StepOutput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StepOutput").finish_non_exhaustive()
    }
}

/// A piece of the output of a step, as [`Next::run_each`](super::Next::run_each) shows it.
pub struct StepChunk<'a>(pub(super) &'a dyn ErasedChunk);

impl StepChunk<'_> {
    /// The piece as JSON; written when it is asked for.
    ///
    /// # Errors
    ///
    /// [`Unsupported`](crate::ErrorKind::Unsupported) if the piece has no JSON form.
    pub fn to_json(&self) -> Result<Value> {
        self.0.json()
    }

    /// The piece itself, if it is a `C`: that of a model is an [`AIMessageChunk`](crate::AIMessageChunk).
    #[must_use]
    pub fn downcast_ref<C: 'static>(&self) -> Option<&C> {
        self.0.as_any().downcast_ref()
    }
}

impl fmt::Debug for StepChunk<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StepChunk").finish_non_exhaustive()
    }
}

/// An output without its type.
pub(super) trait ErasedOutput: dyn_clone::DynClone + Send {
    fn json(&self) -> Result<Value>;
    fn as_any(&self) -> &dyn Any;
    fn into_any(self: Box<Self>) -> Box<dyn Any + Send>;
}

dyn_clone::clone_trait_object!(ErasedOutput);

impl<T: Streamable> ErasedOutput for T {
    fn json(&self) -> Result<Value> {
        serde_json::to_value(self).map_err(|error| no_json("the output", error))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any + Send> {
        self
    }
}

/// A chunk without its type.
pub(in crate::run) trait ErasedChunk: Send {
    fn json(&self) -> Result<Value>;
    fn as_any(&self) -> &dyn Any;
    fn into_any(self: Box<Self>) -> Box<dyn Any + Send>;
}

impl<C: Serialize + Send + 'static> ErasedChunk for C {
    fn json(&self) -> Result<Value> {
        serde_json::to_value(self).map_err(|error| no_json("a chunk", error))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any + Send> {
        self
    }
}
