//! Entities: XML's own five and numbers.

/// An entity that XML does not have, or an `&` that does not begin an entity.
#[derive(Debug, PartialEq)]
pub(super) struct Unknown<'t> {
    pub(super) at: usize,
    pub(super) entity: &'t str,
}

/// Replaces the entities of a text.
pub(super) fn unescape(text: &str) -> Result<String, Unknown<'_>> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, entity)) = rest.split_once('&') {
        out.push_str(before);
        let at = text.len() - entity.len() - 1;
        let unknown = || Unknown {
            at,
            entity: token(text.get(at..).unwrap_or_default()),
        };
        let Some((name, after)) = entity.split_once(';') else {
            return Err(unknown());
        };
        let number = |digits: &str, radix| u32::from_str_radix(digits, radix).ok().and_then(char::from_u32);
        let character = match name {
            "amp" => Some('&'),
            "lt" => Some('<'),
            "gt" => Some('>'),
            "quot" => Some('"'),
            "apos" => Some('\''),
            name => match (name.strip_prefix("#x"), name.strip_prefix('#')) {
                (Some(digits), _) => number(digits, 16),
                (None, Some(digits)) => number(digits, 10),
                (None, None) => None,
            },
        };
        out.push(character.ok_or_else(unknown)?);
        rest = after;
    }
    out.push_str(rest);
    Ok(out)
}

/// The part of a text that was meant as an entity. It ends where no later piece of an answer can change it.
fn token(text: &str) -> &str {
    let ends = |c: char| c == ';' || c == '&' || c.is_whitespace();
    let end = text.char_indices().skip(1).find(|(_, c)| ends(*c));
    let end = end.map_or(text.len(), |(at, c)| at + usize::from(c == ';'));
    text.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_entity_is_found_with_its_place() {
        assert_eq!(unescape("a &lt; b&#x41;&#66;").as_deref(), Ok("a < bAB"));
        let at = |at, entity| Err(Unknown { at, entity });
        assert_eq!(unescape("a &lt; &nbsp; b"), at(7, "&nbsp;"));
        assert_eq!(unescape("é & b"), at(3, "&"));
        assert_eq!(unescape("&#xd800;"), at(0, "&#xd800;"));
    }
}
