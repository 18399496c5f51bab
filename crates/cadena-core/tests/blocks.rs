//! Content blocks: what is read is written again, and the standard view loses no text.

use cadena_core::messages::{ContentBlock, MediaBlock, OpenAIApi, TextBlock, convert_to_openai_data_block};
use cadena_core::{AIMessage, AIMessageChunk, Content, ContentPart, HumanMessage, Merge, SequentialIds, ToolCallChunk};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value, json};

const TYPES: [&str; 18] = [
    "text",
    "reasoning",
    "image",
    "audio",
    "video",
    "file",
    "text-plain",
    "tool_call",
    "tool_call_chunk",
    "invalid_tool_call",
    "server_tool_call",
    "server_tool_call_chunk",
    "server_tool_result",
    "non_standard",
    "image_url",
    "document",
    "function_call",
    "weird",
];

const KEYS: [&str; 24] = [
    "type",
    "text",
    "annotations",
    "id",
    "index",
    "extras",
    "reasoning",
    "url",
    "base64",
    "file_id",
    "mime_type",
    "name",
    "args",
    "error",
    "tool_call_id",
    "status",
    "output",
    "value",
    "title",
    "source_type",
    "data",
    "image_url",
    "summary",
    "source",
];

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[a-zé🦀]{0,4}".prop_map(Value::from),
        select(&TYPES[..]).prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..3).prop_map(Value::from),
            btree_map(select(&KEYS[..]), inner, 0..4).prop_map(|map| map.into_iter().collect()),
        ]
    })
}

/// Objects that have the keys of blocks, with values that fit and values that do not.
fn object() -> impl Strategy<Value = Map<String, Value>> {
    let entries = btree_map(select(&KEYS[..]), json_value(), 0..6);
    (prop::option::of(select(&TYPES[..])), entries).prop_map(|(kind, entries)| {
        let mut map: Map<_, _> = entries
            .into_iter()
            .map(|(key, value)| (key.to_owned(), value))
            .collect();
        if let Some(kind) = kind {
            map.insert("type".to_owned(), kind.into());
        }
        map
    })
}

proptest! {
    #[test]
    fn a_block_is_written_as_it_was_read(map in object()) {
        let block = ContentBlock::from(map.clone());
        prop_assert_eq!(Value::from(block.clone()), Value::from(map.clone()));
        prop_assert_eq!(serde_json::to_value(&block).unwrap(), Value::from(map.clone()));
        prop_assert_eq!(serde_json::from_value::<ContentBlock>(map.into()).unwrap(), block);
    }

    #[test]
    fn blocks_of_content_and_back_are_the_content(maps in vec(object(), 0..4)) {
        let content = Content::Parts(maps.iter().cloned().map(ContentPart::from).collect());
        let blocks: Vec<ContentBlock> = maps.into_iter().map(ContentBlock::from).collect();
        prop_assert_eq!(Content::from(blocks), content);
    }

    #[test]
    fn any_content_has_a_view_and_the_same_one_each_time(
        maps in vec(object(), 0..4),
        text in "[a-z ]{0,3}",
        provider in prop::option::of(select(&["openai", "other"][..])),
    ) {
        let mut parts = vec![ContentPart::Text(text.clone())];
        parts.extend(maps.into_iter().map(ContentPart::from));
        let mut message = AIMessage::new(parts.clone());
        message.response_metadata.model_provider = provider.map(Into::into);
        let blocks = message.content_blocks();
        prop_assert_eq!(message.content_blocks(), blocks.clone());
        let shows_text = blocks.iter().any(|block| block.as_text() == Some(text.as_str()));
        prop_assert!(shows_text, "a bare text is a text block");

        let blocks = HumanMessage::new(parts).content_blocks();
        // Each part is one block, and the view of the view is the view.
        let again = HumanMessage::new(blocks.clone()).content_blocks();
        prop_assert_eq!(again.len(), blocks.len());
    }

    #[test]
    fn the_view_of_a_sum_has_the_text_of_its_chunks(pieces in vec("[a-zé🦀 ]{0,4}", 0..6)) {
        let mut sum = AIMessageChunk::default();
        for piece in &pieces {
            sum.merge(AIMessageChunk::new(piece.as_str())).unwrap();
        }
        let shown: String = sum.content_blocks().iter().filter_map(ContentBlock::as_text).collect();
        prop_assert_eq!(shown, pieces.concat());
    }

    #[test]
    fn data_in_any_form_reaches_openai_or_says_why_not(map in object()) {
        for api in [OpenAIApi::ChatCompletions, OpenAIApi::Responses] {
            if let Ok(sent) = convert_to_openai_data_block(&map, api) {
                prop_assert!(sent.get("type").is_some_and(Value::is_string));
            }
        }
    }
}

#[test]
fn what_goes_to_openai_comes_back_as_the_same_block() {
    let blocks = [
        ContentBlock::Image(MediaBlock::from_url("https://example.com/a.png").with_id("b1")),
        ContentBlock::Image(MediaBlock::from_bytes([1, 2, 3], "image/png").with_id("b2")),
        ContentBlock::Audio(MediaBlock::from_bytes([1, 2, 3], "audio/wav").with_id("b3")),
        ContentBlock::File(
            MediaBlock::from_bytes([1, 2, 3], "text/plain")
                .with_filename("a.txt")
                .with_id("b4"),
        ),
        ContentBlock::File(MediaBlock::from_file_id("file-1").with_id("b5")),
    ];
    for block in blocks {
        let sent = convert_to_openai_data_block(&block.clone().into(), OpenAIApi::ChatCompletions).unwrap();
        let seen = HumanMessage::new(vec![ContentPart::from(sent)]).content_blocks();
        let (mut expect, mut seen) = (Map::from(block), Map::from(seen[0].clone()));
        assert!(seen["id"].as_str().unwrap().starts_with("lc_"));
        expect.remove("id");
        seen.remove("id");
        assert_eq!(seen, expect);
    }
}

#[test]
fn ids_come_from_the_generator_that_is_given() {
    let image = |url: &str| ContentPart::image_url(url);
    let message = HumanMessage::new(vec![image("https://a"), image("https://a"), ContentPart::text("hi")]);
    let ids = SequentialIds::default();
    let json = serde_json::to_value(message.content_blocks_with(&ids)).unwrap();
    assert_eq!(json[0]["id"], "lc_00000000-0000-7000-8000-000000000001");
    assert_eq!(json[1]["id"], "lc_00000000-0000-7000-8000-000000000002");
    assert_eq!(json[2], json!({"type": "text", "text": "hi"}));

    let own = serde_json::to_value(message.content_blocks()).unwrap();
    assert_ne!(own[0]["id"], own[1]["id"], "two blocks of one message have two ids");
    let other = serde_json::to_value(message.clone().with_id("m1").content_blocks()).unwrap();
    assert_ne!(own[0]["id"], other[0]["id"], "and so have those of two messages");
}

#[test]
fn a_call_that_may_go_on_is_shown_in_pieces() {
    let piece = ToolCallChunk::new(0)
        .with_name("pay")
        .with_id("c")
        .with_args(r#"{"amount": 10"#);
    let chunk = AIMessageChunk::new("I will pay.").with_tool_call_chunk(piece);
    let kinds = |blocks: &[ContentBlock]| blocks.iter().map(|b| b.block_type().to_owned()).collect::<Vec<_>>();
    assert_eq!(kinds(&chunk.content_blocks()), ["text", "tool_call_chunk"]);
    // The message of a cut call has no call to show.
    assert_eq!(kinds(&AIMessage::from(chunk).content_blocks()), ["text"]);
}

#[test]
fn citations_are_read_and_made() {
    let json = json!({"type": "text", "text": "Madrid", "annotations": [
        {"type": "citation", "url": "https://u", "start_index": 0, "end_index": 6, "extras": {"a": 1}, "x": null},
        {"type": "non_standard_annotation", "value": {"type": "file_path"}},
    ]});
    let block: ContentBlock = serde_json::from_value(json.clone()).unwrap();
    assert!(matches!(&block, ContentBlock::Text(TextBlock { annotations: Some(list), .. }) if list.len() == 2));
    assert_eq!(serde_json::to_value(block).unwrap(), json);
}
