//! OpenAI's Responses API: the items of an answer.

use std::collections::HashSet;

use serde_json::Value;

use super::item_index::{name_index, print};
use super::server_tools::{search_results, server_tool};
use super::{
    Block, ById, Calls, add_extras, block_type, call_block, invalid_block, object, piece_block, text, text_block,
    without,
};
use crate::messages::ContentPart;
use crate::messages::blocks::is_known_type;
use crate::messages::tool_call::is_falsy;

/// Returns the blocks of a model's message whose content is a list.
pub(in crate::messages::blocks) fn spoken(content: &[ContentPart], calls: &Calls<'_>) -> Vec<Block> {
    let message = Message {
        calls,
        by_id: calls.by_id(),
        results: search_results(content),
    };
    let mut blocks = Vec::new();
    for part in content {
        match part {
            ContentPart::Text(text) => blocks.push(text_block(text)),
            ContentPart::Block(block) => item(&block.to_map(), &message, &mut blocks),
        }
    }
    blocks
}

/// The calls and results of a message, which its items refer to.
struct Message<'a> {
    calls: &'a Calls<'a>,
    by_id: ById<'a>,
    results: HashSet<&'a str>,
}

fn item(block: &Block, message: &Message<'_>, out: &mut Vec<Block>) {
    match block_type(block) {
        Some("text") => out.push(text_item(block)),
        Some("reasoning") => reasoning(block, out),
        Some("thinking") => out.push(thinking(block)),
        Some("function_call") => out.extend(function_call(block, message)),
        Some("image_generation_call") if block.get("result").is_some_and(|result| !is_falsy(result)) => {
            out.push(image(block));
        }
        Some(kind) => match server_tool(kind, block, &message.results) {
            Some(blocks) => out.extend(blocks),
            None if is_known_type(kind) => out.push(block.clone()),
            None => out.push(unknown(block)),
        },
        None => out.push(unknown(block)),
    }
}

fn text_item(block: &Block) -> Block {
    let mut out = block.clone();
    out.entry("text").or_insert_with(|| "".into());
    if let Some(Value::Array(annotations)) = out.get_mut("annotations") {
        for annotation in annotations {
            if let Value::Object(known) = annotation {
                *annotation = translate_annotation(known).into();
            }
        }
    }
    name_index(&mut out, "txt", block);
    out
}

fn translate_annotation(annotation: &Block) -> Block {
    const SPAN: [&str; 3] = ["cited_text", "start_index", "end_index"];
    let mut out = object([("type", "citation".into())]);
    let mut keep = |from: &str, to: &str| {
        if let Some(value) = annotation.get(from) {
            out.insert(to.to_owned(), value.clone());
        }
    };
    let known: &[&str] = match block_type(annotation) {
        Some("url_citation") => {
            ["url", "title", "start_index", "end_index"]
                .into_iter()
                .for_each(|key| keep(key, key));
            &["type", "title", "url"]
        }
        Some("file_citation") => {
            keep("filename", "title");
            &["type", "title", "filename"]
        }
        _ => {
            return object([
                ("type", "non_standard_annotation".into()),
                ("value", annotation.clone().into()),
            ]);
        }
    };
    add_extras(&mut out, without(annotation, &[known, &SPAN].concat()));
    out
}

/// Returns the block of a thought as other servers of the protocol write it: a text, or a list of texts.
fn thinking(block: &Block) -> Block {
    let thought = match block.get("thinking") {
        Some(Value::Array(parts)) => parts
            .iter()
            .filter_map(|part| part.as_str().or_else(|| part.get("text")?.as_str()))
            .collect(),
        thought => thought.and_then(Value::as_str).unwrap_or_default().to_owned(),
    };
    let mut out = object([("type", "reasoning".into()), ("reasoning", thought.into())]);
    add_extras(&mut out, without(block, &["type", "thinking", "index"]));
    name_index(&mut out, "rs", block);
    out
}

/// Adds one block for each part of the summary.
fn reasoning(block: &Block, out: &mut Vec<Block>) {
    let Some(summary) = block.get("summary") else {
        return out.push(block.clone());
    };
    let known = ["type", "reasoning", "id", "index"];
    let mut extras = without(block, &[&known[..], &["summary", "extras"]].concat());
    if let Some(Value::Object(more)) = block.get("extras") {
        extras.extend(more.clone());
    }
    let common: Block = known
        .into_iter()
        .filter_map(|key| Some((key.to_owned(), block.get(key)?.clone())))
        .collect();
    // LangChain writes the index of a part like this: both numbers in hexadecimal digits of their characters.
    let name_index = |block: &mut Block, part: &str| {
        if let Some(index) = block.get("index") {
            let plain = format!("{}_{part}", print(index));
            let name: String = plain.bytes().map(|byte| format!("{byte:02x}")).collect();
            block.insert("index".to_owned(), format!("lc_rs_{name}").into());
        }
    };
    let parts = summary.as_array().map(Vec::as_slice).unwrap_or_default();
    if parts.is_empty() {
        let mut only = common;
        add_extras(&mut only, extras);
        name_index(&mut only, "0");
        return out.push(only);
    }
    for part in parts {
        let mut next = common.clone();
        next.insert(
            "reasoning".to_owned(),
            part.get("text").cloned().unwrap_or_else(|| "".into()),
        );
        next.extend(std::mem::take(&mut extras)); // The extras of the item go to its first part.
        name_index(&mut next, &part.get("index").map_or_else(|| "0".to_owned(), print));
        out.push(next);
    }
}

fn image(block: &Block) -> Block {
    let mut out = object([("type", "image".into())]);
    let mut keep = |from: &str, to: &str| {
        if let Some(value) = block.get(from) {
            out.insert(to.to_owned(), value.clone());
        }
    };
    keep("result", "base64");
    keep("id", "id");
    if let Some(format) = text(block, "output_format").filter(|format| !format.is_empty()) {
        out.insert("mime_type".to_owned(), format!("image/{format}").into());
    }
    name_index(&mut out, "img", block);
    add_extras(
        &mut out,
        some_of(
            block,
            &[
                "status",
                "background",
                "output_format",
                "quality",
                "revised_prompt",
                "size",
            ],
        ),
    );
    out
}

fn some_of(block: &Block, keys: &[&str]) -> Block {
    let entry = |key: &&str| Some(((*key).to_owned(), block.get(*key)?.clone()));
    keys.iter().filter_map(entry).collect()
}

/// Returns the call to which the item belongs; the message has read the call already.
fn function_call(block: &Block, message: &Message<'_>) -> Option<Block> {
    let call_id = text(block, "call_id");
    let by_id = &message.by_id;
    let mut out = match message.calls {
        Calls::Pieces([piece]) => {
            let mut out = piece_block(piece);
            out.entry("index").or_insert(Value::Null);
            out
        }
        Calls::Pieces(_) => piece_block(by_id.pieces.get(call_id?)?),
        Calls::Whole { .. } => match by_id.valid.get(call_id?) {
            Some(call) => call_block(call),
            None => invalid_block(by_id.invalid.get(call_id?)?),
        },
    };
    if let Some(id) = block.get("id") {
        add_extras(&mut out, object([("item_id", id.clone())]));
    }
    name_index(&mut out, "tc", block);
    add_extras(&mut out, some_of(block, &["status", "namespace", "async"]));
    Some(out)
}

/// Wraps an item for which the standard has no block.
fn unknown(block: &Block) -> Block {
    let mut out = super::non_standard(without(block, &["index"]));
    name_index(&mut out, "ns", block);
    out
}
