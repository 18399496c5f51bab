//! The two endpoints for chats.

/// Which of OpenAI's two endpoints for chats is asked.
///
/// Both return the same message for the same answer, with the same log probabilities. Over the Responses API the content is a list of
/// blocks, which holds thoughts and the work of the server's tools as well; sent back, each goes as the item that it came as, with what this
/// version does not know of it. To Chat Completions such an answer goes with its texts, refusals and calls alone: thoughts and the work of
/// the server's tools have no form there, and what would be missed, such as a picture that was made, is refused
/// ([`ModelRule::PartsByRole`](crate::ModelRule::PartsByRole)).
///
/// In a stream, blocks with the same `index` are pieces of one: of a text and what it cites, of a thought, of a call and its arguments, of
/// the code that the server runs. The progress of a tool of the server is in a member of its block that the finished message does not have:
/// `"tool_progress": {"status": "searching"}`, and for an image that is being made `{"status": "partial_image", "partial_image_b64": "…"}`.
///
/// With the option `background` a stream waits for the answer as any other does. `invoke` does not: the server answers at once that it
/// has begun, which is an error ([`Truncated`](cadena_core::ErrorKind::Truncated), not to be retried) whose
/// [`partial`](cadena_core::Error::partial) answer has the id.
///
/// # Examples
///
/// ```
/// use cadena_openai::{ChatOpenAI, Endpoint};
///
/// let llm = ChatOpenAI::new("gpt-4o-mini").with_endpoint(Endpoint::Responses);
/// assert_eq!(Endpoint::default(), Endpoint::Auto);
/// # let _ = llm;
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Endpoint {
    /// The Responses API where OpenAI is asked and only that can do what is asked for: an option such as `reasoning` or
    /// `previous_response_id`, a tool that the server runs, a model of [`ModelRule::ResponsesOnly`](crate::ModelRule::ResponsesOnly).
    /// Chat Completions otherwise, and of other servers, which may know such options there.
    #[default]
    Auto,
    /// Chat Completions (`/chat/completions`).
    ChatCompletions,
    /// The Responses API (`/responses`).
    Responses,
}

/// The endpoint that one request goes to: an [`Endpoint`] after the choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Api {
    ChatCompletions,
    Responses,
}

/// The path of the Responses API below the base URL.
pub(crate) const RESPONSES: &str = "/responses";

impl Api {
    /// The path below the base URL.
    pub(crate) fn path(self) -> &'static str {
        match self {
            Self::ChatCompletions => "/chat/completions",
            Self::Responses => RESPONSES,
        }
    }
}
