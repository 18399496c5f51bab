//! Messages of every kind: their addition, and the histories that they are stored in.

use cadena_core::{
    AnyMessage, ChatGenerationChunk, Error, ErrorKind, Merge, Message, MessageChunk, convert_to_messages, merge_all,
    messages_from_dict,
};
use serde_json::{Value, json};

use crate::errors::CaseError;
use crate::merge::arg;

/// The class of a case's message, and the `type` of its JSON.
const CLASSES: [(&str, &str); 13] = [
    ("HumanMessage", "human"),
    ("SystemMessage", "system"),
    ("AIMessage", "ai"),
    ("ToolMessage", "tool"),
    ("ChatMessage", "chat"),
    ("FunctionMessage", "function"),
    ("RemoveMessage", "remove"),
    ("HumanMessageChunk", "HumanMessageChunk"),
    ("SystemMessageChunk", "SystemMessageChunk"),
    ("AIMessageChunk", "AIMessageChunk"),
    ("ToolMessageChunk", "ToolMessageChunk"),
    ("ChatMessageChunk", "ChatMessageChunk"),
    ("FunctionMessageChunk", "FunctionMessageChunk"),
];

/// A built message of a case: its class and what its constructor was called with.
pub(crate) fn built(value: &Value) -> Result<AnyMessage, CaseError> {
    let mut kwargs = value.as_object().cloned().unwrap_or_default();
    let class = kwargs.shift_remove("cls").unwrap_or_default();
    let (_, kind) = CLASSES.into_iter().find(|(name, _)| class == *name).unwrap_or_default();
    kwargs.insert("type".to_owned(), kind.into());
    Ok(serde_json::from_value(kwargs.into())?)
}

fn chunk(value: &Value) -> Result<MessageChunk, CaseError> {
    match built(value)? {
        AnyMessage::Chunk(chunk) => Ok(chunk),
        // What has no type in Rust: a chunk plus a whole message.
        AnyMessage::Message(_) => Err(Error::new(ErrorKind::Merge, "only chunks add up").into()),
    }
}

fn list<T>(value: &Value, read: fn(&Value) -> Result<T, CaseError>) -> Result<Vec<T>, CaseError> {
    value.as_array().into_iter().flatten().map(read).collect()
}

/// A message and its class, as the cases have their results.
pub(crate) fn dump(message: &AnyMessage) -> Result<Value, CaseError> {
    let kind = message.kind();
    let (class, _) = CLASSES
        .into_iter()
        .find(|(_, known)| *known == kind)
        .unwrap_or_default();
    Ok(json!({"cls": class, "dump": serde_json::to_value(message)?}))
}

pub(crate) fn dump_all<M: Clone + Into<AnyMessage>>(messages: &[M]) -> Result<Value, CaseError> {
    messages.iter().map(|message| dump(&message.clone().into())).collect()
}

/// One of the forms that LangChain takes where a message belongs; a built one stays what it is.
pub(crate) fn message_like(value: &Value) -> Result<Vec<AnyMessage>, CaseError> {
    if value.get("cls").is_some() {
        return Ok(vec![built(value)?]);
    }
    Ok(convert_to_messages(json!([value]))?
        .into_iter()
        .map(AnyMessage::from)
        .collect())
}

/// A case's messages.
pub(crate) fn messages(args: &Value) -> Result<Vec<Message>, CaseError> {
    let messages = arg(args, "messages");
    let one = || vec![messages.clone()];
    let list = messages.as_array().cloned().unwrap_or_else(one);
    let read: Result<Vec<_>, CaseError> = list.iter().map(message_like).collect();
    Ok(read?.into_iter().flatten().map(Message::from).collect())
}

/// LangChain's two ways to add (`fold`, `list`) are one here.
pub(crate) fn add_message_chunks(args: &Value) -> Result<Value, CaseError> {
    let mut sum = chunk(arg(args, "left"))?;
    for next in list(arg(args, "others"), chunk)? {
        sum.merge(next)?;
    }
    dump(&sum.into())
}

pub(crate) fn add_generation_chunks(args: &Value) -> Result<Value, CaseError> {
    let chunks: Vec<ChatGenerationChunk> = serde_json::from_value(arg(args, "chunks").clone())?;
    Ok(serde_json::to_value(merge_all(chunks)?)?)
}

pub(crate) fn to_dict(args: &Value) -> Result<Value, CaseError> {
    Ok(list(arg(args, "messages"), built)?
        .iter()
        .map(AnyMessage::to_dict)
        .collect())
}

pub(crate) fn from_dict(args: &Value) -> Result<Value, CaseError> {
    dump_all(&messages_from_dict::<AnyMessage>(arg(args, "dicts").clone())?)
}

pub(crate) fn convert(args: &Value) -> Result<Value, CaseError> {
    let items = arg(args, "messages").as_array().cloned().unwrap_or_default();
    let read: Result<Vec<_>, CaseError> = items.iter().map(message_like).collect();
    dump_all(&read?.concat())
}

pub(crate) fn chunk_to_message(args: &Value) -> Result<Value, CaseError> {
    dump(&Message::from(built(arg(args, "chunk"))?).into())
}
