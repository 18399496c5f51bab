//! Models without a server, for testing chains and plug-ins.
//!
//! ```
//! use cadena_core::{RunnableExt, StrOutputParser};
//! use cadena_testing::ScriptedModel;
//!
//! # futures::executor::block_on(async {
//! let model = ScriptedModel::new().say("Why did the bear cross the road?");
//! let chain = model.clone() | StrOutputParser;
//! assert_eq!(chain.invoke("Tell a joke.").await?, "Why did the bear cross the road?");
//! assert_eq!(model.requests()[0].last_text(), "Tell a joke.");
//! # Ok::<_, cadena_core::Error>(()) }).unwrap();
//! ```

mod embeddings;
pub use embeddings::HashEmbeddings;
mod scripted;
pub use scripted::ScriptedModel;
