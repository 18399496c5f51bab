//! Embeddings: the contract of a model that turns texts into vectors.

pub use cadena_core::{Embeddings, cosine_similarity};
