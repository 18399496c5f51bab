//! Translates the blocks of providers and of older versions into standard blocks, object by object.

mod anthropic;
mod chat;
mod google;
mod item_index;
mod responses;
mod server_tools;
mod stored_v03;
mod v0;

pub(super) use anthropic::spoken as anthropic;
pub(super) use chat::spoken as chat_completions;
pub(super) use responses::spoken as responses;
pub(super) use stored_v03::rewrite as rewrite_v03;

use std::borrow::Cow;
use std::collections::HashMap;

use serde_json::{Map, Value};

use super::ids::Ids;
use super::is_known_type;
use crate::messages::{Extra, InvalidToolCall, ToolCall, ToolCallChunk};

/// The JSON object of one block.
pub(super) type Block = Map<String, Value>;

/// The calls of a model's message: whole in a message, in pieces in a chunk that is not the last one.
pub(super) enum Calls<'a> {
    Whole {
        valid: Cow<'a, [ToolCall]>,
        invalid: Cow<'a, [InvalidToolCall]>,
    },
    Pieces(&'a [ToolCallChunk]),
}

/// The first call with each id, so that a message with many calls is not searched for each block.
#[derive(Default)]
pub(super) struct ById<'a> {
    valid: HashMap<&'a str, &'a ToolCall>,
    invalid: HashMap<&'a str, &'a InvalidToolCall>,
    pieces: HashMap<&'a str, &'a ToolCallChunk>,
}

impl<'a> ById<'a> {
    pub(super) fn of(valid: &'a [ToolCall], invalid: &'a [InvalidToolCall]) -> Self {
        Self {
            valid: first_by_id(valid.iter(), |call| &call.id),
            invalid: first_by_id(invalid.iter(), |call| &call.id),
            pieces: HashMap::new(),
        }
    }
}

impl Calls<'_> {
    pub(super) fn by_id(&self) -> ById<'_> {
        match self {
            Self::Whole { valid, invalid } => ById::of(valid, invalid),
            Self::Pieces(pieces) => ById {
                pieces: first_by_id(pieces.iter(), |piece| &piece.id),
                ..ById::default()
            },
        }
    }
}

/// Returns the first call with each id; an empty id names no call.
fn first_by_id<'a, T>(
    calls: impl DoubleEndedIterator<Item = &'a T>,
    id: fn(&T) -> &Option<String>,
) -> HashMap<&'a str, &'a T> {
    let named = calls.rev().filter_map(|call| Some((id(call).as_deref()?, call)));
    named.filter(|(id, _)| !id.is_empty()).collect()
}

/// Translates a block, or returns it unchanged as the error.
type Pass = fn(Block, &mut Ids<'_>) -> Result<Block, Block>;

/// Returns the standard block for a block that a program or any provider wrote.
pub(super) fn standard(block: Block, ids: &mut Ids<'_>) -> Block {
    let passes: [Pass; 4] = [v0::translate, chat::translate, anthropic::translate, google::translate];
    // LangChain has a fifth pass, for Amazon's Converse API: in JSON its blocks are Google's.
    passes.into_iter().fold(block, |block, pass| {
        // A block that one provider does not have may be another provider's.
        pass(unwrap(block), ids).unwrap_or_else(|block| {
            if block_type(&block).is_some_and(is_known_type) {
                block
            } else {
                non_standard(block)
            }
        })
    })
}

fn unwrap(mut block: Block) -> Block {
    if block_type(&block) != Some("non_standard") {
        return block;
    }
    match block.get_mut("value") {
        Some(Value::Object(inner)) => std::mem::take(inner),
        _ => block,
    }
}

pub(super) fn block_type(block: &Block) -> Option<&str> {
    text(block, "type")
}

pub(super) fn text<'a>(block: &'a Block, key: &str) -> Option<&'a str> {
    block.get(key)?.as_str()
}

pub(super) fn object<const N: usize>(entries: [(&str, Value); N]) -> Block {
    entries
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value))
        .collect()
}

fn non_standard(block: Block) -> Block {
    object([("type", "non_standard".into()), ("value", block.into())])
}

pub(super) fn text_block(text: &str) -> Block {
    object([("type", "text".into()), ("text", text.into())])
}

pub(super) fn call_block(call: &ToolCall) -> Block {
    let block = object([
        ("type", "tool_call".into()),
        ("name", call.name.as_str().into()),
        ("args", call.args.clone().into()),
        ("id", call.id.clone().into()),
    ]);
    with_extras(block, &call.extra)
}

/// Adds the provider's unknown members under `extras`, as LangChain does.
fn with_extras(mut block: Block, extra: &Extra) -> Block {
    if !extra.is_empty() {
        block.insert("extras".to_owned(), extra.clone().into());
    }
    block
}

fn invalid_block(call: &InvalidToolCall) -> Block {
    object([
        ("type", "invalid_tool_call".into()),
        ("id", call.id.clone().into()),
        ("name", call.name.clone().into()),
        ("args", call.args.clone().into()),
        ("error", call.error.clone().into()),
    ])
}

pub(super) fn piece_block(piece: &ToolCallChunk) -> Block {
    let mut block = object([
        ("type", "tool_call_chunk".into()),
        ("id", piece.id.clone().into()),
        ("name", piece.name.clone().into()),
        ("args", piece.args.clone().into()),
    ]);
    if let Some(index) = piece.index {
        block.insert("index".to_owned(), index.into());
    }
    with_extras(block, &piece.extra)
}

/// Returns the entries with other keys than these.
fn without(block: &Block, known: &[&str]) -> Block {
    let rest = block.iter().filter(|(key, _)| !known.contains(&key.as_str()));
    rest.map(|(key, value)| (key.clone(), value.clone())).collect()
}

/// Adds to the `extras` of a block. Empty extras leave the block without the key.
fn add_extras(block: &mut Block, extras: Block) {
    if extras.is_empty() {
        return;
    }
    match block.get_mut("extras") {
        Some(Value::Object(known)) => known.extend(extras),
        _ => drop(block.insert("extras".to_owned(), extras.into())),
    }
}

/// Completes a data block as LangChain's factories do: with an id, and with the members for which the block has no field in `extras`.
fn with_id(mut block: Block, more: Block, ids: &mut Ids<'_>) -> Block {
    const FIELDS: [&str; 6] = ["url", "base64", "file_id", "mime_type", "id", "index"];
    let mut extras = Block::new();
    for (key, value) in more {
        if value.is_null() {
            continue;
        }
        if FIELDS.contains(&key.as_str()) && !block.contains_key(&key) {
            block.insert(key, value);
        } else {
            extras.insert(key, value);
        }
    }
    add_extras(&mut block, extras);
    if text(&block, "id").is_none_or(str::is_empty) {
        let id = ids.next(&block);
        block.insert("id".to_owned(), id.into());
    }
    block
}
