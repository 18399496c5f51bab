//! [`Embeddings`]: models that turn texts into vectors, which are near each other if the texts mean the same.

use async_trait::async_trait;

use crate::{Error, ErrorKind, Result};

/// A model that turns texts into vectors; a provider implements it.
///
/// All vectors of one model have the same number of elements. They need not be normalised.
///
/// # Implementing
///
/// Return as many vectors as there are texts, in the order of the texts: split large requests, and sort answers that arrive in another
/// order. Dropping the future must stop the work.
///
/// # Examples
///
/// ```
/// use cadena_core::{async_trait, Embeddings, Result};
///
/// /// Counts the vowels.
/// struct Vowels;
///
/// #[async_trait]
/// impl Embeddings for Vowels {
///     async fn embed_documents(&self, texts: &[String]) -> Result<Vec<Vec<f32>>> {
///         let count = |text: &String, vowel| text.matches(vowel).count() as f32;
///         Ok(texts.iter().map(|text| "aeiou".chars().map(|vowel| count(text, vowel)).collect()).collect())
///     }
/// }
///
/// # futures::executor::block_on(async {
/// assert_eq!(Vowels.embed_query("banana soup").await?, [3.0, 0.0, 0.0, 1.0, 1.0]);
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
#[async_trait]
pub trait Embeddings: Send + Sync + 'static {
    /// Returns the vectors of texts to search in, one for each text. The trait has an example.
    ///
    /// # Errors
    ///
    /// The method returns the errors of the provider, such as [`ErrorKind::RateLimited`].
    async fn embed_documents(&self, texts: &[String]) -> Result<Vec<Vec<f32>>>;

    /// Returns the vector of a text to search for; default: the same as for a document.
    ///
    /// Some models distinguish the two. The example of the trait calls this method.
    ///
    /// # Errors
    ///
    /// The method returns the errors of [`embed_documents`](Self::embed_documents), and [`ErrorKind::Decode`] if the number of vectors is not 1.
    async fn embed_query(&self, text: &str) -> Result<Vec<f32>> {
        let vectors = self.embed_documents(&[text.to_owned()]).await?;
        let found = vectors.len();
        let [vector] = <[Vec<f32>; 1]>::try_from(vectors).map_err(|_| wrong_number(1, found))?;
        Ok(vector)
    }
}

/// Returns the error of a model that returned too many vectors, or too few.
pub(crate) fn wrong_number(texts: usize, vectors: usize) -> Error {
    let detail = format!("the embedding model returned {vectors} vectors for {texts} texts");
    Error::new(ErrorKind::Decode, detail)
}

/// Returns how similar two vectors are: the cosine of the angle between them, from −1 to 1; 0 if one of them is zero.
///
/// # Errors
///
/// The function returns [`ErrorKind::InvalidInput`] if the vectors differ in their number of elements, as those of two models do.
///
/// # Examples
///
/// ```
/// use cadena_core::cosine_similarity;
///
/// assert_eq!(cosine_similarity(&[3.0, 0.0], &[2.0, 0.0])?, 1.0);
/// assert_eq!(cosine_similarity(&[1.0, 0.0], &[0.0, 2.0])?, 0.0);
/// # Ok::<_, cadena_core::Error>(())
/// ```
pub fn cosine_similarity(left: &[f32], right: &[f32]) -> Result<f64> {
    if left.len() != right.len() {
        let detail = format!("a vector of {} numbers and one of {}", left.len(), right.len());
        return Err(Error::new(ErrorKind::InvalidInput, detail).with_hint("embed all texts with one model"));
    }
    let dot = |left: &[f32], right: &[f32]| -> f64 {
        let pairs = left.iter().zip(right);
        pairs.map(|(left, right)| f64::from(*left) * f64::from(*right)).sum()
    };
    let cosine = dot(left, right) / (dot(left, left).sqrt() * dot(right, right).sqrt());
    Ok(if cosine.is_finite() {
        cosine.clamp(-1.0, 1.0)
    } else {
        0.0
    })
}
