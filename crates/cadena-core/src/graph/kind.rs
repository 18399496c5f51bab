//! The kind of a step.

use serde::{Deserialize, Serialize};

/// The kind of a step, in events and graphs.
///
/// # Examples
///
/// ```
/// use cadena_core::{EchoModel, RunKind, RunnableExt};
///
/// let kind = EchoModel::new().kind();
/// assert_eq!((kind, kind.as_str(), kind.does_io()), (RunKind::ChatModel, "chat_model", true));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RunKind {
    /// A composition or a function.
    #[default]
    Chain,
    /// A prompt template.
    Prompt,
    /// A chat model.
    ChatModel,
    /// An output parser.
    Parser,
    /// A tool.
    Tool,
    /// A retriever of documents.
    Retriever,
    /// A wrapper whose run is that of the step inside, such as `with_config`.
    Transparent,
}

impl RunKind {
    /// Returns whether a step of this kind reaches outside of the program: a model, a tool, a retriever. [`StepHook`](crate::StepHook)s see such steps.
    #[must_use]
    pub fn does_io(self) -> bool {
        match self {
            Self::ChatModel | Self::Tool | Self::Retriever => true,
            Self::Chain | Self::Prompt | Self::Parser | Self::Transparent => false,
        }
    }

    /// The word in events: `chain`, `prompt`, `chat_model`, …
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Chain | Self::Transparent => "chain",
            Self::Prompt => "prompt",
            Self::ChatModel => "chat_model",
            Self::Parser => "parser",
            Self::Tool => "tool",
            Self::Retriever => "retriever",
        }
    }
}
