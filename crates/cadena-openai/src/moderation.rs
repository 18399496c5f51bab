//! Whether a text is harmful.

use std::collections::BTreeMap;

use cadena_core::{Error, ErrorKind, Result, RunContext, Runnable, StepInfo, async_trait, flow_whole, impl_pipe};
use cadena_http::{CallOptions, HttpResponse};
use serde::{Deserialize, Deserializer, Serialize};

use crate::OpenAIClient;
use crate::client::with_client;

/// The path of the endpoint below the base URL.
const PATH: &str = "/moderations";

/// The moderation of OpenAI: a step that takes a text and reports the kinds of harm that it finds.
///
/// [`gate`](Self::gate) makes a step of it that lets a harmless text pass and ends the chain at another.
///
/// # Examples
///
/// ```
/// use cadena_core::RunnableExt;
/// use cadena_http::Replay;
/// use cadena_openai::OpenAIModeration;
///
/// # futures::executor::block_on(async {
/// // A recording replaces the network; without `with_transport` this asks OpenAI.
/// let replay = Replay::from_jsonl(include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/moderation.jsonl")))?;
/// let moderation = OpenAIModeration::new("omni-moderation-latest").with_transport(replay);
///
/// let found = moderation.invoke("a threat").await?;
/// assert!(found.flagged);
/// assert_eq!(found.reasons().collect::<Vec<_>>(), ["violence"]);
/// assert_eq!(found.scores["violence"], 0.97);
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
///
/// # Errors
///
/// Errors of the server are those of [`ChatOpenAI`](crate::ChatOpenAI); [`Decode`](ErrorKind::Decode) if it does not answer about every text.
#[derive(Clone, Debug)]
pub struct OpenAIModeration {
    model: String,
    client: OpenAIClient,
}

impl OpenAIModeration {
    /// Makes a moderation model by its name, such as `omni-moderation-latest`, with address and key from the environment: see
    /// [`ChatOpenAI::new`](crate::ChatOpenAI::new).
    ///
    /// # Examples
    ///
    /// ```
    /// let moderation = cadena_openai::OpenAIModeration::new("omni-moderation-latest");
    /// assert!(format!("{moderation:?}").contains("omni-moderation-latest"));
    /// ```
    #[must_use]
    pub fn new(model: impl Into<String>) -> Self {
        Self {
            model: model.into(),
            client: OpenAIClient::new(),
        }
    }

    /// Moderates some texts in one request, and returns the findings in each.
    ///
    /// # Examples
    ///
    /// ```
    /// # use cadena_http::Replay;
    /// # use cadena_openai::OpenAIModeration;
    /// # futures::executor::block_on(async {
    /// # let replay = Replay::from_jsonl(include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/moderation.jsonl")))?;
    /// # let moderation = OpenAIModeration::new("omni-moderation-latest").with_transport(replay);
    /// let found = moderation.moderate(&["a threat"]).await?;
    /// assert_eq!(found.len(), 1);
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    ///
    /// # Errors
    ///
    /// See the type.
    pub async fn moderate(&self, texts: &[impl AsRef<str> + Sync]) -> Result<Vec<Moderation>> {
        Ok(self.ask(texts, CallOptions::new()).await?.0)
    }

    /// Moderates some texts, and returns the HTTP response beside the findings: status, headers, and the body to its last byte. `None` for no
    /// text, about which nobody is asked.
    ///
    /// # Examples
    ///
    /// ```
    /// # use cadena_http::Replay;
    /// # use cadena_openai::OpenAIModeration;
    /// # futures::executor::block_on(async {
    /// # let replay = Replay::from_jsonl(include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/moderation.jsonl")))?;
    /// # let moderation = OpenAIModeration::new("omni-moderation-latest").with_transport(replay);
    /// let (found, answer) = moderation.moderate_raw(&["a threat"]).await?;
    /// assert!(found[0].flagged);
    /// assert_eq!(answer.map(|answer| answer.status.as_u16()), Some(200));
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    ///
    /// # Errors
    ///
    /// See the type.
    pub async fn moderate_raw(
        &self,
        texts: &[impl AsRef<str> + Sync],
    ) -> Result<(Vec<Moderation>, Option<HttpResponse>)> {
        self.ask(texts, CallOptions::new()).await
    }

    /// Makes a step that passes a harmless text on unchanged, and fails with the kind [`ContentFilter`](ErrorKind::ContentFilter) at another. The
    /// error names the categories, not the text.
    ///
    /// Text goes in and text comes out: in front of a model, `lambda(PromptValue::from)` makes a message of it, as the page of the crate shows.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{ErrorKind, RunnableExt};
    /// # use cadena_http::Replay;
    /// # use cadena_openai::OpenAIModeration;
    ///
    /// # futures::executor::block_on(async {
    /// # let replay = Replay::from_jsonl(include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/moderation.jsonl")))?;
    /// let moderation = OpenAIModeration::new("omni-moderation-latest").with_transport(replay);
    ///
    /// let error = moderation.gate().invoke("a threat").await.unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::ContentFilter);
    /// assert_eq!(error.detail(), "moderation flagged the text: violence");
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    #[must_use]
    pub fn gate(&self) -> ModerationGate {
        ModerationGate(self.clone())
    }

    async fn ask(
        &self,
        texts: &[impl AsRef<str> + Sync],
        options: CallOptions,
    ) -> Result<(Vec<Moderation>, Option<HttpResponse>)> {
        let texts: Vec<&str> = texts.iter().map(AsRef::as_ref).collect();
        if texts.is_empty() {
            return Ok((Vec::new(), None));
        }
        let body = Body {
            model: &self.model,
            input: &texts,
        };
        let asking = self.client.post(PATH, &body, options, "moderation", &self.model);
        let (Moderations { results }, answer) = asking.await?;
        let (asked, found) = (texts.len(), results.len());
        if asked != found {
            let detail = format!("the answer has {found} moderations for {asked} texts");
            return Err(Error::new(ErrorKind::Decode, detail));
        }
        Ok((results, Some(answer)))
    }

    async fn one(&self, text: &String, cx: &RunContext) -> Result<Moderation> {
        let options = cx
            .deadline()
            .map_or_else(CallOptions::new, |at| CallOptions::new().deadline(at));
        let found = self.ask(std::slice::from_ref(text), options).await?.0.pop();
        found.ok_or_else(|| Error::new(ErrorKind::Decode, "the answer has no moderation"))
    }
}

with_client!(
    OpenAIModeration,
    "let openai = cadena_openai::OpenAIModeration::new(\"omni-moderation-latest\");"
);

#[async_trait]
impl Runnable for OpenAIModeration {
    type Input = String;
    type Output = Moderation;

    fn describe(&self) -> StepInfo<'_> {
        StepInfo::new("OpenAIModeration")
    }

    async fn run(&self, text: String, cx: RunContext) -> Result<Moderation> {
        self.one(&text, &cx).await
    }
}

impl_pipe!(OpenAIModeration);

/// Lets harmless texts pass: [`OpenAIModeration::gate`] makes one, and its example shows it at work.
///
/// # Examples
///
/// ```
/// use cadena_core::RunnableExt;
/// use cadena_openai::{ModerationGate, OpenAIModeration};
///
/// let gate: ModerationGate = OpenAIModeration::new("omni-moderation-latest").gate();
/// assert_eq!(gate.name(), "ModerationGate");
/// ```
#[derive(Clone, Debug)]
pub struct ModerationGate(OpenAIModeration);

#[async_trait]
impl Runnable for ModerationGate {
    type Input = String;
    type Output = String;

    fn describe(&self) -> StepInfo<'_> {
        StepInfo::new("ModerationGate")
    }

    async fn run(&self, text: String, cx: RunContext) -> Result<String> {
        let found = self.0.one(&text, &cx).await?;
        if !found.flagged {
            return Ok(text);
        }
        let reasons = found.reasons().collect::<Vec<_>>().join(", ");
        let detail = match reasons.is_empty() {
            true => "moderation flagged the text".to_owned(),
            false => format!("moderation flagged the text: {reasons}"),
        };
        Err(Error::new(ErrorKind::ContentFilter, detail))
    }
}

impl_pipe!(ModerationGate);

/// The findings of moderation in a text.
///
/// # Examples
///
/// ```
/// use cadena_openai::Moderation;
///
/// let found = serde_json::json!({"flagged": true, "categories": {"hate": true}, "category_scores": {"hate": 0.9}});
/// let found: Moderation = serde_json::from_value(found).unwrap();
/// assert!(found.flagged && found.scores["hate"] > 0.5);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Moderation {
    /// Whether it finds any harm.
    pub flagged: bool,
    /// Whether it finds this kind of harm, by category, such as `violence`.
    #[serde(default, deserialize_with = "known")]
    pub categories: BTreeMap<String, bool>,
    /// How sure it is of each category, from 0 to 1.
    #[serde(default, alias = "category_scores", deserialize_with = "known")]
    pub scores: BTreeMap<String, f64>,
}

flow_whole!(Moderation);

impl Moderation {
    /// Returns the categories of harm that were found.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_openai::Moderation;
    ///
    /// let found = serde_json::json!({"flagged": true, "categories": {"hate": false, "violence": true}});
    /// let found: Moderation = serde_json::from_value(found).unwrap();
    /// assert_eq!(found.reasons().collect::<Vec<_>>(), ["violence"]);
    /// ```
    pub fn reasons(&self) -> impl Iterator<Item = &str> {
        let found = self.categories.iter().filter(|(_, found)| **found);
        found.map(|(category, _)| category.as_str())
    }
}

/// The body of a request.
#[derive(Serialize)]
struct Body<'a> {
    model: &'a str,
    input: &'a [&'a str],
}

/// The body of an answer.
#[derive(Deserialize)]
struct Moderations {
    results: Vec<Moderation>,
}

/// Categories that a model does not know are null.
fn known<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<BTreeMap<String, T>, D::Error> {
    let all = Option::<BTreeMap<String, Option<T>>>::deserialize(deserializer)?.unwrap_or_default();
    let known = all.into_iter().filter_map(|(category, value)| Some((category, value?)));
    Ok(known.collect())
}
