//! Tests the comparison that the vectors rely on: what it must tell apart, and what not.

#[allow(dead_code, reason = "some rules are for the vectors alone")]
mod compare;

use compare::{Compare, difference};
use serde_json::{Value, json};

#[track_caller]
fn differ(compare: Compare, expect: Value, got: Value) -> String {
    let found = difference(&expect, &got, &compare);
    assert!(found.is_some(), "{expect} and {got} count as equal");
    found.unwrap_or_default()
}

#[track_caller]
fn equal(compare: Compare, expect: Value, got: Value) {
    assert_eq!(difference(&expect, &got, &compare), None);
}

#[test]
fn a_difference_names_its_path() {
    let text = differ(Compare::EXACT, json!({"a": [1, {"b": 2}]}), json!({"a": [1, {"b": 3}]}));
    assert_eq!(text, "at `a[1].b`: expected 2, got 3");
    assert_eq!(
        differ(Compare::EXACT, json!([1]), json!([])),
        "at ``: expected 1 elements, got 0"
    );
    assert_eq!(
        differ(Compare::EXACT, json!({"a": 1}), json!({})),
        "at `a`: expected 1, got nothing"
    );
    assert_eq!(
        differ(Compare::EXACT, json!({}), json!({"a": null})),
        "at `a`: expected nothing, got null"
    );
}

#[test]
fn the_order_of_keys_does_not_count() {
    equal(Compare::EXACT, json!({"a": 1, "b": 2}), json!({"b": 2, "a": 1}));
}

#[test]
fn the_order_of_elements_and_lines_counts_but_in_graphs() {
    differ(Compare::EXACT, json!([1, 2]), json!([2, 1]));
    differ(Compare::EXACT, json!("a\nb"), json!("b\na"));
    equal(Compare::GRAPH, json!({"edges": [1, 2]}), json!({"edges": [2, 1]}));
    equal(Compare::GRAPH, json!("a\nb"), json!("b\na"));
    differ(Compare::GRAPH, json!([1, 1]), json!([1]));
    differ(Compare::GRAPH, json!("a\nb"), json!("a\nc"));
}

#[test]
fn integers_and_floats_differ_only_where_numbers_are_exact() {
    differ(Compare::EXACT, json!(1), json!(1.0));
    equal(Compare::MESSAGE, json!(1), json!(1.0));
    differ(Compare::MESSAGE, json!(1), json!(1.5));
    differ(Compare::MESSAGE, json!(true), json!(1));
}

#[test]
fn null_members_are_optional_only_below_the_keys_that_say_so() {
    equal(
        Compare::MESSAGE,
        json!({"logprobs": {"refusal": null}}),
        json!({"logprobs": {}}),
    );
    equal(
        Compare::MESSAGE,
        json!({"logprobs": [{"a": {}}]}),
        json!({"logprobs": [{"a": {"b": null}}]}),
    );
    differ(Compare::MESSAGE, json!({"id": null}), json!({}));
    differ(Compare::MESSAGE, json!({"logprobs": null}), json!({}));
}

#[test]
fn arguments_are_parsed_only_where_the_library_wrote_them() {
    let (python, ours) = (
        json!({"args": "{\"a\": \"\\u00e9\"}"}),
        json!({"args": "{\"a\":\"é\"}"}),
    );
    equal(Compare::BUILT_MESSAGE, python.clone(), ours.clone());
    differ(Compare::MESSAGE, python, ours);
    differ(Compare::BUILT_MESSAGE, json!({"args": "{"}), json!({"args": "["}));
}

#[test]
fn random_run_ids_are_equal_and_others_are_not() {
    let id = "lc_run--0b0e0d1c-9a53-4c3e-8a52-0d5c5b0d6f10-0";
    equal(Compare::EXACT, json!("lc_run--<uuid>-0"), json!(id));
    differ(Compare::EXACT, json!("lc_run--<uuid>"), json!(id));
    differ(Compare::EXACT, json!("lc_run--1"), json!("lc_run--2"));
    differ(Compare::EXACT, json!("lc_1"), json!("lc_é"));
}

#[test]
fn what_a_value_cannot_hold_may_be_what_is_nearest() {
    equal(Compare::PARSED, json!({"a": {"$float": "nan"}}), json!({"a": null}));
    differ(Compare::PARSED, json!({"$float": "nan"}), json!(0));
    differ(Compare::EXACT, json!({"$float": "nan"}), json!(null));
    let half = json!({"$lone_surrogate": "a\\ud83d"});
    equal(Compare::PARSED, half.clone(), json!("a\u{fffd}"));
    equal(Compare::PARSED, half.clone(), json!("a"));
    differ(Compare::PARSED, half, json!("b"));
}
