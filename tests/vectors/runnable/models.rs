//! LangChain's two fake models, written as a provider would write them.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use cadena_core::{
    AIMessage, AIMessageChunk, ChatModel, ChatRequest, ChunkPosition, ChunkStream, Error, ErrorKind, ModelProfile,
    Result, RunContext, async_trait,
};
use futures::{StreamExt, stream};
use serde_json::{Map, Value, json};

use super::functions::Raised;

/// `FakeListChatModel`: answers in turns, one character per chunk.
#[derive(Clone)]
pub(super) struct FakeChat {
    pub(super) responses: Arc<[String]>,
    pub(super) error_on_chunk: Option<usize>,
    pub(super) next: Arc<AtomicUsize>,
}

impl FakeChat {
    fn response(&self) -> String {
        let turn = self.next.fetch_add(1, Ordering::Relaxed);
        let turn = turn.checked_rem(self.responses.len()).unwrap_or_default();
        self.responses.get(turn).cloned().unwrap_or_default()
    }
}

#[async_trait]
impl ChatModel for FakeChat {
    fn profile(&self) -> ModelProfile {
        ModelProfile::new("fake", "fake-list").with_all_options()
    }

    fn name(&self) -> Cow<'_, str> {
        Cow::Borrowed("FakeListChatModel")
    }

    fn stream_chat(&self, _request: ChatRequest, _cx: RunContext) -> ChunkStream<AIMessage> {
        let response = self.response();
        let last = response.chars().count().saturating_sub(1);
        let mut chunks = Vec::new();
        for (index, character) in response.chars().enumerate() {
            if self.error_on_chunk == Some(index) {
                let raised = Raised::new("FakeListChatModelError", "");
                chunks.push(Err(
                    Error::new(ErrorKind::Step, "the fake model fails").with_source(raised)
                ));
                break;
            }
            let mut chunk = AIMessageChunk::new(character.to_string());
            chunk.chunk_position = (index == last).then_some(ChunkPosition::Last);
            chunks.push(Ok(chunk));
        }
        stream::iter(chunks).boxed()
    }

    async fn chat(&self, _request: ChatRequest, _cx: RunContext) -> Result<AIMessage> {
        Ok(AIMessage::new(self.response()))
    }
}

/// `GenericFakeChatModel`: answers each message once, words and the spaces between them.
#[derive(Clone)]
pub(super) struct GenericChat {
    pub(super) messages: Arc<Mutex<VecDeque<AIMessage>>>,
}

impl GenericChat {
    fn next(&self) -> Result<AIMessage> {
        let mut messages = self.messages.lock().unwrap_or_else(PoisonError::into_inner);
        let raised = || Raised::new("RuntimeError", "the messages are used up");
        messages
            .pop_front()
            .ok_or_else(|| Error::new(ErrorKind::Step, "the fake model fails").with_source(raised()))
    }
}

#[async_trait]
impl ChatModel for GenericChat {
    fn profile(&self) -> ModelProfile {
        ModelProfile::new("fake", "fake-generic").with_all_options()
    }

    fn name(&self) -> Cow<'_, str> {
        Cow::Borrowed("GenericFakeChatModel")
    }

    fn stream_chat(&self, _request: ChatRequest, _cx: RunContext) -> ChunkStream<AIMessage> {
        let chunks = match self.next().and_then(|message| pieces(&message)) {
            Ok(chunks) => chunks.into_iter().map(Ok).collect(),
            Err(error) => vec![Err(error)],
        };
        stream::iter(chunks).boxed()
    }

    async fn chat(&self, _request: ChatRequest, _cx: RunContext) -> Result<AIMessage> {
        self.next()
    }
}

fn pieces(message: &AIMessage) -> Result<Vec<AIMessageChunk>> {
    let text = message.text();
    let extra = extra_pieces(message);
    let words: Vec<_> = match text.is_empty() {
        true => Vec::new(),
        false => split_keeping(&text, char::is_whitespace),
    };
    let last = words.len().checked_sub(1).filter(|_| extra.is_empty());
    let words = words.into_iter().enumerate().map(|(index, word)| {
        let mut chunk = AIMessageChunk::new(word);
        chunk.chunk_position = (Some(index) == last).then_some(ChunkPosition::Last);
        Ok(chunk)
    });
    let extra = extra.into_iter().map(|kwargs| {
        let chunk = serde_json::from_value(json!({"content": "", "additional_kwargs": kwargs}));
        chunk.map_err(|error| Error::new(ErrorKind::InvalidInput, "no chunk").with_source(error))
    });
    let chunks = words.chain(extra).map(|chunk: Result<AIMessageChunk>| {
        let mut chunk = chunk?;
        chunk.id.clone_from(&message.id);
        Ok(chunk)
    });
    chunks.collect()
}

/// Unknown members come one by one, the parts of a function call at their commas.
fn extra_pieces(message: &AIMessage) -> Vec<Value> {
    let extra = serde_json::to_value(message).unwrap_or_default();
    let extra = extra
        .get("additional_kwargs")
        .and_then(Value::as_object)
        .cloned()
        .unwrap_or_default();
    let mut pieces = Vec::new();
    for (key, value) in extra {
        match value {
            Value::Object(call) if key == "function_call" => {
                for (part, value) in call {
                    let values = match &value {
                        Value::String(text) => split_keeping(text, |c| c == ',').into_iter().map(Value::from).collect(),
                        _ => vec![value],
                    };
                    let piece = |value| json!({"function_call": Map::from_iter([(part.clone(), value)])});
                    pieces.extend(values.into_iter().map(piece));
                }
            }
            value => pieces.push(Map::from_iter([(key, value)]).into()),
        }
    }
    pieces
}

/// Python's `re.split` with a group: the separators are pieces too, and between two of them is an empty one.
fn split_keeping(text: &str, separates: impl Fn(char) -> bool) -> Vec<String> {
    let mut pieces = vec![String::new()];
    for character in text.chars() {
        if separates(character) {
            pieces.extend([character.to_string(), String::new()]);
        } else if let Some(piece) = pieces.last_mut() {
            piece.push(character);
        }
    }
    pieces
}
