//! Structured output: a value of a type instead of text, with the probability of each of its parts.
//!
//! [`with_structured_output`](crate::ChatModelExt::with_structured_output) makes a [`StructuredOutput`] of a model, a step to an
//! [`Answer`] that wraps the value. A model that declines fails with a [`Refusal`].
//!
//! # Example: whole, and growing
//!
//! ```
//! use cadena::prelude::*;
//! # use cadena_testing::ScriptedModel;
//!
//! #[derive(Clone, serde::Deserialize, JsonSchema)]
//! struct Order {
//!     city: String,
//!     count: u32,
//! }
//!
//! # futures::executor::block_on(async {
//! # let json = r#"{"city": "Rome", "count": 3}"#;
//! # let model = ScriptedModel::new().say(json).say(json);
//! let llm = model.bind(ChatOptions::new().logprobs(true)).with_structured_output::<Order>();
//! let order = llm.invoke("Three for Rome, please.").await?;
//! assert_eq!((order.city.as_str(), order.count), ("Rome", 3));
//! assert!(order.probability("/city").is_some_and(|p| p > 0.9));
//!
//! let mut chunks = llm.stream("Three for Rome, please.");
//! while let Some(chunk) = chunks.try_next().await? {
//!     println!("{}", chunk.json()); // grows: {}, {"city":"Rome"}, …
//! }
//! let order: Order = order.into_inner();
//! # assert_eq!(order.count, 3);
//! # Ok::<_, cadena::Error>(()) }).unwrap();
//! ```

pub use cadena_core::{
    Answer, AnswerChunk, FieldConfidence, FromAnswer, JsonConfidence, Refusal, Structured, StructuredMethod,
    StructuredOutput,
};
