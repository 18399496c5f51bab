//! The JSON schema of a type, for a model.

use schemars::JsonSchema;
use serde_json::Value;

/// Returns the JSON schema of a type of arguments, for a model: keywords that only a validator uses are left out.
///
/// Doc comments become descriptions. A type that contains itself is described once, under `$defs`, and referred to.
///
/// # Examples
///
/// ```
/// use cadena_core::{parameters_of, schemars};
/// use serde_json::json;
///
/// #[derive(schemars::JsonSchema)]
/// struct Args {
///     /// How many.
///     count: u8,
///     unit: Option<String>,
/// }
///
/// let schema = parameters_of::<Args>();
/// assert_eq!(schema["properties"]["unit"], json!({"type": ["string", "null"]}));
/// assert_eq!(schema["properties"]["count"]["description"], "How many.");
/// assert_eq!(schema["required"], json!(["count"]));
/// ```
#[must_use]
pub fn parameters_of<T: JsonSchema>() -> Value {
    let mut schema = described_schema_of::<T>();
    if let Value::Object(root) = &mut schema {
        // The name and the description are the tool's.
        for key in ["title", "description"] {
            root.shift_remove(key);
        }
        root.entry("properties")
            .or_insert_with(|| Value::Object(serde_json::Map::new()));
    }
    schema
}

/// The JSON schema of a type with its name as `title` and its `description`, without keywords that only a validator uses.
pub(crate) fn described_schema_of<T: JsonSchema>() -> Value {
    let mut schema = schemars::SchemaGenerator::default()
        .into_root_schema_for::<T>()
        .to_value();
    if let Value::Object(root) = &mut schema {
        root.shift_remove("$schema");
    }
    drop_number_formats(&mut schema);
    schema
}

/// Removes formats such as `int32`, which only schemars knows: OpenAI refuses a strict schema with a format that it does not know.
fn drop_number_formats(schema: &mut Value) {
    match schema {
        Value::Object(map) => {
            let is_number = map.get("format").and_then(Value::as_str).is_some_and(|format| {
                let word = format.trim_end_matches(|c: char| c.is_ascii_digit());
                matches!(word, "int" | "uint" | "float" | "double")
            });
            if is_number {
                map.shift_remove("format");
            }
            map.values_mut().for_each(drop_number_formats);
        }
        Value::Array(items) => items.iter_mut().for_each(drop_number_formats),
        _ => {}
    }
}
