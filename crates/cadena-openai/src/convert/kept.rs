//! Members of answers and choices that nobody knows.

use cadena_core::ResponseMetadata;
use serde_json::{Map, Value};

use crate::wire::Other;

/// Unknown members, the last value of each.
///
/// Metadata adds up where chunks are added, and would make `abab` of a provider that is named twice, so each is written once: where the answer ends.
#[derive(Debug, Default)]
pub(crate) struct Kept(Option<Box<Members>>);

#[derive(Debug, Default)]
struct Members {
    /// In the order in which they came.
    latest: Map<String, Value>,
    /// The keys of those that have been written.
    written: Vec<String>,
}

/// Keys of metadata that mean something here, whatever a server calls so.
const OURS: [&str; 12] = [
    "content_filter_results",
    "finish_reason",
    "from_cache",
    "headers",
    "id",
    "logprobs",
    "model_name",
    "model_provider",
    "output_version",
    "prompt_filter_results",
    "status",
    "token_usage",
];

impl Kept {
    /// Takes over what an event has.
    pub(crate) fn remember(&mut self, other: &mut Other) {
        let Some(other) = other.take() else { return };
        let members = self.0.get_or_insert_default();
        for (key, value) in *other {
            let is_taken = OURS.contains(&key.as_str()) || members.written.contains(&key);
            if !is_taken {
                members.latest.insert(key, value);
            }
        }
    }

    /// Whether something has not been written.
    pub(crate) fn has_news(&self) -> bool {
        let members = self.0.as_deref();
        members.is_some_and(|members| members.latest.len() > members.written.len())
    }

    /// Writes what has not been written.
    pub(crate) fn write(&mut self, metadata: &mut ResponseMetadata) {
        let Some(members) = &mut self.0 else { return };
        for (key, value) in &members.latest {
            if !members.written.contains(key) {
                metadata.extra.insert(key, value.clone());
                members.written.push(key.clone());
            }
        }
    }

    /// Writes everything, whether it has been written or not.
    pub(crate) fn show(&self, metadata: &mut ResponseMetadata) {
        for (key, value) in self.0.iter().flat_map(|members| &members.latest) {
            metadata.extra.insert(key, value.clone());
        }
    }
}
