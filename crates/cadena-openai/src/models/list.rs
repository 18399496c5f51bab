//! A list of models, and each of them, as servers write it.

use serde::de::Error;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use super::ModelInfo;

/// The body of an answer: the list under `data`, under `models` (Ollama, Gemini), or alone.
#[derive(Debug)]
pub(super) struct List {
    pub(super) data: Vec<ModelInfo>,
}

impl<'de> Deserialize<'de> for List {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let models = match Value::deserialize(deserializer)? {
            Value::Array(models) => models,
            Value::Object(mut body) => listed(&mut body).ok_or_else(|| D::Error::missing_field("data"))?,
            _ => return Err(D::Error::custom("neither an object nor a list")),
        };
        let data = models.into_iter().filter_map(model).collect();
        Ok(Self { data })
    }
}

/// The list in a body. A server without a model may write `null` there, or nothing: then it must call itself a list and report no error.
fn listed(body: &mut Map<String, Value>) -> Option<Vec<Value>> {
    for key in ["data", "models"] {
        if let Some(Value::Array(models)) = body.get_mut(key).map(Value::take) {
            return Some(models);
        }
    }
    let is_list = body.contains_key("data") || body.get("object").is_some_and(|object| object == "list");
    let failed = body.get("error").is_some_and(crate::error::says_something);
    (is_list && !failed).then(Vec::new)
}

impl<'de> Deserialize<'de> for ModelInfo {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        model(value).ok_or_else(|| D::Error::missing_field("id"))
    }
}

/// A model, if it has a name. A text is the name alone.
fn model(value: Value) -> Option<ModelInfo> {
    let mut members = match value {
        Value::Object(members) => members,
        id @ Value::String(_) => Map::from_iter([("id".to_owned(), id)]),
        _ => return None,
    };
    let id = ["id", "name", "model"]
        .into_iter()
        .find_map(|key| Some((key, text(members.get(key)?)?)));
    let (key, id) = id.filter(|(_, id)| !id.is_empty())?;
    members.shift_remove(key);
    let created = members.get("created").and_then(seconds);
    let owned_by = members.get("owned_by").and_then(text);
    for (key, is_read) in [("created", created.is_some()), ("owned_by", owned_by.is_some())] {
        if is_read || members.get(key).is_some_and(Value::is_null) {
            members.shift_remove(key);
        }
    }
    Some(ModelInfo {
        id,
        created,
        owned_by,
        extra: members.into(),
    })
}

/// A text that is not empty, or the number that a server sends in its place.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// A time in seconds since 1970; parts of a second are left out.
fn seconds(value: &Value) -> Option<u64> {
    let whole = |number: f64| format!("{:.0}", number.trunc()).parse().ok();
    match value {
        Value::Number(number) => number.as_u64().or_else(|| whole(number.as_f64()?)),
        Value::String(text) => text.trim().parse().ok().or_else(|| whole(text.trim().parse().ok()?)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn read(body: Value) -> Vec<String> {
        let list: List = serde_json::from_value(body).unwrap();
        list.data.into_iter().map(|model| model.id).collect()
    }

    #[test]
    fn a_list_stands_under_one_of_two_keys_or_alone() {
        for body in [
            json!({"object": "list", "data": [{"id": "a"}, {"id": "b"}]}),
            json!([{"id": "a"}, {"id": "b"}]),
            json!(["a", "b"]),
            json!({"models": [{"name": "a"}, {"name": "b", "size": 7}]}),
            json!({"models": ["a", "b"]}),
            json!({"data": null, "models": [{"id": "a"}, {"model": "b"}]}),
            json!({"data": [{"id": "a"}, {"id": "b"}], "models": [{"name": "x"}]}),
            json!({"data": [{"id": "a"}, null, {"object": "model"}, 7, {"id": ""}, {"id": null, "name": "b"}, []]}),
        ] {
            assert_eq!(read(body.clone()), ["a", "b"], "{body}");
        }
    }

    #[test]
    fn a_server_without_models_has_an_empty_list() {
        for body in [
            json!([]),
            json!({"data": []}),
            json!({"data": null}),
            json!({"object": "list"}),
            json!({"data": null, "error": null}),
        ] {
            assert!(read(body.clone()).is_empty(), "{body}");
        }
    }

    #[test]
    fn what_is_no_list_is_not_an_empty_one() {
        for body in [
            json!({}),
            json!("models"),
            json!(null),
            json!({"message": "no such path"}),
            json!({"data": null, "error": {"message": "no"}}),
        ] {
            assert!(serde_json::from_value::<List>(body.clone()).is_err(), "{body}");
        }
    }

    #[test]
    fn a_time_is_read_or_kept() {
        let read = |model: Value| serde_json::from_value::<ModelInfo>(model).unwrap();
        for created in [
            json!(1_700_000_000),
            json!(1.7e9),
            json!(1_700_000_000.75),
            json!("1700000000"),
            json!(" 1700000000.5 "),
        ] {
            let model = read(json!({"id": "m", "created": created, "owned_by": "me"}));
            assert_eq!(
                (model.created, model.extra.is_empty()),
                (Some(1_700_000_000), true),
                "{created}"
            );
        }
        for created in [
            json!("2024-05-13"),
            json!(-1),
            json!([1]),
            json!({"at": 1}),
            json!(true),
            json!(1e300),
        ] {
            let written = json!({"id": "m", "created": created, "owned_by": [1]});
            let model = read(written.clone());
            assert_eq!((model.created, &model.extra["created"]), (None, &created));
            assert_eq!(serde_json::to_value(&model).unwrap(), written);
        }
        let nulls = read(json!({"id": 7, "created": null, "owned_by": null}));
        assert_eq!(serde_json::to_value(&nulls).unwrap(), json!({"id": "7"}));
    }
}
