//! Histories go to the real langchain-core and come back: `pip install langchain-core`, then `cargo test -p cadena-core --test langchain`.
//!
//! `CADENA_PYTHON` names the interpreter, by default `python3`. Where it or the package is missing, every test says in one loud line that it
//! was skipped. `messages.json` holds a message per line, as `model_dump()` gives it; a call there may say its `kind`.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking, and says loudly that it was skipped"
)]

use std::io::Write;
use std::process::{Command, Stdio};

use cadena_core::json::parse_partial_json_strict;
use cadena_core::{AIMessage, AIMessageChunk, AnyMessage, Message, messages_from_dict, messages_from_lc};
use serde_json::{Value, json};

/// LangChain's reading of messages and of streams; `None` where there is no LangChain.
fn langchain(messages: &[AnyMessage], streams: &[Vec<AIMessageChunk>]) -> Option<Value> {
    let python = std::env::var("CADENA_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let found = Command::new(&python).args(["-c", "import langchain_core"]).output();
    if !found.is_ok_and(|found| found.status.success()) {
        // `eprintln!` is not shown where a test passes.
        let line = format!("LANGCHAIN TEST SKIPPED: `{python}` is missing or cannot import langchain_core\n");
        std::io::stderr().write_all(line.as_bytes()).unwrap();
        return None;
    }
    let mut reader = Command::new(&python)
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/langchain/reader.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let given = json!({"messages": messages, "streams": streams});
    let mut stdin = reader.stdin.take().unwrap();
    stdin.write_all(given.to_string().as_bytes()).unwrap();
    drop(stdin);
    let output = reader.wait_with_output().unwrap();
    assert!(output.status.success());
    // Python writes `-Infinity`, which is no JSON.
    Some(parse_partial_json_strict(std::str::from_utf8(&output.stdout).unwrap()).unwrap())
}

fn messages() -> Vec<AnyMessage> {
    let read = |message: Value| {
        let stored = json!([{"type": message["type"], "data": message}]);
        messages_from_dict(stored).unwrap().remove(0)
    };
    let listed: Vec<Value> = serde_json::from_str(include_str!("messages.json")).unwrap();
    listed.into_iter().map(read).collect()
}

/// Every form in which LangChain stores a message, read.
#[track_caller]
fn all_forms(forms: &Value) -> Vec<AnyMessage> {
    let dump = &forms["dump"];
    assert!(dump.is_object(), "LangChain refuses it: {}", forms["error"]);
    let by_dict = messages_from_dict(json!([forms["dict"]])).unwrap();
    let by_envelope = messages_from_lc(json!([forms["lc"]])).unwrap();
    let by_dump = messages_from_dict(json!([{"type": dump["type"], "data": dump}])).unwrap();
    [by_dict, by_dump, by_envelope].concat()
}

#[test]
fn every_message_is_read_by_langchain_and_comes_back_as_it_was() {
    let messages = messages();
    let Some(answer) = langchain(&messages, &[]) else {
        return;
    };
    for (message, forms) in messages.iter().zip(answer["messages"].as_array().unwrap()) {
        let sent = json!(message);
        for (again, form) in all_forms(forms).into_iter().zip(["dict", "dump", "lc"]) {
            let mut expect = json!(message);
            if form == "lc" {
                // LangChain leaves out of an envelope what a message has no field for.
                for unknown in ["chat_turn", "tags"] {
                    expect.as_object_mut().unwrap().remove(unknown);
                }
            }
            assert_eq!(json!(again), expect, "{form}");
        }
        assert_eq!(without_calls(&forms["dump"]), without_calls(&sent));
    }
}

/// Without the calls that LangChain makes anew of a chunk's pieces: it completes cut ones, and forgets what was wrong with them.
fn without_calls(dump: &Value) -> Value {
    let mut dump = dump.clone();
    if dump["type"] == "AIMessageChunk" {
        dump["tool_calls"].take();
        dump["invalid_tool_calls"].take();
        // Why they are invalid, where LangChain would not know.
        dump["additional_kwargs"]
            .as_object_mut()
            .unwrap()
            .remove("__tool_call_extras__");
    }
    dump
}

#[test]
fn every_message_that_langchain_makes_is_read_and_read_by_langchain_again() {
    let Some(answer) = langchain(&[], &[]) else { return };
    let made = answer["made"].as_array().unwrap();
    let read: Vec<_> = made.iter().map(all_forms).collect();
    for (forms, read) in made.iter().zip(&read) {
        assert!(read.iter().all(|one| *one == read[0]), "{forms}");
    }
    let firsts: Vec<_> = read.into_iter().map(|mut forms| forms.remove(0)).collect();
    let again = langchain(&firsts, &[]).unwrap();
    for (made, again) in made.iter().zip(again["messages"].as_array().unwrap()) {
        assert!(again["dump"].is_object(), "LangChain refuses it: {}", again["error"]);
        assert_eq!(without_calls(&made["dump"]), without_calls(&again["dump"]));
    }
}

#[test]
fn pieces_of_calls_that_langchain_adds_up_are_the_calls() {
    let piece = |piece: Value| {
        let chunk = json!({"content": "", "type": "AIMessageChunk", "tool_call_chunks": [piece]});
        serde_json::from_value::<AIMessageChunk>(chunk).unwrap()
    };
    let stream = vec![
        piece(json!({"name": "f", "args": "", "id": "c1", "index": 0})),
        piece(json!({"args": "{\"a\": 1", "index": 0})),
        piece(json!({"args": "}", "index": 0})),
        piece(json!({"name": "sql", "args": "SELECT \"", "id": "c2", "index": 1, "kind": "custom"})),
        piece(json!({"args": "{\"\n", "index": 1, "kind": "custom"})),
        piece(json!({"args": "\\é", "index": 1, "kind": "custom"})),
    ];
    let Some(answer) = langchain(&[], std::slice::from_ref(&stream)) else {
        return;
    };
    let whole = AIMessage::from(stream.into_iter().sum::<AIMessageChunk>());
    assert_eq!(whole.tool_calls[1].input(), Some("SELECT \"{\"\n\\é"));
    for again in all_forms(&answer["streams"][0]) {
        assert_eq!(again, AnyMessage::Message(Message::AI(whole.clone())));
    }
}
