//! The items of a response as they are read.

use std::borrow::Cow;
use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::wire::lenient::otherwise_nothing;
use crate::wire::{Found, Lenient, Text, Tokens, read_twice};

/// One item of the output: a message, a call, a thought, the work of a tool of the server, or something that is not known
/// yet.
#[derive(Debug)]
pub(super) struct Item<'a> {
    /// The parts of a message.
    pub(super) parts: Option<Vec<Part<'a>>>,
    /// Everything else.
    pub(super) members: Map<String, Value>,
}

impl Item<'_> {
    pub(super) fn is_message(&self) -> bool {
        self.text("type") == Some(MESSAGE)
    }

    /// A member that is a text, unless it is empty.
    pub(super) fn text(&self, key: &str) -> Option<&str> {
        text_of(&self.members, key)
    }
}

/// The type of an item that is a message.
pub(super) const MESSAGE: &str = "message";
/// The type of an item that calls a function.
pub(super) const FUNCTION: &str = "function_call";
/// The type of an item that calls a tool whose input is free text.
pub(super) const CUSTOM: &str = "custom_tool_call";

/// A member that is a text, unless it is empty.
pub(super) fn text_of<'a>(members: &'a Map<String, Value>, key: &str) -> Option<&'a str> {
    members.get(key)?.as_str().filter(|text| !text.is_empty())
}

/// An item, unless the server sent something else in its place. A bare text is a message.
#[derive(Debug, Default)]
pub(super) struct MaybeItem<'a>(pub(super) Option<Item<'a>>);

impl<'de: 'a, 'a> Lenient<'de> for MaybeItem<'a> {
    fn read<D: Deserializer<'de>>(&mut self, deserializer: D) -> Result<Found, D::Error> {
        *self = Self::deserialize(deserializer)?;
        Ok(Found::Known)
    }
}

/// Items are long where they repeat what their pieces said, so they are read in one go: no part of them is looked at twice.
impl<'de: 'a, 'a> Deserialize<'de> for MaybeItem<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ItemVisitor;
        impl<'de> Visitor<'de> for ItemVisitor {
            type Value = MaybeItem<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an item")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                use serde::de::Error as _;
                let mut item = Item {
                    parts: None,
                    members: Map::new(),
                };
                // The form of the content depends on the type, which follows it if a server sorts its members.
                let mut waiting: Option<&'de RawValue> = None;
                while let Some(Key(key)) = map.next_key()? {
                    match &*key {
                        "content" if item.is_message() => item.parts = map.next_value::<Parts<'de>>()?.0,
                        "content" if !item.members.contains_key("type") => waiting = Some(map.next_value()?),
                        _ => drop(item.members.insert(key.into_owned(), map.next_value()?)),
                    }
                }
                if let Some(content) = waiting {
                    if item.is_message() {
                        item.parts = serde_json::from_str::<Parts<'de>>(content.get())
                            .map_err(A::Error::custom)?
                            .0;
                    } else {
                        let content = serde_json::from_str(content.get()).map_err(A::Error::custom)?;
                        item.members.insert("content".to_owned(), content);
                    }
                }
                Ok(MaybeItem(Some(item)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(MaybeItem(Some(Item {
                    parts: Some(vec![Part::of_text(text)]),
                    members: Map::from_iter([("type".to_owned(), MESSAGE.into())]),
                })))
            }

            otherwise_nothing!('de, MaybeItem(None); unit, bool, number, seq);
        }
        deserializer.deserialize_any(ItemVisitor)
    }
}

/// A key, borrowed where it has no escapes.
#[derive(Deserialize)]
#[serde(transparent)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

/// The content of a message. Some servers write a text in place of a list with one.
struct Parts<'a>(Option<Vec<Part<'a>>>);

impl<'de: 'a, 'a> Deserialize<'de> for Parts<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PartsVisitor;
        impl<'de> Visitor<'de> for PartsVisitor {
            type Value = Parts<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of parts")
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Parts(Some(vec![Part::of_text(text)])))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut parts = Vec::new();
                while let Some(MaybePart(part)) = seq.next_element()? {
                    parts.extend(part);
                }
                Ok(Parts(Some(parts)))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                let MaybePart(part) = MaybePart::deserialize(MapAccessDeserializer::new(map))?;
                Ok(Parts(part.map(|part| vec![part])))
            }

            otherwise_nothing!('de, Parts(None); unit, bool, number);
        }
        deserializer.deserialize_any(PartsVisitor)
    }
}

/// A part of a message's content.
#[derive(Debug, Default)]
pub(super) struct Part<'a> {
    /// The text of the assistant, or its refusal.
    pub(super) text: Text<'a>,
    /// They repeat those of the pieces, so they stay text until it is known that no piece had any.
    logprobs: Option<&'a RawValue>,
    /// Everything else.
    pub(super) members: Map<String, Value>,
}

impl Part<'_> {
    fn of_text(text: &str) -> Self {
        Self {
            text: text.into(),
            members: Map::from_iter([("type".to_owned(), "output_text".into())]),
            ..Self::default()
        }
    }

    /// Its log probabilities, if no piece had any: where one had, all had.
    pub(super) fn tokens(&self) -> serde_json::Result<Tokens> {
        self.logprobs.map_or_else(
            || Ok(Tokens::default()),
            |raw| read_twice(raw.get().as_bytes(), |raw| serde_json::from_slice(raw)),
        )
    }
}

/// A part, unless the server sent something else in its place. A bare text is one.
struct MaybePart<'a>(Option<Part<'a>>);

impl<'de: 'a, 'a> Deserialize<'de> for MaybePart<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PartVisitor;
        impl<'de> Visitor<'de> for PartVisitor {
            type Value = MaybePart<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a part")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                use serde::de::Error as _;
                let (mut part, mut texts) = (Part::default(), [None, None]);
                while let Some(Key(key)) = map.next_key()? {
                    match &*key {
                        "text" => texts[0] = Some(map.next_value::<Text<'de>>()?),
                        "refusal" => texts[1] = Some(map.next_value::<Text<'de>>()?),
                        "logprobs" => part.logprobs = Some(map.next_value()?),
                        _ => drop(part.members.insert(key.into_owned(), map.next_value()?)),
                    }
                }
                let kind = part.members.get("type").and_then(Value::as_str);
                let own = match kind {
                    Some("output_text" | "text") => Some("text"),
                    Some("refusal") => Some("refusal"),
                    _ => None,
                };
                for (key, text) in ["text", "refusal"].into_iter().zip(texts) {
                    let Some(text) = text else { continue };
                    if own == Some(key) {
                        part.text = text;
                    } else {
                        part.members.insert(key.to_owned(), text.into_string().into());
                    }
                }
                if let Some(raw) = part.logprobs.take_if(|_| own != Some("text")) {
                    let logprobs = serde_json::from_str(raw.get()).map_err(A::Error::custom)?;
                    part.members.insert("logprobs".to_owned(), logprobs);
                }
                Ok(MaybePart(Some(part)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(MaybePart(Some(Part::of_text(text))))
            }

            otherwise_nothing!('de, MaybePart(None); unit, bool, number, seq);
        }
        deserializer.deserialize_any(PartVisitor)
    }
}
