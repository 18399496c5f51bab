//! Descriptions of tools.

use cadena_core::convert_to_openai_tool;
use serde_json::Value;

use crate::errors::CaseError;
use crate::merge::arg;

pub(crate) fn convert(args: &Value) -> Result<Value, CaseError> {
    Ok(convert_to_openai_tool(
        arg(args, "tool").clone(),
        arg(args, "strict").as_bool(),
    )?)
}
