//! The events of a run.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{AIMessage, AIMessageChunk, Error, RunId, RunKind};

/// The facts about a run: its id, its name, its kind, its tags.
///
/// # Examples
///
/// ```
/// use cadena_core::{RunConfig, RunKind, RunnableExt, lambda};
/// use futures::TryStreamExt;
///
/// # futures::executor::block_on(async {
/// let chain = lambda(|n: i32| n + 1) | lambda(|n: i32| n * 2).named("double");
/// let events: Vec<_> = chain.stream_events_with(1, RunConfig::new().tag("test")).try_collect().await?;
/// let outer = events[0].run();
/// let double = events.iter().map(|event| event.run()).find(|run| run.name == "double").ok_or("no run")?;
/// assert_eq!((double.kind, &double.parents), (RunKind::Chain, &vec![outer.id]));
/// assert_eq!(double.tags, ["test", "seq:step:2"]);
/// # Ok::<_, Box<dyn std::error::Error>>(()) }).unwrap();
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct RunInfo {
    /// The id of the run.
    pub id: RunId,
    /// The ids of the runs around it, outermost first.
    pub parents: Vec<RunId>,
    /// The name from the config, or else that of the step.
    pub name: String,
    /// The kind of the step.
    pub kind: RunKind,
    /// Inherited tags, then those of this run alone, such as `seq:step:1`.
    pub tags: Vec<String>,
    /// Inherited metadata.
    pub metadata: Map<String, Value>,
}

/// An event of a run. Every run that starts ends in exactly one of `End`, `Error` and `Cancelled`.
///
/// [`Listener`](super::Listener)s and [`stream_events`](crate::RunnableExt::stream_events) hear them.
///
/// # Examples
///
/// ```
/// use cadena_core::{RunEvent, RunnableExt, lambda};
/// use futures::TryStreamExt;
///
/// # futures::executor::block_on(async {
/// let events: Vec<_> = lambda(|n: i32| n * 2).stream_events(21).try_collect().await?;
/// assert!(matches!(&events[0], RunEvent::Start { input: Some(input), .. } if input == 21));
/// assert!(matches!(&events[1], RunEvent::Chunk { chunk, .. } if chunk == 42));
/// assert!(matches!(&events[2], RunEvent::End { output, .. } if output == 42));
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub enum RunEvent {
    /// The run starts.
    Start {
        /// The run.
        run: Arc<RunInfo>,
        /// The input; `None` if it arrives as a stream.
        input: Option<Value>,
    },
    /// The run has produced a chunk of its output. Prompts, tools and retrievers answer whole, so they have no chunk: their output is in `End`.
    Chunk {
        /// The run.
        run: Arc<RunInfo>,
        /// The chunk, with its log probabilities.
        chunk: Value,
    },
    /// The run has succeeded.
    End {
        /// The run.
        run: Arc<RunInfo>,
        /// The whole output.
        output: Value,
        /// The input, for a reader of `End` events alone; `None` for the outermost run, whose `Start` has it.
        input: Option<Value>,
    },
    /// The run has failed.
    Error {
        /// The run.
        run: Arc<RunInfo>,
        /// The error's `Display`.
        message: String,
        /// The kind of the error.
        kind: crate::ErrorKind,
    },
    /// The run was dropped before it ended.
    Cancelled {
        /// The run.
        run: Arc<RunInfo>,
    },
    /// A step has emitted an event with [`RunContext::emit_custom`](super::RunContext::emit_custom).
    Custom {
        /// The run of the step.
        run: Arc<RunInfo>,
        /// The name that the step chose.
        name: String,
        /// The data of the step.
        data: Value,
    },
}

impl RunEvent {
    /// Returns the run that the event is about.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{RunnableExt, lambda};
    /// use futures::TryStreamExt;
    ///
    /// # futures::executor::block_on(async {
    /// let events: Vec<_> = lambda(|n: i32| n * 2).named("double").stream_events(1).try_collect().await?;
    /// assert_eq!(events[0].run().name, "double");
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
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

    /// Returns the chunk of a chat model, with its log probabilities; `None` for every other event.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{EchoModel, RunnableExt};
    /// use futures::TryStreamExt;
    ///
    /// # futures::executor::block_on(async {
    /// let events: Vec<_> = EchoModel::new().stream_events("to be").try_collect().await?;
    /// let chunks: Vec<_> = events.iter().filter_map(|event| event.message_chunk()).collect();
    /// assert_eq!(chunks[0].text(), "to ");
    /// assert!(events[0].message_chunk().is_none()); // the start
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    #[must_use]
    pub fn message_chunk(&self) -> Option<AIMessageChunk> {
        match self {
            Self::Chunk { run, chunk } if run.kind == RunKind::ChatModel => AIMessageChunk::deserialize(chunk).ok(),
            _ => None,
        }
    }

    /// Returns the whole answer of a chat model; `None` for every other event.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{EchoModel, RunnableExt, StrOutputParser};
    /// use futures::TryStreamExt;
    ///
    /// # futures::executor::block_on(async {
    /// let events: Vec<_> = (EchoModel::new() | StrOutputParser).stream_events("to be").try_collect().await?;
    /// let chunks: String = events.iter().filter_map(|event| event.message_chunk()).map(|chunk| chunk.text().into_owned()).collect();
    /// let answer = events.iter().find_map(|event| event.message()).ok_or("no answer")?;
    /// assert_eq!((chunks.as_str(), answer.text()), ("to be", "to be".into()));
    /// # Ok::<_, Box<dyn std::error::Error>>(()) }).unwrap();
    /// ```
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

/// Prints the run alone: inputs and outputs hold prompts and answers, which stay out of logs.
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
