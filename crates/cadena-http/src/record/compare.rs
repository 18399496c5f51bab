//! Which fields of two requests differ, by name.

use serde_json::Value;

use super::line::RequestLine;

/// Names are listed up to this many.
const NAMED: usize = 5;

/// How far apart two requests are: another method or path weighs more than any field.
pub(super) fn distance(a: &RequestLine, b: &RequestLine) -> usize {
    let route = usize::from(a.method != b.method) + usize::from(a.path != b.path);
    route.saturating_mul(1000).saturating_add(fields(a, b).len())
}

/// The differing parts in words.
pub(super) fn difference(recorded: &RequestLine, asked: &RequestLine) -> String {
    let mut names = Vec::new();
    if recorded.method != asked.method {
        names.push("the method".to_owned());
    }
    if recorded.path != asked.path {
        names.push("the path".to_owned());
    }
    names.extend(fields(recorded, asked).into_iter().map(|field| format!("`{field}`")));
    let more = names.len().saturating_sub(NAMED);
    names.truncate(NAMED);
    match more {
        0 => names.join(", "),
        more => format!("{} and {more} more", names.join(", ")),
    }
}

fn fields(a: &RequestLine, b: &RequestLine) -> Vec<String> {
    let mut found = Vec::new();
    match (&a.body, &b.body) {
        (Some(a), Some(b)) => walk("", a, b, &mut found),
        (a_body, b_body) => {
            let same = a_body == b_body && a.body_text == b.body_text && a.body_base64 == b.body_base64;
            found.extend((!same).then(|| "body".to_owned()));
        }
    }
    found
}

fn walk(at: &str, a: &Value, b: &Value, found: &mut Vec<String>) {
    match (a, b) {
        (Value::Object(a), Value::Object(b)) => {
            let inside = |key: &str| {
                if at.is_empty() {
                    key.to_owned()
                } else {
                    format!("{at}.{key}")
                }
            };
            for (key, value) in a {
                match b.get(key) {
                    Some(other) => walk(&inside(key), value, other, found),
                    None => found.push(inside(key)),
                }
            }
            found.extend(b.keys().filter(|key| !a.contains_key(*key)).map(|key| inside(key)));
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            for (index, (a, b)) in a.iter().zip(b).enumerate() {
                walk(&format!("{at}[{index}]"), a, b, found);
            }
        }
        (a, b) if a != b => found.push(if at.is_empty() {
            "body".to_owned()
        } else {
            at.to_owned()
        }),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn post(body: Value) -> RequestLine {
        RequestLine {
            method: "POST".into(),
            path: "/".into(),
            body: Some(body),
            body_text: None,
            body_base64: None,
        }
    }

    #[track_caller]
    fn check(recorded: Value, asked: Value, expected: &str) {
        assert_eq!(difference(&post(recorded), &post(asked)), expected);
    }

    #[test]
    fn fields_are_named_and_values_are_not() {
        check(json!({"a": {"b": 1}}), json!({"a": {"b": 2}}), "`a.b`");
        check(
            json!({"m": [{"c": "secret"}]}),
            json!({"m": [{"c": "prompt"}]}),
            "`m[0].c`",
        );
        check(json!({"m": [1]}), json!({"m": [1, 2]}), "`m`");
        check(json!({"a": 1}), json!({"b": 1}), "`a`, `b`");
        check(json!(1), json!(2), "`body`");
    }

    #[test]
    fn long_lists_of_fields_are_cut() {
        let all = |n: i32| (0..8).map(|i| (format!("f{i}"), json!(n))).collect::<Value>();
        check(all(1), all(2), "`f0`, `f1`, `f2`, `f3`, `f4` and 3 more");
    }
}
