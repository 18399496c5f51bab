//! The options that ask for something.

use super::{ChatOptions, HEADERS, QUERY, TIMEOUT, ToolChoice};

impl ChatOptions {
    /// Returns whether no option is set and none is removed.
    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Returns the names in JSON of the options that ask for something.
    ///
    /// An option that is set to the behaviour of every model, such as one choice, asks for nothing.
    pub(crate) fn given(&self) -> impl Iterator<Item = &str> {
        // Name every field: a new field must not compile before it is here.
        let Self {
            model,
            temperature,
            top_p,
            max_tokens,
            stop,
            seed,
            logprobs,
            top_logprobs,
            n,
            presence_penalty,
            frequency_penalty,
            logit_bias,
            tools,
            tool_choice,
            parallel_tool_calls,
            response_format,
            reasoning_effort,
            headers,
            query,
            timeout,
            extra,
            unset: _,
        } = self;
        let is_choice = |choice: &ToolChoice| !matches!(choice, ToolChoice::Auto | ToolChoice::None);
        let typed = [
            ("model", model.is_some()),
            ("temperature", temperature.is_some()),
            ("top_p", top_p.is_some()),
            ("max_tokens", max_tokens.is_some()),
            ("stop", stop.as_ref().is_some_and(|stop| !stop.is_empty())),
            ("seed", seed.is_some()),
            ("logprobs", *logprobs == Some(true)),
            ("top_logprobs", top_logprobs.is_some()),
            ("n", n.is_some_and(|n| n > 1)),
            ("presence_penalty", presence_penalty.is_some()),
            ("frequency_penalty", frequency_penalty.is_some()),
            ("logit_bias", logit_bias.is_some()),
            ("tools", tools.as_ref().is_some_and(|tools| !tools.is_empty())),
            ("tool_choice", tool_choice.as_ref().is_some_and(is_choice)),
            ("parallel_tool_calls", parallel_tool_calls.is_some()),
            ("response_format", response_format.is_some()),
            ("reasoning_effort", reasoning_effort.is_some()),
            (HEADERS, headers.iter().next().is_some()),
            (QUERY, query.iter().next().is_some()),
            (TIMEOUT, timeout.is_some()),
        ];
        let typed = typed.into_iter().filter(|(_, given)| *given).map(|(name, _)| name);
        typed.chain(extra.iter().map(|(name, _)| name.as_str()))
    }
}
