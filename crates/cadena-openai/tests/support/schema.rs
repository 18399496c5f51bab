//! Values that are valid by a JSON schema, made from a seed.
#![allow(dead_code, reason = "every test file uses a part of it")]

use serde_json::{Map, Value};

/// Makes values that a schema accepts: every branch, optional and unknown fields, odd numbers and texts.
pub(crate) struct Maker<'a> {
    root: &'a Value,
    state: u64,
}

impl<'a> Maker<'a> {
    pub(crate) fn new(root: &'a Value, seed: u64) -> Self {
        Self { root, state: seed }
    }

    pub(crate) fn value(&mut self) -> Value {
        let root = self.root;
        self.of(root, 0)
    }

    /// A value of one of the schema's definitions.
    pub(crate) fn definition(&mut self, name: &str) -> Value {
        let root = self.root;
        self.of(&root["$defs"][name], 0)
    }

    fn of(&mut self, schema: &Value, depth: u32) -> Value {
        if let Some(path) = schema.get("$ref").and_then(Value::as_str) {
            let found = self.root.pointer(path.trim_start_matches('#'));
            return self.of(found.expect("a reference leads somewhere"), depth);
        }
        for key in ["anyOf", "oneOf"] {
            if let Some(branches) = schema.get(key).and_then(Value::as_array) {
                let branch = self.below(branches.len());
                return self.of(&branches[branch], depth);
            }
        }
        if let Some(words) = schema.get("enum").and_then(Value::as_array) {
            return words[self.below(words.len())].clone();
        }
        if let Some(parts) = schema.get("allOf").and_then(Value::as_array) {
            let mut all = Map::new();
            for part in parts {
                if let Value::Object(part) = self.of(part, depth) {
                    all.extend(part);
                }
            }
            return all.into();
        }
        let kinds: Vec<&str> = match schema.get("type") {
            Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).collect(),
            kind => kind.and_then(Value::as_str).into_iter().collect(),
        };
        match kinds.get(self.below(kinds.len())).copied() {
            Some("string") => self.text().into(),
            Some("integer") => [0, 1, 255, 1_732_000_000][self.below(4)].into(),
            Some("number") => {
                [Value::from(-0.25), 0.into(), Value::from(-9999.0), Value::from(1e-9)][self.below(4)].clone()
            }
            Some("boolean") => (self.below(2) == 0).into(),
            Some("null") => Value::Null,
            Some("array") => {
                let length = self.below(if depth > 6 { 2 } else { 4 });
                (0..length).map(|_| self.of(&schema["items"], depth + 1)).collect()
            }
            Some("object") => self.object(schema, depth).into(),
            None if schema.get("properties").is_some() => self.object(schema, depth).into(),
            // Anything is valid.
            None => [Value::Null, "x".into(), serde_json::json!({"deep": [1, {}]})][self.below(3)].clone(),
            _ => panic!("no rule for {schema}"),
        }
    }

    fn object(&mut self, schema: &Value, depth: u32) -> Map<String, Value> {
        let mut object = Map::new();
        let required: Vec<&Value> = schema
            .get("required")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .collect();
        for (key, inner) in schema
            .get("properties")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
        {
            if required.iter().any(|name| *name == key) || self.below(3) > 0 {
                let mut value = self.of(inner, depth + 1);
                // The schema does not say that a byte is below 256.
                if let ("bytes", Some(bytes)) = (key.as_str(), value.as_array_mut()) {
                    bytes.retain(|byte| byte.as_u64().is_some_and(|byte| byte < 256));
                }
                object.insert(key.clone(), value);
            }
        }
        if let Some(more) = schema.get("additionalProperties").filter(|more| more.is_object()) {
            object.insert(self.text(), self.of(more, depth + 1));
        } else if self.below(4) == 0 {
            // What no schema forbids a server may add.
            object.insert("x_new".to_owned(), serde_json::json!([{"deep": null}, 1.5]));
        }
        object
    }

    fn text(&mut self) -> String {
        [
            "",
            "a",
            "I'm fine",
            "{\"a\": 1}",
            "{\"a\": ",
            "é\u{1f600}\u{0}",
            "null",
            "line\nbreak \"quoted\" \\",
        ][self.below(8)]
        .to_owned()
    }

    fn below(&mut self, end: usize) -> usize {
        // SplitMix64: any seed gives a good sequence.
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % end.max(1) as u64).unwrap()
    }
}
