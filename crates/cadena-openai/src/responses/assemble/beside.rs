//! Pieces of a response beside its texts: speech, citations, and what the server's tools are doing.

use cadena_core::AIMessageChunk;
use serde_json::{Map, Value};

use super::Assembler;
use crate::responses::block::{PROGRESS, provided, push, with};
use crate::responses::event::{Cited, Delta};
use crate::responses::item::text_of;

impl Assembler {
    /// A piece of what is spoken, which belongs to no item.
    pub(in crate::responses) fn audio(&mut self, key: &str, event: Delta<'_>, chunk: &mut AIMessageChunk) -> bool {
        let Some(delta) = event.delta.into_string().filter(|delta| !delta.is_empty()) else {
            return false;
        };
        let audio = Map::from_iter([(key.to_owned(), delta.into())]);
        chunk.additional_kwargs.insert("audio", audio);
        provided(chunk);
        true
    }

    /// Something that a text cites.
    pub(in crate::responses) fn cited(&mut self, event: Cited<'_>, chunk: &mut AIMessageChunk) -> bool {
        let Some(slot) = self.slots.find(event.item_id.known(), event.output_index) else {
            return false;
        };
        let Some(annotation) = event.annotation.filter(|_| !slot.closed) else {
            return false;
        };
        let piece = slot.part(event.content_index.unwrap_or(0), &mut self.blocks);
        // A citation out of order waits for the end of its text, which has all of them in order.
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

    /// The progress of a tool of the server, for the type of its item.
    pub(in crate::responses) fn progress(
        &mut self,
        kind: &str,
        mut event: Map<String, Value>,
        chunk: &mut AIMessageChunk,
    ) -> bool {
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
}
