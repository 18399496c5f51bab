//! The macro that writes a message and its chunk, for every kind except a model's message.

use super::fields::{Fields, Misfit};
use super::metadata::ResponseMetadata;
use super::{Content, Extra};
use crate::Result;
use crate::merge::conflict;
use crate::merge::json::merge_dicts;

/// A message that can be read from the fields of its JSON object.
pub(crate) trait Read: Sized {
    fn read(fields: Fields) -> Result<Self, Misfit>;
}

/// The fields that any chunk can add to a chunk of another kind.
#[derive(Debug)]
pub(crate) struct Base {
    pub(crate) content: Content,
    pub(crate) additional_kwargs: Extra,
    pub(crate) response_metadata: ResponseMetadata,
}

/// Merges by LangChain's rules for JSON objects. The right side is empty in most chunks, and costs nothing then.
pub(crate) fn merge_kwargs(left: &mut Extra, right: Extra) -> Result<()> {
    match (left.as_mut_map(), right.into_map()) {
        (_, right) if right.is_empty() => Ok(()),
        (Some(left), right) => merge_dicts(left, right),
        (None, right) => {
            *left = right.into();
            Ok(())
        }
    }
}

/// Keeps the first known value, since the speaker does not change within a message.
pub(crate) fn keep_first<T>(left: &mut Option<T>, right: Option<T>) -> Result<()> {
    if left.is_none() {
        *left = right;
    }
    Ok(())
}

/// Keeps a text that must be the same on both sides; an empty text is not known yet.
pub(crate) fn same(left: &mut String, right: String, what: &str) -> Result<()> {
    if left.is_empty() {
        *left = right;
    } else if !right.is_empty() && *left != right {
        return Err(conflict(what));
    }
    Ok(())
}

/// Writes a message and its chunk: fields, dump with LangChain's keys in LangChain's order, reader, addition, conversions.
///
/// `content` and `name` name the functions that read those two fields, and `name` also its rule of addition. Each further field has both.
macro_rules! message_kind {
    (
        $(#[$doc:meta])* $name:ident = $tag:literal,
        $(#[$chunk_doc:meta])* $chunk:ident = $chunk_tag:literal,
        content: $read_content:expr,
        name: $read_name:expr, $add_name:expr,
        fields: { $($(#[$field_doc:meta])* $field:ident: $type:ty = $read:expr, $add:expr;)* }
    ) => {
        message_kind!(@struct $(#[$doc])* $name, $tag, $read_content, $read_name,
            { $($(#[$field_doc])* $field: $type = $read;)* });
        message_kind!(@struct $(#[$chunk_doc])* $chunk, $chunk_tag, $read_content, $read_name,
            { $($(#[$field_doc])* $field: $type = $read;)* });
        message_kind!(@convert $chunk, $name, { $($field)* });
        message_kind!(@convert $name, $chunk, { $($field)* });

        /// All values are added before the first error is returned, so that a conflict in one field loses nothing of the others.
        impl $crate::Merge for $chunk {
            fn merge(&mut self, next: Self) -> $crate::Result<()> {
                // Name every field: a new one must not compile before it has a rule.
                let Self { content, additional_kwargs, response_metadata, id, name, $($field,)* extra } = next;
                let results = [
                    self.content.merge(content),
                    $crate::messages::spoken::merge_kwargs(&mut self.additional_kwargs, additional_kwargs),
                    self.response_metadata.merge(response_metadata),
                    $crate::messages::spoken::keep_first(&mut self.id, id),
                    $add_name(&mut self.name, name),
                    $($add(&mut self.$field, $field),)*
                    self.extra.merge(extra),
                ];
                results.into_iter().collect()
            }
        }

        /// As [`Merge`](crate::Merge), but where two values cannot be added the left one stays.
        impl std::ops::AddAssign for $chunk {
            fn add_assign(&mut self, next: Self) {
                let _ = $crate::Merge::merge(self, next);
            }
        }

        impl std::ops::Add for $chunk {
            type Output = Self;
            fn add(mut self, next: Self) -> Self {
                self += next;
                self
            }
        }

        impl std::iter::Sum for $chunk {
            fn sum<I: Iterator<Item = Self>>(iter: I) -> Self {
                iter.fold(Self::default(), std::ops::Add::add)
            }
        }

        impl Extend<Self> for $chunk {
            fn extend<I: IntoIterator<Item = Self>>(&mut self, iter: I) {
                iter.into_iter().for_each(|chunk| *self += chunk);
            }
        }

        impl $crate::Streamable for $name {
            type Chunk = $chunk;

            fn into_chunk(self) -> $chunk {
                self.into()
            }

            fn from_chunk(chunk: $chunk) -> $crate::Result<Self> {
                Ok(chunk.into())
            }

            fn from_json(json: serde_json::Value) -> $crate::Result<Self> {
                $crate::streamable::read_json(json)
            }
        }

        impl $chunk {
            pub(crate) fn into_base(self) -> $crate::messages::spoken::Base {
                let Self { content, additional_kwargs, response_metadata, .. } = self;
                $crate::messages::spoken::Base { content, additional_kwargs, response_metadata }
            }
        }
    };
    (@struct $(#[$doc:meta])* $name:ident, $tag:literal, $read_content:expr, $read_name:expr,
        { $($(#[$field_doc:meta])* $field:ident: $type:ty = $read:expr;)* }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq)]
        #[non_exhaustive]
        pub struct $name {
            /// The text, or the list of parts.
            pub content: $crate::messages::Content,
            /// The provider's data about the message that has no field.
            pub additional_kwargs: $crate::messages::Extra,
            /// The provider's metadata about the message.
            pub response_metadata: $crate::messages::ResponseMetadata,
            /// The id of the message.
            pub id: Option<String>,
            /// The name of the speaker.
            pub name: Option<String>,
            $($(#[$field_doc])* pub $field: $type,)*
            /// Keys of the JSON that this type has no field for.
            pub extra: $crate::messages::Extra,
        }

        impl $name {
            /// Returns the text of the content.
            ///
            /// # Examples
            ///
            /// ```
            #[doc = concat!("let message: cadena_core::", stringify!($name), " = serde_json::from_value(serde_json::json!({")]
            ///     "content": "hi", "role": "critic", "name": "add", "tool_call_id": "call_1",
            /// }))?;
            /// assert_eq!(message.text(), "hi");
            /// # Ok::<_, serde_json::Error>(())
            /// ```
            #[must_use]
            pub fn text(&self) -> std::borrow::Cow<'_, str> {
                self.content.text()
            }

            /// Sets the name of the speaker.
            ///
            /// # Examples
            ///
            /// ```
            #[doc = concat!("let message = cadena_core::", stringify!($name), "::default().with_name(\"Ann\");")]
            /// assert_eq!(message.name.as_deref(), Some("Ann"));
            /// ```
            #[must_use]
            pub fn with_name(mut self, name: impl Into<String>) -> Self {
                self.name = Some(name.into());
                self
            }

            /// Sets the id.
            ///
            /// # Examples
            ///
            /// ```
            #[doc = concat!("let message = cadena_core::", stringify!($name), "::default().with_id(\"msg_1\");")]
            /// assert_eq!(message.id.as_deref(), Some("msg_1"));
            /// ```
            #[must_use]
            pub fn with_id(mut self, id: impl Into<String>) -> Self {
                self.id = Some(id.into());
                self
            }
        }

        impl $crate::messages::spoken::Read for $name {
            fn read(mut fields: $crate::messages::fields::Fields) -> Result<Self, $crate::messages::fields::Misfit> {
                fields.expect_type($tag)?;
                Ok(Self {
                    content: $read_content(&mut fields)?,
                    additional_kwargs: fields.extra("additional_kwargs")?,
                    response_metadata: fields.metadata()?,
                    id: fields.id("id")?,
                    name: $read_name(&mut fields, "name")?,
                    $($field: $read(&mut fields, stringify!($field))?,)*
                    extra: fields.into_extra(),
                })
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $crate::messages::json::deserialize(deserializer)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                #[derive(serde::Serialize)]
                struct Dump<'a> {
                    content: &'a $crate::messages::Content,
                    additional_kwargs: &'a $crate::messages::Extra,
                    response_metadata: &'a $crate::messages::ResponseMetadata,
                    r#type: &'static str,
                    name: &'a Option<String>,
                    id: &'a Option<String>,
                    $($field: &'a $type,)*
                    #[serde(flatten)]
                    extra: &'a $crate::messages::Extra,
                }
                serde::Serialize::serialize(&Dump {
                    content: &self.content,
                    additional_kwargs: &self.additional_kwargs,
                    response_metadata: &self.response_metadata,
                    r#type: $tag,
                    name: &self.name,
                    id: &self.id,
                    $($field: &self.$field,)*
                    extra: &self.extra,
                }, serializer)
            }
        }
    };
    (@convert $from:ident, $to:ident, { $($field:ident)* }) => {
        impl From<$from> for $to {
            fn from(message: $from) -> Self {
                let $from { content, additional_kwargs, response_metadata, id, name, $($field,)* extra } = message;
                Self { content, additional_kwargs, response_metadata, id, name, $($field,)* extra }
            }
        }
    };
}

pub(crate) use message_kind;
