//! The marker that removes a message from a history.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::fields::{Fields, Misfit};
use super::spoken::Read;
use super::{Content, Extra, ResponseMetadata};

/// A marker that removes the message with this id from a history.
///
/// The marker has no content: it can be stored, but neither sent to a model nor printed. An attempt fails with an error of kind
/// [`InvalidInput`](crate::ErrorKind::InvalidInput).
///
/// # Examples
///
/// ```
/// use cadena_core::{EchoModel, Message, RemoveMessage, RunnableExt};
///
/// # futures::executor::block_on(async {
/// let marker = Message::from(RemoveMessage::new("msg_1"));
/// assert_eq!(marker.kind(), "remove");
/// let error = EchoModel::new().invoke(vec![marker]).await.unwrap_err();
/// assert!(error.to_string().contains("`messages[0]` is a RemoveMessage"));
/// # });
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct RemoveMessage {
    /// The id of the message to remove.
    pub id: String,
    /// The name of a speaker, which LangChain allows here.
    pub name: Option<String>,
    /// Unused; kept if it was stored.
    pub additional_kwargs: Extra,
    /// Unused; kept if it was stored.
    pub response_metadata: ResponseMetadata,
    /// Keys of the JSON that this type has no field for.
    pub extra: Extra,
}

impl RemoveMessage {
    /// Makes a marker that removes the message with this id.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(cadena_core::RemoveMessage::new("msg_1").id, "msg_1");
    /// ```
    #[must_use]
    pub fn new(id: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            ..Self::default()
        }
    }
}

impl Read for RemoveMessage {
    fn read(mut fields: Fields) -> Result<Self, Misfit> {
        fields.expect_type("remove")?;
        match fields.take_some("content") {
            None => {}
            Some(Value::String(text)) if text.is_empty() => {}
            Some(_) => return Err(Misfit::new("content", "must be empty: a RemoveMessage has no content")),
        }
        Ok(Self {
            id: fields.required_id("id")?,
            name: fields.text("name")?,
            additional_kwargs: fields.extra("additional_kwargs")?,
            response_metadata: fields.metadata()?,
            extra: fields.into_extra(),
        })
    }
}

impl<'de> Deserialize<'de> for RemoveMessage {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        super::json::deserialize(deserializer)
    }
}

impl Serialize for RemoveMessage {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Dump<'a> {
            content: &'static str,
            additional_kwargs: &'a Extra,
            response_metadata: &'a ResponseMetadata,
            r#type: &'static str,
            name: &'a Option<String>,
            id: &'a str,
            #[serde(flatten)]
            extra: &'a Extra,
        }
        Dump {
            content: "",
            additional_kwargs: &self.additional_kwargs,
            response_metadata: &self.response_metadata,
            r#type: "remove",
            name: &self.name,
            id: &self.id,
            extra: &self.extra,
        }
        .serialize(serializer)
    }
}

/// The empty [`Content`] of every [`RemoveMessage`].
pub(crate) static NO_CONTENT: Content = Content::Text(String::new());
