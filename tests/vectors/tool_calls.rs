//! Tool calls as OpenAI writes them.

use cadena_core::ToolCall;
use cadena_core::messages::{ToolCallParsing, parse_tool_call, parse_tool_calls};
use serde_json::{Value, json};

use crate::errors::CaseError;
use crate::merge::arg;

fn parsing(args: &Value) -> ToolCallParsing {
    let kwargs = arg(args, "kwargs");
    let flag = |key, default| kwargs.get(key).and_then(Value::as_bool).unwrap_or(default);
    ToolCallParsing::new()
        .partial(flag("partial", false))
        .strict(flag("strict", false))
        .return_id(flag("return_id", true))
}

/// Without an id, LangChain gives a plain object of name and arguments.
fn dump(call: ToolCall, parsing: ToolCallParsing) -> Result<Value, CaseError> {
    if parsing.return_id {
        return Ok(serde_json::to_value(call)?);
    }
    Ok(json!({"name": call.name, "args": call.args}))
}

pub(crate) fn parse_one(args: &Value) -> Result<Value, CaseError> {
    let parsing = parsing(args);
    let call = parse_tool_call(arg(args, "raw"), parsing)?;
    call.map_or(Ok(Value::Null), |call| dump(call, parsing))
}

pub(crate) fn parse_list(args: &Value) -> Result<Value, CaseError> {
    let parsing = parsing(args);
    let raw = arg(args, "raws").as_array().cloned().unwrap_or_default();
    let calls = parse_tool_calls(&raw, parsing)?;
    calls.into_iter().map(|call| dump(call, parsing)).collect()
}
