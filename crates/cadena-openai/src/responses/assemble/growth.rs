//! How the texts of an item grow, and what is new in their wholes.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::responses::block::place_of;
use crate::responses::event::{Delta, Words};
use crate::responses::slot::{Piece, Slot};

/// Counts a piece of a text. Returns where it belongs: the number of its block, and its place in the list that a thought is. `None` if it
/// brings nothing.
pub(super) fn grow(slot: &mut Slot, words: Words, event: &Delta<'_>, blocks: &mut i64) -> Option<(i64, u32)> {
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
            // An empty piece that is the first of its part fixes the place of the part among the others.
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
pub(super) fn text_in(kind: Option<&str>) -> Option<&'static str> {
    let all = [Words::Arguments, Words::Input, Words::McpArguments, Words::Code];
    let mut places = all.into_iter().map(place_of);
    places.find(|(of, _)| Some(*of) == kind).map(|(_, key)| key)
}

/// Leaves what is new in a list of texts, numbered so that it finds the pieces.
pub(super) fn rest_of_list(item: &mut Map<String, Value>, key: &str, pieces: &BTreeMap<u32, Piece>) {
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
