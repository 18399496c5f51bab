//! Structured output of the OpenAI model: its requests, and its reading of the answers.

use cadena_core::{Bind, ChatModel, ChatModelExt, RunnableExt, Structured, StructuredMethod};
use serde_json::{Value, json};

use crate::errors::CaseError;
use crate::merge::arg;
use crate::openai::{block_on, bound_tools, number, prompt};

/// LangChain's `with_structured_output(schema, **kwargs)`.
pub(crate) fn step(llm: &(impl ChatModel + Clone), given: &Value) -> Result<Structured<Value>, CaseError> {
    let kwarg = |key: &str| arg(given, "kwargs").get(key);
    let schema = arg(given, "schema");
    if schema.is_null() {
        return Err(CaseError::does_not_compile("no schema"));
    }
    let name = arg(schema, "title").as_str().unwrap_or_default();
    let step = match kwarg("tools") {
        None => llm.with_structured_output_schema(name, schema.clone()),
        Some(tools) => {
            let tools = bound_tools(&json!({"tools": tools, "kwargs": {}}))?;
            llm.bind(tools).with_structured_output_schema(name, schema.clone())
        }
    };
    let step = match kwarg("method").and_then(Value::as_str) {
        Some("function_calling") => step.method(StructuredMethod::FunctionCalling),
        Some("json_mode") => step.method(StructuredMethod::JsonMode),
        _ => step,
    };
    Ok(match kwarg("strict").and_then(Value::as_bool) {
        Some(strict) => step.strict(strict),
        None => step,
    })
}

/// `invoke`, with the message beside the value where the case wants it.
pub(crate) fn response(llm: &(impl ChatModel + Clone), args: &Value, given: &Value) -> Result<Value, CaseError> {
    let (step, prompt) = (step(llm, given)?, prompt(args)?);
    if arg(given, "kwargs").get("include_raw").is_some_and(|raw| *raw == true) {
        let output = block_on(async { step.include_raw().invoke(prompt).await })??;
        let mut dump = serde_json::to_value(output)?;
        if let Some(raw) = dump.get_mut("raw") {
            number(raw);
        }
        return Ok(dump);
    }
    let answer = block_on(async { step.invoke(prompt).await })??;
    Ok(serde_json::to_value(answer)?)
}
