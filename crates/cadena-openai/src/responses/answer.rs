//! A response and its events as they are read: unknown fields are ignored, missing ones and nulls are the same.

use cadena_core::TokenLogprob;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::wire::{Text, lenient};

/// One event of a stream.
///
/// Items and responses repeat what the pieces before them said, log probabilities included, so they stay text until it is
/// known how much of them is new.
#[derive(Debug, Deserialize)]
pub(crate) struct Event<'a> {
    #[serde(borrow, default)]
    pub(crate) r#type: Text<'a>,
    #[serde(default, deserialize_with = "lenient::index")]
    pub(crate) output_index: Option<u32>,
    #[serde(default, deserialize_with = "lenient::index")]
    pub(crate) content_index: Option<u32>,
    #[serde(default, deserialize_with = "lenient::index")]
    pub(crate) summary_index: Option<u32>,
    #[serde(borrow, default)]
    pub(crate) item_id: Text<'a>,
    #[serde(borrow, default)]
    pub(crate) delta: Text<'a>,
    #[serde(default, deserialize_with = "lenient::tokens")]
    pub(crate) logprobs: Vec<TokenLogprob>,
    #[serde(borrow, default)]
    pub(crate) item: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(crate) response: Option<&'a RawValue>,
}

/// A whole response, as the body of an answer and in the events that speak of the whole.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Response<'a> {
    #[serde(borrow, default)]
    pub(crate) id: Text<'a>,
    #[serde(borrow, default)]
    pub(crate) model: Text<'a>,
    #[serde(borrow, default)]
    pub(crate) status: Text<'a>,
    #[serde(borrow, default)]
    pub(crate) service_tier: Text<'a>,
    #[serde(default)]
    pub(crate) error: Option<Value>,
    #[serde(default)]
    pub(crate) incomplete_details: Option<Value>,
    #[serde(default)]
    pub(crate) created_at: Option<Value>,
    #[serde(default)]
    pub(crate) metadata: Option<Value>,
    #[serde(default)]
    pub(crate) object: Option<Value>,
    #[serde(default)]
    pub(crate) user: Option<Value>,
    #[serde(default)]
    pub(crate) usage: Option<Value>,
    #[serde(borrow, default)]
    pub(crate) output: Option<Vec<&'a RawValue>>,
}

/// One item of the output.
pub(crate) enum Item<'a> {
    /// What the assistant says.
    Message(Message<'a>),
    /// A call, a thought, the work of a tool of the server, or something that is not known yet.
    Other(Map<String, Value>),
}

/// An item that is a message.
#[derive(Debug, Deserialize)]
pub(crate) struct Message<'a> {
    #[serde(borrow, default)]
    pub(crate) id: Text<'a>,
    #[serde(borrow, default)]
    pub(crate) status: Text<'a>,
    #[serde(default)]
    pub(crate) phase: Option<Value>,
    #[serde(borrow, default)]
    content: Option<&'a RawValue>,
}

impl<'a> Item<'a> {
    pub(crate) fn read(raw: &'a RawValue) -> serde_json::Result<Self> {
        #[derive(Deserialize)]
        struct Kind<'a> {
            #[serde(borrow, default)]
            r#type: Text<'a>,
        }
        let kind: Kind<'_> = serde_json::from_str(raw.get())?;
        match kind.r#type.known() {
            Some("message") => serde_json::from_str(raw.get()).map(Self::Message),
            _ => serde_json::from_str(raw.get()).map(Self::Other),
        }
    }
}

impl<'a> Message<'a> {
    /// The parts of its content.
    pub(crate) fn parts(&self) -> serde_json::Result<Vec<Part<'a>>> {
        let Some(content) = self.content else {
            return Ok(Vec::new());
        };
        let raw: Vec<&RawValue> = serde_json::from_str(content.get())?;
        raw.into_iter()
            .map(|raw| {
                Ok(Part {
                    raw,
                    known: serde_json::from_str(raw.get())?,
                })
            })
            .collect()
    }
}

/// A part of a message's content.
pub(crate) struct Part<'a> {
    raw: &'a RawValue,
    pub(crate) known: KnownPart<'a>,
}

/// What is known of a part.
#[derive(Debug, Deserialize)]
pub(crate) struct KnownPart<'a> {
    #[serde(borrow, default)]
    pub(crate) r#type: Text<'a>,
    #[serde(borrow, default)]
    pub(crate) text: Text<'a>,
    #[serde(borrow, default)]
    pub(crate) refusal: Text<'a>,
    #[serde(default)]
    pub(crate) annotations: Option<Value>,
    #[serde(borrow, default)]
    logprobs: Option<&'a RawValue>,
}

impl Part<'_> {
    /// Its log probabilities, behind those that came before.
    pub(crate) fn tokens_from(&self, known: usize) -> serde_json::Result<Vec<TokenLogprob>> {
        #[derive(Deserialize)]
        #[serde(transparent)]
        struct Tokens(#[serde(deserialize_with = "lenient::tokens")] Vec<TokenLogprob>);
        // Where the pieces brought tokens they brought all of them: reading them again would double what they cost.
        match self.known.logprobs {
            Some(raw) if known == 0 => Ok(serde_json::from_str::<Tokens>(raw.get())?.0),
            _ => Ok(Vec::new()),
        }
    }

    /// All of it, for a part of a kind that is not known.
    pub(crate) fn object(&self) -> serde_json::Result<Map<String, Value>> {
        serde_json::from_str(self.raw.get())
    }
}
