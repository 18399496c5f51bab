//! Patches make of one JSON value the other, and of a stream what invoking gives.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use cadena_core::{
    AIMessage, AIMessageChunk, ChunkStream, ErrorKind, JsonOutputParser, JsonPatch, Merge, Patched, RunnableExt,
    Streamable,
};
use futures::executor::block_on;
use futures::{StreamExt, TryStreamExt, stream};
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, json};

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (0..3).prop_map(Value::from),
        "[ab~/é]{0,3}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            vec(("[ab~/]{0,2}", inner), 0..4).prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    })
}

fn pieces(text: &str, cuts: &[prop::sample::Index]) -> ChunkStream<AIMessage> {
    let chars: Vec<char> = text.chars().collect();
    let mut ends: Vec<_> = cuts.iter().map(|cut| cut.index(chars.len() + 1)).collect();
    ends.push(chars.len());
    ends.sort_unstable();
    let mut start = 0;
    let pieces: Vec<_> = ends
        .into_iter()
        .map(|end| {
            let piece: String = chars.iter().take(end).skip(start).collect();
            start = end;
            Ok(AIMessageChunk::new(piece))
        })
        .collect();
    stream::iter(pieces).boxed()
}

proptest! {
    #[test]
    fn a_patch_between_two_values_makes_the_second_of_the_first(from in any_value(), to in any_value()) {
        let patch = JsonPatch::between(&from, &to);
        prop_assert_eq!(patch.is_empty(), from == to);
        let written: JsonPatch = serde_json::from_value(serde_json::to_value(&patch).unwrap()).unwrap();
        let mut value = from;
        written.apply(&mut value).unwrap();
        prop_assert_eq!(value, to);
    }

    #[test]
    fn the_patches_of_a_stream_add_up_to_what_invoking_gives(value in any_value(), cuts in vec(any::<prop::sample::Index>(), 0..12)) {
        let parser = JsonOutputParser::new().diff();
        let text = value.to_string();
        let patches: Vec<JsonPatch> = block_on(parser.transform(pieces(&text, &cuts)).try_collect()).unwrap();
        prop_assert!(patches.iter().all(|patch| !patch.is_empty()));
        let mut sum = JsonPatch::default();
        patches.into_iter().for_each(|patch| sum.merge(patch).unwrap());
        prop_assert_eq!(Patched::from_chunk(sum).unwrap(), parser.parse(text).unwrap());
    }
}

#[test]
fn a_patch_of_another_value_is_an_error() {
    let patch = JsonPatch::between(&json!({"a": {"b": 1}}), &json!({"a": {"b": 2}}));
    let error = patch.apply(&mut json!([])).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert_eq!(
        error.detail(),
        "operation 1 of the patch has a path that is not in the value"
    );
}
