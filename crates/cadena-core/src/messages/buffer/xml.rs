//! One message as an XML element.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::function_call;
use crate::messages::python::dumps;
use crate::messages::{AIMessage, Content, ContentPart, Message};

/// The number of characters of a document or of a server's call that are written.
const SHOWN_CHARS: usize = 500;

/// The number of characters of a call's id that are written.
const SHOWN_ID_CHARS: usize = 64;

pub(super) fn message(out: &mut String, kind: &str, message: &Message) {
    let parts = parts(message.content());
    let calls = match message {
        Message::AI(ai) => calls(ai),
        _ => Vec::new(),
    };
    out.push_str("<message type=");
    quote(out, kind);
    out.push('>');
    if calls.is_empty() {
        out.push_str(&parts.join(" "));
    } else {
        if !parts.is_empty() {
            out.push_str(&format!("\n  <content>{}</content>", parts.join(" ")));
        }
        for call in calls {
            out.push_str("\n  ");
            out.push_str(&call);
        }
        out.push('\n');
    }
    out.push_str("</message>");
}

fn calls(message: &AIMessage) -> Vec<String> {
    let call = |call: &crate::ToolCall| {
        let id = cut(call.id.as_deref().unwrap_or_default(), SHOWN_ID_CHARS);
        element("tool_call", &[("id", &id), ("name", &call.name)], &dumps(&call.args))
    };
    if !message.tool_calls.is_empty() {
        return message.tool_calls.iter().map(call).collect();
    }
    let legacy = |call: &Value| {
        let args = text(call, "arguments").filter(|args| !args.is_empty()).unwrap_or("{}");
        element(
            "function_call",
            &[("name", text(call, "name").unwrap_or_default())],
            args,
        )
    };
    function_call(message).map(legacy).into_iter().collect()
}

fn parts(content: &Content) -> Vec<String> {
    match content {
        Content::Text(text) if text.is_empty() => Vec::new(),
        Content::Text(text) => vec![escape(text).into_owned()],
        Content::Parts(parts) => parts.iter().filter_map(part).collect(),
    }
}

fn part(part: &ContentPart) -> Option<String> {
    match part {
        ContentPart::Text(text) => shown(Some(text)).map(|text| escape(text).into_owned()),
        ContentPart::Block(block) => block_element(&block.to_map()),
    }
}

fn block_element(block: &Map<String, Value>) -> Option<String> {
    if holds_data(block) {
        return None;
    }
    let field = |key: &str| shown(block.get(key).and_then(Value::as_str));
    let word = |key: &str| field(key).unwrap_or_default();
    match word("type") {
        "text" => field("text").map(|text| escape(text).into_owned()),
        "text-plain" => field("text").map(|text| escape(&cut(text, SHOWN_CHARS)).into_owned()),
        "reasoning" => field("reasoning").map(|text| element("reasoning", &[], text)),
        name @ ("image" | "audio" | "video") => {
            let address = field("url")
                .map(|url| ("url", url))
                .or_else(|| field("file_id").map(|id| ("file_id", id)));
            address.map(|(key, value)| empty_element(name, key, value))
        }
        "image_url" => {
            let url = shown(block.get("image_url")?.get("url")?.as_str())?;
            Some(empty_element("image", "url", url))
        }
        name @ "server_tool_call" => {
            let args = block.get("args").map_or_else(|| "{}".to_owned(), dumps);
            Some(element(
                name,
                &[("id", word("id")), ("name", word("name"))],
                &cut(&args, SHOWN_CHARS),
            ))
        }
        name @ "server_tool_result" => {
            let output = block
                .get("output")
                .filter(|output| says_something(output))
                .map(dumps)
                .unwrap_or_default();
            let attributes = [("tool_call_id", word("tool_call_id")), ("status", word("status"))];
            Some(element(name, &attributes, &cut(&output, SHOWN_CHARS)))
        }
        _ => None,
    }
}

/// Returns whether a block carries bytes, which a reader of the text could not use.
fn holds_data(block: &Map<String, Value>) -> bool {
    let is_data = |url: Option<&Value>| url.and_then(Value::as_str).is_some_and(|url| url.starts_with("data:"));
    block.get("base64").is_some_and(says_something)
        || is_data(block.get("url"))
        || is_data(block.get("image_url").and_then(|image| image.get("url")))
}

fn says_something(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(map) => !map.is_empty(),
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::Bool(true) => true,
    }
}

fn text<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value.get(key)?.as_str()
}

fn shown(text: Option<&str>) -> Option<&str> {
    text.filter(|text| !text.is_empty())
}

fn element(name: &str, attributes: &[(&str, &str)], text: &str) -> String {
    let mut out = format!("<{name}");
    for (key, value) in attributes {
        out.push(' ');
        out.push_str(key);
        out.push('=');
        quote(&mut out, value);
    }
    out.push('>');
    out.push_str(&escape(text));
    out.push_str(&format!("</{name}>"));
    out
}

fn empty_element(name: &str, key: &str, value: &str) -> String {
    let mut out = format!("<{name} {key}=");
    quote(&mut out, value);
    out.push_str(" />");
    out
}

fn cut(text: &str, chars: usize) -> Cow<'_, str> {
    match text.char_indices().nth(chars) {
        Some((end, _)) => Cow::Owned(format!("{}...", text.get(..end).unwrap_or_default())),
        None => Cow::Borrowed(text),
    }
}

fn escape(text: &str) -> Cow<'_, str> {
    if !text.contains(['&', '<', '>']) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.replace('&', "&amp;").replace('>', "&gt;").replace('<', "&lt;"))
}

/// Writes an attribute's value in the quotes that need no escape, if there are such quotes.
fn quote(out: &mut String, value: &str) {
    let value = escape(value)
        .replace('\n', "&#10;")
        .replace('\r', "&#13;")
        .replace('\t', "&#9;");
    let (quote, value) = match (value.contains('"'), value.contains('\'')) {
        (false, _) => ('"', value),
        (true, false) => ('\'', value),
        (true, true) => ('"', value.replace('"', "&quot;")),
    };
    out.push(quote);
    out.push_str(&value);
    out.push(quote);
}
