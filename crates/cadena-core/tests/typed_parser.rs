//! Typed answers: what is shown while they grow, and what an error says.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use std::collections::BTreeMap;

use cadena_core::{
    AIMessageChunk, Error, Merge, Result, RunnableExt, Streamable, TypedOutputParser, UnparsedAnswer, Whole, flow_whole,
};
use futures::executor::block_on;
use futures::{StreamExt, TryStreamExt, stream};
use proptest::prelude::*;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Order {
    id: u32,
    items: Vec<Item>,
    note: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Item {
    name: String,
    price: f64,
}

flow_whole!(Order, Item);

fn in_pieces<T>(text: &str, size: usize) -> Vec<Result<T>>
where
    T: Streamable<Chunk = Whole<T>> + DeserializeOwned,
{
    let chars: Vec<char> = text.chars().collect();
    let pieces: Vec<_> = chars
        .chunks(size)
        .map(|piece| Ok(AIMessageChunk::new(piece.iter().collect::<String>())))
        .collect();
    let parser = TypedOutputParser::<T>::new().streaming();
    let output = parser.transform(stream::iter(pieces).boxed());
    block_on(output.map_ok(|Whole(value)| value).collect())
}

#[track_caller]
fn fails<T: Streamable + DeserializeOwned>(text: &str, detail: &str, pointer: Option<&str>) {
    let error: Error = TypedOutputParser::<T>::new().parse(text).err().unwrap();
    assert_eq!(error.detail(), detail);
    let answer: &UnparsedAnswer = error.downcast_source_ref().unwrap();
    assert_eq!((answer.text(), answer.pointer()), (text, pointer));
    assert!(!format!("{error:?} {error}").contains("secret"));
}

#[test]
fn an_error_says_what_was_expected_where() {
    fails::<Order>(r#"{"id": "secret"}"#, "expected u32 at line 1 column 15", Some("/id"));
    fails::<Order>(
        r#"{"id": {"secret": 1}}"#,
        "expected u32 at line 1 column 7",
        Some("/id"),
    );
    fails::<Order>(
        "{\"items\": [{\"name\": \"a\", \"price\": 1},\n {\"name\": \"secret\"}]}",
        "expected the key `price` at line 2 column 19",
        Some("/items/1"),
    );
    fails::<Order>(
        "```json\n{\"id\": true}\n```",
        "expected u32 at line 2 column 11",
        Some("/id"),
    );
    fails::<Whole<BTreeMap<String, u8>>>(
        r#"{"a/secret": []}"#,
        "expected u8 at line 1 column 13",
        Some("/a~1secret"),
    );
    fails::<Order>(
        "[1, 2",
        "the text ends at line 1 column 6, where `,` or `]` is expected; the answer begins with \"[1, 2\"",
        None,
    );
}

#[test]
fn a_value_shows_as_soon_as_the_answer_can_be_read_as_it() {
    let shown: Vec<Item> = in_pieces(r#"{"name": "tea", "price": 12.5}"#, 1)
        .into_iter()
        .map(Result::unwrap)
        .collect();
    let prices: Vec<f64> = shown.iter().map(|item| item.price).collect();
    assert_eq!(prices, [1.0, 12.0, 12.5]);
    assert!(shown.iter().all(|item| item.name == "tea"));
}

#[test]
fn a_growing_value_of_a_cut_answer_ends_in_an_error() {
    let mut shown = in_pieces::<Order>(r#"{"id": 1, "note": "x"#, 4);
    assert!(shown.pop().unwrap().is_err());
    assert_eq!(shown.pop().unwrap().unwrap().note.as_deref(), Some("x"));
}

fn any_order() -> impl Strategy<Value = Order> {
    let item = ("[a-c\"é]{0,4}", -9..9).prop_map(|(name, price)| Item {
        name,
        price: f64::from(price) / 4.0,
    });
    (
        any::<u32>(),
        proptest::collection::vec(item, 0..4),
        proptest::option::of("[a-c\n]{0,6}"),
    )
        .prop_map(|(id, items, note)| Order { id, items, note })
}

proptest! {
    #[test]
    fn a_stream_of_a_type_ends_with_what_invoking_gives(order in any_order(), size in 1usize..12, pretty in any::<bool>()) {
        let text = if pretty { serde_json::to_string_pretty(&order) } else { serde_json::to_string(&order) }.unwrap();
        let mut sum: Option<Whole<Order>> = None;
        for shown in in_pieces::<Order>(&text, size) {
            match &mut sum {
                Some(sum) => sum.merge(Whole(shown.unwrap())).unwrap(),
                None => sum = Some(Whole(shown.unwrap())),
            }
        }
        prop_assert_eq!(sum.unwrap().0, TypedOutputParser::<Order>::new().parse(text).unwrap());
    }
}
