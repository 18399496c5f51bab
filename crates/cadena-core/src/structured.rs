//! Structured output: a model that answers with values of a type.

mod answer;
pub use answer::Answer;
mod chunk;
pub use chunk::AnswerChunk;
mod output;
pub use output::StructuredOutput;
mod refusal;
pub use refusal::Refusal;
mod from_answer;
pub use from_answer::FromAnswer;
mod spec;
pub use spec::StructuredMethod;
mod confidence;
mod read;
mod repair;
mod wrapper;

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use async_trait::async_trait;
use futures::stream::{self, StreamExt};
use serde::de::DeserializeOwned;
use serde_json::Value;

use self::read::{AnswerReader, PARSER, Source};
use self::repair::Repair;
use self::spec::AnswerSpec;
use crate::parsers::{instructions, read_stream};
use crate::stream::later;
use crate::{
    AIMessage, Bind, Chain, ChatModel, ChatOptions, ChunkStream, Error, ErrorKind, Graph, PromptValue, Result,
    RunContext, RunKind, Runnable, StepInfo, StreamMode, fold, impl_pipe,
};

/// A model that answers with values of a type: a step from a prompt to an [`Answer`].
///
/// [`ChatModelExt::with_structured_output`](crate::ChatModelExt::with_structured_output) makes one from a type,
/// [`with_structured_output_schema`](crate::ChatModelExt::with_structured_output_schema) from a JSON schema. Options that are bound to the model stay. The
/// stream gives [`AnswerChunk`]s, each with the value so far; they add up to the answer with all its metadata. In events its run is a chain of the model and a parser.
///
/// The JSON may stand in a fence, after thoughts or among words: it is found as [`JsonOutputParser`](crate::JsonOutputParser) finds it. [`with_repair`](Self::with_repair) asks again
/// if an answer cannot be read.
///
/// # Lists, enums and other values that are not objects
///
/// Providers take schemas of objects only. For a `Vec`, an enum, an `Option`, a tuple, a text or a number the model is asked for `{"value": …}`, and the value is taken
/// out again: [`Answer`], its JSON, its streamed chunks and the pointers of [`Answer::confidence`] do not show the wrapper. An answer without the wrapper is read as well.
///
/// # Examples
///
/// ```
/// # #[cfg(feature = "schemars")] {
/// use cadena_core::{schemars, Bind, ChatModelExt, ChatOptions, RunnableExt, StructuredMethod};
/// use cadena_testing::ScriptedModel;
///
/// /// A joke with two parts.
/// #[derive(serde::Deserialize, schemars::JsonSchema)]
/// struct Joke {
///     setup: String,
///     punchline: String,
/// }
///
/// # futures::executor::block_on(async {
/// let model = ScriptedModel::new().say(r#"{"setup": "Why?", "punchline": "Because."}"#); // stands for a real one
/// let llm = model.with_structured_output::<Joke>();
/// assert_eq!(llm.invoke("Tell a joke.").await?.punchline, "Because.");
///
/// let options = llm.method(StructuredMethod::FunctionCalling).name("tell").options()?;
/// assert_eq!(options.tools.unwrap_or_default()[0]["function"]["description"], "A joke with two parts.");
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// # }
/// ```
///
/// # Errors
///
/// Those of the model, and these, each with the message as [`Error::partial`]:
///
/// | kind | when | what to do |
/// |---|---|---|
/// | [`Parse`](crate::ErrorKind::Parse) | the answer is not JSON or not a value of the type, or the function was not called; an [`UnparsedAnswer`](crate::UnparsedAnswer) is a source | [repair it](Self::with_repair) |
/// | [`Truncated`](crate::ErrorKind::Truncated) | the limit of tokens was reached; also if the JSON so far is a value, because more may have followed | raise `max_tokens` |
/// | [`Refused`](crate::ErrorKind::Refused) | the model declined; a [`Refusal`] is a source | ask for something else |
/// | [`ContentFilter`](crate::ErrorKind::ContentFilter) | the provider's filter stopped the answer | change the prompt |
///
/// Before anything is sent, and from [`options`](Self::options): [`InvalidInput`](crate::ErrorKind::InvalidInput) for settings that exclude each other,
/// [`Unsupported`](crate::ErrorKind::Unsupported) for a schema that strict mode cannot express. A schema that the server refuses is an
/// [`InvalidRequest`](crate::ErrorKind::InvalidRequest).
#[must_use = "steps do nothing until they are invoked"]
pub struct Structured<T, O = Answer<T>> {
    model: Arc<dyn ChatModel>,
    spec: AnswerSpec,
    /// The model with its options, and the parser: made once for all calls.
    chain: std::result::Result<Made<O>, Arc<Error>>,
    types: PhantomData<fn() -> T>,
}

const NAME: &str = "StructuredOutput";

#[derive(Clone)]
struct Made<O> {
    options: ChatOptions,
    chain: Chain<PromptValue, O>,
}

impl<T: AnswerType, O: FromAnswer<T>> Structured<T, O> {
    pub(crate) fn of_schema(model: Arc<dyn ChatModel>, name: String, schema: Value) -> Self {
        Self::new(model, AnswerSpec::given(name, schema))
    }

    #[cfg(feature = "schemars")]
    pub(crate) fn of_type(model: Arc<dyn ChatModel>) -> Self
    where
        T: schemars::JsonSchema,
    {
        Self::new(model, AnswerSpec::of::<T>())
    }

    fn new(model: Arc<dyn ChatModel>, spec: AnswerSpec) -> Self {
        let is_call = spec.method == StructuredMethod::FunctionCalling;
        let source = Source {
            call: is_call.then(|| spec.name.as_str().into()),
            wrapped: spec.wrapped,
        };
        let parser = AnswerParser {
            source,
            types: PhantomData::<fn() -> (T, O)>,
        };
        let chain = spec.options().map(|options| Made {
            chain: Chain::new(model.bind(options.clone())).then(parser),
            options,
        });
        Self {
            model,
            spec,
            chain: chain.map_err(Arc::new),
            types: PhantomData,
        }
    }

    /// Sets how the model is asked; default: [`StructuredMethod::JsonSchema`].
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{ChatModelExt, RunnableExt, StructuredMethod};
    /// use cadena_testing::ScriptedModel;
    /// use serde_json::json;
    ///
    /// # futures::executor::block_on(async {
    /// let model = ScriptedModel::new().call("number", json!({"n": 1}));
    /// let llm = model.with_structured_output_schema("number", json!({"type": "object"}));
    /// let answer = llm.method(StructuredMethod::FunctionCalling).invoke("A number?").await?;
    /// assert_eq!(answer["n"], 1);
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    pub fn method(mut self, method: StructuredMethod) -> Self {
        self.spec.method = method;
        Self::new(self.model, self.spec)
    }

    /// Sets whether the server must keep to the schema exactly; default: yes for a JSON schema of a type that strict mode can express, else no.
    ///
    /// Strict mode requires every property and allows no others: a property that a given schema leaves optional may then be null, and a field of a type with
    /// `#[serde(default)]` is always written. Strict mode cannot express maps.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::ChatModelExt;
    /// use cadena_testing::ScriptedModel;
    /// use serde_json::json;
    ///
    /// let schema = json!({"type": "object", "properties": {"n": {"type": "integer"}}});
    /// let llm = ScriptedModel::new().with_structured_output_schema("number", schema).strict(true);
    /// let format = llm.options()?.response_format.unwrap_or_default();
    /// assert_eq!(format["json_schema"]["schema"]["required"], json!(["n"]));
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    pub fn strict(mut self, strict: bool) -> Self {
        self.spec.strict = Some(strict);
        Self::new(self.model, self.spec)
    }

    /// Sets the name of the schema or the function, which the model reads; default: the name of the type. Providers take letters, digits, `_` and `-`.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{ChatModelExt, StructuredMethod};
    /// use cadena_testing::ScriptedModel;
    /// use serde_json::json;
    ///
    /// let llm = ScriptedModel::new().with_structured_output_schema("number", json!({"type": "object"})).name("count");
    /// let options = llm.method(StructuredMethod::FunctionCalling).options()?;
    /// assert_eq!(options.tools.unwrap_or_default()[0]["function"]["name"], "count");
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.spec.name = name.into();
        Self::new(self.model, self.spec)
    }

    /// Asks the model again, at most so many times, if its answer cannot be read; default: 0, so it is not asked again.
    ///
    /// The model reads its answer and what is wrong in it, in the same conversation and with the same options, so each answer has the response format and the log probabilities that are
    /// asked for. Only an error of kind [`Parse`](crate::ErrorKind::Parse) is repaired: an answer that was refused, filtered or cut off is not.
    ///
    /// Each try is a call of the model, with its run, its events and its tokens. The [usage](crate::AIMessage#structfield.usage_metadata) of the answer's
    /// [message](Answer::raw) is the sum over all tries; everything else in it belongs to the last one. A stream shows each answer as it grows, and
    /// [`AnswerChunk::attempt`] tells them apart. If no answer could be read, the error is about the last one and has it as its [`partial`](Error::partial); with
    /// [`include_raw`](Self::include_raw) it is a value as before.
    ///
    /// A chain whose parser is no `Structured` has [`OutputParserExt::with_retry_prompt`](crate::OutputParserExt::with_retry_prompt). After an error of another kind, such as a server's,
    /// [`RunnableExt::with_retry`](crate::RunnableExt::with_retry) begins anew.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(feature = "schemars")] {
    /// use cadena_core::{schemars, ChatModelExt, RunnableExt};
    /// use cadena_testing::ScriptedModel;
    ///
    /// #[derive(serde::Deserialize, schemars::JsonSchema)]
    /// struct Offer {
    ///     item: String,
    ///     price: f64,
    /// }
    ///
    /// # futures::executor::block_on(async {
    /// let model = ScriptedModel::new() // stands for a real one
    ///     .say(r#"{"item": "pear", "price": "cheap"}"#)
    ///     .say(r#"{"item": "pear", "price": 1.5}"#);
    /// let llm = model.with_structured_output::<Offer>().with_repair(2);
    /// assert_eq!(llm.invoke("Offer me a fruit.").await?.price, 1.5);
    /// assert!(model.requests()[1].last_text().contains("`/price`: expected f64, got \"cheap\""));
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// # }
    /// ```
    pub fn with_repair(mut self, times: u32) -> Self {
        self.spec.max_repairs = times;
        self
    }

    /// Returns the message beside the value: an answer that cannot be read is then a value and not an error of the step. [`StructuredOutput`] has an example.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{ChatModelExt, RunnableExt};
    /// use cadena_testing::ScriptedModel;
    /// use serde_json::json;
    ///
    /// # futures::executor::block_on(async {
    /// let llm = ScriptedModel::new().say("No.").with_structured_output_schema("number", json!({"type": "object"}));
    /// let output = llm.include_raw().invoke("A number?").await?; // no error, though the answer is not JSON
    /// assert!(output.parsed().is_err());
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    pub fn include_raw(self) -> Structured<T, StructuredOutput<T>> {
        Structured::new(self.model, self.spec)
    }

    /// Returns the options that ask the model for the structured answer, without those that are bound to it.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{ChatModelExt, StructuredMethod};
    /// use cadena_testing::ScriptedModel;
    /// use serde_json::json;
    ///
    /// let llm = ScriptedModel::new().with_structured_output_schema("number", json!({"type": "object"}));
    /// assert!(llm.options()?.response_format.is_some());
    /// assert!(llm.method(StructuredMethod::FunctionCalling).options()?.tools.is_some());
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those that are [found before anything is sent](Self#errors).
    pub fn options(&self) -> Result<ChatOptions> {
        Ok(self.made()?.options.clone())
    }

    /// Returns instructions with the schema for the prompt in [JSON mode](StructuredMethod::JsonMode), where the schema is not sent.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::ChatModelExt;
    /// use cadena_testing::ScriptedModel;
    /// use serde_json::json;
    ///
    /// let numbers = json!({"type": "array", "items": {"type": "integer"}});
    /// let llm = ScriptedModel::new().with_structured_output_schema("numbers", numbers);
    /// assert!(llm.format_instructions().contains(r#"{"properties": {"value": {"type": "array", "items": {"type": "integer"}}}"#));
    /// ```
    #[must_use]
    pub fn format_instructions(&self) -> String {
        instructions(self.spec.schema())
    }

    fn made(&self) -> Result<&Made<O>> {
        self.chain.as_ref().map_err(Error::shared)
    }
}

impl<T: AnswerType> Structured<T> {
    /// Reads the answers as a type, for a schema that was given as JSON.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{ChatModelExt, RunnableExt};
    /// use cadena_testing::ScriptedModel;
    /// use serde_json::json;
    ///
    /// # futures::executor::block_on(async {
    /// let model = ScriptedModel::new().say(r#"{"n": 1}"#);
    /// let schema = json!({"type": "object", "properties": {"n": {"type": "integer"}}});
    /// let llm = model.with_structured_output_schema("numbers", schema).typed::<std::collections::HashMap<String, u8>>();
    /// assert_eq!(llm.invoke("A number?").await?["n"], 1);
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    pub fn typed<U: AnswerType>(self) -> Structured<U> {
        Structured::new(self.model, self.spec)
    }
}

#[async_trait]
impl<T: AnswerType, O: FromAnswer<T>> Runnable for Structured<T, O> {
    type Input = PromptValue;
    type Output = O;

    fn describe(&self) -> StepInfo<'_> {
        StepInfo::new(NAME)
            .streaming(StreamMode::StreamsOutput)
            .graph(|| match &self.chain {
                Ok(made) => made.chain.graph(),
                Err(_) => Graph::of(self),
            })
    }

    async fn run(&self, input: PromptValue, cx: RunContext) -> Result<O> {
        let chain = &self.made()?.chain;
        if self.spec.max_repairs == 0 {
            return chain.run(input, cx).await;
        }
        let chain = chain.clone();
        let ask = move |prompt| {
            let (chain, cx) = (chain.clone(), cx.clone());
            stream::once(async move { Ok(chain.run(prompt, cx).await?.into_chunk()) }).boxed()
        };
        let output = fold::<O>(Repair::<T, O, _>::start(ask, input, self.spec.max_repairs)).await?;
        output.ok_or_else(|| Error::new(ErrorKind::Truncated, "the stream ended without a chunk"))
    }

    fn run_stream(&self, input: PromptValue, cx: RunContext) -> ChunkStream<O> {
        let chain = match self.made() {
            Ok(made) => &made.chain,
            Err(error) => return later(NAME, async { Err(error) }),
        };
        if self.spec.max_repairs == 0 {
            return chain.run_stream(input, cx);
        }
        let chain = chain.clone();
        let ask = move |prompt| chain.run_stream(prompt, cx.clone());
        Repair::<T, O, _>::start(ask, input, self.spec.max_repairs)
    }
}

impl_pipe!(Structured<T, O>, for <T: AnswerType, O: FromAnswer<T>>);

// The compiler would name this impl to everybody who binds a wrong type to any model.
#[diagnostic::do_not_recommend]
impl<T: AnswerType, O: FromAnswer<T>> Bind<ChatOptions> for Structured<T, O> {
    type Bound = Self;

    /// Binds options to the model. The options that ask for the structured answer stay.
    fn bind(&self, options: ChatOptions) -> Self {
        Self::new(Arc::new(self.model.bind(options)), self.spec.clone())
    }
}

impl<T, O> Clone for Structured<T, O> {
    fn clone(&self) -> Self {
        Self {
            model: Arc::clone(&self.model),
            spec: self.spec.clone(),
            chain: match &self.chain {
                Ok(made) => Ok(Made {
                    options: made.options.clone(),
                    chain: made.chain.clone(),
                }),
                Err(error) => Err(Arc::clone(error)),
            },
            types: PhantomData,
        }
    }
}

impl<T, O> fmt::Debug for Structured<T, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Structured")
            .field("model", &ChatModel::name(&self.model))
            .field("name", &self.spec.name)
            .field("method", &self.spec.method)
            .finish_non_exhaustive()
    }
}

/// A type that an answer can be read as: every type that serde can read.
#[doc(hidden)]
pub trait AnswerType: DeserializeOwned + Send + Sync + 'static {}

impl<T: DeserializeOwned + Send + Sync + 'static> AnswerType for T {}

struct AnswerParser<T, O> {
    source: Source,
    types: PhantomData<fn() -> (T, O)>,
}

#[async_trait]
impl<T: AnswerType, O: FromAnswer<T>> Runnable for AnswerParser<T, O> {
    type Input = AIMessage;
    type Output = O;

    fn describe(&self) -> StepInfo<'_> {
        StepInfo::new(PARSER)
            .kind(RunKind::Parser)
            .streaming(StreamMode::PassesThrough)
    }

    async fn run(&self, input: AIMessage, _cx: RunContext) -> Result<O> {
        let read = self.source.read::<T>(&input).map_err(Arc::new);
        O::from_read(input, read)
    }

    fn run_transform(&self, input: ChunkStream<AIMessage>, _cx: RunContext) -> ChunkStream<O> {
        read_stream(AnswerReader::<T, O>::new(self.source.clone()), input)
    }
}

impl<T, O> Clone for AnswerParser<T, O> {
    fn clone(&self) -> Self {
        Self {
            source: self.source.clone(),
            types: PhantomData,
        }
    }
}
