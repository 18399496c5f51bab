//! [`OptionName`]: the names of the typed options.

/// Calls a macro with every typed option and the names by which it goes over the wire.
macro_rules! with_wire_names {
    ($call:ident) => {
        $call! {
            model: "model",
            temperature: "temperature",
            top_p: "top_p",
            max_tokens: "max_tokens" "max_completion_tokens" "max_output_tokens",
            stop: "stop",
            seed: "seed",
            logprobs: "logprobs",
            top_logprobs: "top_logprobs",
            n: "n",
            presence_penalty: "presence_penalty",
            frequency_penalty: "frequency_penalty",
            logit_bias: "logit_bias",
            tools: "tools",
            tool_choice: "tool_choice",
            parallel_tool_calls: "parallel_tool_calls",
            response_format: "response_format",
            reasoning_effort: "reasoning_effort",
        }
    };
}

/// A typed option of [`ChatOptions`](super::ChatOptions), for [`without`](super::ChatOptions::without).
///
/// # Examples
///
/// ```
/// use cadena_core::OptionName;
///
/// assert_eq!(OptionName::TopP.as_str(), "top_p");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OptionName {
    /// [`model`](super::ChatOptions#structfield.model).
    Model,
    /// [`temperature`](super::ChatOptions#structfield.temperature).
    Temperature,
    /// [`top_p`](super::ChatOptions#structfield.top_p).
    TopP,
    /// [`max_tokens`](super::ChatOptions#structfield.max_tokens).
    MaxTokens,
    /// [`stop`](super::ChatOptions#structfield.stop).
    Stop,
    /// [`seed`](super::ChatOptions#structfield.seed).
    Seed,
    /// [`logprobs`](super::ChatOptions#structfield.logprobs).
    Logprobs,
    /// [`top_logprobs`](super::ChatOptions#structfield.top_logprobs).
    TopLogprobs,
    /// [`n`](super::ChatOptions#structfield.n).
    N,
    /// [`presence_penalty`](super::ChatOptions#structfield.presence_penalty).
    PresencePenalty,
    /// [`frequency_penalty`](super::ChatOptions#structfield.frequency_penalty).
    FrequencyPenalty,
    /// [`logit_bias`](super::ChatOptions#structfield.logit_bias).
    LogitBias,
    /// [`tools`](super::ChatOptions#structfield.tools).
    Tools,
    /// [`tool_choice`](super::ChatOptions#structfield.tool_choice).
    ToolChoice,
    /// [`parallel_tool_calls`](super::ChatOptions#structfield.parallel_tool_calls).
    ParallelToolCalls,
    /// [`response_format`](super::ChatOptions#structfield.response_format).
    ResponseFormat,
    /// [`reasoning_effort`](super::ChatOptions#structfield.reasoning_effort).
    ReasoningEffort,
    /// [`headers`](super::ChatOptions#structfield.headers).
    Headers,
    /// [`query`](super::ChatOptions#structfield.query).
    Query,
    /// [`timeout`](super::ChatOptions#structfield.timeout).
    Timeout,
}

impl OptionName {
    /// Returns the name of the option in JSON, which for most options is the name on the wire.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::OptionName;
    ///
    /// assert_eq!(OptionName::MaxTokens.as_str(), "max_tokens");
    /// assert_eq!(OptionName::Headers.as_str(), "extra_headers");
    /// ```
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Model => "model",
            Self::Temperature => "temperature",
            Self::TopP => "top_p",
            Self::MaxTokens => "max_tokens",
            Self::Stop => "stop",
            Self::Seed => "seed",
            Self::Logprobs => "logprobs",
            Self::TopLogprobs => "top_logprobs",
            Self::N => "n",
            Self::PresencePenalty => "presence_penalty",
            Self::FrequencyPenalty => "frequency_penalty",
            Self::LogitBias => "logit_bias",
            Self::Tools => "tools",
            Self::ToolChoice => "tool_choice",
            Self::ParallelToolCalls => "parallel_tool_calls",
            Self::ResponseFormat => "response_format",
            Self::ReasoningEffort => "reasoning_effort",
            Self::Headers => "extra_headers",
            Self::Query => "extra_query",
            Self::Timeout => "timeout",
        }
    }
}
