//! Thoughts inside the content of an answer.

use std::collections::BTreeMap;

use cadena_core::{Content, ContentPart, JsonBlock};
use serde_json::{Map, Value};

/// Numbers the parts of answers that think in their content, so that the pieces of one part grow together: Mistral's servers send
/// `{"type": "thinking", "thinking": [{"type": "text", "text": "…"}]}` for each piece of a thought, and then bare texts.
#[derive(Debug, Default)]
pub(crate) struct Thoughts {
    /// Choices whose content has a thought.
    choices: BTreeMap<u32, Numbers>,
}

#[derive(Debug, Default)]
struct Numbers {
    parts: Count,
    /// The parts of the open thought.
    inner: Count,
}

/// Counts parts. The first part of a list continues the last one of the list before, if it is of the same kind.
#[derive(Debug, Default)]
struct Count {
    open: Option<Kind>,
    number: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    Thought,
    Other,
}

impl Count {
    /// The number of a part, and whether it begins with it.
    fn of(&mut self, kind: Kind, is_first: bool) -> (i64, bool) {
        let continues = is_first && kind != Kind::Other && self.open == Some(kind);
        if !continues && self.open.replace(kind).is_some() {
            self.number += 1;
        }
        (self.number, !continues)
    }
}

impl Thoughts {
    /// Numbers the parts of a choice's content, from its first thought on.
    pub(crate) fn number(&mut self, choice: u32, content: &mut Content) {
        let begins = match content {
            Content::Text(text) if text.is_empty() || self.choices.is_empty() => return,
            Content::Text(_) => false,
            Content::Parts(parts) => parts.iter().any(|part| kind_of(part) == Kind::Thought),
        };
        if !begins && !self.choices.contains_key(&choice) {
            return;
        }
        let numbers = self.choices.entry(choice).or_default();
        let parts = match std::mem::take(content) {
            Content::Text(text) => vec![ContentPart::Text(text)],
            Content::Parts(parts) => parts,
        };
        let parts = parts.into_iter().enumerate();
        let numbered = parts.map(|(place, part)| numbers.number(part, place == 0));
        *content = Content::Parts(numbered.collect());
    }
}

impl Numbers {
    fn number(&mut self, part: ContentPart, is_first: bool) -> ContentPart {
        let kind = kind_of(&part);
        let (number, begins) = self.parts.of(kind, is_first);
        let mut block = match part {
            ContentPart::Text(text) => return JsonBlock::text(text).with_index(number).into(),
            ContentPart::Block(block) => block,
        };
        if kind == Kind::Thought {
            if begins {
                self.inner = Count::default();
            }
            let mut members = block.into_map();
            if let Some(Value::Array(inner)) = members.get_mut("thinking") {
                for (place, part) in inner.iter_mut().enumerate() {
                    self.number_inner(part, place == 0);
                }
            }
            // A thought that is still open becomes a closed one: `false` and `true` do not add up.
            members.retain(|key, value| key != "closed" || *value != false);
            block = members.into();
        }
        block.with_index(number).into()
    }

    fn number_inner(&mut self, part: &mut Value, is_first: bool) {
        if let Value::String(text) = part {
            *part = Map::from_iter([
                ("type".to_owned(), "text".into()),
                ("text".to_owned(), text.as_str().into()),
            ])
            .into();
        }
        let kind = match part.get("type").and_then(Value::as_str) {
            Some("text") => Kind::Text,
            _ => Kind::Other,
        };
        let (number, _) = self.inner.of(kind, is_first);
        if let Value::Object(part) = part {
            part.insert("index".to_owned(), number.into());
        }
    }
}

fn kind_of(part: &ContentPart) -> Kind {
    match part.block_type() {
        None | Some("text") => Kind::Text,
        Some("thinking") => Kind::Thought,
        Some(_) => Kind::Other,
    }
}
