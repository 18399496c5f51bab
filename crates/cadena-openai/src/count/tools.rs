//! How many tokens the description of tools has, as OpenAI's cookbook counts them.
//!
//! Source: "How to count tokens with tiktoken" of the OpenAI cookbook, section 7, which knows four models.

use cadena_core::{Error, ErrorKind, Result, TiktokenCounter};
use serde_json::{Map, Value};

/// The cost of each parameter, the discount of a list of allowed values, the cost of each of these, and the cost of the end.
const PROPERTY: usize = 3;
const ENUM: usize = 3;
const VALUE: usize = 3;
const END: usize = 12;

/// The tokens of tools in OpenAI's form; the content of a nested parameter counts as its JSON.
pub(super) fn tokens(model: &str, counter: TiktokenCounter, tools: &[Value]) -> Result<usize> {
    if tools.is_empty() {
        return Ok(0);
    }
    let begin = match model {
        "gpt-4o" | "gpt-4o-mini" => 7,
        "gpt-3.5-turbo" | "gpt-4" => 10,
        _ => {
            let detail = format!("how `{model}` counts tools is not known");
            return Err(Error::new(ErrorKind::Unsupported, detail));
        }
    };
    let mut sum = END;
    for tool in tools {
        let function = tool
            .get("function")
            .filter(|_| tool.get("type").is_some_and(|kind| kind == "function"));
        let function = function.ok_or_else(|| {
            let detail = "the tokens of a tool that is no function are not known";
            Error::new(ErrorKind::Unsupported, detail)
        })?;
        sum += begin + counter.count_text(&line(&[text(function, "name"), text(function, "description")]));
        let properties = function.pointer("/parameters/properties").and_then(Value::as_object);
        sum += properties.map_or(0, |properties| parameters(counter, properties));
    }
    Ok(sum)
}

fn parameters(counter: TiktokenCounter, properties: &Map<String, Value>) -> usize {
    let mut sum = if properties.is_empty() { 0 } else { PROPERTY };
    for (name, property) in properties {
        sum += PROPERTY + counter.count_text(&line(&[name, text(property, "type"), text(property, "description")]));
        if let Some(values) = property.get("enum").and_then(Value::as_array) {
            let value = |value: &Value| {
                VALUE + counter.count_text(&value.as_str().map_or_else(|| value.to_string(), str::to_owned))
            };
            // The parameter has added as much already.
            sum = (sum + values.iter().map(value).sum::<usize>()).saturating_sub(ENUM);
        }
        let nested = ["properties", "items", "anyOf", "additionalProperties"];
        let nested = nested.iter().filter_map(|key| property.get(key));
        sum += nested
            .map(|nested| counter.count_text(&nested.to_string()))
            .sum::<usize>();
    }
    sum
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// The parts as the model sees them; the last one loses its full stop.
fn line(parts: &[&str]) -> String {
    let joined = parts.join(":");
    match joined.strip_suffix('.') {
        Some(shorter) => shorter.to_owned(),
        None => joined,
    }
}

#[cfg(test)]
mod tests {
    use cadena_core::{Message, TokenCounter};
    use serde_json::json;

    use super::*;

    fn weather() -> Value {
        json!({"type": "function", "function": {
            "name": "get_current_weather", "description": "Get the current weather in a given location",
            "parameters": {"type": "object", "required": ["location"], "properties": {
                "location": {"type": "string", "description": "The city and state, e.g. San Francisco, CA"},
                "unit": {"type": "string", "description": "The unit of temperature to return", "enum": ["celsius", "fahrenheit"]}}}}})
    }

    #[test]
    fn the_example_of_the_cookbook_has_as_many_tokens_as_the_api_counted() {
        let messages: Vec<Message> = vec![
            (
                "system",
                "You are a helpful assistant that can answer to questions about the weather.",
            )
                .into(),
            ("human", "What's the weather like in San Francisco?").into(),
        ];
        for (model, counted) in [
            ("gpt-3.5-turbo", 105),
            ("gpt-4", 105),
            ("gpt-4o", 101),
            ("gpt-4o-mini", 101),
        ] {
            let counter = TiktokenCounter::for_model(model).unwrap();
            let tools = tokens(model, counter, &[weather()]).unwrap();
            assert_eq!(counter.count(&messages) + tools, counted, "{model}");
        }
    }

    #[test]
    fn what_a_tool_lacks_counts_nothing_and_what_it_nests_counts() {
        let counter = TiktokenCounter::o200k();
        let count = |tools: &[Value]| tokens("gpt-4o", counter, tools);
        assert_eq!(count(&[]).unwrap(), 0);
        let bare = json!({"type": "function", "function": {"name": "f"}});
        assert_eq!(count(&[bare]).unwrap(), 12 + 7 + 2);
        let with = |inner: Value| json!({"type": "function", "function": {"name": "f", "parameters": {"properties": {"a": inner}}}});
        let flat = count(&[with(json!({"type": "array"}))]).unwrap();
        assert!(count(&[with(json!({"type": "array", "items": {"type": "string"}}))]).unwrap() > flat);
        for tool in [json!({"type": "web_search"}), json!(7), json!({"function": {}})] {
            assert_eq!(count(&[tool]).unwrap_err().kind(), ErrorKind::Unsupported);
        }
        let error = tokens("gpt-5", counter, &[weather()]).unwrap_err();
        assert!(error.to_string().contains("how `gpt-5` counts tools"), "{error}");
    }
}
