//! What happens in a run, and who wants to know.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{AIMessage, AIMessageChunk, Error, RunId, RunKind, UsageMetadata};

/// Hears what happens in every run of a call.
///
/// Called in line, from the task that runs the step: be quick, and hand slow work to a task of your own.
///
/// # Examples
///
/// ```
/// use std::sync::{Arc, Mutex};
/// use cadena_core::{lambda, Listener, RunConfig, RunEvent, RunnableExt};
///
/// #[derive(Debug, Default)]
/// struct Names(Mutex<Vec<String>>);
///
/// impl Listener for Names {
///     fn on_event(&self, event: &RunEvent) {
///         if let RunEvent::Start { run, .. } = event {
///             self.0.lock().unwrap().push(run.name.clone());
///         }
///     }
/// }
///
/// # futures::executor::block_on(async {
/// let names = Arc::new(Names::default());
/// let double = lambda(|n: i32| n * 2);
/// double.invoke_with(21, RunConfig::new().listener(Arc::<Names>::clone(&names))).await?;
/// assert_eq!(*names.0.lock().unwrap(), ["RunnableLambda"]);
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
pub trait Listener: Send + Sync + 'static {
    /// Hears one event.
    fn on_event(&self, event: &RunEvent);

    /// Whether it hears events at all; default: yes. Inputs, chunks and outputs are written as JSON only for listeners that do.
    fn wants_events(&self) -> bool {
        true
    }

    /// Whether it hears of this run; default: yes. Nothing is written as JSON for a run that no listener hears.
    fn wants_run(&self, run: &RunInfo) -> bool {
        let _ = run;
        true
    }

    /// Whether a chat model that is asked for a whole answer streams it, so that this listener hears the chunks; default: no.
    ///
    /// The answer is the same, the sum of the chunks; what the model's server sees is a request for a stream.
    fn wants_tokens(&self, run: &RunInfo) -> bool {
        let _ = run;
        false
    }

    /// Hears what a call of a chat model used, once, when the call is over; default: nothing.
    fn on_model_call(&self, call: &ModelCall<'_>) {
        let _ = call;
    }
}

/// A call of a chat model that is over, as [`Listener::on_model_call`] hears of it.
///
/// # Examples
///
/// ```
/// use std::sync::{Arc, Mutex};
/// use cadena_core::{EchoModel, Listener, ModelCall, RunConfig, RunEvent, RunnableExt};
///
/// #[derive(Default)]
/// struct Budget(Mutex<u64>);
///
/// impl Listener for Budget {
///     fn on_event(&self, _: &RunEvent) {}
///
///     fn wants_events(&self) -> bool {
///         false
///     }
///
///     fn on_model_call(&self, call: &ModelCall<'_>) {
///         *self.0.lock().unwrap() += call.usage.map_or(0, |usage| usage.total_tokens);
///     }
/// }
///
/// # futures::executor::block_on(async {
/// let budget = Arc::new(Budget::default());
/// EchoModel::new().invoke_with("hello there", RunConfig::new().listener(Arc::<Budget>::clone(&budget))).await?;
/// assert_eq!(*budget.0.lock().unwrap(), 4);
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct ModelCall<'a> {
    /// The run of the model.
    pub run: &'a RunInfo,
    /// The model: as the server names it, or else by its profile.
    pub model: &'a str,
    /// The tokens that the provider reported; of a call that failed or was dropped, those reported before.
    pub usage: Option<&'a UsageMetadata>,
    /// Whether the whole answer arrived.
    pub complete: bool,
}

/// Which run an event is about.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct RunInfo {
    /// The run's id.
    pub id: RunId,
    /// The runs around it, outermost first.
    pub parents: Vec<RunId>,
    /// Its name: what the config says, or the step's own.
    pub name: String,
    /// What the step is.
    pub kind: RunKind,
    /// Inherited tags, then those of this run alone, such as `seq:step:1`.
    pub tags: Vec<String>,
    /// Inherited metadata.
    pub metadata: Map<String, Value>,
}

/// What happens in a run. Every run that starts ends in exactly one of `End`, `Error` and `Cancelled`.
#[derive(Clone)]
#[non_exhaustive]
pub enum RunEvent {
    /// The run begins.
    Start {
        /// Which run.
        run: Arc<RunInfo>,
        /// What it was given; `None` where it arrives as a stream.
        input: Option<Value>,
    },
    /// The run has produced a piece of its output. Prompts, tools and retrievers answer whole: theirs is in the `End` alone.
    Chunk {
        /// Which run.
        run: Arc<RunInfo>,
        /// The piece, with its log probabilities.
        chunk: Value,
    },
    /// The run has succeeded.
    End {
        /// Which run.
        run: Arc<RunInfo>,
        /// The whole output.
        output: Value,
        /// What it was given, for who reads ends alone; `None` for the outermost run, whose start says it.
        input: Option<Value>,
    },
    /// The run has failed.
    Error {
        /// Which run.
        run: Arc<RunInfo>,
        /// How it failed: the error's `Display`.
        message: String,
        /// What the caller can do about it.
        kind: crate::ErrorKind,
    },
    /// The run was dropped before it ended.
    Cancelled {
        /// Which run.
        run: Arc<RunInfo>,
    },
    /// A step tells something of its own: [`RunContext::emit_custom`](super::RunContext::emit_custom).
    Custom {
        /// The run that tells it.
        run: Arc<RunInfo>,
        /// What it is, in the step's own word.
        name: String,
        /// What the step tells.
        data: Value,
    },
}

impl RunEvent {
    /// The run that it is about.
    #[must_use]
    pub fn run(&self) -> &RunInfo {
        match self {
            Self::Start { run, .. }
            | Self::Chunk { run, .. }
            | Self::End { run, .. }
            | Self::Error { run, .. }
            | Self::Cancelled { run }
            | Self::Custom { run, .. } => run,
        }
    }

    /// The chunk of a chat model, with its log probabilities; `None` for every other event.
    #[must_use]
    pub fn message_chunk(&self) -> Option<AIMessageChunk> {
        match self {
            Self::Chunk { run, chunk } if run.kind == RunKind::ChatModel => AIMessageChunk::deserialize(chunk).ok(),
            _ => None,
        }
    }

    /// The whole answer of a chat model; `None` for every other event.
    #[must_use]
    pub fn message(&self) -> Option<AIMessage> {
        match self {
            Self::End { run, output, .. } if run.kind == RunKind::ChatModel => AIMessage::deserialize(output).ok(),
            _ => None,
        }
    }

    pub(crate) fn error(run: Arc<RunInfo>, error: &Error) -> Self {
        Self::Error {
            run,
            message: error.to_string(),
            kind: error.kind(),
        }
    }
}

/// Inputs and outputs hold prompts and answers: they stay out of logs.
impl fmt::Debug for RunEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            Self::Start { .. } => "Start",
            Self::Chunk { .. } => "Chunk",
            Self::End { .. } => "End",
            Self::Error { .. } => "Error",
            Self::Cancelled { .. } => "Cancelled",
            Self::Custom { .. } => "Custom",
        };
        f.debug_struct(name)
            .field("run", &self.run().name)
            .field("id", &self.run().id)
            .finish_non_exhaustive()
    }
}
