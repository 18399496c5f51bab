//! [`RunKind`]: the kind of a step.

use serde::{Deserialize, Serialize};

/// The kind of a step, as events and graphs name it.
///
/// # Examples
///
/// ```
/// use cadena_core::RunKind;
///
/// assert_eq!(RunKind::ChatModel.as_str(), "chat_model");
/// assert!(RunKind::ChatModel.does_io() && !RunKind::Prompt.does_io());
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
    /// A wrapper that starts no run, such as `with_config`.
    Transparent,
}

impl RunKind {
    /// Whether the step reaches outside of the program: a model, a tool, a retriever. A [`StepHook`](crate::StepHook) sees such steps.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::RunKind;
    ///
    /// assert!(RunKind::Tool.does_io() && RunKind::Retriever.does_io());
    /// assert!(!RunKind::Parser.does_io());
    /// ```
    #[must_use]
    pub fn does_io(self) -> bool {
        match self {
            Self::ChatModel | Self::Tool | Self::Retriever => true,
            Self::Chain | Self::Prompt | Self::Parser | Self::Transparent => false,
        }
    }

    /// Returns the word in events: `chain`, `prompt`, `chat_model`, …
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::RunKind;
    ///
    /// assert_eq!((RunKind::ChatModel.as_str(), RunKind::Parser.as_str()), ("chat_model", "parser"));
    /// assert_eq!(RunKind::Transparent.as_str(), "chain");
    /// ```
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
