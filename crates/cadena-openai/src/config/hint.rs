//! The remedy that an error names.

use cadena_core::{Error, ErrorKind};
use cadena_http::Secret;

use super::Config;

impl Config {
    /// Says what the reader can do about an error, where the place that failed did not know.
    pub(crate) fn explain(&self, error: Error, model: &str) -> Error {
        let Some(hint) = self.hint(&error, model) else {
            return error;
        };
        match error.hint().map(str::to_owned) {
            None => error.with_hint(hint),
            Some(attempts) if attempts.starts_with("gave up") => error.with_hint(format!("{attempts}; {hint}")),
            Some(_) => error,
        }
    }

    fn hint(&self, error: &Error, model: &str) -> Option<String> {
        // Such a key can be sent, and no server takes it.
        if error.kind() == ErrorKind::Authentication && self.api_key.as_ref().is_some_and(has_blank) {
            return Some("the API key holds a blank: give it without, as `key.trim()` does".to_owned());
        }
        let url = self.shown_url();
        if let Some(hint) = self.azure.as_ref().and_then(|azure| azure.hint(error, &url, model)) {
            return Some(hint);
        }
        let of = |word: &str| error.code().is_some_and(|code| code.ends_with(word));
        let hint = match error.kind() {
            ErrorKind::Authentication if of("_organization") => {
                "check the organization: OPENAI_ORG_ID or `with_organization`, and whether the key belongs to it"
                    .to_owned()
            }
            ErrorKind::Authentication if of("_project") => {
                "check the project: OPENAI_PROJECT_ID or `with_project`, and whether the key belongs to it".to_owned()
            }
            ErrorKind::Authentication if self.key_source.is_some() => {
                "check the key that the function of `with_api_key_fn` gives".to_owned()
            }
            ErrorKind::Authentication if self.api_key.is_some() => {
                "check the API key: OPENAI_API_KEY or `with_api_key`".to_owned()
            }
            ErrorKind::Authentication => format!("`{url}` wants an API key: set OPENAI_API_KEY or call `with_api_key`"),
            ErrorKind::PermissionDenied => {
                format!("the key may not use `{model}` at `{url}`: check its project and rights")
            }
            ErrorKind::NotFound | ErrorKind::Decode if is_of_another_place(error) => {
                let end = if url.ends_with("/v1") {
                    ""
                } else {
                    "it often ends in `/v1`; "
                };
                format!("is `{url}` the address of the API? {end}OPENAI_BASE_URL or `with_base_url` sets the address")
            }
            ErrorKind::NotFound => {
                format!(
                    "does the server at `{url}` have the model `{model}`? name another model, or another server by OPENAI_BASE_URL"
                )
            }
            ErrorKind::QuotaExhausted => {
                "another try cannot help: add credit or raise the limit of the account".to_owned()
            }
            ErrorKind::RateLimited => match error.retry_after() {
                Some(pause) => format!(
                    "wait {} s, as the server asks, or ask more slowly",
                    pause.as_secs_f64().ceil()
                ),
                None => return None,
            },
            ErrorKind::ContentFilter => "the server's filter refused it: change the prompt".to_owned(),
            ErrorKind::Timeout if error.detail().starts_with("the deadline of the call passed") => {
                "give more time: `ChatOptions::timeout`, or `RunConfig::timeout` and `with_timeout` for the chain"
                    .to_owned()
            }
            ErrorKind::ContextOverflow => {
                format!("shorten the messages, or take a model with a longer context than `{model}`")
            }
            // Another address would not help.
            ErrorKind::Connect if error.detail().starts_with("TLS") => return None,
            ErrorKind::Connect => {
                format!(
                    "is the server at `{url}` running and reachable? OPENAI_BASE_URL or `with_base_url` sets the address"
                )
            }
            ErrorKind::InvalidRequest if error.detail().contains("stream_options") => {
                "the server does not know `stream_options`: call `with_stream_usage(false)`".to_owned()
            }
            ErrorKind::InvalidRequest | ErrorKind::Server => return conversation_hint(error).map(str::to_owned),
            _ => return None,
        };
        Some(hint)
    }
}

fn has_blank(key: &Secret) -> bool {
    key.expose().contains(char::is_whitespace)
}

/// The cure of a conversation that a server refuses as a whole.
fn conversation_hint(error: &Error) -> Option<&'static str> {
    // The one code that a server has for it is Mistral's.
    match error.code() {
        Some("3230") => Some(TORN_HINT),
        _ => hint_of_words(error.detail()),
    }
}

const TORN_HINT: &str = "a tool's call and its answer are torn apart, as trimming or filtering a history does: trim with \
    `start_on([MessageKind::Human])` and `end_on([MessageKind::Human, MessageKind::Tool])`, and answer every call";

fn hint_of_words(detail: &str) -> Option<&'static str> {
    // Servers quote names in three ways, and some break their lines.
    let plain: String = detail
        .to_lowercase()
        .chars()
        .filter(|c| !matches!(c, '`' | '\'' | '"' | '\\'))
        .collect();
    let says = |phrases: &[&str]| phrases.iter().any(|phrase| plain.contains(phrase));
    if plain.contains("reasoning_content") {
        return match says(&REASONING_UNWANTED) {
            true => Some(
                "the server takes no `reasoning_content` in what it is sent: call `with_reasoning_sent_back(false)`",
            ),
            false => Some(
                "the server wants its `reasoning_content` back: call `with_reasoning_sent_back(true)`, and keep the answers as they came",
            ),
        };
    }
    if plain.contains("thought_signature") || plain.contains("thought signature") {
        return Some(
            "the server wants back what it signed: send its answers as they came, and do not build them anew from their text",
        );
    }
    says(&TORN_PAIRS).then_some(TORN_HINT)
}

/// `DeepSeek`'s older models refuse what its newer ones demand.
const REASONING_UNWANTED: [&str; 8] = [
    "not allowed",
    "not permitted",
    "not supported",
    "unsupported",
    "unexpected",
    "should not",
    "must not",
    "unrecognized",
];

/// The words of servers about a call without an answer, or an answer without a call; without quotes, in lower case.
const TORN_PAIRS: [&str; 22] = [
    // OpenAI, DeepSeek, Alibaba, Moonshot and those who copied them; the Responses API.
    "must be followed by tool messages",
    "must be a response to a prec",
    "did not have response messages",
    "insufficient tool messages",
    "tool_call_id is not found",
    "tool_call_id  is not found",
    "no tool output found for",
    "no tool call found for",
    // Anthropic, and Bedrock.
    "without tool_result",
    "must have a corresponding tool_result",
    "must have a corresponding tool_use",
    "unexpected tool_use_id",
    "expected toolresult blocks",
    "number of toolresult blocks",
    // Mistral.
    "number of function calls and responses",
    "unexpected tool call id",
    "unexpected role user after role tool",
    "unexpected role tool after role",
    // Gemini.
    "function call turn comes immediately after",
    "number of function response parts is equal",
    "function response turn comes immediately after",
    // Cohere.
    "tool calls without corresponding tool results",
];

/// Whether the answer is not that of an API, but of a web page or of a server that does not know the path.
fn is_of_another_place(error: &Error) -> bool {
    let detail = error.detail().to_ascii_lowercase();
    let is_page = detail.contains("<!doctype html") || detail.contains("<html");
    let unknown_path = match error.kind() {
        // OpenAI; llama.cpp; FastAPI, which vLLM is made with; the text for a server that sends no words, such as Ollama.
        ErrorKind::NotFound => {
            detail.starts_with("invalid url")
                || detail == "file not found"
                || detail == "not found"
                || detail.starts_with("the server answered")
        }
        _ => false,
    };
    is_page || unknown_path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_conversation_names_its_cure() {
        const TORN: &str = "start_on";
        for (said, cure) in [
            (
                "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. The following tool_call_ids did not have response messages: call_1",
                TORN,
            ),
            (
                "Invalid parameter: messages with role 'tool' must be a response to a preceeding message with 'tool_calls'.",
                TORN,
            ),
            (
                "Messages with role 'tool' must be a response to a preceding message with 'tool_calls'",
                TORN,
            ),
            ("No tool output found for function call call_1.", TORN),
            ("No tool call found for function call output with call_id call_1.", TORN),
            (
                "messages.2: `tool_use` ids were found without `tool_result` blocks immediately after: toolu_1. Each `tool_use` block must have a corresponding `tool_result` block in the next message.",
                TORN,
            ),
            (
                "messages.0.content.0: unexpected `tool_use_id` found in `tool_result` blocks: toolu_1.",
                TORN,
            ),
            ("Not the same number of function calls and responses", TORN),
            ("Unexpected tool call id abc in tool results", TORN),
            ("Unexpected role 'tool' after role 'system'", TORN),
            (
                "Please ensure that function call turn comes immediately after a user turn or after a function response turn.",
                TORN,
            ),
            (
                "Expected toolResult blocks at messages.2.content for the following Ids: t1",
                TORN,
            ),
            (
                "The `reasoning_content` in the thinking mode must be passed back to the API.",
                "with_reasoning_sent_back(true)",
            ),
            (
                "Missing `reasoning_content` field in the assistant message at message index 2.",
                "with_reasoning_sent_back(true)",
            ),
            (
                "thinking is enabled but reasoning_content is missing in assistant tool call message at index 2",
                "with_reasoning_sent_back(true)",
            ),
            (
                "reasoning_content is not supported in the input",
                "with_reasoning_sent_back(false)",
            ),
            (
                "Function call is missing a thought_signature in functionCall parts.",
                "as they came",
            ),
        ] {
            let hint = hint_of_words(said);
            assert!(hint.is_some_and(|hint| hint.contains(cure)), "{said}: {hint:?}");
        }
        for said in [
            "Invalid value for 'tool_choice'",
            "tools[0].function.name is required",
            "the server had an error",
        ] {
            assert_eq!(hint_of_words(said), None, "{said}");
        }
        let by_code = Error::new(ErrorKind::InvalidRequest, "said otherwise").with_code("3230");
        assert_eq!(conversation_hint(&by_code), Some(TORN_HINT));
    }
}
