//! Content in standard blocks.

use cadena_core::messages::{ContentBlock, OpenAIApi, convert_to_openai_data_block, is_data_content_block};
use cadena_core::{AIMessage, AIMessageChunk, ChatMessage, FunctionMessage, HumanMessage, SystemMessage, ToolMessage};
use serde_json::{Map, Value, json};

use crate::errors::CaseError;
use crate::merge::arg;

pub(crate) fn content_blocks(args: &Value) -> Result<Value, CaseError> {
    let mut kwargs = arg(args, "message").clone();
    let class = kwargs
        .as_object_mut()
        .and_then(|kwargs| kwargs.remove("cls"))
        .unwrap_or_default();
    macro_rules! view {
        ($type:ty) => {{
            let message: $type = serde_json::from_value(kwargs)?;
            (message.content_blocks(), message.text().into_owned())
        }};
    }
    let (blocks, text): (Vec<ContentBlock>, String) = match class.as_str().unwrap_or_default() {
        "AIMessage" => view!(AIMessage),
        "AIMessageChunk" => view!(AIMessageChunk),
        "HumanMessage" | "HumanMessageChunk" => view!(HumanMessage),
        "SystemMessage" | "SystemMessageChunk" => view!(SystemMessage),
        "ToolMessage" | "ToolMessageChunk" => view!(ToolMessage),
        "ChatMessage" | "ChatMessageChunk" => view!(ChatMessage),
        _ => view!(FunctionMessage),
    };
    Ok(json!({"blocks": blocks, "text": text}))
}

pub(crate) fn to_openai_data_block(args: &Value) -> Result<Value, CaseError> {
    let block: Map<String, Value> = serde_json::from_value(arg(args, "block").clone())?;
    let api = match arg(args, "api").as_str() {
        Some("responses") => OpenAIApi::Responses,
        _ => OpenAIApi::ChatCompletions,
    };
    let sent = convert_to_openai_data_block(&block, api)?;
    Ok(json!({"is_data": is_data_content_block(&block), "block": sent}))
}
