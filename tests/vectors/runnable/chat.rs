//! The steps that speak with a model: prompts, models, parsers.

use std::sync::{Arc, Mutex};

use cadena_core::{
    AIMessage, AIMessageChunk, Bind, ChatModel, ChatPromptTemplate, Dict, DictLike, Error, ErrorKind, JsonOutputParser,
    Message, PromptValue, Result, RunnableExt, StrOutputParser, Streamable, Whole,
};
use serde_json::{Value, json};

use super::adapter::Adapter;
use super::build::{Step, text, texts};
use super::models::{FakeChat, GenericChat};
use super::py::{Py, PyChunk, dump, from_piece};
use crate::errors::CaseError;
use crate::merge::arg;

/// An output parser by its name.
pub(super) fn parser(name: &Value) -> Result<Step, CaseError> {
    let text = |text: String| Ok(Some(PyChunk::Plain(text.into())));
    let json = |piece| from_piece(piece).map(Some);
    match name.as_str() {
        Some("str") => Ok(Adapter::through(StrOutputParser, whole_message, message_piece, text).boxed()),
        Some("json") => {
            Ok(Adapter::through(JsonOutputParser::new().lenient(), whole_message, message_piece, json).boxed())
        }
        _ => Err(CaseError::open("an output parser")),
    }
}

fn whole_message(input: Py) -> Result<AIMessage> {
    let message = match input.0 {
        Value::String(text) => return Ok(AIMessage::new(text)),
        message => serde_json::from_value(message),
    };
    message.map_err(|error| Error::new(ErrorKind::InvalidInput, "not a message").with_source(error))
}

fn message_piece(chunk: PyChunk) -> Result<AIMessageChunk> {
    match chunk {
        PyChunk::Message(chunk) => Ok(*chunk),
        other => whole_message(Py(other.into_json())).map(Streamable::into_chunk),
    }
}

fn prompt_value(Py(input): Py) -> Result<PromptValue> {
    let messages = match input {
        Value::String(text) => return Ok(PromptValue::from(text)),
        Value::Object(mut prompt) => prompt.remove("messages").unwrap_or_default(),
        other => other,
    };
    let messages = serde_json::from_value::<Vec<Message>>(messages);
    let messages = messages.map_err(|error| Error::new(ErrorKind::InvalidInput, "not a prompt").with_source(error));
    messages.map(PromptValue::from)
}

pub(super) fn model(spec: &Value, options: Option<Value>) -> Result<Step, CaseError> {
    if let Some(messages) = arg(spec, "generic_chat").as_array() {
        let message = |message: &Value| match message {
            Value::String(text) => Ok(AIMessage::new(text.as_str())),
            kwargs => serde_json::from_value(kwargs.clone()),
        };
        let messages = messages.iter().map(message).collect::<Result<_, _>>()?;
        let messages = Arc::new(Mutex::new(messages));
        return answering(GenericChat { messages }, options);
    }
    let model = FakeChat {
        responses: texts(spec, "fake_chat").into(),
        error_on_chunk: spec
            .get("error_on_chunk")
            .and_then(Value::as_u64)
            .and_then(|n| usize::try_from(n).ok()),
        next: Arc::default(),
    };
    answering(model, options)
}

fn answering<M: ChatModel + Clone>(model: M, options: Option<Value>) -> Result<Step, CaseError> {
    let out = |chunk| Ok(Some(PyChunk::Message(Box::new(chunk))));
    Ok(match options {
        None => Adapter::waiting(model, prompt_value, out).boxed(),
        Some(options) => Adapter::waiting(model.bind(options)?, prompt_value, out).boxed(),
    })
}

/// A list of messages, or a text that is a prompt of one.
pub(super) fn prompt(spec: &Value) -> Result<Step, CaseError> {
    let (class, template) = match spec {
        Value::String(text) => (
            "StringPromptValue",
            ChatPromptTemplate::from_messages([("human", text.as_str())])?,
        ),
        spec => {
            let messages = spec.as_array().into_iter().flatten();
            let messages = messages.map(|message| (text(arg_at(message, 0)), text(arg_at(message, 1))));
            ("ChatPromptValue", ChatPromptTemplate::from_messages(messages)?)
        }
    };
    // LangChain takes a bare value for the only variable.
    let only = match template.input_variables().as_slice() {
        [only] => Some((*only).to_owned()),
        _ => None,
    };
    let input = move |Py(input): Py| match (&only, input) {
        (Some(only), input) if !input.is_object() => Ok(Dict::from([(only.clone(), input)])),
        (_, input) => Py(input).into_dict(),
    };
    let output = move |Whole(prompt): Whole<PromptValue>| {
        let text = prompt.messages.first().map(|message| message.text().into_owned());
        let Py(messages) = dump(&prompt.messages)?;
        let prompt = json!({"prompt_value": class, "string": text, "messages": messages});
        Ok(Some(PyChunk::Plain(prompt)))
    };
    Ok(Adapter::waiting(template, input, output).boxed())
}

fn arg_at(list: &Value, index: usize) -> &Value {
    list.get(index).unwrap_or(&Value::Null)
}
