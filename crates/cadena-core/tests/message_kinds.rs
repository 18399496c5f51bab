//! Messages of every kind: their JSON comes back, their chunks add up (law 2).

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use cadena_core::{
    AIMessage, AIMessageChunk, AnyMessage, ChatMessage, ChatMessageChunk, Content, ContentPart, FunctionMessage,
    FunctionMessageChunk, HumanMessage, HumanMessageChunk, Merge, Message, MessageChunk, RemoveMessage, Streamable,
    SystemMessage, SystemMessageChunk, ToolMessage, ToolMessageChunk, ToolStatus, convert_to_messages,
    messages_from_dict, messages_to_dict,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

fn text() -> impl Strategy<Value = String> {
    "[a-cé🦀 ]{0,4}"
}

/// Values that add up associatively: text and lists. Integers do not, as LangChain keeps equal ones and sums others.
fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        text().prop_map(Value::from),
        vec(text(), 0..3).prop_map(Value::from),
        Just(Value::Null)
    ]
}

fn map() -> impl Strategy<Value = Map<String, Value>> {
    // One type per key: two types under one key do not add up.
    (option::of(text()), option::of(vec(text(), 0..3))).prop_map(|(text, list)| {
        let text = text.map(|text| ("mood".to_owned(), Value::from(text)));
        let list = list.map(|list| ("tags".to_owned(), Value::from(list)));
        text.into_iter().chain(list).collect()
    })
}

fn part() -> impl Strategy<Value = ContentPart> {
    prop_oneof![
        text().prop_map(ContentPart::Text),
        text().prop_map(ContentPart::text),
        (text(), 0..2i64).prop_map(|(text, index)| {
            serde_json::from_value(json!({"type": "text", "text": text, "index": index})).unwrap()
        }),
        value().prop_map(|value| serde_json::from_value(json!({"type": "weird", "value": value})).unwrap()),
    ]
}

/// Any content, for what is only stored and read.
fn content() -> impl Strategy<Value = Content> {
    prop_oneof![
        text().prop_map(Content::from),
        vec(part(), 0..3).prop_map(Content::from)
    ]
}

macro_rules! fill {
    ($message:expr, $content:expr, $map:expr, $name:expr, $id:expr) => {{
        let mut message = $message;
        message.content = $content;
        message.additional_kwargs = $map.0.into();
        message.response_metadata = $map.1.into();
        message.name = $name;
        message.id = $id;
        message.extra = $map.2.into();
        message
    }};
}

type Common = (
    (Map<String, Value>, Map<String, Value>, Map<String, Value>),
    Option<String>,
    Option<String>,
);

fn common() -> impl Strategy<Value = Common> {
    ((map(), map(), map()), option::of("Ann|Bob"), option::of("[a-c]"))
}

/// A message of each kind with the same fields.
fn messages(content: Content, (maps, name, id): Common) -> Vec<Message> {
    let mut tool = ToolMessage::new("", "call_1");
    tool.artifact = json!({"rows": [1, 2.5, null]});
    tool.status = ToolStatus::Error;
    let mut marker = RemoveMessage::new("msg_1");
    marker.name.clone_from(&name);
    marker.extra = maps.2.clone().into();
    let function = name.clone().or_else(|| Some("add".to_owned()));
    vec![
        fill!(
            HumanMessage::new(""),
            content.clone(),
            maps.clone(),
            name.clone(),
            id.clone()
        )
        .into(),
        fill!(
            SystemMessage::new(""),
            content.clone(),
            maps.clone(),
            name.clone(),
            id.clone()
        )
        .into(),
        fill!(
            AIMessage::new(""),
            content.clone(),
            maps.clone(),
            name.clone(),
            id.clone()
        )
        .into(),
        fill!(tool, content.clone(), maps.clone(), name.clone(), id.clone()).into(),
        fill!(
            ChatMessage::new("critic", ""),
            content.clone(),
            maps.clone(),
            name,
            id.clone()
        )
        .into(),
        fill!(FunctionMessage::new("", ""), content, maps, function, id).into(),
        marker.into(),
    ]
}

proptest! {
    #[test]
    fn every_message_survives_its_json(content in content(), common in common()) {
        for message in messages(content, common) {
            let json = serde_json::to_string(&message).unwrap();
            prop_assert_eq!(&serde_json::from_str::<Message>(&json).unwrap(), &message);
            prop_assert_eq!(&convert_to_messages(json!([&message])).unwrap(), std::slice::from_ref(&message));

            let stored = messages_to_dict(std::slice::from_ref(&message));
            prop_assert_eq!(&messages_from_dict::<Message>(stored).unwrap(), std::slice::from_ref(&message));
        }
    }

    #[test]
    fn every_chunk_survives_its_json_and_becomes_its_message(content in content(), common in common()) {
        for message in messages(content, common) {
            let Ok(chunk) = MessageChunk::try_from(message.clone()) else {
                prop_assert_eq!(message.kind(), "remove");
                continue;
            };
            let json = serde_json::to_value(&chunk).unwrap();
            prop_assert_eq!(&serde_json::from_value::<MessageChunk>(json.clone()).unwrap(), &chunk);
            prop_assert_eq!(serde_json::from_value::<AnyMessage>(json).unwrap().kind(), chunk.kind());
            prop_assert_eq!(Message::from(chunk), message);
        }
    }
}

/// Content that adds up associatively: text only, or parts of one index each. Text in front of parts becomes a part of its
/// own, which text after it joins or not, depending on where the sum is split.
fn summand_content() -> impl Strategy<Value = Content> {
    text().prop_map(Content::from)
}

fn parts_content() -> impl Strategy<Value = Content> {
    let block = |index: i64, text: String| json!({"type": "text", "text": text, "index": index});
    let parts = (option::of(text()), option::of(text())).prop_map(move |(first, second)| {
        let first = first.map(|text| block(0, text));
        let second = second.map(|text| block(1, text));
        let parts: Vec<Value> = first.into_iter().chain(second).collect();
        serde_json::from_value(Value::from(parts)).unwrap()
    });
    parts.prop_map(|parts: Vec<ContentPart>| Content::from(parts))
}

macro_rules! laws {
    ($test:ident, $chunk:ident, $new:expr) => {
        proptest! {
            #[test]
            fn $test(
                texts in [summand_content(), summand_content(), summand_content()],
                parts in [parts_content(), parts_content(), parts_content()],
                common in [common(), common(), common()],
            ) {
                for contents in [texts, parts] {
                    let mut chunks = contents.into_iter().zip(common.clone()).map(|(content, (maps, name, id))| {
                        // A function's name is what its chunks have in common.
                        let chunk: $chunk = fill!($new, content, maps, $new.name.or(name), id);
                        chunk
                    });
                    let mut next = || chunks.next().unwrap();
                    let (a, b, c) = (next(), next(), next());

                    let mut left = a.clone();
                    left.merge(b.clone()).unwrap();
                    left.merge(c.clone()).unwrap();
                    let mut tail = b.clone();
                    tail.merge(c.clone()).unwrap();
                    let mut right = a.clone();
                    right.merge(tail).unwrap();
                    prop_assert_eq!(&left, &right, "associative");

                    prop_assert_eq!(&($chunk::default() + a.clone()), &a, "left identity");
                    prop_assert_eq!(&(a.clone() + $chunk::default()), &a, "right identity");

                    let sum: $chunk = [a.clone(), b.clone(), c.clone()].into_iter().sum();
                    prop_assert_eq!(&sum, &left, "sum");
                    let mut extended = a.clone();
                    extended.extend([b.clone(), c.clone()]);
                    prop_assert_eq!(&extended, &left, "extend");
                    let any = [b, c].into_iter().fold(MessageChunk::from(a), |sum, chunk| sum + chunk.into());
                    prop_assert_eq!(any, MessageChunk::from(left), "as any chunk");
                }
            }
        }
    };
}

laws!(human_chunks_add_up, HumanMessageChunk, HumanMessageChunk::new(""));
laws!(system_chunks_add_up, SystemMessageChunk, SystemMessageChunk::new(""));
laws!(
    chat_chunks_add_up,
    ChatMessageChunk,
    ChatMessageChunk::new("critic", "")
);
laws!(
    function_chunks_add_up,
    FunctionMessageChunk,
    FunctionMessageChunk::new("add", "")
);
laws!(
    tool_chunks_add_up,
    ToolMessageChunk,
    ToolMessageChunk::new("", "call_1")
);

#[test]
fn a_chunk_of_another_kind_gives_its_text_and_the_left_kind_stays() {
    let chunks: Vec<MessageChunk> = vec![
        HumanMessageChunk::new("a").into(),
        SystemMessageChunk::new("a").into(),
        AIMessageChunk::new("a").into(),
        ChatMessageChunk::new("critic", "a").into(),
    ];
    for left in chunks {
        let mut sum = left.clone();
        sum.merge(ToolMessageChunk::new("b", "call_1").into()).unwrap();
        assert_eq!((sum.kind(), sum.text().as_ref()), (left.kind(), "ab"));
    }
}

#[test]
fn an_answer_of_a_tool_takes_nothing_from_others_and_loses_nothing() {
    let mut answer = MessageChunk::from(ToolMessageChunk::new("3", "call_1"));
    let error = answer.merge(HumanMessageChunk::new("b").into()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "chunks do not add up: a ToolMessageChunk adds up with its own kind only"
    );
    assert_eq!(answer.text(), "3");

    let mut answer = ToolMessageChunk::new("3", "call_1");
    assert!(answer.merge(ToolMessageChunk::new("4", "call_2")).is_err());
    assert_eq!((answer.text().as_ref(), answer.tool_call_id.as_str()), ("34", "call_1"));
}

#[test]
fn a_message_flows_as_its_chunks() {
    let message = HumanMessage::new("hi").with_name("Ann");
    assert_eq!(HumanMessage::from_chunk(message.clone().into_chunk()).unwrap(), message);
}

#[test]
fn pieces_of_calls_in_standard_blocks_become_calls_when_the_last_piece_has_come() {
    let piece = |args: &str, last: bool| -> AIMessageChunk {
        serde_json::from_value(json!({
            "content": [{"type": "tool_call_chunk", "id": "c1", "name": "f", "args": args, "index": 0, "extras": {"k": 1}}],
            "tool_call_chunks": [{"name": "f", "args": args, "id": "c1", "index": 0}],
            "response_metadata": {"output_version": "v1"},
            "chunk_position": last.then_some("last"),
        }))
        .unwrap()
    };
    let whole = serde_json::to_value(piece(r#"{"a": 1}"#, true)).unwrap();
    let call = json!([{"type": "tool_call", "name": "f", "args": {"a": 1}, "id": "c1", "extras": {"k": 1}}]);
    assert_eq!(whole["content"], call);

    let open = serde_json::to_value(piece(r#"{"a": 1}"#, false)).unwrap();
    assert_eq!(open["content"][0]["type"], "tool_call_chunk");
    let cut = serde_json::to_value(piece(r#"{"a": 1"#, true)).unwrap();
    assert_eq!(cut["content"][0]["type"], "tool_call_chunk");
}
