//! What of a server's words an error may show: servers repeat the request in their complaints, and with it the prompt.

use cadena_http::Redactor;
use serde_json::Value;

/// Members that repeat the request or a part of it, and of Groq what the model wrote.
const ECHOES: [&str; 13] = [
    "input",
    "inputs",
    "input_value",
    "messages",
    "prompt",
    "prompts",
    "body",
    "request",
    "request_body",
    "raw_request",
    "flagged_input",
    "failed_generation",
    "ctx",
];

/// Nested more deeply than a report of an error is; deeper JSON is not shown.
const DEPTH: usize = 8;

/// The beginning of a body or an event on one line, without secrets and without what it repeats of the request.
pub(crate) fn quote(data: &[u8], redactor: &Redactor) -> String {
    match serde_json::from_slice(data) {
        Ok(value) => quote_value(&value, redactor),
        Err(_) => redactor.snippet(data),
    }
}

/// As [`quote`], of JSON.
pub(super) fn quote_value(value: &Value, redactor: &Redactor) -> String {
    match value {
        Value::String(text) => redactor.snippet(without_input(text).as_bytes()),
        _ => redactor.snippet(shown(value, DEPTH).to_string().as_bytes()),
    }
}

fn shown(value: &Value, depth: usize) -> Value {
    let hidden = || Value::from("…");
    match value {
        Value::Array(_) | Value::Object(_) if depth == 0 => hidden(),
        Value::Array(list) => list.iter().map(|item| shown(item, depth - 1)).collect(),
        Value::Object(map) => {
            let members = map.iter().map(|(key, value)| {
                let is_echo = ECHOES.contains(&key.as_str()) && !value.is_null();
                (key.clone(), if is_echo { hidden() } else { shown(value, depth - 1) })
            });
            Value::Object(members.collect())
        }
        Value::String(text) => without_input(text).into(),
        other => other.clone(),
    }
}

/// A text without what pydantic repeats of the request, in the form of Python: `'input': {…}` and `input_value={…}`. vLLM sends such texts.
pub(super) fn without_input(text: &str) -> String {
    const MARKS: [&str; 4] = ["'input': ", "\"input\": ", "\"input\":", "input_value="];
    let mut clean = String::new();
    let mut rest = text;
    loop {
        let next = MARKS
            .iter()
            .filter_map(|mark| Some(rest.find(mark)? + mark.len()))
            .min();
        let Some((before, value)) = next.and_then(|at| rest.split_at_checked(at)) else {
            clean.push_str(rest);
            return clean;
        };
        clean.push_str(before);
        clean.push('…');
        // Its own repetition of a value is cut in the middle, so that its brackets say nothing.
        let end = match before.ends_with('=') {
            true => value.find(", input_type="),
            false => end_of_value(value),
        };
        rest = end.and_then(|end| value.get(end..)).unwrap_or_default();
    }
}

/// Where a value of Python or JSON ends. `None` if it does not.
fn end_of_value(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    let mut quote = None;
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match quote {
            Some(_) if escaped => escaped = false,
            Some(_) if c == '\\' => escaped = true,
            Some(open) if c == open => quote = None,
            Some(_) => {}
            None => match c {
                '\'' | '"' => quote = Some(c),
                '{' | '[' | '(' => depth += 1,
                '}' | ']' | ')' | ',' if depth == 0 => return Some(at),
                '}' | ']' | ')' => depth -= 1,
                _ => {}
            },
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_repeats_of_the_request_is_not_quoted() {
        let redactor = Redactor::new();
        for body in [
            r#"{"x": 1, "input": "a secret", "y": [{"messages": ["a secret"], "input": {"a": "secret"}}]}"#,
            r#"{"odd": "[{'type': 'missing', 'input': {'content': 'it\\'s a, secret'}, 'y': 1}]"}"#,
            r#"{"odd": "[type=string_type, input_value={'a...': 'secret', input_type=dict] y"}"#,
            r#"{"odd": "y {\"input\": \"a \\\"secret\\\"\"}"}"#,
            r#"{"odd": "y 'input': [\"secret"}"#,
        ] {
            let said = quote(body.as_bytes(), &redactor);
            assert!(
                !said.contains("secret") && said.contains('…') && said.contains('y'),
                "{said}"
            );
        }
        assert_eq!(quote(br#"{"x":  [1, null]}"#, &redactor), r#"{"x":[1,null]}"#);
        assert_eq!(quote(b"<html>\n", &redactor), "<html>");
    }
}
