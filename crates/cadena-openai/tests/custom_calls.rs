//! Calls of custom tools, whose input is free text: read, kept, stored, and sent back as they came.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, in its helpers too"
)]

mod support;

use cadena_core::{
    AIMessage, AIMessageChunk, AnyTool, BindTools, Message, PromptValue, RunnableExt, ToolCallKind, ToolContext,
    ToolMessage, fold, tool_node,
};
use cadena_openai::Endpoint;
use serde_json::{Value, json};
use support::{Canned, block_on, model};

const INPUT: &str = "SELECT \"a\",\n 'é' -- {\"not\": \"JSON\"}";

fn call(input: &str) -> Value {
    json!({"id": "call_1", "type": "custom", "custom": {"name": "sql", "input": input}})
}

fn whole(finish_reason: &str) -> String {
    let message = json!({"role": "assistant", "content": null, "tool_calls": [call(INPUT)]});
    json!({"choices": [{"index": 0, "message": message, "finish_reason": finish_reason}]}).to_string()
}

/// The call in pieces, as the server streams it: what the call is stands in the first.
fn events(finish_reason: &str) -> String {
    let mut deltas = vec![json!({"role": "assistant", "content": null})];
    deltas.push(
        json!({"tool_calls": [{"index": 0, "id": "call_1", "type": "custom", "custom": {"name": "sql", "input": ""}}]}),
    );
    for piece in INPUT.split_inclusive(' ') {
        deltas.push(json!({"tool_calls": [{"index": 0, "custom": {"input": piece}}]}));
    }
    let mut body = String::new();
    for delta in deltas {
        body += &format!("data: {}\n\n", json!({"choices": [{"index": 0, "delta": delta}]}));
    }
    let end = json!({"choices": [{"index": 0, "delta": {}, "finish_reason": finish_reason}]});
    body + &format!("data: {end}\n\ndata: [DONE]\n\n")
}

/// The message whole, and as the sum of its stream.
fn both(finish_reason: &str) -> [AIMessage; 2] {
    let whole = block_on(async { model(Canned::json(whole(finish_reason))).invoke("hi").await });
    let llm = model(Canned::events(events(finish_reason)));
    let sum = block_on(async { fold::<AIMessage>(llm.stream("hi")).await });
    [whole.unwrap(), sum.unwrap().unwrap()]
}

fn turn(message: AIMessage) -> PromptValue {
    let question = Message::from("how many?");
    PromptValue::from(vec![question, message.into(), ToolMessage::new("3", "call_1").into()])
}

fn sent(message: AIMessage, endpoint: Endpoint) -> Value {
    let server = Canned::json("{}");
    let llm = model(server.clone()).with_endpoint(endpoint);
    // What counts is the request, not its answer.
    let _ = block_on(async { llm.invoke(turn(message)).await });
    server.bodies().remove(0)
}

#[test]
fn the_input_of_a_custom_tool_is_the_same_whole_and_streamed() {
    for message in both("tool_calls") {
        assert_eq!(message.invalid_tool_calls, []);
        let [call] = message.tool_calls.as_slice() else {
            unreachable!("{:?}", message.tool_calls)
        };
        assert_eq!((call.name.as_str(), call.id.as_deref()), ("sql", Some("call_1")));
        assert_eq!((call.kind, call.input()), (ToolCallKind::Custom, Some(INPUT)));
        assert_eq!(call.args["__arg1"], INPUT);
    }
}

#[test]
fn a_custom_call_goes_back_as_it_came_also_from_stored_json() {
    for message in both("tool_calls") {
        let stored = serde_json::to_string(&message).unwrap();
        let restored: AIMessage = serde_json::from_str(&stored).unwrap();
        assert_eq!(restored, message);
        let chunk: AIMessageChunk = message.clone().into();
        for message in [message, restored, chunk.into()] {
            let body = sent(message, Endpoint::ChatCompletions);
            let expect = json!({"content": null, "role": "assistant", "tool_calls": [call(INPUT)]});
            assert_eq!(body["messages"][1], expect);
            assert_eq!(body["messages"][2]["tool_call_id"], "call_1");
        }
    }
}

#[test]
fn a_custom_call_goes_to_the_responses_api_as_its_item() {
    for message in both("tool_calls") {
        let body = sent(message, Endpoint::Responses);
        let call = json!({"type": "custom_tool_call", "name": "sql", "input": INPUT, "call_id": "call_1"});
        let output = json!({"type": "custom_tool_call_output", "output": "3", "call_id": "call_1"});
        assert_eq!((&body["input"][1], &body["input"][2]), (&call, &output));
    }
}

#[test]
fn a_custom_call_of_the_responses_api_goes_to_chat_completions_as_a_custom_call() {
    let message = json!({
        "content": [{"type": "custom_tool_call", "id": "ctc_1", "call_id": "call_1", "name": "sql", "input": INPUT}],
        "tool_calls": [{"name": "sql", "args": {"__arg1": INPUT}, "id": "call_1"}],
    });
    let body = sent(serde_json::from_value(message).unwrap(), Endpoint::ChatCompletions);
    let expect = json!({"content": null, "role": "assistant", "tool_calls": [call(INPUT)]});
    assert_eq!(body["messages"][1], expect);
}

#[test]
fn a_custom_call_that_was_cut_is_invalid_and_goes_back_with_what_came() {
    for message in both("length") {
        assert_eq!(message.tool_calls, []);
        let invalid = &message.invalid_tool_calls[0];
        assert_eq!(
            (invalid.kind, invalid.args.as_deref()),
            (ToolCallKind::Custom, Some(INPUT))
        );
        let again = AIMessage::from(AIMessageChunk::from(message.clone()));
        assert_eq!(again, message);
        let body = sent(message, Endpoint::ChatCompletions);
        assert_eq!(body["messages"][1]["tool_calls"][0], call(INPUT));
    }
}

#[test]
fn a_function_with_an_argument_of_that_name_stays_a_function() {
    let message = json!({"content": "", "tool_calls": [{"name": "f", "args": {"__arg1": "x"}, "id": "call_1"}]});
    let body = sent(serde_json::from_value(message).unwrap(), Endpoint::ChatCompletions);
    assert_eq!(body["messages"][1]["tool_calls"][0]["type"], "function");
}

#[test]
fn a_bound_custom_tool_is_sent_in_the_form_of_each_endpoint_and_run_by_its_calls() {
    let run = |query: String, _: ToolContext| async move { Ok(query.len()) };
    let sql = AnyTool::custom("sql", "Runs a query.", run);
    let flat = json!({"type": "custom", "name": "date", "format": {"type": "grammar", "syntax": "regex", "definition": "\\d+"}});
    let date = AnyTool::from_schema(flat.clone()).unwrap();
    assert_eq!(date.name(), "date");

    let server = Canned::json("{}");
    for endpoint in [Endpoint::ChatCompletions, Endpoint::Responses] {
        let llm = model(server.clone()).with_endpoint(endpoint);
        let llm = llm.bind_tools([sql.clone(), date.clone()]).unwrap();
        // What counts is the request, not its answer.
        let _ = block_on(async { llm.invoke("hi").await });
    }
    let [chat, responses] = <[Value; 2]>::try_from(server.bodies()).unwrap();
    let grammar = json!({"type": "grammar", "grammar": {"syntax": "regex", "definition": "\\d+"}});
    let nested = json!([
        {"type": "custom", "custom": {"name": "sql", "description": "Runs a query."}},
        {"type": "custom", "custom": {"name": "date", "format": grammar}},
    ]);
    assert_eq!(chat["tools"], nested);
    assert_eq!(
        responses["tools"],
        json!([{"type": "custom", "name": "sql", "description": "Runs a query."}, flat])
    );

    let [whole, _] = both("tool_calls");
    let answers = block_on(async { tool_node([sql]).unwrap().invoke(whole).await }).unwrap();
    assert_eq!(answers[0].text(), INPUT.len().to_string());
}
