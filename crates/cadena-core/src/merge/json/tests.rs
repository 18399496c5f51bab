//! The rules one by one, then the laws.

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use serde_json::json;

use super::position::{Finder, Wanted};
use super::*;

#[track_caller]
fn check(left: Value, right: Value, expect: Value) {
    let mut sum = left;
    merge_obj(&mut sum, right).unwrap();
    assert_eq!(sum, expect);
}

/// The error of adding `right`, and the value after it.
#[track_caller]
fn check_error(left: Value, right: Value, kind: ErrorKind, detail: &str, rest: Value) {
    let mut sum = left;
    let error = merge_obj(&mut sum, right).unwrap_err();
    assert_eq!((error.kind(), error.detail()), (kind, detail));
    assert_eq!(sum, rest);
}

#[test]
fn null_gives_way_to_any_value() {
    check(
        json!({"a": null, "b": 1}),
        json!({"a": [1], "b": null, "c": null}),
        json!({"a": [1], "b": 1, "c": null}),
    );
}

#[test]
fn keys_with_a_rule_of_their_own_keep_or_replace() {
    check(
        json!({"id": "x", "model_name": "m"}),
        json!({"id": "x", "model_name": "m"}),
        json!({"id": "x", "model_name": "mm"}),
    );
    check(
        json!({"index": 1, "created": 9, "n": 1}),
        json!({"index": 2, "created": 8, "n": 2}),
        json!({"index": 2, "created": 8, "n": 3}),
    );
    check(
        json!({"index": "lc_1"}),
        json!({"index": "x"}),
        json!({"index": "lc_1"}),
    );
    check(
        json!({"index": "x"}),
        json!({"index": "lc_1"}),
        json!({"index": "xlc_1"}),
    );
}

#[test]
fn citations_with_one_index_stay_two_and_of_a_state_the_last_counts() {
    let cited = |file: &str| json!({"annotations": [{"type": "file_citation", "index": 7, "file_id": file}]});
    let mut sum = cited("a");
    merge_obj(&mut sum, cited("b")).unwrap();
    assert_eq!(
        sum["annotations"],
        json!([cited("a")["annotations"][0], cited("b")["annotations"][0]])
    );
    check(
        json!({"tool_progress": {"status": "searching", "at": 1}}),
        json!({"tool_progress": {"status": "completed"}}),
        json!({"tool_progress": {"status": "completed"}}),
    );
    check(
        json!({"tool_progress": {"at": 1}}),
        json!({"tool_progress": null}),
        json!({"tool_progress": {"at": 1}}),
    );
}

#[test]
fn equal_integers_are_kept_and_others_summed() {
    check(json!({"n": 5}), json!({"n": 5}), json!({"n": 5}));
    check(json!({"n": i64::MIN}), json!({"n": u64::MAX}), json!({"n": i64::MAX}));
}

#[test]
fn a_conflict_names_its_path_and_stops_nothing_else() {
    let merge = ErrorKind::Merge;
    check_error(
        json!({"a": {"n": [{"index": 0, "x": 1}]}, "b": "b"}),
        json!({"a": {"n": [{"index": 0, "x": "secret", "y": 2}]}, "b": "c"}),
        merge,
        "`a.n[0].x`: an integer and text do not add up",
        json!({"a": {"n": [{"index": 0, "x": 1, "y": 2}]}, "b": "bc"}),
    );
    check_error(
        json!({"p": 0.5}),
        json!({"p": 0.25}),
        merge,
        "`p`: two different floats do not add up",
        json!({"p": 0.5}),
    );
    check_error(
        json!({"p": 1}),
        json!({"p": 1.0}),
        merge,
        "`p`: an integer and a float do not add up",
        json!({"p": 1}),
    );
    check_error(
        json!(true),
        json!(false),
        merge,
        "two different booleans do not add up",
        json!(true),
    );
    check_error(
        json!(3),
        json!(4),
        merge,
        "two different integers do not add up",
        json!(3),
    );
    let sum = json!({"n": u64::MAX});
    check_error(
        sum.clone(),
        json!({"n": 1}),
        ErrorKind::LimitExceeded,
        "`n`: the sum does not fit into 64 bits",
        sum,
    );
}

#[test]
fn an_element_grows_the_first_one_that_fits() {
    check(
        json!([{"index": 0, "id": "i1", "a": "x"}]),
        json!([{"index": 0, "id": "i2", "a": "y"}, {"index": 0, "a": "z"}]),
        json!([{"index": 0, "id": "i1", "a": "xz"}, {"index": 0, "id": "i2", "a": "y"}]),
    );
    check(
        json!([{"index": null}]),
        json!([{"index": null}, {"index": "k"}]),
        json!([{"index": null}, {"index": null}, {"index": "k"}]),
    );
}

#[test]
fn a_non_standard_block_grows_extras_or_its_value() {
    let block = |value: Value| json!([{"type": "non_standard", "value": value, "index": 0, "id": "dropped"}]);
    check(
        json!([{"type": "text", "index": 0, "extras": {"a": "x"}}]),
        block(json!({"a": "y", "type": "t"})),
        json!([{"type": "text", "index": 0, "extras": {"a": "xy"}}]),
    );
    check(
        json!([{"type": "non_standard", "value": {"a": "x"}, "index": 0}]),
        block(json!({"a": "y"})),
        json!([{"type": "non_standard", "value": {"a": "xy"}, "index": 0}]),
    );
    let text = json!([{"type": "text", "index": 0}]);
    check_error(
        text.clone(),
        block(json!("y")),
        ErrorKind::Merge,
        "`[0].value`: the value of a `non_standard` block must be an object",
        text,
    );
}

#[test]
fn an_element_with_a_malformed_id_is_appended() {
    check_error(
        json!([{"index": 0, "id": ["x"]}]),
        json!([{"index": 0}]),
        ErrorKind::Merge,
        "the `id` of an element must not be an object or a list",
        json!([{"index": 0, "id": ["x"]}, {"index": 0}]),
    );
}

#[test]
fn content_is_text_or_a_list() {
    let mut content = json!({"a": 1});
    let error = merge_content(&mut content, json!("x")).unwrap_err();
    assert_eq!(error.detail(), "content must be text or a list, not an object and text");
}

#[test]
fn what_serde_json_parses_can_be_merged() {
    let text = format!("{}1{}", r#"{"a":"#.repeat(127), "}".repeat(127));
    let value: Value = serde_json::from_str(&text).unwrap();
    check(value.clone(), value.clone(), value);
}

#[test]
fn ten_thousand_levels_are_refused_without_recursion() {
    // Not with `json!`, which serialises what it is given.
    let deep = || (0..10_000).fold(Value::Null, |inner, _| Map::from_iter([("a".to_owned(), inner)]).into());
    let mut left = deep();
    assert_eq!(
        merge_obj(&mut left, deep()).unwrap_err().kind(),
        ErrorKind::LimitExceeded
    );
    discard(left);

    // A type conflict drops the deep side; a new key and a list only move it.
    let mut left = json!({"a": 1, "l": []});
    let right: Map<_, _> = [("a", deep()), ("b", deep()), ("l", vec![deep()].into())]
        .map(|(key, value)| (key.to_owned(), value))
        .into_iter()
        .collect();
    assert_eq!(
        merge_obj(&mut left, right.into()).unwrap_err().detail(),
        "`a`: an integer and an object do not add up"
    );
    discard(left);
}

#[test]
fn long_lists_are_merged_in_linear_time() {
    let list = |range: std::ops::Range<u32>| range.map(|index| json!({"index": index, "a": "x"})).collect::<Vec<_>>();
    let mut left = list(0..100_000);
    // By looking at every element this would be 10^10 comparisons.
    merge_lists(&mut left, list(50_000..150_000)).unwrap();
    assert_eq!(left.len(), 150_000);
    assert_eq!(left[50_000], json!({"index": 50_000, "a": "xx"}));
}

/// Any JSON, with the keys and values that have rules.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-2i64..3).prop_map(Value::from),
        prop_oneof![Just(0.5), Just(1.0)].prop_map(Value::from),
        "(lc_)?[ab]{0,2}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![vec(inner.clone(), 0..4).prop_map(Value::from), object(inner)]
    })
}

fn object(inner: impl Strategy<Value = Value>) -> impl Strategy<Value = Value> {
    btree_map("a|b|id|index|type|value|created", inner, 0..4).prop_map(|map| Map::from_iter(map).into())
}

/// List elements that often meet: few indexes, few ids, all types.
fn element() -> impl Strategy<Value = Value> {
    let index = prop_oneof![
        Just(json!(0)),
        Just(json!(1)),
        Just(json!(1.0)),
        Just(json!(true)),
        Just(json!("lc_0"))
    ];
    let id = prop_oneof![
        Just(json!(null)),
        Just(json!("")),
        Just(json!("i1")),
        Just(json!("i2")),
        Just(json!([]))
    ];
    let kind = prop_oneof![Just(json!(null)), Just(json!("text")), Just(json!("non_standard"))];
    (index, id, kind, "[ab]")
        .prop_map(|(index, id, kind, text)| json!({"index": index, "id": id, "type": kind, "value": {"t": text}}))
}

/// Values whose addition is associative, by type: text, lists of anything without an index, objects of these, and pieces of blocks.
fn additive() -> impl Strategy<Value = Value> {
    let text = prop_oneof![Just(Value::Null), "[ab]{0,2}".prop_map(Value::from)];
    let plain = prop_oneof![
        text.clone(),
        (0i64..3).prop_map(Value::from),
        Just(json!({"token": "t", "logprob": -0.5}))
    ];
    let list = vec(plain, 0..3).prop_map(Value::from);
    let blocks = btree_map(0u8..3, "[ab]{0,2}", 0..3).prop_map(|map| {
        map.into_iter()
            .map(|(index, text)| json!({"type": "text", "index": index, "text": text}))
            .collect::<Vec<_>>()
            .into()
    });
    let entry = (text, list, blocks)
        .prop_map(|(text, list, blocks): (Value, Value, Value)| json!({"text": text, "list": list, "blocks": blocks}));
    btree_map("a|b", entry, 0..3).prop_map(|map| Map::from_iter(map).into())
}

fn sum(left: Value, right: Value) -> Value {
    let mut sum = left;
    merge_obj(&mut sum, right).unwrap();
    sum
}

fn flat(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(flat).collect(),
        _ => String::new(),
    }
}

proptest! {
    #[test]
    fn null_and_empty_containers_change_nothing(value in any_json()) {
        prop_assert_eq!(sum(value.clone(), Value::Null), value.clone());
        prop_assert_eq!(sum(Value::Null, value.clone()), value.clone());
        if value.is_object() {
            prop_assert_eq!(sum(value.clone(), json!({})), value.clone());
            prop_assert_eq!(sum(json!({}), value.clone()), value.clone());
        }
        if value.is_array() {
            prop_assert_eq!(sum(value.clone(), json!([])), value);
        }
    }

    #[test]
    fn addition_is_associative_for_text_lists_and_blocks(a in additive(), b in additive(), c in additive()) {
        prop_assert_eq!(sum(sum(a.clone(), b.clone()), c.clone()), sum(a, sum(b, c)));
    }

    #[test]
    fn content_keeps_all_its_text(pieces in vec(prop_oneof!["[ab]{0,2}".prop_map(Value::from), vec("[ab]{0,2}", 0..3).prop_map(Value::from)], 0..6)) {
        let text: String = pieces.iter().map(flat).collect();
        let mut content = Value::Null;
        for piece in pieces {
            merge_content(&mut content, piece).unwrap();
        }
        prop_assert_eq!(flat(&content), text);
    }

    #[test]
    fn a_failed_merge_keeps_every_key_of_the_left(left in object(any_json()), right in object(any_json())) {
        let mut sum = left.clone();
        let result = merge_obj(&mut sum, right.clone());
        for (key, value) in left.as_object().unwrap() {
            prop_assert!(sum.get(key).is_some());
            if right.get(key).is_none() {
                prop_assert_eq!(&sum[key], value);
            }
        }
        for (key, value) in right.as_object().unwrap() {
            if left.get(key).is_none() {
                prop_assert_eq!(&sum[key], value);
            }
        }
        if let Err(error) = result {
            prop_assert!(matches!(error.kind(), ErrorKind::Merge | ErrorKind::LimitExceeded));
        }
    }

    #[test]
    fn the_table_finds_what_a_scan_finds(elements in vec(element(), 0..12)) {
        let mut left: Vec<Value> = Vec::new();
        let mut table = Finder::table(&left);
        for element in elements {
            let wanted = Wanted::of(&element);
            let find = |finder: &Finder| wanted.as_ref().map_or(Ok(None), |wanted| finder.find(&left, wanted).map_err(|_| ()));
            let found = find(&table);
            prop_assert_eq!(found, find(&Finder::Scan));
            let position = found.ok().flatten().unwrap_or(left.len());
            if position == left.len() {
                left.push(element);
            } else {
                let _ = merge_block(left[position].as_object_mut().unwrap(), element.as_object().cloned().unwrap(), Frame::STRICT);
            }
            table.has_grown(&left, position);
        }
    }
}
