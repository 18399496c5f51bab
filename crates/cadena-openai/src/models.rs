//! Which models a server has, and what is known about them.

use cadena_core::{Extra, ModelProfile, Result};
use serde::{Deserialize, Serialize};

use crate::OpenAIClient;
use crate::convert::PROVIDER;

/// The path of the endpoint below the base URL.
const PATH: &str = "/models";

/// A model that a server has.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ModelInfo {
    /// Its name, as a request names it.
    pub id: String,
    /// When it was made, in seconds since 1970.
    #[serde(default)]
    pub created: Option<u64>,
    /// Whose it is, such as `openai` or an organization.
    #[serde(default)]
    pub owned_by: Option<String>,
    /// What else the server says, such as llama.cpp's `meta` or vLLM's `max_model_len`.
    #[serde(flatten)]
    pub extra: Extra,
}

impl ModelInfo {
    /// What is known about the model, if it is one of OpenAI's chat models: see [`known_model`].
    #[must_use]
    pub fn known(&self) -> Option<KnownModel> {
        known_model(&self.id)
    }
}

/// What is known about a chat model of OpenAI's without asking anybody.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct KnownModel {
    /// What it can do.
    pub profile: ModelProfile,
    /// How many tokens a conversation may have, with the answer.
    pub context_window: u32,
    /// How many tokens an answer may have, thoughts included.
    pub max_output_tokens: u32,
}

impl OpenAIClient {
    /// The models that the server has, by name.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_http::Replay;
    /// use cadena_openai::OpenAIClient;
    ///
    /// # futures::executor::block_on(async {
    /// // A recording stands in for the network; without `with_transport` this asks OpenAI.
    /// let replay = Replay::from_jsonl(include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/models.jsonl")))?;
    /// let models = OpenAIClient::new().with_transport(replay).list_models().await?;
    /// assert_eq!(models[0].id, "gpt-4o-mini");
    /// assert_eq!(models[0].known().map(|known| known.context_window), Some(128_000));
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    ///
    /// # Errors
    ///
    /// As [`ChatOpenAI`](crate::ChatOpenAI) for what the server says.
    pub async fn list_models(&self) -> Result<Vec<ModelInfo>> {
        let List { mut data } = self.get(PATH, "list of models").await?;
        data.sort_by(|one, other| one.id.cmp(&other.id));
        Ok(data)
    }
}

/// The body of an answer.
#[derive(Deserialize)]
struct List {
    data: Vec<ModelInfo>,
}

/// What is known about a chat model of OpenAI's by its name, dated (`gpt-4o-mini-2024-07-18`) or not. `None` for all others.
///
/// # Examples
///
/// ```
/// use cadena_openai::known_model;
///
/// let known = known_model("gpt-4o-mini-2024-07-18").unwrap();
/// assert_eq!((known.context_window, known.max_output_tokens), (128_000, 16_384));
/// assert!(known.profile.logprobs);
/// assert!(known_model("o3").is_some_and(|known| !known.profile.logprobs));
/// assert_eq!(known_model("smollm2"), None);
/// ```
#[must_use]
pub fn known_model(name: &str) -> Option<KnownModel> {
    let undated = without_date(name);
    let row = |wanted: &str| KNOWN.iter().find(|(known, ..)| *known == wanted);
    let (_, context_window, max_output_tokens, logprobs) = *row(name).or_else(|| row(undated))?;
    let profile = ModelProfile::new(PROVIDER, name)
        .with_tools(true)
        .with_logprobs(logprobs);
    Some(KnownModel {
        profile,
        context_window,
        max_output_tokens,
    })
}

/// Name, context window, longest answer, log probabilities. All of them can call tools.
const KNOWN: [(&str, u32, u32, bool); 16] = [
    ("gpt-3.5-turbo", 16_385, 4_096, true),
    ("gpt-4", 8_192, 8_192, true),
    ("gpt-4-turbo", 128_000, 4_096, true),
    ("gpt-4.1", 1_047_576, 32_768, true),
    ("gpt-4.1-mini", 1_047_576, 32_768, true),
    ("gpt-4.1-nano", 1_047_576, 32_768, true),
    ("gpt-4o", 128_000, 16_384, true),
    ("gpt-4o-2024-05-13", 128_000, 4_096, true),
    ("gpt-4o-mini", 128_000, 16_384, true),
    ("gpt-5", 400_000, 128_000, false),
    ("gpt-5-mini", 400_000, 128_000, false),
    ("gpt-5-nano", 400_000, 128_000, false),
    ("o1", 200_000, 100_000, false),
    ("o3", 200_000, 100_000, false),
    ("o3-mini", 200_000, 100_000, false),
    ("o4-mini", 200_000, 100_000, false),
];

/// The name of a snapshot without its date.
fn without_date(name: &str) -> &str {
    let is_date = |date: &[u8]| {
        let places = date.iter().enumerate();
        date.len() == 11
            && places.fold(true, |so_far, (place, byte)| {
                so_far
                    && if matches!(place, 0 | 5 | 8) {
                        *byte == b'-'
                    } else {
                        byte.is_ascii_digit()
                    }
            })
    };
    match name.len().checked_sub(11).and_then(|at| name.split_at_checked(at)) {
        Some((undated, date)) if is_date(date.as_bytes()) => undated,
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_whole_date_is_left_out_of_a_name() {
        assert_eq!(without_date("gpt-4o-2024-08-06"), "gpt-4o");
        for name in ["gpt-4-1106-preview", "gpt-4o", "", "ö-2024-08-06x", "gpt-4o-2024-0806-"] {
            assert_eq!(without_date(name), name);
        }
    }

    #[test]
    fn a_snapshot_that_differs_has_its_own_row() {
        let longest = |name| known_model(name).map(|known| known.max_output_tokens);
        assert_eq!(longest("gpt-4o-2024-05-13"), Some(4_096));
        assert_eq!(longest("gpt-4o-2024-08-06"), Some(16_384));
        assert_eq!(longest("gpt-4-1106-preview"), None);
    }
}
