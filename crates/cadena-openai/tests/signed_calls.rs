//! A server's signature on a call or an answer goes back to it as it came, and to no server that refuses it.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, in its helpers too"
)]

mod support;

use cadena_core::messages::{filter_messages, messages_from_dict, messages_to_dict};
use cadena_core::{AIMessage, AIMessageChunk, FilterMessages, Message, PromptValue, RunnableExt, ToolMessage, fold};
use cadena_http::RetryPolicy;
use cadena_openai::{AzureChatOpenAI, ChatOpenAI, ModelRule, ModelRules};
use serde_json::{Value, json};
use support::{Canned, block_on, model};

fn call(id: &str, signature: &str) -> Value {
    json!({"id": id, "type": "function", "extra_content": {"google": {"thought_signature": signature}},
        "function": {"name": "find", "arguments": "{\"a\":1}", "provider_specific_fields": {"n": 1}}})
}

fn details() -> Value {
    json!([{"type": "reasoning.text", "text": "hmhm", "format": "f", "index": 0, "signature": "s"}])
}

/// The same answer whole and streamed: two calls that are signed, and an answer that is.
fn answers() -> [AIMessage; 2] {
    let message = json!({"role": "assistant", "content": "hi", "tool_calls": [call("k1", "A=="), call("k2", "B==")],
        "reasoning_details": details(), "citations": ["https://example.com"]});
    let whole = json!({"choices": [{"index": 0, "message": message, "finish_reason": "tool_calls"}]});
    let thought = |text: &str| json!({"reasoning_details": [{"type": "reasoning.text", "text": text, "format": "f", "index": 0}]});
    let piece = |index: u32, call: Value| {
        let mut call = call;
        call["index"] = index.into();
        json!({"tool_calls": [call]})
    };
    let mut cut = call("k1", "A==");
    cut["function"]["arguments"] = "{\"a\"".into();
    let deltas = [
        json!({"content": "hi", "citations": ["https://example.com"]}),
        thought("hm"),
        thought("hm"),
        json!({"reasoning_details": [{"type": "reasoning.text", "signature": "s", "format": "f", "index": 0}]}),
        piece(0, cut),
        json!({"tool_calls": [{"index": 0, "extra_content": {"google": {"thought_signature": "A=="}}, "function": {"arguments": ":1}"}}]}),
        piece(1, call("k2", "B==")),
    ];
    let mut body = String::new();
    for delta in deltas {
        body += &format!("data: {}\n\n", json!({"choices": [{"index": 0, "delta": delta}]}));
    }
    let end = json!({"choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]});
    body += &format!("data: {end}\n\ndata: [DONE]\n\n");
    let whole = block_on(async { model(Canned::json(whole.to_string())).invoke("hi").await });
    let llm = model(Canned::events(body));
    let sum = block_on(async { fold::<AIMessage>(llm.stream("hi")).await });
    [whole.unwrap(), sum.unwrap().unwrap()]
}

fn turn(message: AIMessage) -> Vec<Message> {
    let answers = ["k1", "k2"].map(|id| ToolMessage::new("3", id).into());
    [vec!["hi".into(), message.into()], answers.into()].concat()
}

/// The second message of a request.
fn sent(llm: ChatOpenAI, messages: Vec<Message>) -> Value {
    let server = Canned::json("{}");
    let llm = llm.with_http_retry(RetryPolicy::none()).with_transport(server.clone());
    // What counts is the request, not its answer.
    let _ = block_on(async { llm.invoke(PromptValue::from(messages)).await });
    server.bodies().remove(0)["messages"][1].clone()
}

fn elsewhere() -> ChatOpenAI {
    model(Canned::json("{}"))
}

#[test]
fn whole_and_streamed_keep_the_same_and_show_it() {
    let [whole, sum] = answers();
    assert_eq!(whole.tool_calls, sum.tool_calls);
    assert_eq!(whole.additional_kwargs, sum.additional_kwargs);
    assert_eq!(
        whole.tool_calls[0].extra["extra_content"]["google"]["thought_signature"],
        "A=="
    );
    assert_eq!(whole.additional_kwargs["reasoning_details"], details());
}

#[test]
fn what_is_signed_goes_back_as_it_came_from_memory_and_from_storage() {
    for message in answers() {
        let stored: AIMessage = serde_json::from_value(serde_json::to_value(&message).unwrap()).unwrap();
        assert_eq!(stored, message);
        let chunk: AIMessageChunk =
            serde_json::from_value(serde_json::to_value(AIMessageChunk::from(message.clone())).unwrap()).unwrap();
        let history = messages_from_dict(messages_to_dict(&turn(message.clone()))).unwrap();
        for messages in [turn(message.clone()), turn(stored), turn(chunk.into()), history] {
            let expect = json!({"content": "hi", "role": "assistant", "tool_calls": [call("k1", "A=="), call("k2", "B==")],
                "reasoning_details": details()});
            assert_eq!(sent(elsewhere(), messages), expect);
        }
    }
}

#[test]
fn a_signature_stays_with_its_call_when_another_call_is_taken_out() {
    let [message, _] = answers();
    let mut edited = message.clone();
    edited.tool_calls.remove(0);
    assert_eq!(
        sent(elsewhere(), turn(edited))["tool_calls"],
        json!([call("k2", "B==")])
    );
    let filtered = filter_messages(turn(message), &FilterMessages::new().exclude_tool_calls(["k1"]));
    assert_eq!(sent(elsewhere(), filtered)["tool_calls"], json!([call("k2", "B==")]));
}

#[test]
fn openai_itself_and_azure_get_no_member_that_their_schema_does_not_have() {
    let plain =
        |id: &str| json!({"id": id, "type": "function", "function": {"name": "find", "arguments": "{\"a\":1}"}});
    let expect = json!({"content": "hi", "role": "assistant", "tool_calls": [plain("k1"), plain("k2")]});
    for message in answers() {
        let own = elsewhere().with_base_url("https://api.openai.com/v1");
        assert_eq!(sent(own.clone(), turn(message.clone())), expect);
        let all = own.with_model_rules(ModelRules::all().without(ModelRule::KnownMembers));
        assert_eq!(sent(all, turn(message.clone()))["reasoning_details"], details());

        let server = Canned::json("{}");
        let azure = AzureChatOpenAI::new("deployed")
            .with_endpoint("https://r.openai.azure.com/")
            .with_api_version("2024-10-21")
            .with_api_key("key")
            .with_http_retry(RetryPolicy::none())
            .with_transport(server.clone());
        // What counts is the request, not its answer.
        let _ = block_on(async { azure.invoke(PromptValue::from(turn(message))).await });
        assert_eq!(server.bodies()[0]["messages"][1], expect);
    }
}
