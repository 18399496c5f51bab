//! A text block is the same block with and without a map: it reads, compares, prints, grows and is shown alike.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use cadena_core::{AIMessage, AIMessageChunk, Content, ContentPart, HumanMessage, JsonBlock, Merge};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value, json};

/// A text block without a map.
fn text_block() -> impl Strategy<Value = JsonBlock> {
    ("[a-zé🦀]{0,3}", prop::option::of(0..3_i64)).prop_map(|(text, index)| {
        let block = JsonBlock::text(text);
        match index {
            Some(index) => block.with_index(index),
            None => block,
        }
    })
}

/// A block in a map: texts with an odd order of keys, and what else a text block can meet.
fn any_block() -> impl Strategy<Value = JsonBlock> {
    let other = |index: i64| {
        select(vec![
            json!({"text": "x", "index": index, "type": "text"}),
            json!({"type": "text", "annotations": [{"index": 0}], "index": index}),
            json!({"type": "text", "text": "y", "id": "m1", "index": index}),
            json!({"type": "text", "text": "z", "id": "m2", "index": index}),
            json!({"type": "text", "text": null, "index": index}),
            json!({"type": "text", "text": ["z"], "index": index}),
            json!({"type": "text", "text": "z", "index": index as f64}),
            json!({"type": "text", "text": "z", "index": true}),
            json!({"type": "text", "text": "z", "index": "lc_1"}),
            json!({"type": "text", "text": "z", "index": index, "id": {}}),
            json!({"type": "non_standard", "value": {"a": "b"}, "index": index}),
            json!({"text": "z", "index": index}),
            json!({"index": index}),
            json!({}),
        ])
    };
    let map = (0..3_i64).prop_flat_map(other).prop_map(|block| object(block).into());
    prop_oneof![text_block(), map]
}

/// Parts of a message.
fn parts() -> impl Strategy<Value = Vec<ContentPart>> {
    let part = prop_oneof![
        4 => any_block().prop_map(ContentPart::from),
        1 => "[a-z]{0,2}".prop_map(ContentPart::Text),
    ];
    // Enough for the table by which long lists are searched.
    prop_oneof![4 => vec(part.clone(), 0..4), 1 => vec(part, 60..80)]
}

fn object(value: Value) -> Map<String, Value> {
    serde_json::from_value(value).unwrap()
}

/// The same block, in a map.
fn in_map(block: &JsonBlock) -> JsonBlock {
    block.clone().into_map().into()
}

fn in_maps(parts: &[ContentPart]) -> Vec<ContentPart> {
    let part = |part: &ContentPart| match part {
        ContentPart::Block(block) => ContentPart::Block(in_map(block)),
        ContentPart::Text(_) => part.clone(),
    };
    parts.iter().map(part).collect()
}

/// The bytes as they are sent: the order of keys counts.
fn written(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).unwrap()
}

proptest! {
    #[test]
    fn a_text_block_reads_compares_and_prints_as_the_same_block_in_a_map(left in any_block(), right in any_block()) {
        let map = in_map(&left);
        prop_assert_eq!(&left, &map);
        prop_assert_eq!(&map, &left);
        prop_assert_eq!(left == right, map == in_map(&right));
        prop_assert_eq!(left == in_map(&right), map == right);
        prop_assert_eq!(format!("{left:?} {left:#?}"), format!("{map:?} {map:#?}"));
        prop_assert_eq!(written(&left), written(&map));
        prop_assert_eq!(serde_json::to_string_pretty(&left).unwrap(), serde_json::to_string_pretty(&map).unwrap());
        prop_assert_eq!(written(&Value::from(left.clone())), written(&map));
        prop_assert_eq!(written(&*left.to_map()), written(&map));
        prop_assert_eq!(&serde_json::from_str::<JsonBlock>(&written(&left)).unwrap(), &left);
        prop_assert!(left.iter().eq(map.iter()));
        prop_assert_eq!(left.block_type(), map.block_type());
        prop_assert_eq!(left.as_text(), map.as_text());
        for key in ["type", "text", "index", "annotations"] {
            prop_assert_eq!(left.get(key), map.get(key));
            prop_assert_eq!(&left[key], &map[key]);
        }
    }

    #[test]
    fn a_text_block_changes_as_the_same_block_in_a_map(
        mut block in any_block(),
        changes in vec((select(&["type", "text", "index", "id"][..]), prop::option::of(select(vec![json!("text"), json!(1)]))), 0..5),
    ) {
        let mut map = block.clone().into_map();
        for (key, value) in changes {
            match value {
                Some(value) => prop_assert_eq!(block.insert(key, value.clone()), map.insert(key.to_owned(), value)),
                None => prop_assert_eq!(block.remove(key), map.shift_remove(key)),
            }
            prop_assert_eq!(written(&block), written(&map));
        }
        prop_assert_eq!(written(&block.clone().with_index(7)), {
            map.insert("index".to_owned(), 7.into());
            written(&map)
        });
        prop_assert_eq!(written(block.clone().as_map_mut()), written(&*block.to_map()));
    }

    #[test]
    fn text_blocks_grow_as_the_same_blocks_in_maps(pieces in vec((parts(), any::<bool>()), 0..6)) {
        let (mut sum, mut mixed, mut maps) = (Content::default(), Content::default(), Content::default());
        for (parts, in_map) in pieces {
            let same = in_maps(&parts);
            let added = maps.merge(same.clone().into()).map_err(|error| error.to_string());
            let chosen = if in_map { same } else { parts.clone() };
            prop_assert_eq!(mixed.merge(chosen.into()).map_err(|error| error.to_string()), added.clone());
            prop_assert_eq!(sum.merge(parts.into()).map_err(|error| error.to_string()), added);
            prop_assert_eq!(written(&sum), written(&maps));
            prop_assert_eq!(written(&mixed), written(&maps));
            prop_assert_eq!(&sum, &maps);
        }
    }

    #[test]
    fn text_blocks_are_shown_as_the_same_blocks_in_maps(
        parts in parts(),
        provider in prop::option::of(select(&["openai", "other"][..])),
    ) {
        let maps = in_maps(&parts);
        prop_assert_eq!(Content::from(parts.clone()).into_text(), Content::from(maps.clone()).into_text());
        prop_assert_eq!(
            HumanMessage::new(parts.clone()).content_blocks(),
            HumanMessage::new(maps.clone()).content_blocks()
        );
        let answer = |parts: Vec<ContentPart>| {
            let mut message = AIMessage::new(parts);
            message.response_metadata.model_provider = provider.map(Into::into);
            message
        };
        prop_assert_eq!(answer(parts.clone()).content_blocks(), answer(maps.clone()).content_blocks());
        let whole = |parts: Vec<ContentPart>| {
            let mut chunk = AIMessageChunk::default();
            chunk.content = parts.into();
            AIMessage::from(chunk)
        };
        prop_assert_eq!(written(&whole(parts)), written(&whole(maps)));
    }
}

#[test]
fn what_a_stream_adds_to_its_text_ends_in_one_block() {
    let mut content = Content::from(vec![ContentPart::from(JsonBlock::text("Hel").with_index(0))]);
    for piece in [
        JsonBlock::text("lo").with_index(0),
        JsonBlock::text("Bye").with_index(1),
        object(json!({"type": "text", "annotations": [{"url": "https://example.com"}], "index": 0})).into(),
        JsonBlock::text("!").with_index(0),
    ] {
        content.merge(vec![ContentPart::from(piece)].into()).unwrap();
    }
    let expect = json!([
        {"type": "text", "text": "Hello!", "index": 0, "annotations": [{"url": "https://example.com"}]},
        {"type": "text", "text": "Bye", "index": 1},
    ]);
    assert_eq!(serde_json::to_value(content).unwrap(), expect);
}
