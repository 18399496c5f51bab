//! From items, and pieces of items, to chunks.

use cadena_core::{AIMessageChunk, ChunkPosition, Content, ContentPart, Logprobs, ToolCallChunk};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::answer::{Event, Item, Message, Part, Response};
use super::slot::{Piece, Slot, Slots};
use crate::convert::{PROVIDER, UsageNames, count};

type Read<T> = serde_json::Result<T>;

/// Puts a message together out of what has come.
///
/// An item that comes whole gives what its pieces have not given. So a stream adds up to the response that ends it, and a
/// whole answer is nothing but such an end: the two cannot differ.
#[derive(Debug, Default)]
pub(crate) struct Assembler {
    slots: Slots,
    /// The number of the next block.
    blocks: i64,
    /// Whether a tool of the caller's is called.
    calls: bool,
    /// The calls of custom tools whose input has ended.
    custom: Vec<i64>,
    /// Whether the id of the response has been given away.
    named: bool,
}

impl Assembler {
    /// A response that has begun. Whether there is something to give away.
    pub(crate) fn begin(&mut self, response: &Response<'_>, chunk: &mut AIMessageChunk) -> bool {
        let Some(id) = response.id.known().filter(|_| !self.named) else {
            return false;
        };
        self.named = true;
        chunk.content = Content::Parts(Vec::new());
        chunk.id = Some(id.to_owned());
        chunk.response_metadata.id = Some(id.to_owned());
        provided(chunk);
        true
    }

    /// A piece of a text.
    pub(crate) fn text(&mut self, event: Event<'_>, chunk: &mut AIMessageChunk) -> bool {
        self.part(event, "text", chunk)
    }

    /// A piece of a refusal.
    pub(crate) fn refusal(&mut self, event: Event<'_>, chunk: &mut AIMessageChunk) -> bool {
        self.part(event, "refusal", chunk)
    }

    fn part(&mut self, event: Event<'_>, kind: &'static str, chunk: &mut AIMessageChunk) -> bool {
        let Some(slot) = self.slots.find(event.item_id.known(), event.output_index) else {
            return false;
        };
        let place = event.content_index.unwrap_or(0);
        let is_new = !slot.parts.contains_key(&place);
        let piece = part_of(slot, place, &mut self.blocks);
        let delta = event.delta.into_string().unwrap_or_default();
        // An empty piece says where its part stands among the others.
        if delta.is_empty() && event.logprobs.is_empty() && !is_new {
            return false;
        }
        piece.said += delta.len();
        piece.tokens += event.logprobs.len();
        if kind == "refusal" {
            refuse(chunk, &delta);
        }
        push(chunk, text_block(kind, kind, delta, piece.block));
        logprobs(chunk, event.logprobs);
        provided(chunk);
        true
    }

    /// A piece of a thought (`content`) or of its summary.
    pub(crate) fn thought(&mut self, event: Event<'_>, list: &'static str, chunk: &mut AIMessageChunk) -> bool {
        let Some(slot) = self.slots.find(event.item_id.known(), event.output_index) else {
            return false;
        };
        let (parts, kind, place) = match list {
            "summary" => (&mut slot.parts, "summary_text", event.summary_index),
            _ => (&mut slot.thoughts, "reasoning_text", event.content_index),
        };
        let place = place.unwrap_or(0);
        let delta = event.delta.into_string().unwrap_or_default();
        parts.entry(place).or_default().said += delta.len();
        let part = text_block(kind, "text", delta, place.into());
        let mut block = Map::new();
        block.insert("type".to_owned(), "reasoning".into());
        block.insert(list.to_owned(), Value::Array(vec![part.into()]));
        block.insert("index".to_owned(), (*number(slot, &mut self.blocks)).into());
        push(chunk, block);
        provided(chunk);
        true
    }

    /// A piece of a call's arguments, or of the input of a custom tool.
    pub(crate) fn arguments(&mut self, event: Event<'_>, kind: &'static str, chunk: &mut AIMessageChunk) -> bool {
        let Some(slot) = self.slots.find(event.item_id.known(), event.output_index) else {
            return false;
        };
        let delta = event.delta.into_string().unwrap_or_default();
        slot.said += delta.len();
        let index = *number(slot, &mut self.blocks);
        let key = if kind == FUNCTION { "arguments" } else { "input" };
        let args = arguments(slot, kind, &delta);
        chunk.tool_call_chunks = vec![ToolCallChunk::new(index).with_args(args)];
        push(chunk, text_block(kind, key, delta, index));
        provided(chunk);
        true
    }

    /// An item that has begun.
    pub(crate) fn item_added(&mut self, event: &Event<'_>, chunk: &mut AIMessageChunk) -> Read<bool> {
        let Some(raw) = event.item else { return Ok(false) };
        let item = match Item::read(raw)? {
            Item::Message(message) => {
                self.slots.begin(message.id.known(), event.output_index);
                return Ok(false);
            }
            Item::Other(item) => item,
        };
        let Some(slot) = self.slots.begin(text_of(&item, "id"), event.output_index) else {
            return Ok(false);
        };
        let index = *number(slot, &mut self.blocks);
        let begins: &[&str] = match text_of(&item, "type") {
            Some(FUNCTION | CUSTOM) => &["type", "name", "call_id", "id"],
            _ => &["type", "id"],
        };
        let mut block = Map::new();
        if let Some((key, text, call)) = call(slot, &item, index) {
            self.calls = true;
            block.insert(key.to_owned(), text.into());
            chunk.tool_call_chunks = vec![call];
        }
        for key in begins {
            if let Some(value) = text_of(&item, key) {
                slot.sent.push((*key).to_owned());
                block.insert((*key).to_owned(), value.into());
            }
        }
        block.insert("index".to_owned(), index.into());
        push(chunk, block);
        provided(chunk);
        Ok(true)
    }

    /// An item that has come whole.
    pub(crate) fn item_done(&mut self, event: &Event<'_>, chunk: &mut AIMessageChunk) -> Read<bool> {
        let Some(raw) = event.item else { return Ok(false) };
        self.close(raw, event.output_index, chunk)
    }

    /// The end: what no event has brought before it, and what is said about the whole.
    pub(crate) fn finish(&mut self, response: Response<'_>, asked_model: &str, chunk: &mut AIMessageChunk) -> Read<()> {
        self.begin(&response, chunk);
        for (place, raw) in (0..).zip(response.output.iter().flatten()) {
            self.close(raw, Some(place), chunk)?;
        }
        self.end_inputs(&response, chunk);
        if chunk.content.is_empty() {
            chunk.content = Content::Parts(Vec::new());
        }
        provided(chunk);
        chunk.chunk_position = Some(ChunkPosition::Last);
        self.describe(response, asked_model, chunk);
        Ok(())
    }

    /// Ends the inputs of custom tools, except the one that was cut: that is the last thing of an incomplete response.
    fn end_inputs(&mut self, response: &Response<'_>, chunk: &mut AIMessageChunk) {
        let cut = (response.status.known() == Some("incomplete")).then_some(self.blocks - 1);
        for index in std::mem::take(&mut self.custom) {
            if Some(index) == cut {
                continue;
            }
            let here = chunk
                .tool_call_chunks
                .iter_mut()
                .find(|piece| piece.index == Some(index));
            match here.and_then(|piece| piece.args.as_mut()) {
                Some(args) => args.push_str("\"}"),
                None => chunk.tool_call_chunks.push(ToolCallChunk::new(index).with_args("\"}")),
            }
        }
    }

    fn close(&mut self, raw: &RawValue, place: Option<u32>, chunk: &mut AIMessageChunk) -> Read<bool> {
        if raw.get() == "null" {
            return Ok(false);
        }
        let mut item = match Item::read(raw)? {
            Item::Message(message) => return self.close_message(&message, place, chunk),
            Item::Other(item) => item,
        };
        let Some(slot) = self.slots.find(text_of(&item, "id"), place) else {
            return Ok(false);
        };
        if std::mem::replace(&mut slot.closed, true) {
            return Ok(false);
        }
        let index = *number(slot, &mut self.blocks);
        let kind = text_of(&item, "type").unwrap_or_default().to_owned();
        if let Some((key, rest, call)) = call(slot, &item, index) {
            self.calls = true;
            if kind == CUSTOM {
                self.custom.push(index);
            }
            item.insert(key.to_owned(), rest.into());
            chunk.tool_call_chunks.push(call);
        }
        if kind == "reasoning" {
            rest_of_list(&mut item, "summary", &slot.parts);
            rest_of_list(&mut item, "content", &slot.thoughts);
        }
        item.retain(|key, _| key == "type" || !slot.has_sent(key));
        item.insert("index".to_owned(), index.into());
        push(chunk, item);
        provided(chunk);
        Ok(true)
    }

    fn close_message(&mut self, message: &Message<'_>, place: Option<u32>, chunk: &mut AIMessageChunk) -> Read<bool> {
        let Some(slot) = self.slots.find(message.id.known(), place) else {
            return Ok(false);
        };
        if std::mem::replace(&mut slot.closed, true) {
            return Ok(false);
        }
        for (place, part) in (0..).zip(message.parts()?) {
            let piece = part_of(slot, place, &mut self.blocks);
            let block = match part.known.r#type.known() {
                Some("output_text" | "text") => {
                    logprobs(chunk, part.tokens_from(piece.tokens)?);
                    rest_of_text(&part, piece)
                }
                Some("refusal") => {
                    let rest = piece.rest(part.known.refusal.known().unwrap_or_default()).to_owned();
                    refuse(chunk, &rest);
                    text_block("refusal", "refusal", rest, piece.block)
                }
                _ => {
                    let mut block = part.object()?;
                    block.insert("index".to_owned(), piece.block.into());
                    block
                }
            };
            push(chunk, of_message(block, message));
        }
        provided(chunk);
        Ok(!chunk.content.is_empty())
    }

    fn describe(&self, response: Response<'_>, asked_model: &str, chunk: &mut AIMessageChunk) {
        let Response {
            id,
            model,
            status,
            service_tier,
            error: _,
            incomplete_details,
            created_at,
            metadata,
            object,
            user,
            usage,
            output: _,
        } = response;
        if let Some(Value::Object(usage)) = usage {
            chunk.usage_metadata = Some(count(&usage, &UsageNames::RESPONSES, service_tier.known()));
            chunk.response_metadata.token_usage = Some(Box::new(usage));
        }
        let said = &mut chunk.response_metadata;
        let reason = incomplete_details
            .as_ref()
            .and_then(|details| details.get("reason")?.as_str());
        said.finish_reason = match (status.known(), reason) {
            (Some("incomplete"), Some("max_output_tokens")) => Some("length".to_owned()),
            (Some("incomplete"), reason) => Some(reason.unwrap_or("incomplete").to_owned()),
            (Some("completed") | None, _) if self.calls => Some("tool_calls".to_owned()),
            (Some("completed") | None, _) => Some("stop".to_owned()),
            // An answer that is worked on in the background has not finished.
            _ => None,
        };
        said.id = id.known().map(str::to_owned);
        said.model_name = Some(model.known().unwrap_or(asked_model).to_owned());
        said.service_tier = service_tier.known().map(str::to_owned);
        let texts = [("model", model), ("status", status)];
        let texts = texts.map(|(key, text)| (key, text.into_string().map(Value::String)));
        let others = [
            ("created_at", created_at),
            ("incomplete_details", incomplete_details),
            ("metadata", metadata),
            ("object", object),
            ("user", user),
        ];
        for (key, value) in others.into_iter().chain(texts) {
            if let Some(value) = value.filter(|value| !value.is_null()) {
                said.extra.insert(key.to_owned(), value);
            }
        }
    }
}

/// A call of a function, by its type on the wire.
pub(super) const FUNCTION: &str = "function_call";
/// A call of a tool whose input is free text, by its type on the wire.
pub(super) const CUSTOM: &str = "custom_tool_call";
/// LangChain's name for a single argument that has none.
const ONLY_ARGUMENT: &str = "{\"__arg1\":\"";

/// What an item of a call adds to its call: the member with its text, what is new of this text, and the piece.
fn call(slot: &mut Slot, item: &Map<String, Value>, index: i64) -> Option<(&'static str, String, ToolCallChunk)> {
    let kind = text_of(item, "type")?;
    let key = match kind {
        FUNCTION => "arguments",
        CUSTOM => "input",
        _ => return None,
    };
    let new = |key| text_of(item, key).filter(|_| !slot.has_sent(key)).map(str::to_owned);
    let mut piece = ToolCallChunk::new(index);
    (piece.name, piece.id) = (new("name"), new("call_id"));
    let rest = text_of(item, key).and_then(|text| text.get(slot.said..));
    let rest = rest.unwrap_or_default().to_owned();
    slot.said += rest.len();
    piece.args = Some(arguments(slot, kind, &rest));
    Some((key, rest, piece))
}

/// A piece of a call's arguments. The input of a custom tool is a text, and goes into the only argument.
fn arguments(slot: &mut Slot, kind: &str, text: &str) -> String {
    if kind == FUNCTION {
        return text.to_owned();
    }
    let begin = if std::mem::replace(&mut slot.opened, true) {
        ""
    } else {
        ONLY_ARGUMENT
    };
    format!("{begin}{}", escaped(text))
}

/// A text as it stands inside of a JSON text.
fn escaped(text: &str) -> String {
    let quoted = Value::from(text).to_string();
    let inner = quoted.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    inner.unwrap_or_default().to_owned()
}

fn text_of<'a>(item: &'a Map<String, Value>, key: &str) -> Option<&'a str> {
    item.get(key)?.as_str().filter(|text| !text.is_empty())
}

/// The number of the block of an item that is one block.
fn number<'a>(slot: &'a mut Slot, blocks: &mut i64) -> &'a mut i64 {
    slot.block.get_or_insert_with(|| next(blocks))
}

fn next(blocks: &mut i64) -> i64 {
    *blocks += 1;
    *blocks - 1
}

/// A part of a message, a new one if it is not known.
fn part_of<'a>(slot: &'a mut Slot, place: u32, blocks: &mut i64) -> &'a mut Piece {
    slot.parts.entry(place).or_insert_with(|| Piece {
        block: next(blocks),
        ..Piece::default()
    })
}

/// A block with one text.
fn text_block(kind: &str, key: &str, text: String, index: i64) -> Map<String, Value> {
    let mut block = Map::with_capacity(3);
    block.insert("type".to_owned(), kind.into());
    block.insert(key.to_owned(), text.into());
    block.insert("index".to_owned(), index.into());
    block
}

/// What the whole text adds to its pieces: the rest, and what it cites.
///
/// Citations are given at once: those of a file have an `index` of their own, by which two of them would be added up.
fn rest_of_text(part: &Part<'_>, piece: &Piece) -> Map<String, Value> {
    let rest = piece.rest(part.known.text.known().unwrap_or_default());
    let mut block = text_block("text", "text", rest.to_owned(), piece.block);
    if let Some(annotations) = &part.known.annotations {
        block.insert("annotations".to_owned(), annotations.clone());
    }
    block
}

/// Writes into a part what its message says about all of them.
fn of_message(mut block: Map<String, Value>, message: &Message<'_>) -> Map<String, Value> {
    if let Some(id) = message.id.known() {
        block.insert("id".to_owned(), id.into());
    }
    if let Some(phase) = message.phase.as_ref().filter(|phase| !phase.is_null()) {
        block.insert("phase".to_owned(), phase.clone());
    }
    if let Some(status) = message.status.known().filter(|status| *status != "completed") {
        block.insert("status".to_owned(), status.into());
    }
    block
}

/// Leaves what is new in a list of texts, numbered so that it finds the pieces.
fn rest_of_list(item: &mut Map<String, Value>, key: &str, pieces: &std::collections::BTreeMap<u32, Piece>) {
    let Some(Value::Array(parts)) = item.get_mut(key) else {
        return;
    };
    for (place, part) in (0..).zip(parts) {
        let Value::Object(part) = part else { continue };
        if let Some(piece) = pieces.get(&place) {
            let rest = part.get("text").and_then(Value::as_str);
            let rest = piece.rest(rest.unwrap_or_default()).to_owned();
            part.insert("text".to_owned(), rest.into());
        }
        part.insert("index".to_owned(), place.into());
    }
}

fn push(chunk: &mut AIMessageChunk, block: Map<String, Value>) {
    let part = ContentPart::Block(block);
    match &mut chunk.content {
        Content::Parts(parts) => parts.push(part),
        Content::Text(_) => chunk.content = Content::Parts(vec![part]),
    }
}

fn refuse(chunk: &mut AIMessageChunk, text: &str) {
    if let Some(Value::String(refusal)) = chunk.additional_kwargs.get_mut("refusal") {
        refusal.push_str(text);
    } else if !text.is_empty() {
        chunk.additional_kwargs.insert("refusal", text);
    }
}

fn logprobs(chunk: &mut AIMessageChunk, tokens: Vec<cadena_core::TokenLogprob>) {
    if tokens.is_empty() {
        return;
    }
    let logprobs = &mut chunk.response_metadata.logprobs;
    match logprobs.as_mut().and_then(|logprobs| logprobs.content.as_mut()) {
        Some(content) => content.extend(tokens),
        None => *logprobs = Some(Logprobs::content(tokens)),
    }
}

fn provided(chunk: &mut AIMessageChunk) {
    if chunk.response_metadata.model_provider.is_none() {
        chunk.response_metadata.model_provider = Some(PROVIDER.into());
    }
}
