//! Models and embeddings without a server, for tests of chains, agents and plug-ins.
//!
//! | to test | use |
//! |---|---|
//! | a chain or an agent, with answers, calls of tools and errors that the test writes | [`ScriptedModel`] |
//! | a vector search | [`HashEmbeddings`] |
//! | a program that needs no particular answer | [`EchoModel`](cadena_core::EchoModel), which repeats the question |
//! | ids of runs, events and content blocks in a snapshot | [`SequentialIds`](cadena_core::SequentialIds), see below |
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
//!
//! # The same snapshot every time
//!
//! Messages and calls of a [`ScriptedModel`] have the same ids in every run of a test: `scripted-1` is the first answer of the script, `call_1` its first call
//! of a tool. The ids of *runs*, which events show, are random unless the call's config counts them with [`SequentialIds`](cadena_core::SequentialIds):
//!
//! ```
//! use cadena_core::{RunConfig, RunnableExt, SequentialIds};
//! use cadena_testing::ScriptedModel;
//! use futures::TryStreamExt;
//!
//! # futures::executor::block_on(async {
//! let model = ScriptedModel::new().say("Hello.");
//! let config = RunConfig::new().ids(std::sync::Arc::new(SequentialIds::default()));
//! let mut events = model.stream_events_with("Hi", config);
//! let first = events.try_next().await?.expect("a run begins");
//! assert_eq!(first.run().id.to_string(), "00000000-0000-7000-8000-000000000001");
//! # Ok::<_, cadena_core::Error>(()) }).unwrap();
//! ```

mod embeddings;
pub use embeddings::HashEmbeddings;
mod scripted;
pub use scripted::ScriptedModel;
