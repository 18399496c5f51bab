//! Schemas, and what strict mode makes of them.

use serde_json::json;

use super::*;

/// A schema as the type of a property, and what strict mode makes of it; null if it cannot say it.
#[track_caller]
fn check(schema: Value, expect: Value) {
    let root = json!({"type": "object", "properties": {"p": schema}, "required": ["p"], "$defs": {
        "P": {"type": "object", "properties": {"n": {"type": "string"}}, "required": ["n"]}}});
    let strict = strict_schema(root, Optional::Nullable);
    match strict {
        Ok(strict) => assert_eq!(strict["properties"]["p"], expect, "{schema}", schema = strict),
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::Unsupported);
            assert!(expect.is_null(), "{error}");
            assert!(error.detail().contains("`/properties/p"), "{error}");
        }
    }
}

#[test]
fn notes_are_dropped() {
    check(
        json!({"title": "T", "type": "string", "default": "a", "examples": ["a"], "deprecated": true, "$comment": "c",
            "readOnly": true, "x-order": 1, "description": "d"}),
        json!({"type": "string", "description": "d"}),
    );
    for format in ["uri", "int32", "regex", "byte"] {
        check(json!({"type": "string", "format": format}), json!({"type": "string"}));
    }
    check(json!({"type": "string", "minLength": 0}), json!({"type": "string"}));
    check(
        json!({"type": "array", "items": {"type": "string", "default": ""}, "uniqueItems": false}),
        json!({"type": "array", "items": {"type": "string"}}),
    );
}

#[test]
fn what_strict_mode_knows_stays() {
    for schema in [
        json!({"type": "string", "pattern": "^a$", "format": "date-time"}),
        json!({"type": "integer", "minimum": 0, "maximum": 255, "exclusiveMinimum": -1, "exclusiveMaximum": 256, "multipleOf": 1}),
        json!({"type": "array", "items": {"type": "number"}, "minItems": 3, "maxItems": 3}),
        json!({"type": ["string", "null"]}),
        json!({"type": "string", "enum": ["a", "b"]}),
        json!({"$ref": "#/$defs/P"}),
        json!({"$ref": "#"}),
        json!({"anyOf": [{"$ref": "#/$defs/P"}, {"type": "null"}], "description": "d"}),
        json!({"type": "null"}),
    ] {
        check(schema.clone(), schema);
    }
}

#[test]
fn what_strict_mode_says_otherwise_is_rewritten() {
    check(json!({"const": "a"}), json!({"enum": ["a"], "type": "string"}));
    check(
        json!({"enum": [1, "a", null]}),
        json!({"enum": [1, "a", null], "type": ["integer", "string", "null"]}),
    );
    check(
        json!({"items": {"type": "string"}}),
        json!({"items": {"type": "string"}, "type": "array"}),
    );
    check(
        json!({"oneOf": [{"type": "string"}, {"type": "null"}]}),
        json!({"anyOf": [{"type": "string"}, {"type": "null"}]}),
    );
    check(
        json!({"allOf": [{"type": "string"}], "default": "a"}),
        json!({"type": "string"}),
    );
    check(
        json!({"$ref": "#/$defs/P", "description": "d", "default": {}}),
        json!({"description": "d", "anyOf": [{"$ref": "#/$defs/P"}]}),
    );
    check(
        json!({"properties": {"a": {"type": "string"}}}),
        json!({"properties": {"a": {"type": ["string", "null"]}}, "type": "object", "required": ["a"], "additionalProperties": false}),
    );
    // A variant of an enum that has its tag among the fields.
    check(
        json!({"type": "object", "properties": {"kind": {"type": "string", "const": "p"}}, "required": ["kind"], "$ref": "#/$defs/P"}),
        json!({"type": "object", "properties": {"kind": {"type": "string", "enum": ["p"]}, "n": {"type": "string"}},
            "required": ["kind", "n"], "additionalProperties": false}),
    );
}

#[test]
fn what_strict_mode_cannot_say_is_refused_with_its_place() {
    for schema in [
        json!(true),
        json!(false),
        json!({}),
        json!({"description": "anything"}),
        json!({"type": "object"}),
        json!({"type": "object", "additionalProperties": true}),
        json!({"type": "object", "additionalProperties": {"type": "string"}}),
        json!({"type": "object", "properties": {}, "patternProperties": {"^a": {"type": "string"}}}),
        json!({"type": "object", "properties": {"a": true}}),
        json!({"type": "object", "properties": {"a": {"type": "string"}}, "minProperties": 1}),
        json!({"type": "object", "properties": {"a": {"type": "string"}}, "dependentRequired": {"a": []}}),
        json!({"type": "object", "properties": {"a": {"type": "string"}}, "anyOf": [{"required": ["a"]}]}),
        json!({"type": "object", "properties": {"a": {"type": "string"}}, "if": {}, "then": {}}),
        json!({"type": "array"}),
        json!({"type": "array", "items": true}),
        json!({"type": "array", "items": [{"type": "string"}]}),
        json!({"type": "array", "prefixItems": [{"type": "string"}], "minItems": 1, "maxItems": 1}),
        json!({"type": "array", "items": {"type": "string"}, "uniqueItems": true}),
        json!({"type": "array", "items": {"type": "string"}, "contains": {"type": "string"}}),
        json!({"type": "string", "minLength": 1}),
        json!({"type": "string", "maxLength": 1}),
        json!({"not": {"type": "string"}}),
        json!({"allOf": [{"$ref": "#/$defs/P"}, {"type": "object", "properties": {"b": {"type": "string"}}}]}),
        json!({"anyOf": [{"type": "string"}, {}]}),
        json!({"type": "object", "properties": {"n": {"type": "integer"}}, "$ref": "#/$defs/P"}),
        json!({"type": "object", "properties": {"n": {"type": "integer"}}, "$ref": "#/$defs/Missing"}),
    ] {
        let root = json!({"type": "object", "properties": {"p": schema}, "$defs": {
            "P": {"type": "object", "properties": {"n": {"type": "string"}}}}});
        let error = strict_schema(root, Optional::Required).err();
        // A type without fields and a set of a type can be said.
        let of_a_type = schema == json!({"type": "object"}) || schema.get("uniqueItems").is_some();
        assert_eq!(
            error.map(|error| error.kind()),
            (!of_a_type).then_some(ErrorKind::Unsupported),
            "{schema}"
        );
        if schema.get("$ref").is_none() {
            check(schema, Value::Null);
        }
    }
}
