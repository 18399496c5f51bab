//! Embeddings without a model or a server.

use cadena_core::{Embeddings, Result, async_trait};

/// Embeds texts by their words, the same on every machine: texts that share words have similar vectors.
///
/// Each word adds 1 to the element that its hash selects. Case and punctuation do not count.
///
/// # Examples
///
/// ```
/// use cadena_core::{cosine_similarity, Embeddings};
/// use cadena_testing::HashEmbeddings;
///
/// # futures::executor::block_on(async {
/// let model = HashEmbeddings::new(64);
/// let bears = model.embed_query("Tell a joke about bears!").await?;
/// let joke = model.embed_query("a joke").await?;
/// let weather = model.embed_query("How warm is it").await?;
/// assert!(cosine_similarity(&bears, &joke)? > cosine_similarity(&bears, &weather)?);
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
#[derive(Clone, Copy, Debug)]
pub struct HashEmbeddings {
    dimensions: usize,
}

impl HashEmbeddings {
    /// Makes embeddings with so many elements, at least 1. With few elements different words share one.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::Embeddings;
    /// use cadena_testing::HashEmbeddings;
    ///
    /// # futures::executor::block_on(async {
    /// assert_eq!(HashEmbeddings::new(8).embed_query("a joke").await?.len(), 8);
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    #[must_use]
    pub fn new(dimensions: usize) -> Self {
        Self {
            dimensions: dimensions.max(1),
        }
    }

    fn embed(self, text: &str) -> Vec<f32> {
        let mut vector = vec![0.0; self.dimensions];
        for word in text
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| !word.is_empty())
        {
            let place = fnv(&word.to_lowercase()) % self.dimensions as u64;
            if let Some(count) = usize::try_from(place).ok().and_then(|place| vector.get_mut(place)) {
                *count += 1.0;
            }
        }
        vector
    }
}

#[async_trait]
impl Embeddings for HashEmbeddings {
    async fn embed_documents(&self, texts: &[String]) -> Result<Vec<Vec<f32>>> {
        Ok(texts.iter().map(|text| self.embed(text)).collect())
    }
}

/// FNV-1a, because the standard library's hash may change with its version.
fn fnv(word: &str) -> u64 {
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    word.bytes().fold(0xcbf2_9ce4_8422_2325, step)
}
