//! Options in JSON, in the forms in which callers write them.

use std::time::Duration;

use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use super::{ChatOptions, EXTRA_BODY, HEADERS, OptionName, QUERY, TIMEOUT, ToolChoice, foreign};
use crate::{Error, ErrorKind, Extra, Result};

/// Reads an object whose members are options.
///
/// # Examples
///
/// ```
/// use cadena_core::ChatOptions;
/// use serde_json::json;
///
/// let options = ChatOptions::try_from(json!({"temperature": 0.5, "stop": "END", "min_p": 0.05}))?;
/// assert_eq!(options, ChatOptions::new().temperature(0.5).stop(["END"]).extra("min_p", 0.05));
/// # Ok::<_, cadena_core::Error>(())
/// ```
///
/// # Errors
///
/// [`InvalidInput`](ErrorKind::InvalidInput) names the option whose value is of another type, whose name is [one edit](ChatOptions::check_names)
/// from a known one, or whose name is from LangChain and goes to no server.
impl TryFrom<Value> for ChatOptions {
    type Error = Error;

    fn try_from(value: Value) -> Result<Self> {
        let Value::Object(members) = value else {
            let detail = format!("the options of a chat model are an object, not {}", kind_of(&value));
            return Err(Error::new(ErrorKind::InvalidInput, detail));
        };
        let mut options = Self::new();
        for (name, value) in members {
            options.read(name, value)?;
        }
        options.check_typed_names()?;
        Ok(options)
    }
}

impl<'de> Deserialize<'de> for ChatOptions {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::try_from(Value::Object(Map::deserialize(deserializer)?)).map_err(D::Error::custom)
    }
}

impl ChatOptions {
    fn read(&mut self, name: String, value: Value) -> Result<()> {
        // LangChain's constructor has these names.
        let name = match name.as_str() {
            "model_name" => "model".to_owned(),
            "request_timeout" => TIMEOUT.to_owned(),
            "stop_sequences" => "stop".to_owned(),
            "model_kwargs" => EXTRA_BODY.to_owned(),
            _ => name,
        };
        if let Some(error) = foreign::refused(&name, &value) {
            return Err(error);
        }
        let value = match value {
            Value::Null => {
                self.set_by_name(name, Value::Null);
                return Ok(());
            }
            value => value,
        };
        match name.as_str() {
            "stop" => self.put("stop", one_or_more(value)?),
            "tools" => {
                let is_list = value.as_array().is_some_and(|tools| tools.iter().all(Value::is_object));
                match is_list {
                    true => self.put("tools", value),
                    false => Err(wrong_type(&name, "a list of objects", &value)),
                }
            }
            "logit_bias" => {
                let numbers: Map<String, Value> = typed(&name, value)?;
                if let Some(wrong) = numbers.values().find(|value| !value.is_number()) {
                    return Err(wrong_type(&name, "an object of numbers", wrong));
                }
                self.put("logit_bias", numbers.into())
            }
            "response_format" => match value {
                Value::Object(_) => self.put("response_format", value),
                other => Err(wrong_type(&name, "an object", &other)),
            },
            "tool_choice" => {
                match tool_choice(value)? {
                    Some(choice) => *self = std::mem::take(self).tool_choice(choice),
                    None => *self = std::mem::take(self).without(OptionName::ToolChoice),
                }
                Ok(())
            }
            // Only the Responses API has this name, which therefore chooses the endpoint.
            "max_output_tokens" => {
                typed::<u32>(&name, value.clone())?;
                self.set_by_name(name, value);
                Ok(())
            }
            EXTRA_BODY => match value {
                Value::Object(_) => {
                    self.set_by_name(name, value);
                    Ok(())
                }
                other => Err(wrong_type(&name, "an object", &other)),
            },
            HEADERS => {
                add(&mut self.headers, typed(&name, value)?);
                Ok(())
            }
            QUERY => {
                add(&mut self.query, typed(&name, value)?);
                Ok(())
            }
            TIMEOUT => {
                *self = std::mem::take(self).timeout(seconds(value)?);
                Ok(())
            }
            known => self.put(known, value),
        }
    }

    /// Sets a typed option, or any other option by its name.
    fn put(&mut self, name: &str, value: Value) -> Result<()> {
        macro_rules! put {
            ($($field:ident: $($name:literal)+,)*) => {
                match name {
                    $($($name)|+ => {
                        let read = typed(name, value)?;
                        self.clear(name);
                        self.$field = Some(read);
                    })*
                    other => self.set_by_name(other.to_owned(), value),
                }
            };
        }
        with_wire_names!(put);
        Ok(())
    }
}

/// Makes a list of one text or of several: `"a"` is `["a"]`, as OpenAI takes it.
fn one_or_more(stop: Value) -> Result<Value> {
    let texts = |items: &[Value]| items.iter().all(Value::is_string);
    match stop {
        Value::String(text) => Ok(Value::from_iter([text])),
        Value::Array(items) if texts(&items) => Ok(items.into()),
        other => Err(wrong_type("stop", "a text or a list of texts", &other)),
    }
}

/// Reads a number of seconds, whole or not, as LangChain does.
fn seconds(value: Value) -> Result<Duration> {
    let seconds = value
        .as_f64()
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    seconds.ok_or_else(|| wrong_type(TIMEOUT, "a number of seconds", &value))
}

/// Reads LangChain's forms of a choice: `false` and an empty text choose nothing.
fn tool_choice(value: Value) -> Result<Option<ToolChoice>> {
    match value {
        Value::Bool(false) => Ok(None),
        Value::Bool(true) => Ok(Some(ToolChoice::Required)),
        Value::String(word) if word.is_empty() => Ok(None),
        Value::String(_) | Value::Object(_) => typed("tool_choice", value).map(Some),
        other => Err(wrong_type("tool_choice", "a text, an object, true or false", &other)),
    }
}

fn add(below: &mut Extra, above: Map<String, Value>) {
    for (key, value) in above {
        below.insert(key, value);
    }
}

fn typed<T: DeserializeOwned>(name: &str, value: Value) -> Result<T> {
    let (kind, read) = (kind_of(&value), serde_json::from_value(value));
    read.map_err(|error| {
        // The text before `expected` quotes the value, which may be a secret.
        let text = error.to_string();
        let expected = text.rsplit("expected ").next().unwrap_or_default();
        let expected = match expected {
            "f64" => "a number",
            "u32" => "a whole number that is not negative",
            "i64" => "a whole number",
            "a boolean" => "true or false",
            "a string" => "a text",
            "a sequence" => "a list",
            "a map" => "an object",
            _ => "another type",
        };
        let detail = format!("the option `{name}` takes {expected}, not {kind}");
        Error::new(ErrorKind::InvalidInput, detail)
    })
}

fn wrong_type(name: &str, expected: &str, value: &Value) -> Error {
    let detail = format!("the option `{name}` takes {expected}, not {}", kind_of(value));
    Error::new(ErrorKind::InvalidInput, detail)
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(number) if number.is_f64() => "a number with a fraction",
        Value::Number(_) => "this number",
        Value::String(_) => "a text",
        Value::Array(_) => "this list",
        Value::Object(_) => "this object",
    }
}
