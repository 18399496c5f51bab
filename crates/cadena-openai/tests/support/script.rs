//! Generated responses of the Responses API, and the events that bring them in pieces.
#![allow(dead_code, reason = "every test file uses a part of it")]

use std::collections::VecDeque;
use std::sync::LazyLock;

use serde_json::{Value, json};

use crate::schema::Maker;
use crate::support::data;

static EVENT: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(&data("schemas/ResponseStreamEvent.json")).unwrap());

/// A value that is valid by one definition of the schema.
pub(crate) fn made(definition: &str, seed: u64) -> Value {
    Maker::new(&EVENT, seed).definition(definition)
}

/// An event as it comes over the wire.
pub(crate) fn event(kind: &str, mut members: Value) -> String {
    members["type"] = kind.into();
    format!("event: {kind}\ndata: {members}\n\n")
}

/// The whole response with these items.
pub(crate) fn response(status: &str, output: &[Value]) -> Value {
    let reason = (status == "incomplete").then(|| json!({"reason": "max_output_tokens"}));
    json!({"id": "resp_1", "object": "response", "created_at": 1_732_000_000, "status": status, "model": "gpt-4o-mini", "error": null,
        "incomplete_details": reason, "output": output, "metadata": {},
        "usage": {"input_tokens": 3, "input_tokens_details": {"cached_tokens": 1}, "output_tokens": 2,
            "output_tokens_details": {"reasoning_tokens": 1}, "total_tokens": 5}})
}

/// How faithfully the events name the items that they are about.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Naming {
    Both,
    Place,
    Id,
    /// No item has an id.
    Nameless,
}

/// Numbers from a seed.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn below(&mut self, end: usize) -> usize {
        // SplitMix64: any seed gives a good sequence.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % end.max(1) as u64).unwrap()
    }

    fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }
}

/// Items of the kinds that come in pieces, and every other one.
pub(crate) fn items(dice: &mut Dice, naming: Naming) -> Vec<Value> {
    const KINDS: [&str; 10] = [
        "OutputMessage",
        "OutputMessage",
        "FunctionToolCall",
        "CustomToolCall",
        "ReasoningItem",
        "CodeInterpreterToolCall",
        "MCPToolCall",
        "ImageGenToolCall",
        "WebSearchToolCall",
        "OutputItem",
    ];
    let count = dice.below(5);
    let make = |number: usize| {
        let mut item = made(KINDS[dice.below(KINDS.len())], dice.below(usize::MAX) as u64);
        // No schema says that ids differ.
        item["id"] = format!("item_{number}").into();
        if naming == Naming::Nameless {
            item.as_object_mut().unwrap().remove("id");
        }
        item
    };
    (0..count).map(make).collect()
}

/// The events of one item.
struct Bring<'a> {
    dice: &'a mut Dice,
    naming: Naming,
    place: usize,
    item: &'a Value,
    /// The positions of the blocks, in order.
    opening: Vec<String>,
    rest: Vec<String>,
}

impl Bring<'_> {
    fn named(&self, mut members: Value) -> Value {
        if matches!(self.naming, Naming::Both | Naming::Place | Naming::Nameless) {
            members["output_index"] = self.place.into();
        }
        if matches!(self.naming, Naming::Both | Naming::Id) {
            members["item_id"] = self.item["id"].clone();
        }
        members
    }

    /// A text in pieces that are cut anywhere, its log probabilities with them; the first piece opens its part.
    fn pieces(&mut self, kind: &str, key: &str, at: usize, text: &Value, logprobs: &Value) {
        let mut chars: VecDeque<char> = text.as_str().unwrap_or_default().chars().collect();
        let mut tokens: VecDeque<Value> = logprobs.as_array().cloned().unwrap_or_default().into();
        for number in 0.. {
            let is_last = number > 0 && self.dice.one_in(3);
            let end = if is_last {
                chars.len()
            } else {
                self.dice.below(chars.len() + 1)
            };
            let delta: String = chars.drain(..end).collect();
            let end = if is_last {
                tokens.len()
            } else {
                self.dice.below(tokens.len() + 1)
            };
            let logprobs: Vec<Value> = tokens.drain(..end).collect();
            let mut members = json!({"delta": delta, "logprobs": logprobs});
            members[key] = at.into();
            let event = event(&format!("{kind}.delta"), self.named(members));
            // The parts of a message come one behind the other.
            let opens = number == 0 && self.item["type"] != "message";
            if opens {
                self.opening.push(event)
            } else {
                self.rest.push(event)
            }
            if is_last {
                break;
            }
        }
        let mut repeat = json!({"text": text, "arguments": text, "input": text, "code": text, "logprobs": logprobs});
        repeat[key] = at.into();
        if self.dice.one_in(2) {
            self.rest.push(event(&format!("{kind}.done"), self.named(repeat)));
        }
    }

    fn message(&mut self) {
        let parts = self.item["content"].as_array().cloned().unwrap_or_default();
        for (at, part) in parts.iter().enumerate() {
            let (kind, text) = match part["type"].as_str().unwrap() {
                "output_text" => ("response.output_text", "text"),
                _ => ("response.refusal", "refusal"),
            };
            self.pieces(kind, "content_index", at, &part[text], &part["logprobs"]);
            let cited = part["annotations"].as_array().cloned().unwrap_or_default();
            let count = self.dice.below(cited.len() + 1);
            for (number, annotation) in cited.into_iter().take(count).enumerate() {
                let members = json!({"content_index": at, "annotation_index": number, "annotation": annotation});
                let event = event("response.output_text.annotation.added", self.named(members));
                self.rest.push(event);
            }
            if self.dice.one_in(2) {
                let done = self.named(json!({"content_index": at, "part": part}));
                self.rest.push(event("response.content_part.done", done));
            }
        }
    }

    fn reasoning(&mut self) {
        for (list, kind, key) in [
            ("summary", "response.reasoning_summary_text", "summary_index"),
            ("content", "response.reasoning_text", "content_index"),
        ] {
            for (at, part) in self.item[list]
                .as_array()
                .cloned()
                .unwrap_or_default()
                .iter()
                .enumerate()
            {
                self.pieces(kind, key, at, &part["text"], &Value::Null);
            }
        }
    }

    /// The state of a server's tool.
    fn progress(&mut self, of: &str) {
        for status in ["in_progress", "working", "completed"] {
            if self.dice.one_in(2) {
                self.rest
                    .push(event(&format!("response.{of}.{status}"), self.named(json!({}))));
            }
        }
    }

    fn added(&mut self) {
        let mut begun = self.item.clone();
        for (key, empty) in [
            ("content", json!([])),
            ("summary", json!([])),
            ("arguments", json!("")),
            ("input", json!("")),
            ("code", json!("")),
        ] {
            if let Some(slot) = begun.get_mut(key) {
                *slot = empty;
            }
        }
        begun["status"] = "in_progress".into();
        let members = json!({"output_index": self.place, "item": begun});
        self.opening.push(event("response.output_item.added", members));
    }

    fn words(&mut self) {
        let kind = self.item["type"].as_str().unwrap();
        let none = Value::Null;
        match kind {
            "message" => self.message(),
            "reasoning" => self.reasoning(),
            "function_call" => {
                self.pieces(
                    "response.function_call_arguments",
                    "x",
                    0,
                    &self.item["arguments"],
                    &none,
                );
            }
            "custom_tool_call" => self.pieces("response.custom_tool_call_input", "x", 0, &self.item["input"], &none),
            "mcp_call" => {
                self.progress(kind);
                self.pieces("response.mcp_call_arguments", "x", 0, &self.item["arguments"], &none);
            }
            "code_interpreter_call" => {
                self.progress(kind);
                if self.item["code"].is_string() {
                    self.pieces("response.code_interpreter_call_code", "x", 0, &self.item["code"], &none);
                }
            }
            "image_generation_call" => {
                self.progress(kind);
                for number in 0..2 {
                    let image = json!({"partial_image_index": number, "partial_image_b64": "aGk=", "size": "1x1"});
                    let event = event("response.image_generation_call.partial_image", self.named(image));
                    self.rest.push(event);
                }
            }
            "web_search_call" | "file_search_call" | "mcp_list_tools" => self.progress(kind),
            _ => {}
        }
    }

    fn done(&mut self) {
        let members = json!({"output_index": self.place, "item": self.item});
        self.rest.push(event("response.output_item.done", members));
    }
}

/// A response and the events that bring it.
#[derive(Debug)]
pub(crate) struct Script {
    /// The body that `invoke` reads.
    pub(crate) body: Value,
    pub(crate) events: Vec<String>,
}

impl Script {
    /// One item after the other. A server leaves out the beginning of an item, its pieces, or both; of the last one also its end.
    pub(crate) fn in_order(seed: u64) -> Self {
        Self::new(seed, |dice, naming, output| {
            let mut events = Vec::new();
            for (place, item) in output.iter().enumerate() {
                let mut bring = bring(dice, naming, place, item);
                if !bring.dice.one_in(4) {
                    bring.added();
                }
                if !bring.dice.one_in(4) {
                    bring.words();
                }
                // What is said of an item only at the very end cannot stand before what came earlier.
                if place + 1 < output.len() || !bring.dice.one_in(4) {
                    bring.done();
                }
                events.append(&mut bring.opening);
                events.append(&mut bring.rest);
            }
            events
        })
    }

    /// Every item begins in order, then their events come mixed. Pieces of one text come in order.
    pub(crate) fn interleaved(seed: u64) -> Self {
        Self::new(seed, |dice, naming, output| {
            let mut events = Vec::new();
            let mut queues: Vec<VecDeque<String>> = Vec::new();
            for (place, item) in output.iter().enumerate() {
                let is_message = item["type"] == "message";
                let mut bring = bring(dice, naming, place, item);
                bring.added();
                bring.words();
                if !is_message || item["content"].as_array().is_some_and(Vec::is_empty) {
                    // Only an empty message has nothing that could open it.
                    bring.done();
                }
                if is_message {
                    // Its words are a text with those of the others, so they keep their order.
                    events.append(&mut bring.opening);
                    events.append(&mut bring.rest);
                } else {
                    events.append(&mut bring.opening);
                    queues.push(bring.rest.into());
                }
            }
            queues.retain(|queue| !queue.is_empty());
            while !queues.is_empty() {
                let at = dice.below(queues.len());
                events.extend(queues[at].pop_front());
                queues.retain(|queue| !queue.is_empty());
            }
            events
        })
    }

    fn new(seed: u64, bring: impl FnOnce(&mut Dice, Naming, &[Value]) -> Vec<String>) -> Self {
        let mut dice = Dice::new(seed);
        let naming = [Naming::Both, Naming::Place, Naming::Id, Naming::Nameless][dice.below(4)];
        let output = items(&mut dice, naming);
        let (status, kind) = match dice.below(2) {
            0 => ("incomplete", "response.incomplete"),
            _ => ("completed", "response.completed"),
        };
        let body = response(status, &output);
        let mut events = vec![event(
            "response.created",
            json!({"response": response("in_progress", &[])}),
        )];
        events.extend(bring(&mut dice, naming, &output));
        events.push(event(kind, json!({"response": body})));
        Self { body, events }
    }
}

fn bring<'a>(dice: &'a mut Dice, naming: Naming, place: usize, item: &'a Value) -> Bring<'a> {
    Bring {
        dice,
        naming,
        place,
        item,
        opening: Vec::new(),
        rest: Vec::new(),
    }
}
