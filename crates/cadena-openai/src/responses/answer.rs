//! A response as it is read: unknown fields are ignored, missing ones and nulls are the same.

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::wire::Text;

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
    /// The items. At the end of a stream they repeat everything, so they stay text until it is known that one of them is new.
    #[serde(borrow, default)]
    pub(crate) output: Option<Vec<&'a RawValue>>,
}
