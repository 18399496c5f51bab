//! Slices in a template, which minijinja skips when it looks for variables.

/// Replaces each slice such as `[1:3]` with `[0]`; returns `None` if there is no slice. The names outside of the brackets stay the same.
pub(super) fn without_slices(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut found = false;
    let mut rest = text;
    while let Some(at) = rest.find("{{").into_iter().chain(rest.find("{%")).min() {
        let (before, code) = rest.split_at(at + 2);
        out.push_str(before);
        let read = block(code, &mut out, &mut found);
        rest = code.get(read..).unwrap_or_default();
    }
    out.push_str(rest);
    found.then_some(out)
}

/// Copies the code of one block. Returns the length of the code in the text.
fn block(code: &str, out: &mut String, found: &mut bool) -> usize {
    // Each open bracket, its place in `out`, and whether a slice was seen in it.
    let mut open: Vec<(char, usize, bool)> = Vec::new();
    let mut quote = None;
    let mut escaped = false;
    for (at, c) in code.char_indices() {
        let ends = ["}}", "%}"]
            .iter()
            .any(|end| code.get(at..).is_some_and(|code| code.starts_with(end)));
        if open.is_empty() && quote.is_none() && ends {
            return at;
        }
        out.push(c);
        match (quote, c) {
            (Some(_), '\\') if !escaped => {
                escaped = true;
                continue;
            }
            (Some(mark), c) if mark == c && !escaped => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(c),
            (None, '(' | '[' | '{') => open.push((c, out.len(), false)),
            (None, ':') => {
                if let Some((_, _, slice)) = open.last_mut().filter(|(bracket, ..)| *bracket == '[') {
                    *slice = true;
                }
            }
            (None, ')' | ']' | '}') => {
                if let Some((_, begin, true)) = open.pop() {
                    out.truncate(begin);
                    out.push_str("0]");
                    *found = true;
                }
            }
            (None, _) => {}
        }
        escaped = false;
    }
    code.len()
}

#[cfg(test)]
mod tests {
    use super::without_slices;

    #[test]
    fn a_slice_becomes_an_index_and_nothing_else_changes() {
        for (text, expect) in [
            (
                "a {{ s[1:3] }} [b:c] {{ t[::-1] }}",
                Some("a {{ s[0] }} [b:c] {{ t[0] }}"),
            ),
            (
                "{% for x in rows[n:][0] %}{% endfor %}",
                Some("{% for x in rows[0][0] %}{% endfor %}"),
            ),
            ("{{ a[b[1:2]:c] }}", Some("{{ a[0] }}")),
            ("{{ {'a': [1, {'b': 2}]} }}{{ x[':'] }}{{ \"[1:2]\" }}", None),
            ("{{ x['\\'[:']", None),
            ("{{ x[1:", None),
            ("{{", None),
            ("plain [1:2]", None),
        ] {
            assert_eq!(without_slices(text).as_deref(), expect, "{text}");
        }
    }
}
