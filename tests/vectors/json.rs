//! JSON as models write it.

use cadena_core::json::{
    parse_and_check_json_markdown, parse_json_markdown, parse_partial_json, parse_partial_json_strict,
};
use serde_json::Value;

use crate::errors::CaseError;
use crate::merge::arg;

fn text(args: &Value) -> &str {
    arg(args, "text").as_str().unwrap_or_default()
}

pub(crate) fn parse_partial(args: &Value) -> Result<Value, CaseError> {
    let strict = arg(args, "strict").as_bool().unwrap_or_default();
    let parse = if strict {
        parse_partial_json_strict
    } else {
        parse_partial_json
    };
    Ok(parse(text(args))?)
}

pub(crate) fn parse_markdown(args: &Value) -> Result<Value, CaseError> {
    Ok(parse_json_markdown(text(args))?)
}

pub(crate) fn parse_and_check_markdown(args: &Value) -> Result<Value, CaseError> {
    let keys = arg(args, "expected_keys")
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str);
    Ok(parse_and_check_json_markdown(text(args), keys)?.into())
}
