//! The messages that hold content and little else: human, system, chat, function.

use std::borrow::Cow;

use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, Value};

use super::{Content, Extra, ResponseMetadata, lenient_id};
use crate::Result;

/// Writes one message type: its fields, `new`, `text` and the dump with its `type` in LangChain's place.
macro_rules! message {
    ($(#[$doc:meta])* $name:ident, $tag:literal, { $($(#[$field_doc:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq, Deserialize)]
        #[non_exhaustive]
        pub struct $name {
            /// What it says.
            pub content: Content,
            /// What a provider sent or wants beside the content.
            #[serde(default)]
            pub additional_kwargs: Map<String, Value>,
            /// What a provider said about it.
            #[serde(default)]
            pub response_metadata: ResponseMetadata,
            /// Its id.
            #[serde(default, deserialize_with = "lenient_id")]
            pub id: Option<String>,
            /// The name of the speaker.
            #[serde(default)]
            pub name: Option<String>,
            $($(#[$field_doc])* pub $field: $type,)*
            #[serde(rename = "type", default)]
            tag: Tag,
            /// Fields that this type does not know.
            #[serde(flatten)]
            pub extra: Extra,
        }

        impl $name {
            /// The text of the content.
            #[must_use]
            pub fn text(&self) -> Cow<'_, str> {
                self.content.text()
            }

            /// Sets the name of the speaker.
            #[must_use]
            pub fn with_name(mut self, name: impl Into<String>) -> Self {
                self.name = Some(name.into());
                self
            }

            /// Sets the id.
            #[must_use]
            pub fn with_id(mut self, id: impl Into<String>) -> Self {
                self.id = Some(id.into());
                self
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                #[derive(Serialize)]
                struct Dump<'a> {
                    content: &'a Content,
                    additional_kwargs: &'a Map<String, Value>,
                    response_metadata: &'a ResponseMetadata,
                    r#type: &'static str,
                    name: &'a Option<String>,
                    id: &'a Option<String>,
                    $($field: &'a $type,)*
                    #[serde(flatten)]
                    extra: &'a Extra,
                }
                Dump {
                    content: &self.content,
                    additional_kwargs: &self.additional_kwargs,
                    response_metadata: &self.response_metadata,
                    r#type: $tag,
                    name: &self.name,
                    id: &self.id,
                    $($field: &self.$field,)*
                    extra: &self.extra,
                }
                .serialize(serializer)
            }
        }
    };
}

/// Swallows the `type` key of a stored message, so that it does not count as an unknown field.
#[derive(Clone, Debug, Default, PartialEq)]
struct Tag;

impl<'de> Deserialize<'de> for Tag {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        serde::de::IgnoredAny::deserialize(deserializer).map(|_| Self)
    }
}

message! {
    /// What a person says to the model.
    ///
    /// # Examples
    ///
    /// ```
    /// let message = cadena_core::HumanMessage::new("hi").with_name("Ann");
    /// assert_eq!(serde_json::to_value(&message)?["type"], "human");
    /// # Ok::<_, serde_json::Error>(())
    /// ```
    HumanMessage, "human", {}
}

message! {
    /// What the application tells the model before the conversation.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(cadena_core::SystemMessage::new("Be brief.").text(), "Be brief.");
    /// ```
    SystemMessage, "system", {}
}

message! {
    /// A message in a role that has no type of its own.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(cadena_core::ChatMessage::new("critic", "Too long.").role, "critic");
    /// ```
    ChatMessage, "chat", {
        /// The role, as the provider names it.
        role: String,
    }
}

message! {
    /// The answer of a function, in the form that tools replaced.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(cadena_core::FunctionMessage::new("add", "3").name.as_deref(), Some("add"));
    /// ```
    FunctionMessage, "function", {}
}

message! {
    /// The answer of a tool to one call.
    ///
    /// # Examples
    ///
    /// ```
    /// let answer = cadena_core::ToolMessage::new("3", "call_1");
    /// assert_eq!(serde_json::to_value(&answer)?["status"], "success");
    /// # Ok::<_, serde_json::Error>(())
    /// ```
    ToolMessage, "tool", {
        /// The id of the call that this answers.
        tool_call_id: String,
        /// What the tool made for the program, not for the model; never sent.
        #[serde(default)]
        artifact: Value,
        /// Whether the tool succeeded.
        #[serde(default)]
        status: ToolStatus,
    }
}

/// Whether a tool succeeded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ToolStatus {
    /// It did. As JSON: `"success"`.
    #[default]
    Success,
    /// It failed, and the content says how. As JSON: `"error"`.
    Error,
}

impl HumanMessage {
    /// What a person says.
    #[must_use]
    pub fn new(content: impl Into<Content>) -> Self {
        Self {
            content: content.into(),
            ..Self::default()
        }
    }
}

impl SystemMessage {
    /// What the application says.
    #[must_use]
    pub fn new(content: impl Into<Content>) -> Self {
        Self {
            content: content.into(),
            ..Self::default()
        }
    }
}

impl ChatMessage {
    /// A message in a role.
    #[must_use]
    pub fn new(role: impl Into<String>, content: impl Into<Content>) -> Self {
        Self {
            role: role.into(),
            content: content.into(),
            ..Self::default()
        }
    }
}

impl FunctionMessage {
    /// The answer of the function `name`.
    #[must_use]
    pub fn new(name: impl Into<String>, content: impl Into<Content>) -> Self {
        Self {
            name: Some(name.into()),
            content: content.into(),
            ..Self::default()
        }
    }
}

impl ToolMessage {
    /// The answer to the call with this id.
    #[must_use]
    pub fn new(content: impl Into<Content>, tool_call_id: impl Into<String>) -> Self {
        Self {
            content: content.into(),
            tool_call_id: tool_call_id.into(),
            ..Self::default()
        }
    }
}
