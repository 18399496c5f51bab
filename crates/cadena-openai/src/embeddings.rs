//! Texts as vectors.

mod answer;
mod batch;
mod plan;

use std::fmt;

use cadena_core::{Embeddings, Error, ErrorKind, Extra, Result, async_trait};
use cadena_http::{CallOptions, HttpResponse};
use futures::stream::{self, StreamExt, TryStreamExt};
use serde::Serialize;
use serde_json::Value;

use crate::OpenAIClient;
use crate::client::with_client;
use crate::error::name_texts;
use crate::tokens::Tokens;
use answer::{List, in_order};
use plan::{Limits, Piece, join, pieces, requests};

/// The path of the endpoint below the base URL.
const PATH: &str = "/embeddings";

/// The embedding models of OpenAI, or of any server with its endpoint (llama.cpp, vLLM, Ollama, …).
///
/// Any number of texts may be given at once: they are sent in requests that the API takes, a few at a time, and the vectors come in the
/// order of the texts, by the `index` that the server sends with each. A text that is longer than the model takes is cut, and its
/// vector is the mean of its parts, weighed by tokens, with length 1. Vectors are asked for in base64, which is a quarter of the bytes;
/// a server that answers numbers is understood as well.
///
/// Tokens are counted exactly with the feature `tiktoken`, for OpenAI's models; otherwise they are estimated from above, so that a text is cut and a
/// request is full somewhat early.
///
/// # Examples
///
/// ```
/// use cadena_core::{Embeddings, cosine_similarity};
/// use cadena_http::Replay;
/// use cadena_openai::OpenAIEmbeddings;
///
/// # futures::executor::block_on(async {
/// // A recording replaces the network; without `with_transport` this asks OpenAI.
/// let replay = Replay::from_jsonl(include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/embeddings.jsonl")))?;
/// let embeddings = OpenAIEmbeddings::new("text-embedding-3-small").with_dimensions(2).with_transport(replay);
///
/// let vectors = embeddings.embed_documents(&["a cat".to_owned(), "a dog".to_owned()]).await?;
/// assert_eq!(vectors, [[0.6, 0.8], [0.8, 0.6]]);
/// assert!(cosine_similarity(&vectors[0], &vectors[1])? > 0.9);
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
///
/// # Errors
///
/// Errors of the server are those of [`ChatOpenAI`](crate::ChatOpenAI); the hint names the texts that were in the request.
/// [`InvalidInput`](ErrorKind::InvalidInput) for an empty text, before anything is sent. [`Decode`](ErrorKind::Decode) if vectors are missing, occur twice in
/// the answer, or do not have the length that was asked for.
#[derive(Clone)]
pub struct OpenAIEmbeddings {
    model: String,
    pub(crate) client: OpenAIClient,
    dimensions: Option<u32>,
    floats: bool,
    limits: Limits,
    concurrency: usize,
    extra: Extra,
}

/// The vectors that [`OpenAIEmbeddings::embed`] returns, and the tokens that they cost.
///
/// # Examples
///
/// ```
/// let embedded = cadena_openai::Embedded::default();
/// assert!(embedded.vectors.is_empty() && embedded.total_tokens == 0);
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Embedded {
    /// One for each text, in the order of the texts.
    pub vectors: Vec<Vec<f32>>,
    /// The tokens of all texts, as the server counts them; 0 if it does not.
    pub prompt_tokens: u64,
    /// The tokens that are paid for.
    pub total_tokens: u64,
    /// The model that answered, by its full name.
    pub model: Option<String>,
}

impl OpenAIEmbeddings {
    /// Makes a model by its name, with address and key from the environment: see [`ChatOpenAI::new`](crate::ChatOpenAI::new).
    ///
    /// # Examples
    ///
    /// ```
    /// let embeddings = cadena_openai::OpenAIEmbeddings::new("text-embedding-3-small");
    /// assert!(format!("{embeddings:?}").contains("text-embedding-3-small"));
    /// ```
    #[must_use]
    pub fn new(model: impl Into<String>) -> Self {
        Self {
            model: model.into(),
            client: OpenAIClient::new(),
            dimensions: None,
            floats: false,
            limits: Limits {
                text_tokens: Some(8191),
                texts: 1000,
                tokens: 300_000,
            },
            concurrency: 4,
            extra: Extra::default(),
        }
    }

    /// Makes a model of a deployment on Azure, with the resource and its key from the environment: see [`OpenAIClient::azure`].
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_openai::{OpenAIClient, OpenAIEmbeddings};
    ///
    /// let embeddings = OpenAIEmbeddings::azure("my-embeddings");
    /// // The same, with a resource that is named here.
    /// let client = OpenAIClient::azure().with_endpoint("https://name.openai.azure.com");
    /// let named = OpenAIEmbeddings::new("my-embeddings").with_client(client);
    /// assert!(format!("{named:?}").contains("name.openai.azure.com"));
    /// # let _ = embeddings;
    /// ```
    #[must_use]
    pub fn azure(deployment: impl Into<String>) -> Self {
        Self::new(deployment).with_client(OpenAIClient::azure())
    }

    /// Sets how long the vectors are: as long as the model makes them. Models since `text-embedding-3` can shorten them.
    ///
    /// A vector of another length is an error, as of a server that does not know the option.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_openai::OpenAIEmbeddings;
    ///
    /// let short = OpenAIEmbeddings::new("text-embedding-3-large").with_dimensions(256);
    /// assert!(format!("{short:?}").contains("dimensions: Some(256)"));
    /// ```
    #[must_use]
    pub fn with_dimensions(mut self, dimensions: u32) -> Self {
        self.dimensions = Some(dimensions);
        self
    }

    /// Sets how many texts one request holds at most: 1000. OpenAI takes 2048. (LangChain's `chunk_size`.)
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_openai::OpenAIEmbeddings;
    ///
    /// let embeddings = OpenAIEmbeddings::new("text-embedding-3-small").with_batch_size(2048);
    /// assert!(format!("{embeddings:?}").contains("texts: 2048"));
    /// ```
    #[must_use]
    pub fn with_batch_size(mut self, texts: usize) -> Self {
        self.limits.texts = texts.max(1);
        self
    }

    /// Sets how many tokens one request holds at most: 300000, which OpenAI takes.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_openai::OpenAIEmbeddings;
    ///
    /// let embeddings = OpenAIEmbeddings::new("nomic-embed").with_batch_tokens(8192);
    /// assert!(format!("{embeddings:?}").contains("tokens: 8192"));
    /// ```
    #[must_use]
    pub fn with_batch_tokens(mut self, tokens: usize) -> Self {
        self.limits.tokens = tokens;
        self
    }

    /// Sets from how many tokens on a text is cut: above 8191, which OpenAI's models take. `None` sends every text as it is.
    ///
    /// (LangChain's `embedding_ctx_length` and `check_embedding_ctx_length`.)
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_openai::OpenAIEmbeddings;
    ///
    /// // A model with a short context, and one whose server cuts texts itself.
    /// let short = OpenAIEmbeddings::new("all-minilm").with_max_tokens(256);
    /// assert!(format!("{short:?}").contains("text_tokens: Some(256)"));
    /// let cut_there = OpenAIEmbeddings::new("nomic-embed").with_max_tokens(None);
    /// assert!(format!("{cut_there:?}").contains("text_tokens: None"));
    /// ```
    #[must_use]
    pub fn with_max_tokens(mut self, tokens: impl Into<Option<usize>>) -> Self {
        self.limits.text_tokens = tokens.into().map(|tokens| tokens.max(1));
        self
    }

    /// Sets how many requests are under way at once: 4.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_openai::OpenAIEmbeddings;
    ///
    /// let one_by_one = OpenAIEmbeddings::new("nomic-embed").with_max_concurrency(1);
    /// assert!(format!("{one_by_one:?}").contains("max_concurrency: 1"));
    /// ```
    #[must_use]
    pub fn with_max_concurrency(mut self, requests: usize) -> Self {
        self.concurrency = requests.max(1);
        self
    }

    /// Sets whether numbers are asked for in place of base64: off. For a server that rejects `encoding_format`, it is not sent then.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_openai::OpenAIEmbeddings;
    ///
    /// let embeddings = OpenAIEmbeddings::new("nomic-embed").with_plain_numbers(true);
    /// assert!(format!("{embeddings:?}").contains("plain_numbers: true"));
    /// ```
    #[must_use]
    pub fn with_plain_numbers(mut self, plain: bool) -> Self {
        self.floats = plain;
        self
    }

    /// Sends a field that this crate does not name, such as `user` or a server's own.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_openai::OpenAIEmbeddings;
    ///
    /// let embeddings = OpenAIEmbeddings::new("text-embedding-3-small").with_extra("user", "customer-7");
    /// # let _ = embeddings;
    /// ```
    #[must_use]
    pub fn with_extra(mut self, key: impl Into<String>, value: impl Into<Value>) -> Self {
        self.extra.insert(key.into(), value.into());
        self
    }

    /// Embeds texts, and returns their vectors, the tokens that they cost and the model that made them.
    ///
    /// # Examples
    ///
    /// ```
    /// # use cadena_http::Replay;
    /// # use cadena_openai::OpenAIEmbeddings;
    /// # futures::executor::block_on(async {
    /// # let replay = Replay::from_jsonl(include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/embeddings.jsonl")))?;
    /// # let embeddings = OpenAIEmbeddings::new("text-embedding-3-small").with_dimensions(2).with_transport(replay);
    /// let embedded = embeddings.embed(&["a cat", "a dog"]).await?;
    /// assert_eq!((embedded.vectors.len(), embedded.total_tokens), (2, 4));
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    ///
    /// # Errors
    ///
    /// As [`embed_documents`](Embeddings::embed_documents): see the type.
    pub async fn embed(&self, texts: &[impl AsRef<str> + Sync]) -> Result<Embedded> {
        Ok(self.gather(texts, false).await?.0)
    }

    /// Embeds as [`embed`](Self::embed), and returns the HTTP responses beside the vectors, in the order of the texts: status, headers (the id of the request among
    /// them), and the body to its last byte.
    ///
    /// # Examples
    ///
    /// ```
    /// # use cadena_http::Replay;
    /// # use cadena_openai::OpenAIEmbeddings;
    /// # futures::executor::block_on(async {
    /// # let replay = Replay::from_jsonl(include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/embeddings.jsonl")))?;
    /// # let embeddings = OpenAIEmbeddings::new("text-embedding-3-small").with_dimensions(2).with_transport(replay);
    /// let (embedded, answers) = embeddings.embed_raw(&["a cat", "a dog"]).await?;
    /// assert_eq!((embedded.vectors.len(), answers.len()), (2, 1));
    /// assert_eq!(answers[0].headers["content-type"], "application/json");
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    ///
    /// # Errors
    ///
    /// As `embed`.
    pub async fn embed_raw(&self, texts: &[impl AsRef<str> + Sync]) -> Result<(Embedded, Vec<HttpResponse>)> {
        self.gather(texts, true).await
    }

    /// Makes the requests and joins what they answer. Bodies are as large as all vectors, so they are kept only for who wants them.
    async fn gather(&self, texts: &[impl AsRef<str> + Sync], keep: bool) -> Result<(Embedded, Vec<HttpResponse>)> {
        let model = self.client.config.model_behind(&self.model);
        let pieces = pieces(texts, self.limits, Tokens::of(model))?;
        let requests = requests(&pieces, self.limits).into_iter();
        let calls: Vec<_> = requests
            .filter_map(|range| Some(self.request(pieces.get(range)?, keep)))
            .collect();
        let requests = stream::iter(calls)
            .buffered(self.concurrency)
            .try_collect::<Vec<_>>()
            .await?;
        let mut embedded = Embedded::default();
        let mut vectors = Vec::with_capacity(pieces.len());
        let mut answers = Vec::with_capacity(requests.len());
        for Requested { list, part, answer } in requests {
            let (prompt_tokens, total_tokens) = list.tokens();
            embedded.prompt_tokens = embedded.prompt_tokens.saturating_add(prompt_tokens);
            embedded.total_tokens = embedded.total_tokens.saturating_add(total_tokens);
            embedded.model = embedded.model.or(list.model);
            vectors.extend(part);
            answers.extend(answer);
        }
        self.check_lengths(&vectors)?;
        embedded.vectors = join(&pieces, vectors, texts.len());
        Ok((embedded, answers))
    }

    /// One request: what it answered, and its vectors in order.
    async fn request(&self, pieces: &[Piece<'_>], keep: bool) -> Result<Requested> {
        let body = Body {
            model: &self.model,
            input: pieces.iter().map(|piece| piece.part).collect(),
            encoding_format: (!self.floats).then_some("base64"),
            dimensions: self.dimensions,
            extra: &self.extra,
        };
        let (client, options) = (&self.client, CallOptions::new());
        let asking = client.post::<_, List>(PATH, &body, options, "list of embeddings", &self.model);
        let ordered = asking.await.map_err(explain).and_then(|(mut list, answer)| {
            let part = in_order(std::mem::take(&mut list.data), pieces.len())?;
            let answer = keep.then_some(answer);
            Ok(Requested { list, part, answer })
        });
        ordered.map_err(|error| match (pieces.first(), pieces.last()) {
            (Some(first), Some(last)) => name_texts(error, first.text, last.text),
            _ => error,
        })
    }

    /// Vectors that are compared need one length.
    fn check_lengths(&self, vectors: &[Vec<f32>]) -> Result<()> {
        let wanted = self.dimensions.and_then(|length| usize::try_from(length).ok());
        let Some(first) = wanted.or_else(|| vectors.first().map(Vec::len)) else {
            return Ok(());
        };
        match vectors.iter().map(Vec::len).find(|length| *length != first) {
            None => Ok(()),
            Some(other) => {
                let detail = format!("the server gave a vector of {other} numbers where {first} were expected");
                Err(Error::new(ErrorKind::Decode, detail).with_hint(match wanted {
                    Some(_) => "the model or the server may not know `dimensions`: leave `with_dimensions` out",
                    None => "the server answers with more than one model",
                }))
            }
        }
    }
}

with_client!(
    OpenAIEmbeddings,
    "let openai = cadena_openai::OpenAIEmbeddings::new(\"text-embedding-3-small\");"
);

#[async_trait]
impl Embeddings for OpenAIEmbeddings {
    async fn embed_documents(&self, texts: &[String]) -> Result<Vec<Vec<f32>>> {
        Ok(self.embed(texts).await?.vectors)
    }
}

impl fmt::Debug for OpenAIEmbeddings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenAIEmbeddings")
            .field("model", &self.model)
            .field("client", &self.client)
            .field("dimensions", &self.dimensions)
            .field("limits", &self.limits)
            .field("max_concurrency", &self.concurrency)
            .field("plain_numbers", &self.floats)
            .finish_non_exhaustive()
    }
}

/// The body of a request.
#[derive(Serialize)]
struct Body<'a> {
    model: &'a str,
    input: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    encoding_format: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dimensions: Option<u32>,
    #[serde(flatten)]
    extra: &'a Extra,
}

/// The result of one request.
struct Requested {
    list: List,
    /// Its vectors in the order of its texts.
    part: Vec<Vec<f32>>,
    answer: Option<HttpResponse>,
}

/// Says what the caller can set about an error.
fn explain(error: Error) -> Error {
    match error.kind() {
        ErrorKind::ContextOverflow => error
            .with_hint("set what the model takes by `with_max_tokens`; the feature `tiktoken` counts tokens exactly"),
        ErrorKind::InvalidRequest if error.detail().contains("encoding_format") => {
            error.with_hint("the server does not know `encoding_format`: call `with_plain_numbers(true)`")
        }
        ErrorKind::InvalidRequest if error.detail().contains("dimensions") => {
            error.with_hint("the model cannot shorten its vectors: leave `with_dimensions` out")
        }
        _ => error,
    }
}
