//! The kinds of errors that follow from a server's codes, and from its words where it has no code.

use cadena_core::ErrorKind;

/// The words of OpenAI, of its kin and of the servers that speak its protocol.
pub(crate) fn by_word(word: &str) -> Option<ErrorKind> {
    // Amazon puts a name space before a name; Tencent and Alibaba divide a class by a dot.
    let word = word.rsplit_once('#').map_or(word, |(_space, name)| name);
    whole_word(word).or_else(|| whole_word(word.split_once('.')?.0))
}

fn whole_word(word: &str) -> Option<ErrorKind> {
    Some(match word {
        "invalid_api_key"
        | "invalid_authentication"
        | "invalid_authentication_error"
        | "authentication_error"
        | "AuthenticationError"
        | "missing_api_key"
        | "no_organization"
        | "invalid_organization"
        | "mismatched_organization"
        | "mismatched_project"
        | "API_KEY_INVALID"
        | "UNAUTHENTICATED"
        | "AuthFailure"
        | "InvalidApiKey"
        | "ExpiredTokenException"
        | "UnrecognizedClientException"
        | "InvalidSignatureException" => ErrorKind::Authentication,
        "insufficient_quota"
        | "credit_balance_exhausted"
        | "organization_spend_limit_exceeded"
        | "project_spend_limit_exceeded"
        | "organization_usage_limit_exceeded"
        | "billing_hard_limit_reached"
        | "billing_not_active"
        | "billing_error"
        | "quota_exceeded"
        | "quota_exceeded_error"
        | "exceeded_current_quota_error"
        | "insufficient_balance"
        | "insufficient_credits"
        | "insufficient_user_quota"
        | "Arrearage"
        | "AllocationQuota"
        | "FailedOperation.FreeResourcePackExhausted"
        | "FailedOperation.ResourcePackExhausted"
        | "ServiceQuotaExceededException" => ErrorKind::QuotaExhausted,
        // The last one of the second line is the limit of what all batches of an account may hold at once.
        "rate_limit_exceeded"
        | "rate_limit_error"
        | "rate_limit_reached_error"
        | "RateLimitError"
        | "requests"
        | "tokens"
        | "token_limit_exceeded"
        | "RESOURCE_EXHAUSTED"
        | "ThrottlingException"
        | "Throttling"
        | "RequestLimitExceeded"
        | "LimitExceeded" => ErrorKind::RateLimited,
        "context_length_exceeded"
        | "context_window_exceeded"
        | "exceed_context_size_error"
        | "model_max_prompt_tokens_exceeded"
        | "ContextWindowExceededError" => ErrorKind::ContextOverflow,
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
        | "image_file_not_found"
        | "BadRequestError"
        | "INVALID_ARGUMENT"
        | "FAILED_PRECONDITION"
        | "InvalidParameter"
        | "InvalidParameterValue"
        | "MissingParameter"
        | "ValidationException" => ErrorKind::InvalidRequest,
        "bio_policy"
        | "invalid_prompt"
        | "image_content_policy_violation"
        | "content_filter"
        | "content_policy_violation"
        | "ContentPolicyViolationError"
        | "DataInspectionFailed"
        | "data_inspection_failed"
        | "moderation_blocked"
        | "ResponsibleAIPolicyViolation" => ErrorKind::ContentFilter,
        // The second one is Groq's.
        "model_not_found"
        | "model_decommissioned"
        | "not_found_error"
        | "NotFoundError"
        | "NOT_FOUND"
        | "ModelNotFound"
        | "ResourceNotFound"
        | "ResourceNotFoundException"
        | "DeploymentNotFound" => ErrorKind::NotFound,
        "batch_expired" | "DEADLINE_EXCEEDED" | "ModelTimeoutException" => ErrorKind::Timeout,
        "batch_cancelled" => ErrorKind::Cancelled,
        "permission_error"
        | "permission_denied"
        | "PermissionDenied"
        | "PermissionDeniedError"
        | "PERMISSION_DENIED"
        | "AccessDenied"
        | "AccessDeniedException"
        | "UnauthorizedOperation"
        | "ip_not_authorized"
        | "unsupported_country_region_territory"
        | "data_residency_mismatch"
        | "account_deactivated" => ErrorKind::PermissionDenied,
        "server_error"
        | "vector_store_timeout"
        | "internal_error"
        | "internal_server_error"
        | "InternalServerError"
        | "InternalError"
        | "InternalServerException"
        | "api_error"
        | "overloaded_error"
        | "engine_overloaded"
        | "engine_overloaded_error"
        | "server_is_overloaded"
        | "service_unavailable"
        | "ServiceUnavailableError"
        | "ServiceUnavailableException"
        | "ModelNotReadyException"
        | "INTERNAL"
        | "UNAVAILABLE"
        | "unavailable_error" => ErrorKind::Server,
        _ => return None,
    })
}

/// The numbers of `MiniMax`, in `base_resp.status_code`.
pub(super) fn by_base_code(code: u64) -> Option<ErrorKind> {
    Some(match code {
        1000 | 1001 | 1013 | 1024 | 1033 => ErrorKind::Server,
        // Of requests, of tokens, of connections.
        1002 | 1039 | 1041 => ErrorKind::RateLimited,
        1004 | 2049 => ErrorKind::Authentication,
        1008 | 2056 => ErrorKind::QuotaExhausted,
        1026 | 1027 => ErrorKind::ContentFilter,
        1042 | 2013 => ErrorKind::InvalidRequest,
        2042 => ErrorKind::PermissionDenied,
        _ => return None,
    })
}

/// The words of servers that have no code for an error, and the kind that follows.
///
/// A kind that is not `certain` follows from neither a code nor a status.
pub(super) fn by_text(text: &str, kind: ErrorKind, certain: bool) -> Option<ErrorKind> {
    let text = text.to_lowercase();
    let says = |phrases: &[&str]| phrases.iter().any(|phrase| text.contains(phrase));
    let told = codes_in(&text).find_map(by_word);
    match kind {
        ErrorKind::InvalidRequest | ErrorKind::Server | ErrorKind::LimitExceeded | ErrorKind::Decode => {
            // Proxies put the code of the server that they asked into their text.
            match told {
                Some(ErrorKind::Server | ErrorKind::RateLimited | ErrorKind::Timeout) if certain => None,
                Some(told) => Some(told),
                None if says(&OVERFLOW) => Some(ErrorKind::ContextOverflow),
                None if says(&QUOTA) => Some(ErrorKind::QuotaExhausted),
                None if says(&WRONG_KEY) => Some(ErrorKind::Authentication),
                None if certain => None,
                None => LAST.iter().find(|(phrases, _)| says(phrases)).map(|(_, kind)| *kind),
            }
        }
        ErrorKind::RateLimited | ErrorKind::PermissionDenied => told.filter(|told| *told == ErrorKind::QuotaExhausted),
        // OpenAI answers 401 to a key that is good and may not do this.
        ErrorKind::Authentication => {
            says(&["insufficient permissions for this operation"]).then_some(ErrorKind::PermissionDenied)
        }
        _ => None,
    }
}

/// The words of a text that can only be codes, as no language has them.
fn codes_in(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words.filter(|word| word.contains('_'))
}

/// OpenAI and its kin, vLLM, `SGLang`, llama.cpp and its Python server, Ollama, TGI and TEI; Gemini, Mistral, Moonshot, xAI, Groq, Bedrock, Alibaba,
/// `MiniMax`. In lower case.
const OVERFLOW: [&str; 27] = [
    "context_length_exceeded",
    "maximum context length",
    "exceeds the context window",
    "input tokens exceed the configured limit",
    "prompt is too long",
    "contextwindowexceedederror",
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
    "exceeds the maximum number of tokens allowed",
    "too large for model with",
    "exceeded model token limit",
    "maximum prompt length is",
    "reduce the length of the messages",
    "input is too long for requested model",
    "range of input length should be",
    "context window exceeds limit",
    "exceeds the model's context",
    "exceeds model's maximum context",
    "exceeds the maximum context",
];

/// Gemini answers 400 to a wrong key, with the code of any other bad argument. In lower case.
const WRONG_KEY: [&str; 3] = ["api key not valid", "invalid api key", "incorrect api key"];

/// `DeepSeek`, Anthropic, `OpenRouter` and others. In lower case.
const QUOTA: [&str; 9] = [
    "insufficient balance",
    "insufficient account balance",
    "insufficient credit",
    "insufficient quota",
    "insufficient funds",
    "requires more credits",
    "credit balance is too low",
    "exceeded your current quota",
    "account is in arrears",
];

/// The words that decide without a code and a status, in the order in which they count. In lower case.
const LAST: [(&[&str], ErrorKind); 6] = [
    (
        &[
            "rate limit",
            "ratelimit",
            "too many requests",
            "throttl",
            "rate-limited",
        ],
        ErrorKind::RateLimited,
    ),
    (
        &["invalid token", "authentication", "unauthorized", "login fail"],
        ErrorKind::Authentication,
    ),
    (
        &[
            "content policy",
            "content management policy",
            "flagged",
            "safety system",
            "content filter",
        ],
        ErrorKind::ContentFilter,
    ),
    (
        &["permission", "forbidden", "access denied"],
        ErrorKind::PermissionDenied,
    ),
    (
        &[
            "model not found",
            "no such model",
            "does not exist",
            "unknown model",
            "model_not_found",
        ],
        ErrorKind::NotFound,
    ),
    (
        &[
            "invalid",
            "bad request",
            "bad input",
            "unsupported",
            "not supported",
            "is required",
            "field required",
            "missing required",
            "must be",
            "validation error",
        ],
        ErrorKind::InvalidRequest,
    ),
];
