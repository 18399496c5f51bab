//! Parameters of an address that one request brings.

use std::fmt::Write;

use cadena_core::{Error, ErrorKind, Extra, Result};
use cadena_http::HttpRequest;
use serde_json::Value;

/// Adds parameters to the address of a request, in place of those of the same name.
pub(crate) fn add_query(mut request: HttpRequest, query: &Extra) -> Result<HttpRequest> {
    for (name, value) in query.iter() {
        let value = match value {
            Value::String(text) => text.clone(),
            Value::Number(_) | Value::Bool(_) => value.to_string(),
            _ => {
                let detail = format!("the parameter `{name}` of the address is not a text");
                return Err(Error::new(ErrorKind::InvalidInput, detail).with_hint("give a text, a number or a boolean"));
            }
        };
        let mut pair = String::new();
        percent_encode(name, &mut pair);
        let name_end = pair.len();
        pair.push('=');
        percent_encode(&value, &mut pair);
        let name = pair.get(..name_end).unwrap_or_default();

        let (address, before) = request.url.split_once('?').unwrap_or((&request.url, ""));
        let others = before
            .split('&')
            .filter(|other| !other.is_empty() && other.split('=').next() != Some(name));
        let pairs: Vec<&str> = others.chain([pair.as_str()]).collect();
        request.url = format!("{address}?{}", pairs.join("&"));
    }
    Ok(request)
}

/// Writes a text so that it stays one part of an address.
pub(crate) fn percent_encode(part: &str, out: &mut String) {
    for byte in part.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            // Writing to a text cannot fail.
            _ => _ = write!(out, "%{byte:02X}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, json};

    use super::*;

    #[track_caller]
    fn check(url: &str, query: Value, expect: &str) {
        let query: Map<String, Value> = serde_json::from_value(query).unwrap();
        let request = add_query(HttpRequest::post(url), &query.into()).unwrap();
        assert_eq!(request.url, expect);
    }

    #[test]
    fn a_parameter_takes_the_place_of_one_of_its_name() {
        check("http://h/v1/x", json!({}), "http://h/v1/x");
        check(
            "http://h/v1/x",
            json!({"a b": "c&d", "n": 1}),
            "http://h/v1/x?a%20b=c%26d&n=1",
        );
        check(
            "http://h/x?key=1&api-version=1",
            json!({"api-version": "2"}),
            "http://h/x?key=1&api-version=2",
        );
    }

    #[test]
    fn a_parameter_that_is_no_text_is_refused_without_its_value() {
        let query = Map::from_iter([("a".to_owned(), json!(["secret"]))]);
        let error = add_query(HttpRequest::post("http://h"), &query.into()).unwrap_err();
        assert!(!format!("{error:?}").contains("secret"));
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
    }
}
