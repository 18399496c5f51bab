//! What the server's errors mean: by code and type, then by text, then by status.

use cadena_core::{Error, ErrorKind};
use cadena_http::{Failure, Redactor};
use http::StatusCode;
use serde_json::Value;

/// The error of an answer whose status is not of the 2xx class.
pub(crate) fn of_status(failure: &Failure<'_>) -> Error {
    // The body has lost the secrets of the request already.
    let redactor = Redactor::new();
    let reported = serde_json::from_slice(failure.body)
        .ok()
        .and_then(|body: Value| Reported::read(&body, &redactor));
    let Some(reported) = reported else {
        let error = failure.to_error();
        let text = String::from_utf8_lossy(failure.body);
        return match by_text(&text, error.kind()) {
            Some(kind) => Error::new(kind, error.detail().to_owned()),
            None => error,
        };
    };
    reported.to_error(Some(failure.to_error().kind()))
}

/// The error that a server reports inside of an answer that began well.
pub(crate) fn of_report(report: &Value, redactor: &Redactor) -> Error {
    match Reported::read(report, redactor) {
        Some(reported) => reported.to_error(None),
        None => Error::new(ErrorKind::Server, "the server reported an error without a message"),
    }
}

/// The error of an event that is named `error`.
pub(crate) fn of_event(data: &[u8], redactor: &Redactor) -> Error {
    match serde_json::from_slice(data) {
        Ok(report) => of_report(&report, redactor),
        Err(_) => of_report(&Value::String(String::from_utf8_lossy(data).into_owned()), redactor),
    }
}

/// The error of an event or a body that is not what the protocol says.
pub(crate) fn malformed(what: &str, form: &str, data: &[u8], error: &serde_json::Error, redactor: &Redactor) -> Error {
    let place = error.column();
    let detail = format!("{what} is not {form} from byte {place} on: {}", redactor.snippet(data));
    // The parser's own text may quote the value that it stumbled over.
    Error::new(ErrorKind::Decode, detail).with_source(redactor.redact(&error.to_string()).into_owned())
}

/// Says which texts a failed request was about.
pub(crate) fn name_texts(error: Error, first: usize, last: usize) -> Error {
    let texts = match first == last {
        true => format!("the request held the text {first} (from 0)"),
        false => format!("the request held the texts {first} to {last} (from 0)"),
    };
    match error.hint().map(|hint| format!("{hint}; {texts}")) {
        Some(hint) => error.with_hint(hint),
        None => error.with_hint(texts),
    }
}

/// Whether a JSON value without choices is the report of an error in one of the forms without the key `error`.
pub(crate) fn is_report(value: &Value) -> bool {
    let is = |key: &str| value.get(key).is_some_and(|value| !value.is_null());
    value.get("object").is_some_and(|object| object == "error")
        || is("detail")
        || (is("message") && (is("code") || is("type")))
}

/// Whether the value of a key `error` says that there is one.
pub(crate) fn says_something(error: &Value) -> bool {
    match error {
        Value::Null | Value::Bool(false) => false,
        Value::String(text) => !text.is_empty(),
        Value::Object(map) => !map.is_empty(),
        _ => true,
    }
}

/// What servers say about an error, whatever form they give it.
#[derive(Debug, Default, PartialEq)]
struct Reported {
    message: Option<String>,
    code: Option<String>,
    r#type: Option<String>,
    param: Option<String>,
    /// The categories for which Azure's filters refused it.
    filtered: Vec<String>,
}

impl Reported {
    fn read(body: &Value, redactor: &Redactor) -> Option<Self> {
        let body = body.get(0).unwrap_or(body); // Gemini sends a list of one
        let error = body.get("error").filter(|error| says_something(error)).unwrap_or(body);
        let clean = |text: &str| Some(redactor.snippet(text.as_bytes())).filter(|text| !text.is_empty());
        let text = |value: Option<&Value>| match value? {
            Value::String(text) => clean(text),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        };
        if !error.is_object() {
            return Some(Self {
                message: Some(text(Some(error))?),
                ..Self::default()
            });
        }
        let message = ["/message", "/detail/0/msg", "/detail", "/msg", "/error"];
        let message = message.iter().find_map(|place| text(error.pointer(place)));
        let field = |key: &str| text(error.get(key).or_else(|| body.get(key)));
        let read = Self {
            message,
            code: field("code"),
            r#type: field("type"),
            param: field("param"),
            filtered: filtered(error, redactor),
        };
        (read != Self::default()).then_some(read)
    }

    fn to_error(&self, by_status: Option<ErrorKind>) -> Error {
        let words = [self.code.as_deref(), self.r#type.as_deref()];
        let message = self
            .message
            .as_deref()
            .unwrap_or("the server reported an error without a message");
        let by_word = words.into_iter().flatten().find_map(by_word);
        // A numeric code is a status: servers that answer 200 first have no other place for it.
        let status = words
            .into_iter()
            .flatten()
            .find_map(|word| word.parse::<StatusCode>().ok());
        let by_code = status.map(|status| Failure::new(status, b"").to_error().kind());
        let kind = by_word
            .or(by_status)
            .or(by_code)
            .unwrap_or(match self.r#type.as_deref() {
                Some("invalid_request_error") => ErrorKind::InvalidRequest,
                _ => ErrorKind::Server,
            });
        // llama.cpp calls a text that is too long an error of the server's, which would be tried again.
        let kind = by_text(message, kind).unwrap_or(kind);
        let detail = match &self.param {
            Some(param) if !message.contains(param.as_str()) && self.filtered.is_empty() => {
                format!("{message} (parameter `{param}`)")
            }
            _ if !self.filtered.is_empty() => format!("{message} (filtered: {})", self.filtered.join(", ")),
            _ => message.to_owned(),
        };
        let mut error = Error::new(kind, detail);
        if let (None, Some(status)) = (by_status, status) {
            error = error.with_status(status.as_u16());
        }
        if kind == ErrorKind::RateLimited && message.starts_with("Request too large") {
            // It asks for more than a minute allows, so no minute will do.
            error = error
                .with_retryable(false)
                .with_hint("another try cannot help: shorten the messages, ask for fewer tokens, or raise the limit of the account");
        }
        // A number repeats the status, and this type says no more than the kind does.
        let says_more = |word: &&str| word.parse::<u64>().is_err() && *word != "invalid_request_error";
        match words.into_iter().flatten().find(says_more) {
            Some(code) => error.with_code(code),
            None => error,
        }
    }
}

/// The categories that a filter reports as the reason, as in `violence (high)`.
fn filtered(error: &Value, redactor: &Redactor) -> Vec<String> {
    let places = [
        "/innererror/content_filter_result",
        "/innererror/content_filter_results",
        "/content_filter_results",
    ];
    let found = places.iter().find_map(|place| error.pointer(place)?.as_object());
    let refused = found
        .into_iter()
        .flatten()
        .filter(|(_, finding)| finding.get("filtered") == Some(&Value::Bool(true)));
    let shown = refused.map(|(category, finding)| {
        let category = redactor.snippet(category.as_bytes());
        match finding.get("severity").and_then(Value::as_str) {
            Some(severity) => format!("{category} ({})", redactor.snippet(severity.as_bytes())),
            None => category,
        }
    });
    shown.take(16).collect()
}

/// The words of OpenAI, of its kin and of the servers that speak its protocol.
pub(crate) fn by_word(word: &str) -> Option<ErrorKind> {
    Some(match word {
        "invalid_api_key"
        | "invalid_authentication"
        | "authentication_error"
        | "missing_api_key"
        | "no_organization"
        | "invalid_organization"
        | "mismatched_organization"
        | "mismatched_project" => ErrorKind::Authentication,
        "insufficient_quota"
        | "credit_balance_exhausted"
        | "organization_spend_limit_exceeded"
        | "project_spend_limit_exceeded"
        | "organization_usage_limit_exceeded"
        | "billing_hard_limit_reached"
        | "billing_not_active"
        | "quota_exceeded" => ErrorKind::QuotaExhausted,
        // The last one is the limit of what all batches of an account may hold at once.
        "rate_limit_exceeded" | "rate_limit_error" | "requests" | "tokens" | "token_limit_exceeded" => {
            ErrorKind::RateLimited
        }
        "context_length_exceeded" | "exceed_context_size_error" | "ContextWindowExceededError" => {
            ErrorKind::ContextOverflow
        }
        "invalid_image"
        | "invalid_image_format"
        | "invalid_base64_image"
        | "invalid_image_url"
        | "image_too_large"
        | "image_too_small"
        | "image_parse_error"
        | "invalid_image_mode"
        | "image_file_too_large"
        | "unsupported_image_media_type"
        | "empty_image_file"
        | "failed_to_download_image"
        | "image_file_not_found" => ErrorKind::InvalidRequest,
        "bio_policy"
        | "invalid_prompt"
        | "image_content_policy_violation"
        | "content_filter"
        | "content_policy_violation"
        | "moderation_blocked"
        | "ResponsibleAIPolicyViolation" => ErrorKind::ContentFilter,
        // The second one is Groq's.
        "model_not_found" | "model_decommissioned" | "not_found_error" | "DeploymentNotFound" => ErrorKind::NotFound,
        "batch_expired" => ErrorKind::Timeout,
        "batch_cancelled" => ErrorKind::Cancelled,
        "permission_error"
        | "permission_denied"
        | "PermissionDenied"
        | "ip_not_authorized"
        | "unsupported_country_region_territory"
        | "data_residency_mismatch"
        | "account_deactivated" => ErrorKind::PermissionDenied,
        "server_error"
        | "vector_store_timeout"
        | "internal_error"
        | "internal_server_error"
        | "api_error"
        | "overloaded_error"
        | "engine_overloaded"
        | "server_is_overloaded"
        | "service_unavailable"
        | "unavailable_error" => ErrorKind::Server,
        _ => return None,
    })
}

/// What servers say in words where they have no code for it, and what it makes of a kind that does not say it.
fn by_text(text: &str, kind: ErrorKind) -> Option<ErrorKind> {
    /// OpenAI and its kin, vLLM, `SGLang`, llama.cpp and its Python server, Ollama, TGI and TEI.
    const OVERFLOW: [&str; 16] = [
        "context_length_exceeded",
        "maximum context length",
        "exceeds the context window",
        "Input tokens exceed the configured limit",
        "prompt is too long",
        "ContextWindowExceededError",
        "longer than the maximum model length",
        "too long to fit into the model",
        "longer than the model's context length",
        "exceeds the available context size",
        "larger than the max context size",
        "input is too large to process",
        "exceed context window",
        "input length exceeds the context length",
        "`inputs` tokens + `max_new_tokens` must be",
        "`inputs` must have less than",
    ];
    let says = |phrase: &str| text.contains(phrase);
    match kind {
        ErrorKind::InvalidRequest | ErrorKind::Server | ErrorKind::LimitExceeded => {
            let overflow = OVERFLOW.into_iter().any(says);
            overflow.then_some(ErrorKind::ContextOverflow)
        }
        // OpenAI answers 401 to a key that is good and may not do this.
        ErrorKind::Authentication => {
            says("insufficient permissions for this operation").then_some(ErrorKind::PermissionDenied)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests;
