//! Messages that LangChain 0.3 stored from the Responses API, with parts of the answer in `additional_kwargs`.

use serde_json::Value;

use super::{Block, Calls, block_type, object, text};
use crate::messages::tool_call::is_falsy;
use crate::messages::{ContentPart, Extra, JsonBlock};

/// Returns the content in today's form, or `None` if it has that form already.
pub(in crate::messages::blocks) fn rewrite(
    content: &[ContentPart],
    kwargs: &Extra,
    id: Option<&str>,
    response_id: Option<&str>,
    calls: &Calls<'_>,
) -> Option<Vec<ContentPart>> {
    const MARKS: [&str; 4] = ["reasoning", "tool_outputs", "refusal", FUNCTION_CALL_IDS];
    let blocks: Option<Vec<&JsonBlock>> = content.iter().map(as_block).collect();
    let message_id = id.filter(|id| id.starts_with("msg_"));
    let is_marked = MARKS.iter().any(|mark| kwargs.contains_key(mark));
    let is_response = message_id.is_some() && response_id.is_some_and(|id| id.starts_with("resp_"));
    let blocks = blocks.filter(|_| is_marked || is_response)?;

    let mut buckets = Buckets::default();
    if let Some(Value::Object(reasoning)) = kwargs.get("reasoning").filter(|value| !is_falsy(value)) {
        let mut reasoning = reasoning.clone();
        reasoning.entry("type").or_insert_with(|| "reasoning".into());
        buckets.put("reasoning", reasoning);
    }
    if let Some(refusal) = kwargs.get("refusal").filter(|value| !is_falsy(value)) {
        buckets.put(
            "refusal",
            object([("type", "refusal".into()), ("refusal", refusal.clone())]),
        );
    }
    for block in blocks {
        let mut block = block.clone().into_map();
        if block_type(&block) != Some("text") {
            buckets.unknown.push(block);
            continue;
        }
        if let Some(id) = message_id {
            block.insert("id".to_owned(), id.into());
        }
        buckets.put("text", block);
    }
    for call in function_calls(calls, kwargs.get(FUNCTION_CALL_IDS)) {
        buckets.put("function_call", call);
    }
    for output in kwargs
        .get("tool_outputs")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        if let Value::Object(block) = output {
            match block_type(block).and_then(|kind| ORDER.iter().find(|known| **known == kind)) {
                Some(kind) => buckets.put(kind, block.clone()),
                None => buckets.unknown.push(block.clone()),
            }
        }
    }
    Some(buckets.into_content())
}

const FUNCTION_CALL_IDS: &str = "__openai_function_call_ids__";

/// The order of the items in an answer.
const ORDER: [&str; 10] = [
    "reasoning",
    "code_interpreter_call",
    "mcp_call",
    "image_generation_call",
    "text",
    "refusal",
    "function_call",
    "computer_call",
    "mcp_list_tools",
    "mcp_approval_request",
];

#[derive(Default)]
struct Buckets {
    known: Vec<(usize, Block)>,
    unknown: Vec<Block>,
}

impl Buckets {
    fn put(&mut self, kind: &str, block: Block) {
        let place = ORDER.iter().position(|known| *known == kind);
        self.known.push((place.unwrap_or(ORDER.len()), block));
    }

    fn into_content(mut self) -> Vec<ContentPart> {
        self.known.sort_by_key(|(place, _)| *place);
        let known = self.known.into_iter().map(|(_, block)| block);
        known.chain(self.unknown).map(ContentPart::from).collect()
    }
}

fn as_block(part: &ContentPart) -> Option<&JsonBlock> {
    match part {
        ContentPart::Block(block) => Some(block),
        ContentPart::Text(_) => None,
    }
}

/// Returns the items of the calls. Their arguments are not read again, so they are left out.
fn function_calls(calls: &Calls<'_>, item_ids: Option<&Value>) -> Vec<Block> {
    let item = |name: Option<&str>, call_id: Option<&str>| {
        let mut item = object([
            ("type", "function_call".into()),
            ("name", name.into()),
            ("call_id", call_id.into()),
        ]);
        let known = call_id
            .and_then(|id| text(item_ids?.as_object()?, id))
            .filter(|id| !id.is_empty());
        if let Some(id) = known {
            item.insert("id".to_owned(), id.into());
        }
        item
    };
    match calls {
        Calls::Whole { valid, .. } => valid
            .iter()
            .map(|call| item(Some(&call.name), call.id.as_deref()))
            .collect(),
        Calls::Pieces(pieces) => pieces
            .iter()
            .map(|piece| item(piece.name.as_deref(), piece.id.as_deref()))
            .collect(),
    }
}
