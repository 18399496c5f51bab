//! From items, and pieces of items, to chunks.

mod beside;
mod growth;

use cadena_core::{AIMessageChunk, ChunkPosition, Content};
use serde_json::{Map, Value};

use self::growth::{grow, rest_of_list, text_in};
use super::answer::Response;
use super::arrived::Arrived;
use super::block::{provided, push, refuse};
use super::call::{broken, call, is_call, piece};
use super::event::{Delta, OfItem, Whole, Words};
use super::item::{CUSTOM, FUNCTION, Item, MaybeItem};
use super::message;
use super::metadata::describe;
use super::slot::Slots;
use crate::wire::{Text, Tokens};

/// Puts a message together out of what has come.
///
/// An item that comes whole adds the parts that its pieces did not bring. So a stream adds up to the response that ends it, and a
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
    /// A response that has begun. Returns whether the chunk has something.
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

    /// A piece of a text, which is kept for an error. Returns whether the chunk has something.
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

    /// The whole of a text: adds the part that its pieces have not brought. Some servers send no pieces, and no whole item either.
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

    /// An item that has come whole. Returns whether the chunk has something.
    pub(super) fn item_done(&mut self, event: OfItem<'_>, chunk: &mut AIMessageChunk) -> serde_json::Result<bool> {
        match event.item.0 {
            Some(item) => self.close(item, event.output_index, chunk),
            None => Ok(false),
        }
    }

    /// The end: adds the parts that no event has brought, and the metadata of the whole.
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
