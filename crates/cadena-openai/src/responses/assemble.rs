//! From items, and pieces of items, to chunks.

use std::collections::BTreeMap;

use cadena_core::{AIMessageChunk, ChunkPosition, Content};
use serde_json::{Map, Value};

use super::answer::Response;
use super::arrived::Arrived;
use super::block::{PROGRESS, place_of, provided, push, refuse, with};
use super::call::{broken, call, is_call, piece};
use super::event::{Cited, Delta, OfItem, Whole, Words};
use super::item::{CUSTOM, FUNCTION, Item, MaybeItem, text_of};
use super::message;
use super::metadata::describe;
use super::slot::{Piece, Slot, Slots};
use crate::wire::{Text, Tokens};

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
    /// Whether the id of the response has been given away.
    named: bool,
}

impl Assembler {
    /// A response that has begun. Whether there is something to give away.
    pub(super) fn begin(&mut self, id: &Text<'_>, chunk: &mut AIMessageChunk) -> bool {
        let Some(id) = id.known().filter(|_| !self.named) else {
            return false;
        };
        self.named = true;
        chunk.content = Content::Parts(Vec::new());
        chunk.id = Some(id.to_owned());
        chunk.response_metadata.id = Some(id.to_owned());
        provided(chunk);
        true
    }

    /// Whether the id of the response is known, so that nothing new is said where it begins.
    pub(super) fn has_begun(&self) -> bool {
        self.named
    }

    /// A piece of a text. Whether there is something to give away, which is kept for an error.
    pub(super) fn words(
        &mut self,
        words: Words,
        event: Delta<'_>,
        arrived: &mut Arrived,
        chunk: &mut AIMessageChunk,
    ) -> bool {
        let Some(slot) = self.slots.find_text(words, event.item_id.known(), event.output_index) else {
            return false;
        };
        let Some(at) = grow(slot, words, &event, &mut self.blocks) else {
            return false;
        };
        let delta = event.delta.into_string().unwrap_or_default();
        if words == Words::Refusal {
            refuse(chunk, &delta);
        }
        if words.is_call() {
            chunk.tool_call_chunks = vec![piece(at.0, words == Words::Input, &delta)];
        }
        push(chunk, arrived.add_words(words, at, delta));
        event.logprobs.add_to(chunk);
        provided(chunk);
        true
    }

    /// The whole of a text: what its pieces have not brought. Some servers send no pieces, and no whole item either.
    pub(super) fn whole(
        &mut self,
        words: Words,
        event: Whole<'_>,
        arrived: &mut Arrived,
        chunk: &mut AIMessageChunk,
    ) -> bool {
        let Some(slot) = self.slots.find_text(words, event.item_id.known(), event.output_index) else {
            return false;
        };
        if slot.closed {
            return false;
        }
        let (said, tokens) = slot.said_of(words, event.content_index, event.summary_index);
        let text = event.text.known().unwrap_or_default();
        let rest = match words.is_call() {
            true => slot.news_of_call(text),
            false => text.get(said..).unwrap_or_default(),
        };
        let differs = slot.differs;
        let name = event
            .name
            .known()
            .filter(|_| words == Words::Arguments && !slot.has_sent("name"));
        if rest.is_empty() && name.is_none() && !differs {
            return false;
        }
        let name = name.map(str::to_owned);
        if name.is_some() {
            slot.sent.push("name".to_owned());
        }
        let piece = Delta {
            output_index: event.output_index,
            content_index: event.content_index,
            summary_index: event.summary_index,
            delta: rest.into(),
            // Where the pieces brought tokens they brought all of them.
            logprobs: if tokens == 0 { event.logprobs } else { Tokens::default() },
            item_id: event.item_id,
            other: None,
        };
        self.calls |= words.is_call();
        let given = self.words(words, piece, arrived, chunk);
        if let (Some(call), Some(name)) = (chunk.tool_call_chunks.first_mut(), name) {
            call.name = Some(name);
        }
        if let Some(call) = chunk.tool_call_chunks.first_mut().filter(|_| differs) {
            *call = broken(std::mem::take(call));
        }
        given
    }

    /// A piece of what is spoken, which belongs to no item.
    pub(super) fn audio(&mut self, key: &str, event: Delta<'_>, chunk: &mut AIMessageChunk) -> bool {
        let Some(delta) = event.delta.into_string().filter(|delta| !delta.is_empty()) else {
            return false;
        };
        let audio = Map::from_iter([(key.to_owned(), delta.into())]);
        chunk.additional_kwargs.insert("audio", audio);
        provided(chunk);
        true
    }

    /// Something that a text cites.
    pub(super) fn cited(&mut self, event: Cited<'_>, chunk: &mut AIMessageChunk) -> bool {
        let Some(slot) = self.slots.find(event.item_id.known(), event.output_index) else {
            return false;
        };
        let Some(annotation) = event.annotation.filter(|_| !slot.closed) else {
            return false;
        };
        let piece = slot.part(event.content_index.unwrap_or(0), &mut self.blocks);
        // What comes out of order waits for the end of its text, where all of them stand in theirs.
        if event
            .annotation_index
            .is_some_and(|place| usize::try_from(place) != Ok(piece.cited))
        {
            return false;
        }
        piece.cited += 1;
        let list = Value::Array(vec![annotation]);
        push(chunk, with("text", "annotations", list, piece.block));
        provided(chunk);
        true
    }

    /// What a tool of the server is doing, for the type of its item.
    pub(super) fn progress(&mut self, kind: &str, mut event: Map<String, Value>, chunk: &mut AIMessageChunk) -> bool {
        let place = event.get("output_index").and_then(Value::as_u64);
        let place = place.and_then(|place| u32::try_from(place).ok());
        let Some(slot) = self.slots.find(text_of(&event, "item_id"), place) else {
            return false;
        };
        if slot.closed {
            return false;
        }
        let status = text_of(&event, "type").and_then(|name| name.rsplit('.').next());
        let status = status.unwrap_or_default().to_owned();
        event.retain(|key, _| !["type", "item_id", "output_index", "sequence_number"].contains(&key.as_str()));
        event.insert("status".to_owned(), status.into());
        let index = slot.number(&mut self.blocks);
        push(chunk, with(kind, PROGRESS, event.into(), index));
        provided(chunk);
        true
    }

    /// An item that has begun.
    pub(super) fn item_added(&mut self, event: OfItem<'_>, chunk: &mut AIMessageChunk) -> bool {
        let Some(item) = event.item.0 else { return false };
        let Some(slot) = self.slots.begin(item.text("id"), event.output_index) else {
            return false;
        };
        if item.is_message() || slot.closed {
            return false;
        }
        let index = slot.number(&mut self.blocks);
        let begins: &[&str] = match item.text("type") {
            Some(FUNCTION | CUSTOM) => &["type", "name", "call_id", "id"],
            Some("mcp_call") => &["type", "name", "server_label", "id"],
            _ => &["type", "id"],
        };
        let mut block = Map::new();
        if let Some(key) = text_in(item.text("type")) {
            let text = match is_call(item.text("type")) {
                true => slot.rest_of_call(item.text(key)),
                false => slot.rest(item.text(key)),
            };
            let call = call(slot, &item, &text, index);
            if call.is_some() || !text.is_empty() {
                block.insert(key.to_owned(), text.into());
            }
            self.calls |= call.is_some();
            chunk.tool_call_chunks = call.into_iter().collect();
        }
        for key in begins {
            if let Some(value) = item.text(key) {
                slot.sent.push((*key).to_owned());
                block.insert((*key).to_owned(), value.into());
            }
        }
        block.insert("index".to_owned(), index.into());
        push(chunk, block);
        provided(chunk);
        if is_call(item.text("type")) {
            self.slots.begin_call(item.text("id"), event.output_index);
        }
        true
    }

    /// An item that has come whole. Whether there is something to give away.
    pub(super) fn item_done(&mut self, event: OfItem<'_>, chunk: &mut AIMessageChunk) -> serde_json::Result<bool> {
        match event.item.0 {
            Some(item) => self.close(item, event.output_index, chunk),
            None => Ok(false),
        }
    }

    /// The end: what no event has brought before it, and what is said about the whole.
    pub(crate) fn finish(
        &mut self,
        response: Response<'_>,
        asked_model: &str,
        chunk: &mut AIMessageChunk,
    ) -> serde_json::Result<()> {
        let output = response.output.as_deref().unwrap_or_default();
        let new: &[_] = if self.slots.have_all(output.len()) { &[] } else { output };
        // All of them are read before one is given away: one that cannot be read is tried again with the whole event.
        let items: Vec<MaybeItem<'_>> = new
            .iter()
            .map(|raw| serde_json::from_str(raw.get()))
            .collect::<serde_json::Result<_>>()?;
        self.begin(&response.id, chunk);
        for (place, MaybeItem(item)) in (0..).zip(items) {
            if let Some(item) = item {
                self.close(item, Some(place), chunk)?;
            }
        }
        self.slots.name_open(chunk);
        if chunk.content.is_empty() {
            chunk.content = Content::Parts(Vec::new());
        }
        provided(chunk);
        chunk.chunk_position = Some(ChunkPosition::Last);
        describe(response, self.calls, asked_model, chunk);
        Ok(())
    }

    fn close(
        &mut self,
        mut item: Item<'_>,
        place: Option<u32>,
        chunk: &mut AIMessageChunk,
    ) -> serde_json::Result<bool> {
        let Some(slot) = self.slots.find(item.text("id"), place) else {
            return Ok(false);
        };
        if std::mem::replace(&mut slot.closed, true) {
            return Ok(false);
        }
        provided(chunk);
        if item.is_message() {
            message::close(slot, item, &mut self.blocks, chunk)?;
            return Ok(true);
        }
        let index = slot.number(&mut self.blocks);
        let kind = item.text("type").unwrap_or_default().to_owned();
        if let Some(key) = text_in(Some(&kind)) {
            let rest = match is_call(Some(&kind)) {
                true => slot.rest_of_call(item.text(key)),
                false => slot.rest(item.text(key)),
            };
            let call = call(slot, &item, &rest, index);
            // Code that is null stays null.
            if call.is_some() || item.members.get(key).is_some_and(Value::is_string) {
                item.members.insert(key.to_owned(), rest.into());
            }
            self.calls |= call.is_some();
            chunk.tool_call_chunks.extend(call);
        }
        if kind == "reasoning" {
            rest_of_list(&mut item.members, "summary", &slot.parts);
            rest_of_list(&mut item.members, "content", &slot.thoughts);
        }
        let mut block = item.members;
        block.retain(|key, _| key == "type" || !slot.has_sent(key));
        block.insert("index".to_owned(), index.into());
        push(chunk, block);
        Ok(true)
    }
}

/// Counts a piece of a text. Where it belongs: the number of its block, and its place in the list that a thought is. `None` if it says
/// nothing.
fn grow(slot: &mut Slot, words: Words, event: &Delta<'_>, blocks: &mut i64) -> Option<(i64, u32)> {
    let delta = event.delta.known().unwrap_or_default();
    let (kind, _) = place_of(words);
    match words {
        Words::Text | Words::Refusal => {
            let place = event.content_index.unwrap_or(0);
            let is_new = !slot.parts.contains_key(&place);
            let piece = slot.part(place, blocks);
            piece.kind = Some(kind);
            piece.said += delta.len();
            piece.tokens += event.logprobs.count();
            // An empty piece says where its part stands among the others.
            let says = is_new || !delta.is_empty() || event.logprobs.count() > 0;
            says.then_some((piece.block, 0))
        }
        Words::Summary | Words::Thought => {
            let (parts, place) = match words {
                Words::Summary => (&mut slot.parts, event.summary_index),
                _ => (&mut slot.thoughts, event.content_index),
            };
            let place = place.unwrap_or(0);
            parts.entry(place).or_default().said += delta.len();
            slot.kind = Some(kind);
            Some((slot.number(blocks), place))
        }
        Words::Arguments | Words::Input | Words::McpArguments | Words::Code => {
            slot.said += delta.len();
            slot.kind = Some(kind);
            if words.is_call() {
                slot.called_with.push_str(delta);
            }
            Some((slot.number(blocks), 0))
        }
    }
}

/// The member of an item that comes in pieces, if it is a text.
fn text_in(kind: Option<&str>) -> Option<&'static str> {
    let all = [Words::Arguments, Words::Input, Words::McpArguments, Words::Code];
    let mut places = all.into_iter().map(place_of);
    places.find(|(of, _)| Some(*of) == kind).map(|(_, key)| key)
}

/// Leaves what is new in a list of texts, numbered so that it finds the pieces.
fn rest_of_list(item: &mut Map<String, Value>, key: &str, pieces: &BTreeMap<u32, Piece>) {
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
