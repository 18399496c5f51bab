//! Which models a server has, and what is known about them.

mod known;
mod list;

use cadena_core::{Extra, ModelProfile, Result};
use serde::Serialize;

use crate::OpenAIClient;
use crate::convert::PROVIDER;
use known::Row;
use list::List;

/// The path of the endpoint below the base URL.
const PATH: &str = "/models";

/// A model that a server has.
///
/// It is read as servers write it: with a `name` in place of the `id`, with a time that is a float or a text. A time or an owner that cannot be read is
/// [kept](Self::extra) as it is.
///
/// # Examples
///
/// ```
/// use cadena_openai::ModelInfo;
///
/// let info: ModelInfo = serde_json::from_str(r#"{"id": "m", "owned_by": "vllm", "max_model_len": 4096}"#).unwrap();
/// assert_eq!(info.owned_by.as_deref(), Some("vllm"));
/// assert_eq!(info.extra.get("max_model_len"), Some(&4096.into()));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ModelInfo {
    /// Its name, as a request names it.
    pub id: String,
    /// When it was made, in seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created: Option<u64>,
    /// Whose it is, such as `openai` or an organization.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owned_by: Option<String>,
    /// The server's other members, such as llama.cpp's `meta` or vLLM's `max_model_len`.
    #[serde(flatten)]
    pub extra: Extra,
}

impl ModelInfo {
    /// Returns the known facts about the model, if it is one of OpenAI's chat models: see [`known_model`].
    ///
    /// # Examples
    ///
    /// ```
    /// let info: cadena_openai::ModelInfo = serde_json::from_str(r#"{"id": "gpt-4o"}"#).unwrap();
    /// assert_eq!(info.known().map(|known| known.max_output_tokens), Some(16_384));
    /// ```
    #[must_use]
    pub fn known(&self) -> Option<KnownModel> {
        known_model(&self.id)
    }
}

/// The known facts about a chat model of OpenAI's: no server is asked.
///
/// Models come faster than releases of this crate. It serves where a number is better than none; what must be right is set by hand, as by
/// [`ChatOpenAI::with_profile`](crate::ChatOpenAI::with_profile).
///
/// # Examples
///
/// ```
/// let known = cadena_openai::known_model("gpt-5").unwrap();
/// assert_eq!((known.context_window, known.max_input_tokens), (400_000, 272_000));
/// assert!(known.image_inputs && known.structured_output && !known.profile.logprobs);
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct KnownModel {
    /// Whether it returns log probabilities and calls tools. A model that may reason returns log probabilities only while it does not.
    pub profile: ModelProfile,
    /// How many tokens a conversation may have, with the answer.
    pub context_window: u32,
    /// How many tokens a conversation may have, without the answer.
    pub max_input_tokens: u32,
    /// How many tokens an answer may have, thoughts included.
    pub max_output_tokens: u32,
    /// Whether it sees images.
    pub image_inputs: bool,
    /// Whether it keeps to a JSON schema where one is asked for.
    pub structured_output: bool,
}

impl OpenAIClient {
    /// Lists the models that the server has, by name. Entries without a name are left out.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_http::Replay;
    /// use cadena_openai::OpenAIClient;
    ///
    /// # futures::executor::block_on(async {
    /// // A recording replaces the network; without `with_transport` this asks OpenAI.
    /// let replay = Replay::from_jsonl(include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/models.jsonl")))?;
    /// let models = OpenAIClient::new().with_transport(replay).list_models().await?;
    /// assert_eq!(models[0].id, "gpt-4o-mini");
    /// assert_eq!(models[0].known().map(|known| known.context_window), Some(128_000));
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    ///
    /// # Errors
    ///
    /// Errors of the server are those of [`ChatOpenAI`](crate::ChatOpenAI).
    pub async fn list_models(&self) -> Result<Vec<ModelInfo>> {
        let List { mut data } = self.get(PATH, "list of models").await?;
        data.sort_by(|one, other| one.id.cmp(&other.id));
        Ok(data)
    }
}

/// Returns the known facts about a chat model of OpenAI's by its name, dated (`gpt-4o-mini-2024-07-18`) or not, also with an organization before it
/// (`openai/gpt-4o-mini`) or tuned (`ft:gpt-4o-mini:…`). `None` for all others.
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
    let row = row(name)?;
    let profile = ModelProfile::new(PROVIDER, name)
        .with_tools(true)
        .with_logprobs(row.logprobs);
    Some(KnownModel {
        profile,
        context_window: row.context,
        max_input_tokens: row.input,
        max_output_tokens: row.output,
        image_inputs: row.images,
        structured_output: row.structured,
    })
}

/// Whether a model returns log probabilities; `None` if nothing is known about it.
pub(crate) fn gives_logprobs(name: &str) -> Option<bool> {
    row(name).map(|row| row.logprobs)
}

fn row(name: &str) -> Option<&'static Row> {
    let base = base(name);
    known::row(base).or_else(|| known::row(without_date(base)))
}

/// The model that a name is about, without the date of its snapshot.
#[cfg(feature = "tiktoken")]
pub(crate) fn undated(name: &str) -> &str {
    without_date(base(name))
}

/// The name without an organization before it, and of a tuned model that of the one it was made of.
fn base(name: &str) -> &str {
    let plain = name.rsplit('/').next().unwrap_or(name);
    match plain.strip_prefix("ft:") {
        Some(tuned) => tuned.split(':').next().unwrap_or(tuned),
        None => plain,
    }
}

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

    #[test]
    fn a_model_is_known_behind_an_organization_and_when_it_is_tuned() {
        for name in [
            "openai/gpt-4o-mini",
            "ft:gpt-4o-mini-2024-07-18:org:name:id",
            "openai/gpt-4o-mini-2024-07-18",
        ] {
            let known = known_model(name).unwrap();
            assert_eq!((known.profile.model.as_str(), known.context_window), (name, 128_000));
        }
        for name in [
            "",
            "/",
            "ft:",
            "ft::",
            "gpt-4o-mini-",
            "GPT-4o",
            "-2024-07-18",
            "my-gpt-4o",
        ] {
            assert_eq!(known_model(name), None, "{name}");
        }
    }
}
