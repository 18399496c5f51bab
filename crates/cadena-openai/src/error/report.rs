//! Whether JSON is the report of an error: servers have many forms for it, and send some of them with the status 200.

use serde_json::Value;

/// Whether a JSON value that is no answer is the report of an error.
pub(crate) fn is_report(value: &Value) -> bool {
    // Gemini sends a list of one.
    let value = value.get(0).unwrap_or(value);
    let is = |key: &str| value.get(key).is_some_and(says_something);
    let speaks = is("message") || is("msg");
    let is_event = is("type") && value.get("message").is_some_and(Value::is_object);
    is("error")
        || value.get("object").is_some_and(|object| object == "error")
        || is("detail")
        || is("errors")
        || (speaks && !is_event && (is("type") || value.get("code").is_some_and(is_failure_code)))
        // MiniMax; Cloudflare; others; Tencent; Baidu; a problem of RFC 9457.
        || has_failed_base(value)
        || value.get("success") == Some(&Value::Bool(false))
        || (value.get("status").is_some_and(is_failed) && (speaks || is("reason")))
        || value.pointer("/Response/Error").is_some_and(says_something)
        || (is("error_code") && is("error_msg"))
        || (is("title") && value.get("status").and_then(Value::as_u64).is_some_and(|status| status >= 400))
}

/// Whether `base_resp` of `MiniMax` reports a failure: every answer has it, and its code is 0 if all is well.
pub(super) fn has_failed_base(value: &Value) -> bool {
    value.pointer("/base_resp/status_code").is_some_and(is_failure_code)
}

/// Whether the value of a key `error` reports an error.
pub(crate) fn says_something(error: &Value) -> bool {
    match error {
        Value::Null | Value::Bool(false) => false,
        Value::String(text) => !text.trim().is_empty(),
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::Array(list) => list.iter().any(says_something),
        Value::Object(map) => map.values().any(says_something),
        Value::Bool(true) => true,
    }
}

fn is_failure_code(code: &Value) -> bool {
    match code {
        Value::Number(number) => {
            !matches!(number.as_f64(), Some(code) if code == 0.0 || (200.0..300.0).contains(&code))
        }
        Value::String(code) => {
            let fine = ["", "0", "200", "ok", "success"];
            !fine.iter().any(|fine| code.trim().eq_ignore_ascii_case(fine))
        }
        _ => false,
    }
}

fn is_failed(status: &Value) -> bool {
    let status = status.as_str().unwrap_or_default();
    ["error", "failed", "failure", "fail"]
        .iter()
        .any(|failed| status.eq_ignore_ascii_case(failed))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_says_that_all_is_well_is_no_report() {
        for healthy in [
            json!({"error": null}),
            json!({"error": ""}),
            json!({"error": {}}),
            json!({"error": false}),
            json!({"error": {"code": 0, "message": "", "details": []}}),
            json!({"success": true, "errors": [], "messages": []}),
            json!({"base_resp": {"status_code": 0, "status_msg": "success"}}),
            json!({"base_resp": {"status_code": "0"}}),
            json!({"code": 0, "message": "success"}),
            json!({"code": "200", "msg": "ok"}),
            json!({"status": "completed", "message": "done"}),
            json!({"status": "error"}),
            json!({"type": "message_start", "message": {"role": "assistant"}}),
            json!({"type": "ping"}),
            json!({"message": "a message alone"}),
            json!({"title": "a title", "status": 200}),
            json!({"Response": {"RequestId": "r", "Error": null}}),
            json!([]),
            json!([[]]),
            json!("error"),
        ] {
            assert!(!is_report(&healthy), "{healthy}");
        }
    }

    #[test]
    fn a_failure_is_a_report_in_whatever_form() {
        for report in [
            json!({"error": "boom"}),
            json!({"error": true, "message": "boom"}),
            json!([{"error": {"code": 500}}]),
            json!({"object": "error"}),
            json!({"detail": "boom"}),
            json!({"errors": [{"message": "boom"}]}),
            json!({"message": "boom", "code": 500}),
            json!({"type": "exception", "msg": "boom"}),
            json!({"base_resp": {"status_code": 1004}}),
            json!({"success": false}),
            json!({"status": "FAILED", "message": "boom"}),
            json!({"Response": {"Error": {"Code": "InternalError"}}}),
            json!({"error_code": 17, "error_msg": "boom"}),
            json!({"title": "Bad Gateway", "status": 502}),
        ] {
            assert!(is_report(&report), "{report}");
        }
    }
}
