//! The lines of a recording: JSON that a person can read and `diff` can compare.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use cadena_core::ErrorKind;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The version of the format, in the first line.
pub(super) const VERSION: u32 = 1;

/// One line. The first key names its kind.
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum Line {
    About {
        recording: u32,
        #[serde(default)]
        about: Value,
    },
    Request {
        request: RequestLine,
    },
    Response {
        response: ResponseLine,
    },
    Chunk {
        chunk: String,
    },
    ChunkBase64 {
        chunk_base64: String,
    },
    End {
        end: EndWord,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        kind: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        detail: Option<String>,
    },
}

/// A request, without host, headers and secrets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct RequestLine {
    pub(super) method: String,
    pub(super) path: String,
    /// A body of JSON. `Some(Value::Null)` cannot be told from none, and need not be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) body: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) body_text: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) body_base64: Option<String>,
}

/// The head of the answer, with the few headers that mean something to a client.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct ResponseLine {
    pub(super) status: u16,
    #[serde(default)]
    pub(super) headers: Map<String, Value>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum EndWord {
    /// The body ended as it should.
    Complete,
    /// The body, or the request, failed.
    Error,
    /// The client had enough and closed the connection.
    Dropped,
}

impl Line {
    /// Text where the bytes are text, else base64: a chunk may end inside a character.
    pub(super) fn chunk(bytes: &[u8]) -> Self {
        match std::str::from_utf8(bytes) {
            Ok(text) => Self::Chunk { chunk: text.to_owned() },
            Err(_) => Self::ChunkBase64 {
                chunk_base64: encode(bytes),
            },
        }
    }
}

pub(super) fn encode(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

pub(super) fn decode(text: &str) -> Result<Bytes, base64::DecodeError> {
    STANDARD.decode(text).map(Bytes::from)
}

/// The kind that `Display` wrote; what a newer version wrote and this one does not know is a lost answer.
pub(super) fn kind_of(words: &str) -> ErrorKind {
    [
        ErrorKind::Connect,
        ErrorKind::Timeout,
        ErrorKind::Stalled,
        ErrorKind::Truncated,
        ErrorKind::Decode,
        ErrorKind::LimitExceeded,
        ErrorKind::Cancelled,
        ErrorKind::Config,
        ErrorKind::NotFound,
        ErrorKind::Internal,
    ]
    .into_iter()
    .find(|kind| kind.as_str() == words)
    .unwrap_or(ErrorKind::Truncated)
}
