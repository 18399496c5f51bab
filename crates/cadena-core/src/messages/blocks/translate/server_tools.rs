//! Tools that OpenAI runs: each item of the Responses API is a call and its result.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::item_index::name_index;
use super::{Block, add_extras, object, text, without};
use crate::messages::ContentPart;
use crate::messages::tool_call::is_falsy;

/// Returns the ids of the searches whose result is in the content already.
pub(super) fn search_results(content: &[ContentPart]) -> HashSet<&str> {
    let ids = content.iter().filter_map(|part| match part {
        ContentPart::Block(block) if block.block_type() == Some("web_search_result") => block.get("id")?.as_str(),
        _ => None,
    });
    ids.collect()
}

/// Returns the blocks for an item, or `None` if it is not an item of a server's tool.
pub(super) fn server_tool(kind: &str, block: &Block, results: &HashSet<&str>) -> Option<Vec<Block>> {
    let id = block.get("id")?; // A result names its call by this id.
    match kind {
        "web_search_call" => Some(web_search(block, id, results)),
        "file_search_call" => Some(file_search(block, id)),
        "code_interpreter_call" => Some(code_interpreter(block, id)),
        "mcp_call" => Some(remote_tool(block, id)),
        "mcp_list_tools" => Some(list_tools(block, id)),
        "tool_search_call" if is_on_server(block) => Some(vec![tool_search(block, id)]),
        "tool_search_output" if is_on_server(block) => Some(vec![tool_search_output(block, id)]),
        _ => None,
    }
}

fn is_on_server(block: &Block) -> bool {
    text(block, "execution") == Some("server")
}

fn call(name: &str, id: &Value) -> Block {
    object([
        ("type", "server_tool_call".into()),
        ("name", name.into()),
        ("id", id.clone()),
    ])
}

fn result(id: &Value) -> Block {
    object([("type", "server_tool_result".into()), ("tool_call_id", id.clone())])
}

fn filled<'a>(block: &'a Block, key: &str) -> Option<&'a Value> {
    block.get(key).filter(|value| !is_falsy(value))
}

fn set(block: &mut Block, key: &str, value: Option<Value>) {
    if let Some(value) = value {
        block.insert(key.to_owned(), value);
    }
}

/// Sets the provider's status in the standard's words; another status is kept in the extras.
fn set_status(out: &mut Block, block: &Block) {
    match text(block, "status") {
        Some("failed") => set(out, "status", Some("error".into())),
        Some("completed") => set(out, "status", Some("success".into())),
        Some("") | None => {}
        Some(other) => add_extras(out, object([("status", other.into())])),
    }
}

/// Sets the index of a result, which follows its call.
fn name_next_index(out: &mut Block, prefix: &str, block: &Block) {
    if let Some(index) = block.get("index").and_then(Value::as_i64) {
        set(
            out,
            "index",
            Some(format!("lc_{prefix}_{}", index.saturating_add(1)).into()),
        );
    }
}

fn web_search(block: &Block, id: &Value, results: &HashSet<&str>) -> Vec<Block> {
    let action = block.get("action").and_then(Value::as_object);
    let mut search = call("web_search", id);
    let args = action.map_or_else(Map::new, |action| without(action, &["sources"]));
    set(&mut search, "args", Some(args.into()));
    name_index(&mut search, "wsc", block);
    search.extend(without(block, &["type", "id", "action", "status", "index"]));

    if id.as_str().is_some_and(|id| results.contains(id)) {
        return vec![search];
    }
    let mut found = result(id);
    let sources = action.and_then(|action| filled(action, "sources"));
    set(
        &mut found,
        "output",
        sources.map(|sources| object([("sources", sources.clone())]).into()),
    );
    set_status(&mut found, block);
    name_next_index(&mut found, "wsr", block);
    vec![search, found]
}

fn file_search(block: &Block, id: &Value) -> Vec<Block> {
    let mut search = call("file_search", id);
    let queries = block
        .get("queries")
        .cloned()
        .unwrap_or_else(|| Vec::<Value>::new().into());
    set(&mut search, "args", Some(object([("queries", queries)]).into()));
    name_index(&mut search, "fsc", block);
    search.extend(without(block, &["type", "id", "queries", "results", "status", "index"]));

    let mut found = result(id);
    set(&mut found, "output", filled(block, "results").cloned());
    set_status(&mut found, block);
    name_next_index(&mut found, "fsr", block);
    vec![search, found]
}

fn code_interpreter(block: &Block, id: &Value) -> Vec<Block> {
    let mut run = call("code_interpreter", id);
    set(
        &mut run,
        "args",
        block.get("code").map(|code| object([("code", code.clone())]).into()),
    );
    name_index(&mut run, "cic", block);
    add_extras(
        &mut run,
        without(block, &["type", "id", "outputs", "status", "code", "extras", "index"]),
    );

    let mut output = result(id);
    set(&mut output, "output", block.get("outputs").cloned());
    set_status(&mut output, block);
    name_next_index(&mut output, "cir", block);
    vec![run, output]
}

fn remote_tool(block: &Block, id: &Value) -> Vec<Block> {
    let mut run = call("remote_mcp", id);
    if let Some(arguments) = text(block, "arguments").filter(|arguments| !arguments.is_empty()) {
        match serde_json::from_str::<Value>(arguments) {
            Ok(args) => set(&mut run, "args", Some(args)),
            Err(_) => add_extras(&mut run, object([("arguments", arguments.into())])),
        }
    }
    if let Some(name) = block.get("name") {
        add_extras(&mut run, object([("tool_name", name.clone())]));
    }
    name_index(&mut run, "mcp", block);
    let known = ["type", "id", "arguments", "name", "output", "error", "extras", "index"];
    add_extras(&mut run, without(block, &known));

    let mut output = result(id);
    set(&mut output, "output", filled(block, "output").cloned());
    set_error(&mut output, block);
    name_next_index(&mut output, "mcpr", block);
    vec![run, output]
}

fn list_tools(block: &Block, id: &Value) -> Vec<Block> {
    let mut list = call("mcp_list_tools", id);
    set(&mut list, "args", Some(Map::new().into()));
    name_index(&mut list, "mlt", block);
    add_extras(
        &mut list,
        without(block, &["type", "id", "name", "tools", "error", "extras", "index"]),
    );

    let mut tools = result(id);
    set(&mut tools, "output", filled(block, "tools").cloned());
    set_error(&mut tools, block);
    name_next_index(&mut tools, "mltr", block);
    vec![list, tools]
}

fn set_error(out: &mut Block, block: &Block) {
    let error = filled(block, "error");
    let status = if error.is_some() { "error" } else { "success" };
    set(out, "status", Some(status.into()));
    if let Some(error) = error {
        add_extras(out, object([("error", error.clone())]));
    }
}

fn tool_search(block: &Block, id: &Value) -> Block {
    let mut search = call("tool_search", id);
    let args = block.get("arguments").cloned().unwrap_or_else(|| Map::new().into());
    set(&mut search, "args", Some(args));
    name_index(&mut search, "tsc", block);
    add_extras(&mut search, without(block, &["type", "id", "arguments", "index"]));
    search
}

fn tool_search_output(block: &Block, id: &Value) -> Block {
    let mut found = result(id);
    let tools = block
        .get("tools")
        .cloned()
        .unwrap_or_else(|| Vec::<Value>::new().into());
    set(&mut found, "output", Some(object([("tools", tools)]).into()));
    match text(block, "status") {
        Some("failed") => set(&mut found, "status", Some("error".into())),
        Some("completed") => set(&mut found, "status", Some("success".into())),
        _ => {}
    }
    if block.get("index").is_some_and(Value::is_i64) {
        name_index(&mut found, "tso", block);
    }
    add_extras(&mut found, object([("name", "tool_search".into())]));
    add_extras(&mut found, without(block, &["type", "id", "status", "tools", "index"]));
    found
}
