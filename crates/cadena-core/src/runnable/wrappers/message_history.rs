//! A step that remembers the conversation.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use futures::future::FutureExt;

use crate::history::{ChatMessageHistory, HistoryInput, HistoryKeys, HistoryOutput, SESSION_ID};
use crate::run::layers::{call, call_stream};
use crate::runnable::{Runnable, RunnableExt, StepInfo};
use crate::stream::{kept, later};
use crate::{
    AIMessageChunk, ChunkStream, ConfigKey, Dict, Error, ErrorKind, Message, Result, RunContext, RunKind, Streamable,
    impl_pipe,
};

/// A step that remembers the conversation; [`RunnableExt::with_message_history`](crate::RunnableExt::with_message_history) makes one.
///
/// Each call names its session, by [`SESSION_ID`]. The messages of the session are put before those of the input; when the answer is complete, the new
/// messages and the answer are stored together. In a stream the chunks pass through as they come, with their log probabilities, and the turn is
/// stored at the end: poll the stream until it returns `None`.
///
/// An error, a cancelled call and a stream that is dropped store nothing. Calls of one session may run at once: no message is lost and each turn stays
/// together, in the order in which the answers were complete, but none of these calls sees the others.
///
/// The input is a [`PromptValue`](crate::PromptValue), a list of messages, a [`Dict`] or any [`HistoryInput`]; the output an [`AIMessage`](crate::AIMessage), a text, a list of messages, a
/// [`Dict`] or any [`HistoryOutput`]. It is a run, in which the step is one, and waits for its whole input.
///
/// # Errors
///
/// [`Config`](ErrorKind::Config) if the call has no session; the error of the history if it cannot be read; [`Storage`](ErrorKind::Storage) if the turn cannot be stored:
/// then the answer is in [`partial()`](Error::partial), and in a stream it has already arrived.
///
/// # Examples
///
/// ```
/// use cadena_core::{dict, lambda, AIMessage, ChatPromptTemplate, InMemoryChatMessageHistory, MessagesPlaceholder, PromptValue, RunConfig, RunnableExt, SESSION_ID};
///
/// # futures::executor::block_on(async {
/// let count = lambda(|prompt: PromptValue| AIMessage::new(format!("I see {} messages", prompt.messages.len())));
/// let prompt = ChatPromptTemplate::new().system("Be brief.")?.placeholder(MessagesPlaceholder::new("history")).human("{question}")?;
/// let chat = (prompt | count).with_message_history(InMemoryChatMessageHistory::new()).input_key("question").history_key("history");
///
/// let session = RunConfig::new().set(SESSION_ID, "chat-1".to_owned());
/// assert_eq!(chat.invoke_with(dict! {"question": "hi"}, session.clone()).await?.text(), "I see 2 messages");
/// assert_eq!(chat.invoke_with(dict! {"question": "more"}, session).await?.text(), "I see 4 messages");
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
#[must_use = "steps do nothing until they are invoked"]
#[doc(alias = "RunnableWithMessageHistory")]
pub struct MessageHistory<R> {
    step: Arc<R>,
    history: Arc<dyn ChatMessageHistory>,
    keys: Arc<HistoryKeys>,
    session: ConfigKey<String>,
}

impl<R: Runnable> MessageHistory<R> {
    pub(in crate::runnable) fn new(step: R, history: impl ChatMessageHistory) -> Self {
        Self {
            step: Arc::new(step),
            history: Arc::new(history),
            keys: Arc::default(),
            session: SESSION_ID,
        }
    }

    /// Sets the key that names the session of a call; default: [`SESSION_ID`].
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{ConfigKey, EchoModel, InMemoryChatMessageHistory, RunConfig, RunnableExt};
    ///
    /// const CHAT: ConfigKey<String> = ConfigKey::new("chat");
    ///
    /// # futures::executor::block_on(async {
    /// let history = InMemoryChatMessageHistory::new();
    /// let chat = EchoModel::new().with_message_history(history.clone()).session_key(CHAT);
    /// chat.invoke_with("hi", RunConfig::new().set(CHAT, "chat-1".to_owned())).await?;
    /// assert_eq!(history.sessions(), ["chat-1"]);
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    pub fn session_key(mut self, key: ConfigKey<String>) -> Self {
        self.session = key;
        self
    }

    fn session(&self, cx: &RunContext) -> Result<String> {
        let name = self.session.name();
        match cx.configured(self.session) {
            Some(id) if !id.is_empty() => Ok(id.clone()),
            found => {
                let what = found.map_or("is not set", |_| "is empty");
                let detail = format!("`{name}` {what}: a step with message history belongs to a session");
                let hint = "say which one in the call: `RunConfig::new().set(SESSION_ID, …)`";
                Err(Error::new(ErrorKind::Config, detail).with_hint(hint))
            }
        }
    }
}

impl<R: Runnable<Input = Dict>> MessageHistory<R> {
    /// Sets the key of the new messages in the input; default: its only key, else `input`.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{Dict, InMemoryChatMessageHistory, RunConfig, RunnableExt, SESSION_ID, dict, lambda};
    ///
    /// # futures::executor::block_on(async {
    /// let count = lambda(|input: Dict| input["question"].as_array().map_or(0, Vec::len).to_string());
    /// let chat = count.with_message_history(InMemoryChatMessageHistory::new()).input_key("question");
    /// let session = RunConfig::new().set(SESSION_ID, "chat-1".to_owned());
    /// assert_eq!(chat.invoke_with(dict! {"question": "hi", "language": "en"}, session.clone()).await?, "1");
    /// assert_eq!(chat.invoke_with(dict! {"question": "more", "language": "en"}, session).await?, "3");
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    pub fn input_key(mut self, key: impl Into<String>) -> Self {
        Arc::make_mut(&mut self.keys).input = Some(key.into());
        self
    }

    /// Sets the key that gets the earlier messages; default: they stand before the new ones, under their key.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{Dict, InMemoryChatMessageHistory, RunConfig, RunnableExt, SESSION_ID, dict, lambda};
    ///
    /// # futures::executor::block_on(async {
    /// let count = lambda(|input: Dict| input["earlier"].as_array().map_or(0, Vec::len).to_string());
    /// let chat = count.with_message_history(InMemoryChatMessageHistory::new()).history_key("earlier");
    /// let session = RunConfig::new().set(SESSION_ID, "chat-1".to_owned());
    /// assert_eq!(chat.invoke_with(dict! {"input": "hi"}, session.clone()).await?, "0");
    /// assert_eq!(chat.invoke_with(dict! {"input": "more"}, session).await?, "2");
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    pub fn history_key(mut self, key: impl Into<String>) -> Self {
        Arc::make_mut(&mut self.keys).history = Some(key.into());
        self
    }
}

impl<R: Runnable<Output = Dict>> MessageHistory<R> {
    /// Sets the key of the answer in the output; default: its only key, else `output`.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{ChatMessageHistory, Dict, InMemoryChatMessageHistory, RunConfig, RunnableExt, SESSION_ID, dict, lambda};
    ///
    /// # futures::executor::block_on(async {
    /// let history = InMemoryChatMessageHistory::new();
    /// let greet = lambda(|_: Dict| dict! {"answer": "Hello!", "language": "en"});
    /// let chat = greet.with_message_history(history.clone()).output_key("answer");
    /// chat.invoke_with(dict! {"input": "hi"}, RunConfig::new().set(SESSION_ID, "chat-1".to_owned())).await?;
    /// let messages = history.messages("chat-1").await?;
    /// assert_eq!(messages[1].text(), "Hello!");
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    pub fn output_key(mut self, key: impl Into<String>) -> Self {
        Arc::make_mut(&mut self.keys).output = Some(key.into());
        self
    }
}

impl<R: Runnable<Input: HistoryInput, Output: HistoryOutput>> MessageHistory<R> {
    /// The input with its history, and what to store with the answer.
    async fn load(&self, input: R::Input, cx: &RunContext) -> Result<(R::Input, Turn)> {
        let session = self.session(cx)?;
        let history = self.history.messages(&session).await?;
        let (input, messages) = input.with_history(history, &self.keys)?;
        let turn = Turn {
            history: Arc::clone(&self.history),
            keys: Arc::clone(&self.keys),
            session,
            messages,
        };
        Ok((input, turn))
    }
}

/// One question and, in the end, its answer.
struct Turn {
    history: Arc<dyn ChatMessageHistory>,
    keys: Arc<HistoryKeys>,
    session: String,
    messages: Vec<Message>,
}

impl Turn {
    /// Stores the question with the answer.
    async fn save(mut self, answer: Vec<Message>) -> Result<()> {
        self.messages.extend(answer.iter().cloned());
        self.history
            .append(&self.session, self.messages)
            .await
            .map_err(|error| unsaved(error, &answer))
    }
}

/// The answer was paid for: it is in the error, and trying the whole step again would pay for another one.
fn unsaved(error: Error, answer: &[Message]) -> Error {
    let partial: AIMessageChunk = answer
        .iter()
        .filter_map(Message::as_ai)
        .map(|message| message.clone().into_chunk())
        .sum();
    Error::new(ErrorKind::Storage, "the turn cannot be stored in the message history")
        .with_hint("the answer is in `partial()`")
        .with_retryable(false)
        .with_partial(partial)
        .with_source(error)
}

#[deny(clippy::missing_trait_methods, reason = "a wrapper is what it wraps")]
#[async_trait]
impl<R: Runnable<Input: HistoryInput, Output: HistoryOutput>> Runnable for MessageHistory<R> {
    type Input = R::Input;
    type Output = R::Output;

    fn describe(&self) -> StepInfo<'_> {
        StepInfo::new("RunnableWithMessageHistory")
            .kind(RunKind::Chain)
            .streaming_with(|| self.step.streaming().waiting())
            .graph(|| self.step.graph().noted("history", true).waiting())
            .model(|| self.step.model_setup())
    }

    async fn run(&self, input: R::Input, cx: RunContext) -> Result<R::Output> {
        let (input, turn) = self.load(input, &cx).await?;
        let output = call(&*self.step, input, cx).await?;
        turn.save(output.answer(&self.keys)?).await?;
        Ok(output)
    }

    fn run_stream(&self, input: R::Input, cx: RunContext) -> ChunkStream<R::Output> {
        let this = self.clone();
        later(self.name().into_owned(), async move {
            let (input, turn) = this.load(input, &cx).await?;
            let name = this.name().into_owned();
            Ok(stored::<R::Output>(call_stream(&*this.step, input, cx), turn, name))
        })
    }

    fn run_transform(&self, input: ChunkStream<R::Input>, cx: RunContext) -> ChunkStream<R::Output> {
        crate::runnable::wait_for_input(self, input, cx)
    }
}

/// Passes chunks through and stores what they add up to, between the last one and the end.
fn stored<O: HistoryOutput>(chunks: ChunkStream<O>, turn: Turn, name: String) -> ChunkStream<O> {
    kept::<O>(chunks, move |sum| {
        let answer = whole::<O>(sum, &turn.keys);
        async move {
            let saved = match answer {
                Ok(Some(answer)) => turn.save(answer).await,
                Ok(None) => Ok(()),
                Err(error) => Err(error),
            };
            saved.map_err(|error| error.in_step(name))
        }
        .boxed()
    })
}

/// The answer that the chunks add up to; a stream without a chunk has none that could be stored.
fn whole<O: HistoryOutput>(sum: Option<O::Chunk>, keys: &HistoryKeys) -> Result<Option<Vec<Message>>> {
    let output = sum.map(O::from_chunk).transpose()?.or_else(O::empty);
    output.map(|output| output.answer(keys)).transpose()
}

impl_pipe!(MessageHistory<R>, for <R: HistoryStep>);

/// A step whose conversation can be remembered; a single bound for the `|` of [`MessageHistory`].
#[doc(hidden)]
pub trait HistoryStep: Runnable<Input: HistoryInput, Output: HistoryOutput> {}

impl<R: Runnable<Input: HistoryInput, Output: HistoryOutput>> HistoryStep for R {}

impl<R> Clone for MessageHistory<R> {
    fn clone(&self) -> Self {
        Self {
            step: Arc::clone(&self.step),
            history: Arc::clone(&self.history),
            keys: Arc::clone(&self.keys),
            session: self.session,
        }
    }
}

impl<R: Runnable> fmt::Debug for MessageHistory<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MessageHistory")
            .field("step", &self.step.name())
            .field("keys", &self.keys)
            .field("session", &self.session)
            .finish_non_exhaustive()
    }
}
