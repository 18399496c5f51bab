//! Tool calls as OpenAI writes them: what can be run is a call, everything else is kept as it was written.

use cadena_core::messages::{ToolCallParsing, make_invalid_tool_call, parse_tool_call};
use cadena_core::{AIMessage, ErrorKind};
use serde_json::{Value, json};

fn call(arguments: impl Into<Value>) -> Value {
    json!({"id": "c1", "type": "function", "function": {"name": "pay", "arguments": arguments.into()}})
}

#[test]
fn a_call_that_cannot_be_read_is_kept_as_the_server_wrote_it() {
    for (arguments, kept) in [
        (json!("{\"amount\": 10"), "{\"amount\": 10"),
        (json!("[10]"), "[10]"),
        (json!([10]), "[10]"),
        (json!(10), "10"),
    ] {
        let raw = call(arguments);
        let error = parse_tool_call(&raw, ToolCallParsing::new()).unwrap_err();
        let invalid = make_invalid_tool_call(&raw, Some(error.detail().to_owned()));
        assert_eq!(
            (invalid.name.as_deref(), invalid.id.as_deref()),
            (Some("pay"), Some("c1")),
            "{raw}"
        );
        assert_eq!(invalid.args.as_deref(), Some(kept), "{raw}");
        assert_eq!(invalid.error.as_deref(), Some(error.detail()), "{raw}");
    }
}

#[test]
fn members_that_a_call_has_no_field_for_are_kept_in_both_forms() {
    let mut raw = call("{}");
    raw["extra_content"] = json!({"signature": "x"});
    let valid = parse_tool_call(&raw, ToolCallParsing::new()).unwrap().unwrap();
    assert_eq!(valid.extra["extra_content"]["signature"], "x");
    assert_eq!(make_invalid_tool_call(&raw, None).extra, valid.extra);
}

#[test]
fn an_invalid_call_survives_the_json_of_its_message() {
    let mut message = AIMessage::new("");
    message
        .invalid_tool_calls
        .push(make_invalid_tool_call(&call("{"), Some("cut off".to_owned())));
    let read: AIMessage = serde_json::from_value(serde_json::to_value(&message).unwrap()).unwrap();
    assert_eq!(read, message);
}

#[test]
fn a_call_without_a_name_is_the_callers_fault() {
    let raw = json!({"id": "c1", "function": {"arguments": "{}"}});
    assert_eq!(
        parse_tool_call(&raw, ToolCallParsing::new()).unwrap_err().kind(),
        ErrorKind::InvalidInput
    );
}
