//! [`ChatModelExt`]: the methods of every chat model.

use std::future::Future;

use serde_json::Value;

use super::cache::ChatCache;
use super::{AllChoices, Bound, Cached, ChatModel, RateLimited, RateLimiter, ToChatModel};
use crate::{ChatOptions, Choices, OnUnsupported, PromptValue, Result, RunnableExt, Structured};

/// The methods of every chat model: wrappers that are chat models too, every choice of a call, and structured output.
///
/// # Examples
///
/// ```
/// use cadena_core::{Bind, ChatModelExt, ChatOptions, EchoModel, InMemoryCache, RateLimiter, RunnableExt};
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
/// let model = EchoModel::new()
///     .with_rate_limiter(RateLimiter::per_second(5))
///     .with_cache(InMemoryCache::new())
///     .bind(ChatOptions::new().logprobs(true));
/// assert_eq!(model.invoke("hi").await?.text(), "hi");
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
pub trait ChatModelExt: ToChatModel {
    /// Stores answers in a cache, so that the model is asked the same question once. See [`Cached`].
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{ChatModelExt, EchoModel, InMemoryCache, RunnableExt};
    ///
    /// # futures::executor::block_on(async {
    /// let model = EchoModel::new().with_cache(InMemoryCache::new());
    /// model.invoke("hi").await?;
    /// assert!(model.invoke("hi").await?.response_metadata.is_from_cache());
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    fn with_cache(self, cache: impl ChatCache) -> Cached<Self::Model>
    where
        Self: Sized,
    {
        Cached::new(self.to_chat_model(), cache)
    }

    /// Sets the policy for options that the model's [profile](crate::ModelProfile::with_options) does not list; default: [`OnUnsupported::Error`].
    ///
    /// Set it on a model before a wrapper is put around it: each model inside a wrapper has its policy.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{Bind, ChatModelExt, ChatOptions, EchoModel, ErrorKind, OnUnsupported, RunnableExt};
    ///
    /// # futures::executor::block_on(async {
    /// let short = ChatOptions::new().max_tokens(5); // an echo cannot be cut
    /// let error = EchoModel::new().bind(short.clone()).invoke("hi").await.unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::Unsupported);
    /// assert_eq!(error.detail(), "`max_tokens` cannot be sent: the model `echo-1` does not take it");
    ///
    /// let lenient = EchoModel::new().with_on_unsupported(OnUnsupported::Warn).bind(short);
    /// let warnings = &lenient.invoke("hi").await?.response_metadata.extra["warnings"];
    /// assert_eq!(warnings[0], "`max_tokens` was left out: the model `echo-1` does not take it");
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    fn with_on_unsupported(&self, policy: OnUnsupported) -> Bound<Self>
    where
        Self: ToChatModel<Model = Self> + ChatModel + Sized,
    {
        Bound::new(self.to_chat_model(), ChatOptions::new()).on_unsupported(policy)
    }

    /// Limits how often the model is called. See [`RateLimiter`].
    ///
    /// After [`with_cache`](Self::with_cache), the method [`Cached::with_rate_limiter`] limits only the calls that the cache does not answer.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{ChatModelExt, EchoModel, RateLimiter, RunnableExt};
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
    /// let model = EchoModel::new().with_rate_limiter(RateLimiter::per_second(1));
    /// let start = tokio::time::Instant::now();
    /// model.batch(["one", "two"]).await;
    /// assert_eq!(start.elapsed().as_secs(), 1);
    /// # });
    /// ```
    fn with_rate_limiter(self, limiter: RateLimiter) -> RateLimited<Self::Model>
    where
        Self: Sized,
    {
        RateLimited::new(std::sync::Arc::new(self.to_chat_model()), limiter)
    }

    /// Returns every choice that [`n`](crate::ChatOptions::n()) asks for, where `invoke` returns the first.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{Bind, ChatModelExt, ChatOptions, EchoModel};
    ///
    /// # futures::executor::block_on(async {
    /// let llm = EchoModel::new().bind(ChatOptions::new().n(2));
    /// let choices = llm.generate("hi").await?;
    /// assert_eq!(choices.len(), 2);
    /// assert_eq!(choices.first().map(|message| message.text()), Some("hi".into()));
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    ///
    /// # Errors
    ///
    /// The method returns the errors of the model.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future stops the work.
    fn generate(&self, input: impl Into<PromptValue>) -> impl Future<Output = Result<Choices>> + Send {
        let step = self.all_choices();
        let input = input.into();
        async move { step.invoke(input).await }
    }

    /// Returns a step that runs the model for every choice, whole or in chunks with the index of their choice.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{ChatModelExt, EchoModel, RunnableExt};
    /// use futures::TryStreamExt;
    ///
    /// # futures::executor::block_on(async {
    /// let mut chunks = EchoModel::new().all_choices().stream("hi there");
    /// let mut first = String::new();
    /// while let Some(chunk) = chunks.try_next().await? {
    ///     for (index, piece) in &chunk {
    ///         assert_eq!(index, 0);
    ///         first += &piece.text();
    ///     }
    /// }
    /// assert_eq!(first, "hi there");
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    fn all_choices(&self) -> AllChoices<Self::Model> {
        AllChoices::new(self.to_chat_model())
    }

    /// Returns a step whose answers are values of a type, by the JSON schema of the type.
    ///
    /// [`Structured`] describes the request to the model and the errors. The type needs `serde::Deserialize` and `schemars::JsonSchema`; its doc
    /// comments explain the fields to the model. The bound options stay.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{schemars, ChatModelExt, RunnableExt};
    /// use cadena_testing::ScriptedModel;
    ///
    /// #[derive(serde::Deserialize, schemars::JsonSchema)]
    /// struct Person {
    ///     name: String,
    ///     /// In years.
    ///     age: u8,
    /// }
    ///
    /// # futures::executor::block_on(async {
    /// let model = ScriptedModel::new().say(r#"{"name": "Ann", "age": 41}"#); // stands for a real one
    /// let person = model.with_structured_output::<Person>().invoke("Ann is 41.").await?;
    /// assert_eq!((person.name.as_str(), person.age), ("Ann", 41));
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    ///
    /// The request asks for a list inside an object, as providers accept only objects; the answer is the list alone:
    ///
    /// ```
    /// use cadena_core::{schemars, ChatModelExt, RunnableExt};
    /// use cadena_testing::ScriptedModel;
    ///
    /// #[derive(serde::Deserialize, schemars::JsonSchema)]
    /// struct Person {
    ///     name: String,
    ///     age: u8,
    /// }
    ///
    /// # futures::executor::block_on(async {
    /// let model = ScriptedModel::new().say(r#"{"value": [{"name": "Ann", "age": 41}, {"name": "Ben", "age": 7}]}"#);
    /// let people = model.with_structured_output::<Vec<Person>>().invoke("Ann is 41, Ben is 7.").await?;
    /// let names: Vec<&str> = people.iter().map(|person| person.name.as_str()).collect();
    /// assert_eq!(names, ["Ann", "Ben"]);
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    #[cfg(feature = "schemars")]
    fn with_structured_output<T>(&self) -> Structured<T>
    where
        T: serde::de::DeserializeOwned + schemars::JsonSchema + Send + Sync + 'static,
    {
        Structured::of_type(std::sync::Arc::new(self.to_chat_model()))
    }

    /// Returns a step whose answers are JSON, by a schema that is JSON itself; the model sees `name` as the name of the schema.
    ///
    /// The step does not check a value against the schema: `strict` makes the server follow it, and [`Structured::typed`] reads the value as a type.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{ChatModelExt, RunnableExt};
    /// use cadena_testing::ScriptedModel;
    /// use serde_json::json;
    ///
    /// # futures::executor::block_on(async {
    /// let model = ScriptedModel::new().say(r#"{"name": "Ann"}"#); // stands for a real one
    /// let schema = json!({"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]});
    /// let answer = model.with_structured_output_schema("person", schema).strict(true).invoke("I am Ann.").await?;
    /// assert_eq!(answer["name"], "Ann");
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    fn with_structured_output_schema(&self, name: impl Into<String>, schema: Value) -> Structured<Value> {
        Structured::of_schema(std::sync::Arc::new(self.to_chat_model()), name.into(), schema)
    }
}

impl<M: ToChatModel> ChatModelExt for M {}
