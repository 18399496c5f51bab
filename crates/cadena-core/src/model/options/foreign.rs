//! Names from LangChain that look like options but go to no server.

use serde_json::Value;

use super::ChatOptions;
use crate::{Error, ErrorKind, Result};

impl ChatOptions {
    /// Refuses names from LangChain that go to no server, such as `disable_streaming` or `callbacks`.
    ///
    /// A provider calls this method before it sends. [`bind`](crate::Bind::bind) checks options in JSON; [`extra`](Self::extra()) takes any name.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](ErrorKind::InvalidInput) names the option, and its hint names the replacement in cadena.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::ChatOptions;
    ///
    /// assert!(ChatOptions::new().extra("min_p", 0.05).check().is_ok());
    /// let error = ChatOptions::new().extra("max_retries", 2).check().unwrap_err();
    /// assert_eq!(error.hint(), Some("set `with_retry` on the model"));
    /// ```
    pub fn check(&self) -> Result<()> {
        let mut found = self.extra.iter().filter_map(|(name, value)| refused(name, value));
        found.next().map_or(Ok(()), Err)?;
        self.check_typed_names()
    }
}

/// Returns the error for a name from LangChain.
pub(super) fn refused(name: &str, value: &Value) -> Option<Error> {
    let hint = hint(name, value)?;
    let detail = format!("`{name}` is a word of LangChain's, and no option that goes to a server");
    Some(Error::new(ErrorKind::InvalidInput, detail).with_hint(hint))
}

/// Returns the replacement in cadena for a name from LangChain.
fn hint(name: &str, value: &Value) -> Option<&'static str> {
    Some(match name {
        "callbacks" | "callback_manager" => "give listeners to the call, with `RunConfig::listener`",
        "config" => "give a `RunConfig` to the call, as `invoke_with` takes it",
        "max_concurrency" => "set `RunConfig::max_concurrency` for the call",
        "run_id" => "set `RunConfig::run_id` for the call",
        "run_name" => "set `RunConfig::run_name` for the call",
        "tags" => "set `RunConfig::tag` for the call",
        "verbose" => "listen to the call: `RunConfig::listener`",
        // A gateway has an option of this name whose value is an object.
        "cache" if value.is_boolean() => "wrap the model, with `with_cache`",
        "rate_limiter" => "wrap the model, with `with_rate_limiter`",
        "disable_streaming" => "call `invoke` for a whole answer, or `with_streaming` on the model",
        "streaming" => "call `stream`, or set `with_streaming` on the model",
        "stream_usage" => "set `with_stream_usage` on the model, or `stream_options`",
        "stream_chunk_timeout" => "set the timers of the model's client",
        "disabled_params" => "take the option out: `ChatOptions::without`, or null in JSON",
        "include_response_headers" => "set `with_response_headers` on the model",
        "ls_structured_output_format" => "call `with_structured_output`, or set `response_format`",
        "max_retries" => "set `with_retry` on the model",
        "output_version" => "read `content_blocks` of the message, whatever the endpoint",
        "strict" => "set `ToolOptions::strict`, or `strict` of the structured output",
        "use_responses_api" => "set `with_endpoint` on the model",
        "use_previous_response_id" => "set `with_use_previous_response_id` on the model",
        "tiktoken_model_name" | "custom_get_token_ids" => "give a counter of tokens to what counts them",
        "api_key"
        | "openai_api_key"
        | "base_url"
        | "openai_api_base"
        | "organization"
        | "openai_organization"
        | "openai_proxy"
        | "client"
        | "async_client"
        | "root_client"
        | "root_async_client"
        | "http_client"
        | "http_async_client"
        | "http_socket_options"
        | "default_headers"
        | "default_query" => "the connection belongs to the model, which has a setter for it",
        _ => return None,
    })
}
