//! Each type of content block: its JSON is read into its fields, and written back as it was.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use cadena_core::messages::{
    Annotation, BlockIndex, Citation, ContentBlock, InvalidToolCallBlock, NonStandardBlock, PlainTextBlock,
    ReasoningBlock, ServerToolCallBlock, ServerToolCallChunkBlock, ServerToolResultBlock, ToolCallBlock,
    ToolCallChunkBlock, convert_to_openai_image_block, is_anthropic_data_block,
};
use cadena_core::{ErrorKind, InvalidToolCall, ToolCall, ToolCallChunk};
use serde_json::{Map, Value, json};

/// The block of the JSON, which must be written back unchanged.
#[track_caller]
fn read(json: Value) -> ContentBlock {
    let block: ContentBlock = serde_json::from_value(json.clone()).unwrap();
    assert_eq!(serde_json::to_value(&block).unwrap(), json);
    block
}

fn object(json: Value) -> Map<String, Value> {
    json.as_object().cloned().unwrap()
}

#[test]
fn a_thought_and_a_document_keep_their_fields() {
    let ContentBlock::Reasoning(ReasoningBlock { reasoning, index, .. }) =
        read(json!({"type": "reasoning", "reasoning": "It is big.", "index": "lc_rs_0"}))
    else {
        panic!("not a thought");
    };
    assert_eq!(
        (reasoning.as_deref(), index),
        (Some("It is big."), Some(BlockIndex::from("lc_rs_0")))
    );

    let ContentBlock::PlainText(PlainTextBlock {
        text, title, context, ..
    }) = read(json!({
        "type": "text-plain", "text": "Once", "mime_type": "text/plain", "title": "A tale", "context": "to quote from",
    }))
    else {
        panic!("not a document");
    };
    let fields = [text, title, context].map(Option::unwrap_or_default);
    assert_eq!(fields, ["Once", "A tale", "to quote from"]);
}

#[test]
fn calls_keep_their_fields_in_every_form() {
    let ContentBlock::ToolCall(ToolCallBlock { name, args, id, .. }) =
        read(json!({"type": "tool_call", "name": "add", "args": {"a": 1}, "id": "call_1"}))
    else {
        panic!("not a call");
    };
    let mut call = ToolCallBlock::from(ToolCall::new(name, args, id.unwrap_or_default()));
    assert_eq!((call.name.as_str(), &call.args["a"]), ("add", &json!(1)));
    call.index = Some(BlockIndex::Number(2));
    assert_eq!(serde_json::to_value(ContentBlock::ToolCall(call)).unwrap()["index"], 2);

    let ContentBlock::ToolCallChunk(ToolCallChunkBlock { args, index, .. }) =
        read(json!({"type": "tool_call_chunk", "args": "{\"a\"", "index": 0}))
    else {
        panic!("not a piece");
    };
    let piece = ToolCallChunkBlock::from(ToolCallChunk::new(0).with_args(args.unwrap_or_default()));
    assert_eq!((piece.index, piece.args.as_deref()), (index, Some("{\"a\"")));

    let ContentBlock::InvalidToolCall(InvalidToolCallBlock { args, error, .. }) =
        read(json!({"type": "invalid_tool_call", "args": "{", "error": "cut off"}))
    else {
        panic!("not an invalid call");
    };
    let mut invalid = InvalidToolCall::default();
    (invalid.args, invalid.error) = (args, error);
    assert_eq!(InvalidToolCallBlock::from(invalid).error.as_deref(), Some("cut off"));
}

#[test]
fn the_work_of_a_servers_tool_keeps_its_fields() {
    let ContentBlock::ServerToolCall(ServerToolCallBlock { name, args, .. }) =
        read(json!({"type": "server_tool_call", "name": "web_search", "args": {"query": "rust"}, "id": "ws_1"}))
    else {
        panic!("not a call");
    };
    assert_eq!((name.as_str(), args), ("web_search", Some(json!({"query": "rust"}))));

    let ContentBlock::ServerToolCallChunk(ServerToolCallChunkBlock { args, .. }) =
        read(json!({"type": "server_tool_call_chunk", "args": "{\"q\""}))
    else {
        panic!("not a piece");
    };
    assert_eq!(args.as_deref(), Some("{\"q\""));

    let ContentBlock::ServerToolResult(ServerToolResultBlock {
        tool_call_id,
        status,
        output,
        ..
    }) = read(json!({"type": "server_tool_result", "tool_call_id": "ws_1", "status": "success", "output": [1]}))
    else {
        panic!("not a result");
    };
    assert_eq!(
        (tool_call_id.as_str(), status.as_deref(), output),
        ("ws_1", Some("success"), Some(json!([1])))
    );
}

#[test]
fn a_citation_keeps_its_span_and_another_annotation_its_object() {
    let ContentBlock::Text(text) = read(json!({"type": "text", "text": "Madrid", "annotations": [
        {"type": "citation", "url": "https://example.com", "start_index": 0, "end_index": 6},
        {"type": "non_standard_annotation", "value": {"x": 1}},
    ]})) else {
        panic!("not a text");
    };
    let annotations = text.annotations.unwrap_or_default();
    assert_eq!(
        annotations[0],
        Citation::new("https://example.com").with_span(0, 6).into()
    );
    assert!(matches!(&annotations[1], Annotation::Other(other) if other["value"]["x"] == 1));
}

#[test]
fn a_block_of_one_provider_is_wrapped_with_its_object() {
    let ContentBlock::NonStandard(NonStandardBlock { value, .. }) =
        read(json!({"type": "non_standard", "value": {"type": "weird"}}))
    else {
        panic!("not wrapped");
    };
    assert_eq!(Value::from(value), json!({"type": "weird"}));
}

#[test]
fn an_image_without_data_is_refused_for_openai() {
    let sent = convert_to_openai_image_block(&object(json!({"type": "image", "url": "https://example.com/a.png"})));
    assert_eq!(sent.unwrap()["image_url"], json!({"url": "https://example.com/a.png"}));
    let error = convert_to_openai_image_block(&object(json!({"type": "image", "file_id": "file-1"}))).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
}

#[test]
fn only_an_image_or_a_document_with_a_source_is_anthropics() {
    for (block, expected) in [
        (
            json!({"type": "image", "source": {"type": "url", "url": "https://example.com/a.png"}}),
            true,
        ),
        (
            json!({"type": "document", "source": {"type": "text", "data": "Once"}}),
            true,
        ),
        (json!({"type": "image", "source": "https://example.com/a.png"}), false),
        (
            json!({"type": "image", "source": {}, "url": "https://example.com/a.png"}),
            false,
        ),
        (json!({"type": "text", "source": {}}), false),
    ] {
        assert_eq!(is_anthropic_data_block(&object(block.clone())), expected, "{block}");
    }
}
