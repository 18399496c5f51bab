//! Chat models: the contract that a provider implements, the options of a call, and the models that wrap models.
//!
//! A provider implements [`ChatModel`] with one method. [`ChatModelExt`] is what every chat model can do; [`Bind`] fixes
//! [`ChatOptions`] before a model is composed. [`Choices`] are the answers of a call that asked for several.
//!
//! # Example: a provider of your own
//!
//! ```
//! use cadena::{AIMessage, AIMessageChunk, ChatModel, ChatRequest, ChunkStream, ModelProfile, RunContext, RunnableExt, impl_pipe};
//! use futures::stream::{self, StreamExt};
//!
//! #[derive(Clone)]
//! struct Shout;
//!
//! impl ChatModel for Shout {
//!     fn profile(&self) -> ModelProfile {
//!         ModelProfile::new("shout", "shout-1")
//!     }
//!
//!     fn stream_chat(&self, request: ChatRequest, _cx: RunContext) -> ChunkStream<AIMessage> {
//!         let chunk = AIMessageChunk::new(request.last_text().to_uppercase()).with_finish_reason("stop");
//!         stream::iter([Ok(chunk)]).boxed()
//!     }
//! }
//! impl_pipe!(Shout); // for `prompt | Shout`
//!
//! # futures::executor::block_on(async {
//! assert_eq!(Shout.invoke("hello").await?.text(), "HELLO");
//! # Ok::<_, cadena::Error>(()) }).unwrap();
//! ```
//!
//! # Example: the answer that the model was surest of
//!
//! [`ChatModelExt::generate`] returns every answer of a call, and [`ChatModelExt::all_choices`] streams them.
//!
//! ```
//! use cadena::{Bind, ChatModelExt, ChatOptions, EchoModel};
//! use cadena::messages::Logprobs;
//!
//! # futures::executor::block_on(async {
//! let choices = EchoModel::new().bind(ChatOptions::new().n(3).logprobs(true)).generate("how are you").await?;
//! let rated = choices.iter().filter_map(|choice| Some((choice.logprobs().and_then(Logprobs::mean)?, choice)));
//! let best = rated.max_by(|(a, _), (b, _)| a.total_cmp(b)).map(|(_, choice)| choice.text());
//! assert_eq!(best.as_deref(), Some("how are you"));
//! # Ok::<_, cadena::Error>(()) }).unwrap();
//! ```
//!
//! # Example: images, files, sound, and a conversation
//!
//! ```
//! use cadena::{EchoModel, HumanMessage, Message, RunnableExt};
//! use cadena::messages::{ContentBlock, MediaBlock};
//!
//! # futures::executor::block_on(async {
//! let question = HumanMessage::new(vec![
//!     ContentBlock::text("What do they have in common?"),
//!     ContentBlock::Image(MediaBlock::from_url("https://example.com/cat.png")),
//!     ContentBlock::Image(MediaBlock::from_bytes(b"\x89PNG", "image/png")),
//!     ContentBlock::File(MediaBlock::from_bytes(b"%PDF-1.7", "application/pdf").with_filename("cats.pdf")),
//!     ContentBlock::Audio(MediaBlock::from_bytes(b"RIFF", "audio/wav")),
//! ]);
//! let mut messages: Vec<Message> = vec![question.into()];
//! let answer = EchoModel::new().invoke(messages.clone()).await?;
//! assert_eq!(answer.refusal(), None); // or what the model says in place of an answer
//! messages.push(answer.into());
//! messages.push("And which is the oldest?".into());
//! EchoModel::new().invoke(messages).await?;
//! # Ok::<_, cadena::Error>(()) }).unwrap();
//! ```

pub use cadena_core::{
    AllChoices, Bind, Bound, CacheKey, Cached, ChatCache, ChatModel, ChatModelExt, ChatOptions, ChatRequest, Choices,
    ChoicesChunk, CloneableModel, Composition, EchoModel, InMemoryCache, IntoToolChoice, ModelList, ModelOptions,
    ModelProfile, ModelSetup, OnUnsupported, OptionName, PromptValue, RateLimited, RateLimiter, ToChatModel,
    ToolChoice, WrappedModel,
};
