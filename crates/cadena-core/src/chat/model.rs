//! [`ChatModel`]: the trait that a provider implements.

use std::borrow::Cow;

use async_trait::async_trait;
use futures::stream::{self, StreamExt};
use serde_json::{Value, json};

use super::answer_id::AnswerId;
use super::report::Report;
use super::unsupported::{settle, warn};
use super::{ChatRequest, Composition};
use crate::messages::id::RUN_PREFIX;
use crate::run::arriving::ArrivingAnswer;
use crate::{
    AIMessage, CanClone, ChatOptions, Choices, ChoicesChunk, ChunkPosition, ChunkStream, Error, ErrorKind, Message,
    ModelProfile, ModelSetup, PromptValue, Result, RunContext, RunKind, Runnable, StepInfo, fold,
};

/// A model that answers conversations; a provider implements it.
///
/// The required methods are [`profile`](Self::profile) and [`stream_chat`](Self::stream_chat). From them every model gets `invoke`, `stream`,
/// `batch`, [`bind`](crate::Bind::bind), runs with events, and a place in a chain. A provider that answers only whole returns a stream of one
/// chunk.
///
/// # Implementing
///
/// Clone what the stream needs, so that it is `'static`. A stream that ends without the whole answer must end in an
/// error: [`Truncated`](ErrorKind::Truncated), with the partial answer attached. Dropping the stream must stop the request.
///
/// List the options that you read in the [profile](ModelProfile::with_options): a call with another option then fails with
/// [`Unsupported`](ErrorKind::Unsupported) before your code runs, so that no option is dropped in silence. A provider that sends every option on, or
/// that itself refuses the options it cannot send, has a profile [with all options](ModelProfile::with_all_options).
///
/// # Examples
///
/// ```
/// use cadena_core::{AIMessage, AIMessageChunk, ChatModel, ChatRequest, ChunkStream, ModelProfile, RunContext, RunnableExt};
/// use futures::{stream, StreamExt};
///
/// #[derive(Clone)]
/// struct Parrot;
///
/// impl ChatModel for Parrot {
///     fn profile(&self) -> ModelProfile {
///         ModelProfile::new("parrot", "parrot-1")
///     }
///
///     fn stream_chat(&self, request: ChatRequest, _cx: RunContext) -> ChunkStream<AIMessage> {
///         let text = request.last_text();
///         let words: Vec<_> = text.split_inclusive(' ').map(|word| Ok(AIMessageChunk::new(word))).collect();
///         stream::iter(words).boxed()
///     }
/// }
///
/// # futures::executor::block_on(async {
/// assert_eq!(Parrot.invoke("pretty bird").await?.text(), "pretty bird");
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
#[async_trait]
#[diagnostic::on_unimplemented(
    message = "`{Self}` is neither a step of a chain nor a chat model",
    label = "not a step",
    note = "a function becomes a step with `cadena::lambda(…)`, several steps beside each other with `cadena::parallel(…)`"
)]
pub trait ChatModel: CanClone + Send + Sync + 'static {
    /// Returns the model's provider, name and capabilities.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{ChatModel, EchoModel};
    ///
    /// assert!(EchoModel::new().profile().logprobs);
    /// ```
    fn profile(&self) -> ModelProfile;

    /// Returns the name of the model in events and errors; default: the name of its type.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{ChatModel, EchoModel};
    ///
    /// assert_eq!(ChatModel::name(&EchoModel::new()), "EchoModel");
    /// ```
    fn name(&self) -> Cow<'_, str> {
        crate::runnable::short_type_name::<Self>().into()
    }

    /// Returns the options that are bound to the model; default: no options.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{Bind, ChatModel, ChatOptions, EchoModel};
    ///
    /// let llm = EchoModel::new().bind(ChatOptions::new().seed(1));
    /// assert_eq!(llm.bound_options().seed, Some(1));
    /// ```
    fn bound_options(&self) -> ChatOptions {
        ChatOptions::default()
    }

    /// Returns the model's part of a [cache key](crate::CacheKey); default: the name of its type, its provider and its name.
    ///
    /// The request and the [bound options](Self::bound_options) are in the key in any case. Two models with the same identity share the answers of
    /// a [cache](crate::ChatCache). If a model has further settings that change its answers, such as the address of its server, put them into the
    /// identity. Leave out settings that change no answer, such as timeouts and keys. The identity is hashed, and neither stored nor printed.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{ChatModel, EchoModel};
    ///
    /// assert_eq!(EchoModel::new().cache_identity()["model"], "echo-1");
    /// ```
    fn cache_identity(&self) -> Value {
        let profile = self.profile();
        json!({"type": std::any::type_name::<Self>(), "provider": profile.provider, "model": profile.model})
    }

    /// Returns the [`cache_identity`](Self::cache_identity) for a call whose context may choose or build another model.
    #[doc(hidden)]
    #[allow(clippy::missing_errors_doc, reason = "hidden")]
    fn cache_identity_in(&self, cx: &RunContext) -> Result<Value> {
        let _ = cx;
        Ok(self.cache_identity())
    }

    /// Returns the step of a model that only asks other models; default: `None`, as a provider answers by itself.
    ///
    /// With the step, calls and tokens are counted once. A wrapper of a model returns the composition of the model.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{ChatModel, EchoModel, RetryOptions, RunnableExt, ToChatModel};
    ///
    /// let model = EchoModel::new();
    /// assert!(model.composition().is_none());
    /// assert!(model.with_retry(RetryOptions::new()).to_chat_model().composition().is_some());
    /// ```
    fn composition(&self) -> Option<Composition<'_>> {
        None
    }

    /// Answers in chunks.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{ChatModel, ChatRequest, EchoModel, RunContext};
    /// use futures::StreamExt;
    ///
    /// # futures::executor::block_on(async {
    /// let chunks = EchoModel::new().stream_chat(ChatRequest::new("hi there"), RunContext::default());
    /// assert_eq!(chunks.count().await, 3); // two words, and the end with the usage
    /// # });
    /// ```
    fn stream_chat(&self, request: ChatRequest, cx: RunContext) -> ChunkStream<AIMessage>;

    /// Answers whole; default: the fold of [`stream_chat`](Self::stream_chat).
    ///
    /// A provider whose protocol has a whole answer overrides it.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{ChatModel, ChatRequest, EchoModel, RunContext};
    ///
    /// # futures::executor::block_on(async {
    /// let answer = EchoModel::new().chat(ChatRequest::new("hi"), RunContext::default()).await?;
    /// assert_eq!(answer.text(), "hi");
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    ///
    /// # Errors
    ///
    /// The method returns the errors of the stream, and [`Truncated`](ErrorKind::Truncated) if the stream has no chunk.
    async fn chat(&self, request: ChatRequest, cx: RunContext) -> Result<AIMessage> {
        let chunks = self.stream_chat(request, cx.clone());
        fold::<AIMessage>(ArrivingAnswer::follow(&cx, chunks, ArrivingAnswer::add_chunk))
            .await?
            .ok_or_else(nothing_came)
    }

    /// Answers in chunks with every choice that the options ask for; default: [`stream_chat`](Self::stream_chat) as the only choice.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{ChatModel, ChatOptions, ChatRequest, Choices, EchoModel, RunContext, fold};
    ///
    /// # futures::executor::block_on(async {
    /// let request = ChatRequest::new("hi").with_options(ChatOptions::new().n(2));
    /// let choices = fold::<Choices>(EchoModel::new().stream_choices(request, RunContext::default())).await?;
    /// assert_eq!(choices.map(|choices| choices.len()), Some(2));
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    fn stream_choices(&self, request: ChatRequest, cx: RunContext) -> ChunkStream<Choices> {
        let chunks = self.stream_chat(request, cx);
        chunks.map(|chunk| Ok(ChoicesChunk::new(0, chunk?))).boxed()
    }

    /// Answers whole with every choice that the options ask for; default: [`chat`](Self::chat) as the only choice.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{ChatModel, ChatOptions, ChatRequest, EchoModel, RunContext};
    ///
    /// # futures::executor::block_on(async {
    /// let request = ChatRequest::new("hi").with_options(ChatOptions::new().n(2));
    /// let choices = EchoModel::new().choices(request, RunContext::default()).await?;
    /// assert_eq!(choices.len(), 2);
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    ///
    /// # Errors
    ///
    /// The method returns the errors of [`chat`](Self::chat).
    async fn choices(&self, request: ChatRequest, cx: RunContext) -> Result<Choices> {
        Ok(Choices::from(vec![self.chat(request, cx).await?]))
    }
}

pub(super) fn nothing_came() -> Error {
    Error::new(ErrorKind::Truncated, "the model's stream ended without a chunk")
}

/// Every model is a step: from a prompt to a message.
#[diagnostic::do_not_recommend]
#[async_trait]
impl<M: ChatModel> Runnable for M {
    type Input = PromptValue;
    type Output = AIMessage;

    fn describe(&self) -> StepInfo<'_> {
        let info = match self.composition() {
            None => StepInfo::new(ChatModel::name(self)).kind(RunKind::ChatModel),
            Some(composition) => StepInfo::around(composition.step())
                .name(ChatModel::name(self))
                .kind(composition.kind()),
        };
        let setup = || ModelSetup {
            profile: self.profile(),
            options: self.bound_options(),
        };
        info.model(move || Some(setup()))
    }

    async fn run(&self, input: PromptValue, cx: RunContext) -> Result<AIMessage> {
        let (request, mut warnings) = prepared(self, input, &cx)?;
        let is_asked = self.composition().is_none();
        let _permit = match cx.semaphore().filter(|_| is_asked) {
            // The semaphore is never closed, so acquiring cannot fail; if it failed, the call would go on without a limit.
            Some(semaphore) => semaphore.acquire_owned().await.ok(),
            None => None,
        };
        let id = message_id(&cx);
        let report = Report::open(&cx, self);
        let result = self.chat(request, cx).await;
        if let Some(report) = report {
            report.close(result.as_ref().map(std::iter::once));
        }
        let mut message = result?;
        message.id.get_or_insert(id);
        warn(&mut message.response_metadata, &mut warnings);
        Ok(message)
    }

    fn run_stream(&self, input: PromptValue, cx: RunContext) -> ChunkStream<AIMessage> {
        let (request, warnings) = match prepared(self, input, &cx) {
            Ok(prepared) => prepared,
            Err(error) => return stream::once(async { Err(error) }).boxed(),
        };
        let id = message_id(&cx);
        let is_asked = self.composition().is_none();
        let Some(semaphore) = cx.semaphore().filter(|_| is_asked) else {
            let report = Report::open(&cx, self);
            let chunks = self.stream_chat(request, cx.clone());
            let chunks = finished(Report::follow(report, chunks, Report::add_chunk), id, warnings);
            return match is_asked {
                true => ArrivingAnswer::follow(&cx, chunks, ArrivingAnswer::add_chunk),
                // The models inside follow their own answers.
                false => chunks,
            };
        };
        let model = dyn_clone::clone_box(self);
        let chunks = async move {
            let permit = semaphore.acquire_owned().await.ok();
            let report = Report::open(&cx, &*model);
            let chunks = model.stream_chat(request, cx.clone());
            let chunks = finished(Report::follow(report, chunks, Report::add_chunk), id, warnings);
            let chunks = ArrivingAnswer::follow(&cx, chunks, ArrivingAnswer::add_chunk);
            // The permit is returned when the last chunk is taken or the stream is dropped.
            let release = stream::once(async move { drop(permit) }).filter_map(|()| async { None });
            chunks.chain(release)
        };
        stream::once(chunks).flatten().boxed()
    }
}

/// Makes the request of a run, and the warnings about options that were left out of it.
pub(super) fn prepared<M: ChatModel + ?Sized>(
    model: &M,
    input: PromptValue,
    cx: &RunContext,
) -> Result<(ChatRequest, Vec<String>)> {
    sendable(&input)?;
    let mut request = ChatRequest::of_run(input, cx);
    let warnings = settle(model, &mut request)?;
    Ok((request, warnings))
}

/// Refuses the marker that removes a message from a history: a model cannot read it.
fn sendable(prompt: &PromptValue) -> Result<()> {
    match prompt
        .messages
        .iter()
        .position(|message| matches!(message, Message::Remove(_)))
    {
        None => Ok(()),
        Some(at) => {
            let detail = format!("`messages[{at}]` is a RemoveMessage, which cannot be sent to a model");
            Err(Error::new(ErrorKind::InvalidInput, detail))
        }
    }
}

pub(super) fn message_id(cx: &RunContext) -> String {
    let id = cx.run().map_or_else(|| cx.next_id(), |run| run.id);
    format!("{RUN_PREFIX}-{id}")
}

/// Sets the run's id on every chunk, and ends the stream with a chunk marked as the last one, or with an error.
fn finished(chunks: ChunkStream<AIMessage>, id: String, warnings: Vec<String>) -> ChunkStream<AIMessage> {
    struct State {
        chunks: ChunkStream<AIMessage>,
        id: AnswerId,
        warnings: Vec<String>,
        last: bool,
    }
    let state = State {
        chunks,
        id: AnswerId::new(id),
        warnings,
        last: false,
    };
    stream::unfold(Some(state), |state| async {
        let mut state = state?;
        match state.chunks.next().await {
            Some(Ok(mut chunk)) => {
                state.last |= chunk.chunk_position == Some(ChunkPosition::Last);
                state.id.put(&mut chunk);
                warn(&mut chunk.response_metadata, &mut state.warnings);
                Some((Ok(chunk), Some(state)))
            }
            Some(Err(error)) => Some((Err(error), None)),
            None if !state.id.has_begun() => Some((Err(nothing_came()), None)),
            None if state.last => None,
            None => Some((Ok(state.id.into_end()), None)),
        }
    })
    .boxed()
}
