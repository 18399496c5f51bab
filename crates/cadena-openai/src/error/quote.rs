//! The part of a server's words that an error may show: servers repeat the request in their complaints, and with it the prompt.

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

/// As much of a body as an error can show a part of.
const SHOWN: usize = 16 * 1024;

/// The beginning of a body or an event on one line, without secrets and without what it repeats of the request.
pub(crate) fn quote(data: &[u8], redactor: &Redactor) -> String {
    match serde_json::from_slice(data) {
        Ok(value) => quote_value(&value, redactor),
        Err(_) => {
            let text = String::from_utf8_lossy(data.get(..SHOWN).unwrap_or(data));
            redactor.snippet(without_echoes(&text).as_bytes())
        }
    }
}

/// As [`quote`], of JSON.
pub(super) fn quote_value(value: &Value, redactor: &Redactor) -> String {
    match value {
        Value::String(text) => redactor.snippet(without_echoes(text).as_bytes()),
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
        Value::String(text) => without_echoes(text).into(),
        other => other.clone(),
    }
}

/// A text without the parts of the request that it repeats: JSON that is broken or inside of a text, and what pydantic writes in the form of Python,
/// `'input': {…}` and `input_value={…}`, which vLLM sends.
pub(super) fn without_echoes(text: &str) -> String {
    let mut clean = String::new();
    let mut rest = text;
    let mut from = 0;
    while let Some(at) = rest
        .get(from..)
        .and_then(|ahead| ahead.find(['\'', '"', 'i']))
        .map(|at| from + at)
    {
        let Some(length) = rest.get(at..).and_then(echo_begins) else {
            from = at + 1;
            continue;
        };
        let Some((before, value)) = rest.split_at_checked(at + length) else {
            break;
        };
        clean.push_str(before);
        clean.push('…');
        // Its own repetition of a value is cut in the middle, so that its brackets do not count.
        let end = match before.ends_with('=') {
            true => value.find(", input_type="),
            false => end_of_value(value),
        };
        rest = end.and_then(|end| value.get(end..)).unwrap_or_default();
        from = 0;
    }
    clean.push_str(rest);
    clean
}

/// The length of a key that repeats the request, up to its value, if the text begins with one.
fn echo_begins(text: &str) -> Option<usize> {
    const OF_PYDANTIC: &str = "input_value=";
    if text.starts_with(OF_PYDANTIC) {
        return Some(OF_PYDANTIC.len());
    }
    let quote = text.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
    let inside = text.get(1..)?;
    let key = ECHOES.iter().find(|key| {
        let behind = inside.strip_prefix(**key);
        behind.is_some_and(|behind| behind.trim_start_matches('\\').starts_with(quote))
    })?;
    // JSON inside of a text has its quotes escaped.
    let behind = inside.get(key.len()..)?.trim_start_matches('\\').get(1..)?;
    let value = behind.trim_start().strip_prefix(':')?.trim_start();
    Some(text.len() - value.len())
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
        let broken = [
            r#"{"y": 1, "messages": [{"role": "user", "content": "a secret"#,
            r#"{"y": 1, "raw": "{\"input\" : \"a secret\", \"x\": 1}"#,
            r#"{"y": 1, "prompt":"a secret","#,
        ];
        for body in broken {
            let said = quote(body.as_bytes(), &redactor);
            assert!(
                !said.contains("secret") && said.contains('…') && said.contains('y'),
                "{said}"
            );
        }
        let plain = "the key 'input' is missing: \"it's\"";
        assert_eq!(without_echoes(plain), plain);
        assert_eq!(quote(br#"{"x":  [1, null]}"#, &redactor), r#"{"x":[1,null]}"#);
        assert_eq!(quote(b"<html>\n", &redactor), "<html>");
    }
}
