//! Examples that are similar to the input.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::OnceCell;

use super::selector::{ExampleSelector, joined};
use crate::embeddings::wrong_number;
use crate::{Dict, Embeddings, Error, ErrorKind, Result, cosine_similarity};

/// A selector that takes the examples with the meaning nearest to the input's, the nearest one first.
///
/// The examples are embedded once, in one call, at the first input or by [`prepare`](Self::prepare). After that each input costs one embedding and a
/// comparison with each example. Examples that are equally near stay in their order.
///
/// # Examples
///
/// ```
/// use cadena_core::{
///     async_trait, dict, Embeddings, FewShotPromptTemplate, Result, RunnableExt, SemanticSimilarityExampleSelector, Template,
/// };
///
/// /// Stands for a provider's model: counts three words.
/// struct Words;
///
/// #[async_trait]
/// impl Embeddings for Words {
///     async fn embed_documents(&self, texts: &[String]) -> Result<Vec<Vec<f32>>> {
///         let count = |text: &String, word| text.matches(word).count() as f32;
///         Ok(texts.iter().map(|text| ["cat", "dog", "car"].map(|word| count(text, word)).to_vec()).collect())
///     }
/// }
///
/// # futures::executor::block_on(async {
/// let examples = [dict! {"q": "a car", "a": "wheels"}, dict! {"q": "a dog", "a": "paws"}, dict! {"q": "a cat", "a": "claws"}];
/// let selector = SemanticSimilarityExampleSelector::new(examples, Words).k(1).input_keys(["q"]);
/// let prompt = FewShotPromptTemplate::new(Template::parse("{q}: {a}")?, Template::parse("{q}:")?).with_selector(selector);
/// let filled = prompt.invoke(dict! {"q": "my cat"}).await?;
/// assert_eq!(filled.messages[0].text(), "a cat: claws\n\nmy cat:");
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
pub struct SemanticSimilarityExampleSelector {
    examples: Vec<Dict>,
    embeddings: Arc<dyn Embeddings>,
    k: usize,
    input_keys: Option<Vec<String>>,
    diversity: Option<Diversity>,
    vectors: OnceCell<Vec<Vec<f32>>>,
}

/// The options of maximal marginal relevance.
#[derive(Clone, Copy, Debug)]
struct Diversity {
    fetch_k: usize,
    lambda: f64,
}

impl SemanticSimilarityExampleSelector {
    /// The number of examples that are shown, unless [`k`](Self::k) sets another.
    pub const DEFAULT_K: usize = 4;

    /// Makes a selector of examples and an embedding model. Nothing is embedded yet.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{Embeddings, ExampleSelector, Result, SemanticSimilarityExampleSelector, async_trait, dict};
    ///
    /// # struct Words;
    /// # #[async_trait]
    /// # impl Embeddings for Words {
    /// #     async fn embed_documents(&self, texts: &[String]) -> Result<Vec<Vec<f32>>> {
    /// #         let count = |text: &String, word| text.matches(word).count() as f32;
    /// #         Ok(texts.iter().map(|text| ["cat", "dog", "car"].map(|word| count(text, word)).to_vec()).collect())
    /// #     }
    /// # }
    /// # futures::executor::block_on(async {
    /// let selector = SemanticSimilarityExampleSelector::new([dict! {"q": "a dog"}, dict! {"q": "a cat"}], Words);
    /// assert_eq!(selector.select(&dict! {"q": "my cat"}).await?[0], dict! {"q": "a cat"});
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    #[must_use]
    pub fn new(examples: impl IntoIterator<Item = Dict>, embeddings: impl Embeddings) -> Self {
        Self {
            examples: examples.into_iter().collect(),
            embeddings: Arc::new(embeddings),
            k: Self::DEFAULT_K,
            input_keys: None,
            diversity: None,
            vectors: OnceCell::new(),
        }
    }

    /// Sets the number of examples that are shown at most; default: 4.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{Embeddings, ExampleSelector, Result, SemanticSimilarityExampleSelector, async_trait, dict};
    ///
    /// # struct Words;
    /// # #[async_trait]
    /// # impl Embeddings for Words {
    /// #     async fn embed_documents(&self, texts: &[String]) -> Result<Vec<Vec<f32>>> {
    /// #         let count = |text: &String, word| text.matches(word).count() as f32;
    /// #         Ok(texts.iter().map(|text| ["cat", "dog", "car"].map(|word| count(text, word)).to_vec()).collect())
    /// #     }
    /// # }
    /// # futures::executor::block_on(async {
    /// let selector = SemanticSimilarityExampleSelector::new([dict! {"q": "a dog"}, dict! {"q": "a cat"}], Words).k(1);
    /// assert_eq!(selector.select(&dict! {"q": "my cat"}).await?.len(), 1);
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    #[must_use]
    pub fn k(mut self, k: usize) -> Self {
        self.k = k;
        self
    }

    /// Sets the keys of the input and of the examples that are compared; default: all keys of each.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{Embeddings, ExampleSelector, Result, SemanticSimilarityExampleSelector, async_trait, dict};
    ///
    /// # struct Words;
    /// # #[async_trait]
    /// # impl Embeddings for Words {
    /// #     async fn embed_documents(&self, texts: &[String]) -> Result<Vec<Vec<f32>>> {
    /// #         let count = |text: &String, word| text.matches(word).count() as f32;
    /// #         Ok(texts.iter().map(|text| ["cat", "dog", "car"].map(|word| count(text, word)).to_vec()).collect())
    /// #     }
    /// # }
    /// # futures::executor::block_on(async {
    /// let examples = [dict! {"q": "a dog", "a": "not a cat, no cat"}, dict! {"q": "a cat", "a": "claws"}];
    /// let selector = SemanticSimilarityExampleSelector::new(examples, Words).k(1).input_keys(["q"]);
    /// assert_eq!(selector.select(&dict! {"q": "my cat"}).await?[0]["q"], "a cat");
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    #[must_use]
    pub fn input_keys<K: Into<String>>(mut self, keys: impl IntoIterator<Item = K>) -> Self {
        let mut keys: Vec<String> = keys.into_iter().map(Into::into).collect();
        keys.sort_unstable();
        self.input_keys = Some(keys);
        self.vectors = OnceCell::new();
        self
    }

    /// Prefers examples that also differ from each other: maximal marginal relevance.
    ///
    /// Of the `fetch_k` nearest examples, the selector takes one after the other: the one with the best `lambda` × similarity to the input −
    /// (1 − `lambda`) × similarity to the nearest one that was taken. LangChain's `MaxMarginalRelevanceExampleSelector` has 20 and 0.5.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{async_trait, dict, Embeddings, ExampleSelector, Result, SemanticSimilarityExampleSelector};
    ///
    /// # struct Words;
    /// # #[async_trait]
    /// # impl Embeddings for Words {
    /// #     async fn embed_documents(&self, texts: &[String]) -> Result<Vec<Vec<f32>>> {
    /// #         let count = |text: &String, word| text.matches(word).count() as f32;
    /// #         Ok(texts.iter().map(|text| ["cat", "dog", "car"].map(|word| count(text, word)).to_vec()).collect())
    /// #     }
    /// # }
    /// # futures::executor::block_on(async {
    /// let examples = [dict! {"q": "a cat"}, dict! {"q": "the cat"}, dict! {"q": "cat dog"}];
    /// let selector = SemanticSimilarityExampleSelector::new(examples, Words).k(2).max_marginal_relevance(20, 0.5);
    /// assert_eq!(selector.select(&dict! {"q": "cat cat dog"}).await?, [dict! {"q": "cat dog"}, dict! {"q": "a cat"}]);
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    #[doc(alias = "MaxMarginalRelevanceExampleSelector")]
    #[must_use]
    pub fn max_marginal_relevance(mut self, fetch_k: usize, lambda: f64) -> Self {
        self.diversity = Some(Diversity { fetch_k, lambda });
        self
    }

    /// Embeds the examples now, so that a fault shows at the start and the first input does not wait.
    ///
    /// # Errors
    ///
    /// The error of the model; [`ErrorKind::InvalidInput`] if an example lacks one of the [`input_keys`](Self::input_keys);
    /// [`ErrorKind::Decode`] if the model returned another number of vectors. The next use tries again.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{Embeddings, Result, SemanticSimilarityExampleSelector, async_trait, dict};
    ///
    /// # struct Words;
    /// # #[async_trait]
    /// # impl Embeddings for Words {
    /// #     async fn embed_documents(&self, texts: &[String]) -> Result<Vec<Vec<f32>>> {
    /// #         Ok(vec![vec![1.0]; texts.len()])
    /// #     }
    /// # }
    /// # futures::executor::block_on(async {
    /// let selector = SemanticSimilarityExampleSelector::new([dict! {"q": "a dog"}], Words);
    /// selector.prepare().await?;
    /// assert!(SemanticSimilarityExampleSelector::new([dict! {}], Words).input_keys(["q"]).prepare().await.is_err());
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    pub async fn prepare(&self) -> Result<()> {
        self.vectors().await.map(drop)
    }

    async fn vectors(&self) -> Result<&[Vec<f32>]> {
        let embed = || async {
            let texts = self.examples.iter().map(|example| self.text(example, "an example"));
            let texts: Vec<String> = texts.collect::<Result<_>>()?;
            let vectors = self.embeddings.embed_documents(&texts).await?;
            if vectors.len() != texts.len() {
                return Err(wrong_number(texts.len(), vectors.len()));
            }
            Ok(vectors)
        };
        self.vectors.get_or_try_init(embed).await.map(Vec::as_slice)
    }

    /// Returns the values that are compared, in the order of their keys, as LangChain joins them.
    fn text(&self, values: &Dict, whose: &str) -> Result<String> {
        let Some(keys) = &self.input_keys else {
            let mut all: Vec<_> = values.iter().collect();
            all.sort_unstable_by_key(|(key, _)| *key);
            return Ok(joined(all.into_iter().map(|(_, value)| value)));
        };
        let value = |key: &String| {
            let missing = || Error::new(ErrorKind::InvalidInput, format!("{whose} has no `{key}` to compare"));
            values.get(key).ok_or_else(missing)
        };
        let found: Vec<_> = keys.iter().map(value).collect::<Result<_>>()?;
        Ok(joined(found.into_iter()))
    }
}

#[async_trait]
impl ExampleSelector for SemanticSimilarityExampleSelector {
    async fn select(&self, input: &Dict) -> Result<Vec<Dict>> {
        if self.k == 0 || self.examples.is_empty() {
            return Ok(Vec::new());
        }
        let text = self.text(input, "the input")?;
        let vectors = self.vectors().await?;
        let query = self.embeddings.embed_query(&text).await?;
        let mut near: Vec<(f64, usize)> = Vec::with_capacity(vectors.len());
        for (at, vector) in vectors.iter().enumerate() {
            near.push((cosine_similarity(&query, vector)?, at));
        }
        near.sort_by(|left, right| right.0.total_cmp(&left.0));
        near.truncate(self.diversity.map_or(self.k, |diversity| diversity.fetch_k.max(self.k)));
        if let Some(diversity) = self.diversity {
            near = diversity.choose(near, vectors, self.k)?;
        }
        let chosen = near.into_iter().filter_map(|(_, at)| self.examples.get(at).cloned());
        Ok(chosen.collect())
    }
}

impl Diversity {
    fn choose(self, near: Vec<(f64, usize)>, vectors: &[Vec<f32>], k: usize) -> Result<Vec<(f64, usize)>> {
        // Each candidate also has its similarity to the nearest example that was taken.
        let mut left: Vec<_> = near.into_iter().map(|found| (found, f64::NEG_INFINITY)).collect();
        let mut taken = Vec::new();
        while taken.len() < k && !left.is_empty() {
            let score = |((relevance, _), repeats): &((f64, usize), f64)| {
                let repeats = if repeats.is_finite() { *repeats } else { 0.0 };
                self.lambda * relevance - (1.0 - self.lambda) * repeats
            };
            let scores = left.iter().map(score).enumerate();
            // Of several equally good candidates the first one is taken.
            let best = scores.reduce(|best, next| if next.1 > best.1 { next } else { best });
            let (found, _) = left.remove(best.map_or(0, |(at, _)| at));
            let vector = vectors.get(found.1).map_or(&[][..], Vec::as_slice);
            for ((_, at), repeats) in &mut left {
                let other = vectors.get(*at).map_or(&[][..], Vec::as_slice);
                *repeats = repeats.max(cosine_similarity(vector, other)?);
            }
            taken.push(found);
        }
        Ok(taken)
    }
}

impl fmt::Debug for SemanticSimilarityExampleSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SemanticSimilarityExampleSelector")
            .field("examples", &self.examples.len())
            .field("k", &self.k)
            .field("input_keys", &self.input_keys)
            .finish_non_exhaustive()
    }
}
