//! Bad input: an error that names the place, and neither a panic nor a stack overflow.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use cadena_core::{
    AnyMessage, ChatPromptTemplate, ErrorKind, Message, MessageChunk, MessagesPlaceholder, ToolMessage,
    convert_to_messages, convert_to_openai_messages, dict, get_buffer_string, messages_from_dict, messages_from_lc,
};
use serde_json::{Value, json};

#[track_caller]
fn refused(messages: Value, expect: &str) {
    let error = convert_to_messages(messages).unwrap_err();
    assert_eq!((error.kind(), error.detail()), (ErrorKind::InvalidInput, expect));
}

#[test]
fn what_is_no_message_is_refused_with_its_place() {
    let one = "must be a text, a pair of role and content, or an object, not";
    refused(json!(["hi", 5]), &format!("`messages[1]` {one} a number"));
    refused(json!([null]), &format!("`messages[0]` {one} null"));
    refused(json!(5), "`messages` the messages must be a list, not a number");
    refused(
        json!([["human", "a", "b"]]),
        "`messages[0]` is a list, and not a pair of role and content",
    );
    refused(json!([[5, "a"]]), "`messages[0][0]` must be a role, not a number");
    refused(
        json!([{"content": "x"}]),
        "`messages[0]` needs `role` and `content`, and has no `role`",
    );
    refused(
        json!([{"role": "user"}]),
        "`messages[0]` needs `role` and `content`, and has no `content`",
    );
}

#[test]
fn a_wrong_field_is_refused_with_its_place() {
    let roles = "use human, user, ai, assistant, system, developer, tool, function or remove";
    refused(
        json!([{"role": "alien", "content": "x"}]),
        &format!("`messages[0].role` is `alien`: {roles}"),
    );
    refused(
        json!([{"role": 5, "content": "x"}]),
        "`messages[0].role` must be a text, not a number",
    );
    refused(
        json!([{"role": "user", "content": 5}]),
        "`messages[0].content` must be a text or a list of texts and objects, not a number",
    );
    refused(
        json!([{"role": "user", "content": ["a", 5]}]),
        "`messages[0].content[1]` must be a text or an object, not a number",
    );
    refused(
        json!([{"role": "tool", "content": "3"}]),
        "`messages[0].tool_call_id` is missing",
    );
    refused(
        json!([{"role": "function", "content": "3"}]),
        "`messages[0].name` is missing",
    );
    refused(
        json!([{"role": "remove", "content": ""}]),
        "`messages[0].id` is missing",
    );
    refused(
        json!([{"role": "user", "content": "x", "name": 5}]),
        "`messages[0].name` must be a text, not a number",
    );
    let status = json!([{"role": "tool", "content": "3", "tool_call_id": "c", "status": "maybe"}]);
    refused(
        status,
        "`messages[0].status` must be `success` or `error`, not \"maybe\"",
    );
}

#[test]
fn a_wrong_tool_call_is_refused_with_its_place() {
    let call = |arguments: Value| {
        let call = json!({"id": "c", "type": "function", "function": {"name": "f", "arguments": arguments}});
        json!([{"role": "assistant", "content": "", "tool_calls": [call]}])
    };
    let place = "`messages[0].tool_calls[0].function.arguments`";
    let error = convert_to_messages(call(json!("{"))).unwrap_err();
    assert!(error.detail().starts_with(&format!("{place} is not JSON")), "{error}");
    refused(call(json!("[1]")), &format!("{place} must be an object, not a list"));
    assert!(convert_to_messages(call(json!("{\"a\": \"line\nbreak\"}"))).is_ok());
}

#[test]
fn a_dictionary_keeps_what_it_says() {
    let usage = json!({"input_tokens": 1, "output_tokens": 2, "total_tokens": 3});
    let messages = convert_to_messages(json!([
        {"role": "assistant", "content": null, "usage_metadata": usage, "foo": 1, "additional_kwargs": {"bar": 2}},
        {"role": "chat", "type": "chat", "content": "x"},
    ]));
    assert!(messages.is_err(), "`chat` is not a role");
    let messages = convert_to_messages(json!([
        {"role": "assistant", "content": null, "usage_metadata": usage, "foo": 1, "additional_kwargs": {"bar": 2}},
    ]))
    .unwrap();
    let ai = messages[0].as_ai().unwrap();
    assert_eq!(ai.usage_metadata.as_ref().map(|usage| usage.total_tokens), Some(3));
    assert_eq!(Value::from(ai.additional_kwargs.clone()), json!({"foo": 1, "bar": 2}));
}

#[test]
fn a_history_that_is_not_one_is_refused_with_its_place() {
    let read = |dicts| messages_from_dict::<AnyMessage>(dicts).unwrap_err().detail().to_owned();
    assert_eq!(
        read(json!([{"type": "alien", "data": {}}])),
        "`[0].type` is `alien`, which is not the type of a message"
    );
    assert_eq!(read(json!([{"type": "human"}])), "`[0].data` is missing");
    assert_eq!(
        read(json!([{"type": "human", "data": {}}])),
        "`[0].data.content` is missing"
    );
    let other = json!([{"type": "human", "data": {"type": "ai", "content": ""}}]);
    assert_eq!(read(other), "`[0].data.type` is `ai`, and `human` is expected");
    let call =
        json!([{"type": "ai", "data": {"content": "", "tool_calls": [{"name": "f", "args": {}}, {"args": {}}]}}]);
    assert!(read(call).starts_with("`[0].data.tool_calls[1]` does not fit: missing field `name`"));
    assert!(serde_json::from_value::<Message>(json!({"content": "x"})).is_err());
    assert!(serde_json::from_value::<MessageChunk>(json!({"type": "human", "content": "x"})).is_err());
}

#[test]
fn an_envelope_makes_messages_and_nothing_else() {
    let envelope = |class: &str, kwargs: Value| json!({"lc": 1, "type": "constructor", "id": ["langchain", "schema", "messages", class], "kwargs": kwargs});
    let read = |value: Value| messages_from_lc::<AnyMessage>(json!([value]));
    let chunk = read(envelope(
        "AIMessageChunk",
        json!({"content": "x", "type": "AIMessageChunk"}),
    ))
    .unwrap();
    assert_eq!(chunk[0].kind(), "AIMessageChunk");
    let chat = read(envelope(
        "ChatMessage",
        json!({"content": "x", "type": "chat", "role": "critic"}),
    ))
    .unwrap();
    assert_eq!(chat[0].kind(), "chat");

    let refused = |value: Value| read(value).unwrap_err().detail().to_owned();
    assert_eq!(
        refused(envelope("ChatOpenAI", json!({"model": "x"}))),
        "`[0]` is not the envelope of a message"
    );
    assert_eq!(
        refused(json!({"lc": 1, "type": "secret", "id": ["PATH"]})),
        "`[0]` is not the envelope of a message"
    );
    let nested = json!({"content": "x", "additional_kwargs": {"key": [{"lc": 1, "type": "secret", "id": ["PATH"]}]}});
    assert_eq!(
        refused(envelope("HumanMessage", nested.clone())),
        "`[0].kwargs.additional_kwargs.key[0]` is another object of LangChain's: only messages are read"
    );
    // As one of many forms of a message it is read too; what is inside stays data.
    let messages = convert_to_messages(json!([envelope("HumanMessage", nested.clone())])).unwrap();
    assert_eq!(
        Value::from(messages[0].additional_kwargs().clone()),
        nested["additional_kwargs"]
    );
}

#[test]
fn a_marker_can_be_stored_but_neither_sent_nor_printed() {
    let history = [cadena_core::RemoveMessage::new("msg_1").into()];
    let printed = get_buffer_string(&history, &Default::default()).unwrap_err();
    assert_eq!(
        printed.detail(),
        "`messages[0]` is a RemoveMessage, which cannot be printed"
    );
    let sent = convert_to_openai_messages(&history, &Default::default()).unwrap_err();
    assert_eq!(
        sent.detail(),
        "`messages[0]` is a RemoveMessage, which cannot be sent to a model"
    );
    assert!(serde_json::from_value::<Message>(json!({"type": "remove", "id": "1", "content": "x"})).is_err());
}

#[test]
fn a_placeholder_takes_every_form_of_a_message() {
    let prompt = ChatPromptTemplate::new().placeholder(MessagesPlaceholder::new("history"));
    let input =
        dict! {"history": vec![json!(["ai", "Hello!"]), json!({"role": "user", "content": "hi"}), json!("yes")]};
    let kinds: Vec<_> = prompt
        .format(&input)
        .unwrap()
        .messages
        .iter()
        .map(Message::kind)
        .collect();
    assert_eq!(kinds, ["ai", "human", "human"]);
    assert!(prompt.format(&dict! {"history": "hi"}).is_err());
}

/// Levels of nesting that no parser lets through, built by hand: even `json!` would walk through them.
fn deep() -> Value {
    (0..10_000).fold(Value::Null, |inner, level| {
        if level % 2 == 0 {
            list(inner)
        } else {
            object([("a", inner)])
        }
    })
}

fn list(item: Value) -> Value {
    Value::Array(vec![item])
}

fn object<const N: usize>(members: [(&str, Value); N]) -> Value {
    Value::Object(
        members
            .into_iter()
            .map(|(key, value)| (key.to_owned(), value))
            .collect(),
    )
}

#[test]
fn ten_thousand_levels_of_nesting_are_refused() {
    let human = || object([("role", "user".into()), ("content", "x".into()), ("foo", deep())]);
    for value in [
        deep(),
        object([("messages", list("hi".into())), ("other", deep())]),
        list(deep()),
        list(human()),
        list(object([("role", "user".into()), ("content", deep())])),
    ] {
        let error = convert_to_messages(value).unwrap_err();
        assert!(
            matches!(error.kind(), ErrorKind::LimitExceeded | ErrorKind::InvalidInput),
            "{error}"
        );
    }
    assert_eq!(Message::try_from(human()).unwrap_err().kind(), ErrorKind::LimitExceeded);
    let data = || {
        object([
            ("content", "x".into()),
            ("tool_call_id", "1".into()),
            ("artifact", deep()),
        ])
    };
    let stored = list(object([("type", "tool".into()), ("data", data())]));
    let error = messages_from_dict::<Message>(stored).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LimitExceeded);
    assert_eq!(error.detail(), "`[0]` has more than 128 levels of nesting");
    assert!(messages_from_lc::<Message>(list(deep())).is_err());
    let error = serde_json::from_value::<ToolMessage>(data()).unwrap_err();
    assert_eq!(error.to_string(), "more than 128 levels of nesting");

    let text = format!("[{}{}]", "[".repeat(10_000), "]".repeat(10_000));
    assert!(serde_json::from_str::<Vec<Message>>(&text).is_err());
}

#[test]
fn a_hundred_megabytes_of_text_are_only_moved() {
    let size = 100_000_000;
    let text = "x".repeat(size);
    let messages = convert_to_messages(json!([{"role": "user", "content": text}])).unwrap();
    assert_eq!(messages[0].text().len(), size);
    assert_eq!(cadena_core::count_tokens_approximately(&messages), size / 4 + 1 + 3);
    let trim = cadena_core::TrimMessages::new(10, cadena_core::WordCounter).allow_partial(true);
    assert_eq!(cadena_core::trim_messages(messages, &trim).unwrap().len(), 1);
}
