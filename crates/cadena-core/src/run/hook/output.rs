//! The output of a call, as hooks read and return it.

use std::any::Any;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use serde::Serialize;
use serde_json::Value;

use super::call::no_json;
use crate::{Result, Streamable};

/// The output of a step, or the answer of a [`StepHook`](super::StepHook) in its place.
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
    /// The call of [`Next`](super::Next) that returned it. If that call has passed chunks on, the output must not change any more.
    pub(super) origin: Option<Arc<AtomicUsize>>,
}

#[derive(Clone)]
pub(super) enum OutputValue {
    Typed(Box<dyn ErasedOutput>),
    Json(Value),
}

impl StepOutput {
    /// Makes an output of the step's output type: for a model an [`AIMessage`](crate::AIMessage).
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{AIMessage, StepOutput};
    ///
    /// let output = StepOutput::new(AIMessage::new("hi"));
    /// assert_eq!(output.to_json()?["type"], "ai");
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    #[must_use]
    pub fn new<T: Streamable>(output: T) -> Self {
        Self {
            value: OutputValue::Typed(Box::new(output)),
            origin: None,
        }
    }

    /// Makes an output from the JSON that [`to_json`](Self::to_json) wrote. The type of the step's output reads it, by [`Streamable::from_json`].
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::Arc;
    /// use cadena_core::{EchoModel, Next, Result, RunConfig, RunnableExt, StepCall, StepHook, StepOutput, async_trait};
    /// use serde_json::json;
    ///
    /// struct Recorded;
    ///
    /// #[async_trait]
    /// impl StepHook for Recorded {
    ///     async fn around(&self, _: &StepCall, _: Next<'_>) -> Result<StepOutput> {
    ///         Ok(StepOutput::from_json(json!({"type": "ai", "content": "from the record"})))
    ///     }
    /// }
    ///
    /// # futures::executor::block_on(async {
    /// let config = RunConfig::new().hook(Arc::new(Recorded));
    /// assert_eq!(EchoModel::new().invoke_with("hi", config).await?.text(), "from the record");
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    #[must_use]
    pub fn from_json(output: Value) -> Self {
        Self {
            value: OutputValue::Json(output),
            origin: None,
        }
    }

    /// Returns the output as JSON, which is written when this is called.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::StepOutput;
    /// use serde_json::json;
    ///
    /// assert_eq!(StepOutput::new("hi".to_owned()).to_json()?, json!("hi"));
    /// assert_eq!(StepOutput::from_json(json!({"type": "ai"})).to_json()?, json!({"type": "ai"}));
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
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

    /// Returns the output, if it is a `T`.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{AIMessage, StepOutput};
    ///
    /// let output = StepOutput::new("hi".to_owned());
    /// assert_eq!(output.downcast_ref::<String>().map(String::as_str), Some("hi"));
    /// assert!(output.downcast_ref::<AIMessage>().is_none());
    /// ```
    #[must_use]
    pub fn downcast_ref<T: 'static>(&self) -> Option<&T> {
        match &self.value {
            OutputValue::Typed(output) => output.as_any().downcast_ref(),
            OutputValue::Json(_) => None,
        }
    }
}

/// Prints no content: the output holds an answer, which stays out of logs.
impl fmt::Debug for StepOutput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StepOutput").finish_non_exhaustive()
    }
}

/// A chunk of the output of a step, as [`Next::run_each`](super::Next::run_each) shows it.
///
/// # Examples
///
/// ```
/// # use std::sync::{Arc, Mutex};
/// use cadena_core::{AIMessageChunk, EchoModel, Next, Result, RunConfig, RunnableExt, StepCall, StepHook, StepOutput, async_trait};
/// use futures::TryStreamExt;
///
/// # #[derive(Default)]
/// struct Seen(Mutex<Vec<bool>>);
///
/// # #[async_trait]
/// impl StepHook for Seen {
///     async fn around(&self, _: &StepCall, next: Next<'_>) -> Result<StepOutput> {
///         next.run_each(|chunk| {
///             self.0.lock().unwrap().push(chunk.downcast_ref::<AIMessageChunk>().is_some());
///         }).await
///     }
/// }
///
/// # futures::executor::block_on(async {
/// let seen = Arc::new(Seen::default());
/// let config = RunConfig::new().hook(Arc::<Seen>::clone(&seen));
/// EchoModel::new().stream_with("to be", config).try_collect::<Vec<_>>().await?;
/// let seen = seen.0.lock().unwrap();
/// assert!(!seen.is_empty() && seen.iter().all(|is_message| *is_message));
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
pub struct StepChunk<'a>(pub(super) &'a dyn ErasedChunk);

impl StepChunk<'_> {
    /// Returns the chunk as JSON, which is written when this is called.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::sync::{Arc, Mutex};
    /// use cadena_core::{EchoModel, Next, Result, RunConfig, RunnableExt, StepCall, StepHook, StepOutput, async_trait};
    /// use futures::TryStreamExt;
    ///
    /// # #[derive(Default)]
    /// struct Seen(Mutex<Vec<serde_json::Value>>);
    ///
    /// # #[async_trait]
    /// impl StepHook for Seen {
    ///     async fn around(&self, _: &StepCall, next: Next<'_>) -> Result<StepOutput> {
    ///         next.run_each(|chunk| {
    ///             self.0.lock().unwrap().extend(chunk.to_json());
    ///         }).await
    ///     }
    /// }
    ///
    /// # futures::executor::block_on(async {
    /// let seen = Arc::new(Seen::default());
    /// let config = RunConfig::new().hook(Arc::<Seen>::clone(&seen));
    /// EchoModel::new().stream_with("to be", config).try_collect::<Vec<_>>().await?;
    /// assert_eq!(seen.0.lock().unwrap()[0]["content"], "to ");
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    ///
    /// # Errors
    ///
    /// [`Unsupported`](crate::ErrorKind::Unsupported) if the chunk has no JSON form.
    pub fn to_json(&self) -> Result<Value> {
        self.0.json()
    }

    /// Returns the chunk, if it is a `C`: that of a model is an [`AIMessageChunk`](crate::AIMessageChunk).
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::sync::{Arc, Mutex};
    /// use cadena_core::{AIMessageChunk, EchoModel, Next, Result, RunConfig, RunnableExt, StepCall, StepHook, StepOutput, async_trait};
    /// use futures::TryStreamExt;
    ///
    /// # #[derive(Default)]
    /// struct Seen(Mutex<String>);
    ///
    /// # #[async_trait]
    /// impl StepHook for Seen {
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
    /// let seen = Arc::new(Seen::default());
    /// let config = RunConfig::new().hook(Arc::<Seen>::clone(&seen));
    /// EchoModel::new().stream_with("to be", config).try_collect::<Vec<_>>().await?;
    /// assert_eq!(*seen.0.lock().unwrap(), "to be");
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
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
