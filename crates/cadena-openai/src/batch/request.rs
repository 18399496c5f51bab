//! One request of a batch job.

use std::fmt;

use cadena_core::{ChatOptions, ChatRequest, PromptValue};

/// One prompt of a batch job, under an id of the caller's by which its answer is found.
///
/// A pair of id and prompt converts into it.
///
/// # Examples
///
/// ```
/// use cadena_core::ChatOptions;
/// use cadena_openai::BatchJobRequest;
///
/// let request = BatchJobRequest::new("row-7", "how are you").with_options(ChatOptions::new().max_tokens(20));
/// assert_eq!(request.custom_id(), "row-7");
/// // Prompts are not printed.
/// assert_eq!(format!("{:?}", BatchJobRequest::from(("row-8", "secret"))), r#"BatchJobRequest { custom_id: "row-8", .. }"#);
/// ```
#[derive(Clone)]
pub struct BatchJobRequest {
    pub(super) custom_id: String,
    pub(super) request: ChatRequest,
}

impl BatchJobRequest {
    /// Makes a request of a prompt under an id, which no other request of the job may have.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(cadena_openai::BatchJobRequest::new("row-7", "hi").custom_id(), "row-7");
    /// ```
    #[must_use]
    pub fn new(custom_id: impl Into<String>, prompt: impl Into<PromptValue>) -> Self {
        Self {
            custom_id: custom_id.into(),
            request: ChatRequest::new(prompt),
        }
    }

    /// Sets options for this request, on top of the model's own.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::ChatOptions;
    ///
    /// let request = cadena_openai::BatchJobRequest::new("row-7", "hi").with_options(ChatOptions::new().seed(7));
    /// # let _ = request;
    /// ```
    #[must_use]
    pub fn with_options(mut self, options: ChatOptions) -> Self {
        self.request = self.request.with_options(options);
        self
    }

    /// Returns the id.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(cadena_openai::BatchJobRequest::new("row-7", "hi").custom_id(), "row-7");
    /// ```
    #[must_use]
    pub fn custom_id(&self) -> &str {
        &self.custom_id
    }
}

impl fmt::Debug for BatchJobRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BatchJobRequest")
            .field("custom_id", &self.custom_id)
            .finish_non_exhaustive()
    }
}

impl<I: Into<String>, P: Into<PromptValue>> From<(I, P)> for BatchJobRequest {
    fn from((custom_id, prompt): (I, P)) -> Self {
        Self::new(custom_id, prompt)
    }
}
