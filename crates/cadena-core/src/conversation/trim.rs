//! [`TrimMessages`]: a step that keeps the part of a conversation that fits into a budget of tokens.

mod keep;

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;

use self::keep::Keep;
use crate::messages::{Message, MessageKind, TokenCounter};
use crate::{Error, ErrorKind, PromptValue, Result, RunContext, Runnable, StepInfo, impl_pipe};

/// The end of a conversation that [`TrimMessages`] keeps.
///
/// # Examples
///
/// ```
/// use cadena_core::{Message, MessageCounter, TrimMessages, TrimStrategy, trim_messages};
///
/// let history: Vec<Message> = vec!["first".into(), "last".into()];
/// let trim = TrimMessages::new(1, MessageCounter).strategy(TrimStrategy::First);
/// assert_eq!(trim_messages(history, &trim)?[0].text(), "first");
/// # Ok::<_, cadena_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TrimStrategy {
    /// The first messages.
    First,
    /// The last messages, from which a model should continue.
    #[default]
    Last,
}

/// A step that keeps the part of a conversation that fits into a budget of tokens.
///
/// # Examples
///
/// ```
/// use cadena_core::{EchoModel, Message, MessageKind, RunnableExt, TrimMessages, WordCounter, trim_messages};
///
/// let history: Vec<Message> = vec![
///     ("system", "Be brief.").into(),
///     ("human", "Why is the sky blue?").into(),
///     ("ai", "It scatters blue light.").into(),
///     ("human", "And why red at night?").into(),
/// ];
/// let trim = TrimMessages::new(8, WordCounter).include_system(true).start_on([MessageKind::Human]);
/// let kept = trim_messages(history.clone(), &trim)?;
/// assert_eq!(kept.iter().map(Message::kind).collect::<Vec<_>>(), ["system", "human"]);
///
/// # futures::executor::block_on(async {
/// let chain = trim | EchoModel::new();
/// assert_eq!(chain.invoke(history).await?.text(), "And why red at night?");
/// # Ok::<_, cadena_core::Error>(()) })?;
/// # Ok::<_, cadena_core::Error>(())
/// ```
///
/// # Example: tool calls and their answers
///
/// Servers refuse a conversation in which a tool's answer has lost its call, or a call its answer (a 400 such as `messages with role 'tool' must be
/// a response to a preceding message with 'tool_calls'`). A cut between the two makes such a conversation. [`start_on`](Self::start_on) and
/// [`end_on`](Self::end_on) move the cut to a place that separates no pair: begin with a human message, end with a human message or a tool's answer.
///
/// ```
/// use cadena_core::{AIMessage, Message, MessageCounter, MessageKind, ToolCall, ToolMessage, TrimMessages, trim_messages};
///
/// let mut call = AIMessage::new("");
/// call.tool_calls = vec![ToolCall::new("weather", serde_json::Map::new(), "c1")];
/// let history: Vec<Message> = vec![
///     "How is the weather in Oslo?".into(),
///     call.into(),
///     ToolMessage::new("rain", "c1").into(),
///     ("ai", "It rains.").into(),
///     "And tomorrow?".into(),
/// ];
/// let kinds = |trim: &TrimMessages| -> cadena_core::Result<Vec<&'static str>> {
///     Ok(trim_messages(history.clone(), trim)?.iter().map(Message::kind).collect())
/// };
///
/// // Wrong: the answer of the tool has lost its call.
/// let trim = TrimMessages::new(3, MessageCounter);
/// assert_eq!(kinds(&trim)?, ["tool", "ai", "human"]);
/// // Right.
/// let trim = trim.start_on([MessageKind::Human]).end_on([MessageKind::Human, MessageKind::Tool]);
/// assert_eq!(kinds(&trim)?, ["human"]);
/// # Ok::<_, cadena_core::Error>(())
/// ```
///
/// # Cost
///
/// The messages are moved, never copied. An [additive](TokenCounter::is_additive) counter counts each message once at most, up to the first that does
/// not fit; any other counter counts a list of at most n messages log n times.
#[derive(Clone)]
#[must_use = "steps do nothing until they are invoked"]
pub struct TrimMessages {
    max_tokens: usize,
    counter: Arc<dyn TokenCounter>,
    strategy: TrimStrategy,
    allow_partial: bool,
    start_on: Vec<MessageKind>,
    end_on: Vec<MessageKind>,
    include_system: bool,
    splitter: Splitter,
}

type Splitter = Arc<dyn Fn(&str) -> Vec<String> + Send + Sync>;

impl TrimMessages {
    /// Makes a step that keeps the last messages with at most so many tokens together.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{MessageCounter, TrimMessages, trim_messages};
    ///
    /// let kept = trim_messages([("human", "hi"), ("ai", "Hello!")], &TrimMessages::new(1, MessageCounter))?;
    /// assert_eq!(kept[0].text(), "Hello!");
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    pub fn new(max_tokens: usize, counter: impl TokenCounter + 'static) -> Self {
        Self {
            max_tokens,
            counter: Arc::new(counter),
            strategy: TrimStrategy::default(),
            allow_partial: false,
            start_on: Vec::new(),
            end_on: Vec::new(),
            include_system: false,
            splitter: Arc::new(lines),
        }
    }

    /// Sets the end to keep; default: the last messages.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{MessageCounter, TrimMessages, TrimStrategy, trim_messages};
    ///
    /// let trim = TrimMessages::new(1, MessageCounter).strategy(TrimStrategy::First);
    /// assert_eq!(trim_messages([("human", "hi"), ("ai", "Hello!")], &trim)?[0].text(), "hi");
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    pub fn strategy(mut self, strategy: TrimStrategy) -> Self {
        self.strategy = strategy;
        self
    }

    /// Sets whether the message that does not fit whole may be cut; default: no.
    ///
    /// The step keeps as many parts of a list as fit, and as many lines of a text, from the kept end of the conversation.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{TrimMessages, WordCounter, trim_messages};
    ///
    /// let trim = TrimMessages::new(2, WordCounter).allow_partial(true);
    /// assert_eq!(trim_messages("one two\nthree four", &trim)?[0].text(), "three four");
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    pub fn allow_partial(mut self, allow: bool) -> Self {
        self.allow_partial = allow;
        self
    }

    /// Drops the kept messages before the first message of these kinds; only with [`TrimStrategy::Last`].
    ///
    /// `start_on([MessageKind::Human])` keeps the answer of a tool from losing its call.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{MessageCounter, MessageKind, TrimMessages, trim_messages};
    ///
    /// let trim = TrimMessages::new(2, MessageCounter).start_on([MessageKind::Human]);
    /// let kept = trim_messages([("human", "hi"), ("ai", "Hello!"), ("human", "Bye.")], &trim)?;
    /// assert_eq!((kept.len(), &*kept[0].text()), (1, "Bye."));
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    pub fn start_on(mut self, kinds: impl IntoIterator<Item = MessageKind>) -> Self {
        self.start_on = kinds.into_iter().collect();
        self
    }

    /// Drops the messages after the last message of these kinds.
    ///
    /// With [`TrimStrategy::Last`] the step drops them before it counts, and with [`TrimStrategy::First`] afterwards.
    /// `end_on([MessageKind::Human, MessageKind::Tool])` keeps a call from losing its answer.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{MessageCounter, MessageKind, TrimMessages, trim_messages};
    ///
    /// let trim = TrimMessages::new(2, MessageCounter).end_on([MessageKind::Human]);
    /// let kept = trim_messages([("human", "hi"), ("ai", "Hello!")], &trim)?;
    /// assert_eq!((kept.len(), &*kept[0].text()), (1, "hi"));
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    pub fn end_on(mut self, kinds: impl IntoIterator<Item = MessageKind>) -> Self {
        self.end_on = kinds.into_iter().collect();
        self
    }

    /// Sets whether a system message at the beginning always stays, and counts first; only with [`TrimStrategy::Last`]. Default: no.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{MessageCounter, TrimMessages, trim_messages};
    ///
    /// let trim = TrimMessages::new(2, MessageCounter).include_system(true);
    /// let kept = trim_messages([("system", "Be brief."), ("human", "hi"), ("ai", "Hello!")], &trim)?;
    /// assert_eq!(kept.iter().map(|message| message.kind()).collect::<Vec<_>>(), ["system", "ai"]);
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    pub fn include_system(mut self, include: bool) -> Self {
        self.include_system = include;
        self
    }

    /// Sets the function that splits a text that is cut; default: into lines.
    ///
    /// The pieces together must be the text.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{TrimMessages, WordCounter, trim_messages};
    ///
    /// let words = |text: &str| text.split_inclusive(' ').map(str::to_owned).collect::<Vec<_>>();
    /// let trim = TrimMessages::new(2, WordCounter).allow_partial(true).text_splitter(words);
    /// assert_eq!(trim_messages("one two three", &trim)?[0].text(), "two three");
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    pub fn text_splitter(mut self, split: impl Fn(&str) -> Vec<String> + Send + Sync + 'static) -> Self {
        self.splitter = Arc::new(split);
        self
    }

    /// Returns the tokens that one message adds to a list.
    fn count_one(&self, message: &Message) -> usize {
        self.counter
            .count(std::slice::from_ref(message))
            .saturating_sub(self.counter.overhead())
    }

    fn check(&self) -> Result<()> {
        let only_last = |what| {
            Err(Error::new(
                ErrorKind::InvalidInput,
                format!("`{what}` needs the strategy `last`"),
            ))
        };
        match self.strategy {
            TrimStrategy::First if !self.start_on.is_empty() => only_last("start_on"),
            TrimStrategy::First if self.include_system => only_last("include_system"),
            TrimStrategy::First | TrimStrategy::Last => Ok(()),
        }
    }
}

/// Returns each line with its end, and an empty line after a last line end.
fn lines(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = text.split_inclusive('\n').map(str::to_owned).collect();
    if text.ends_with('\n') {
        lines.push(String::new());
    }
    lines
}

/// Returns the part of a conversation that fits into a budget of tokens.
///
/// # Examples
///
/// ```
/// use cadena_core::{ApproximateCounter, Message, TrimMessages, trim_messages};
///
/// let history: Vec<Message> = vec!["a long question about the sky".into(), ("ai", "Blue.").into()];
/// let kept = trim_messages(history, &TrimMessages::new(8, ApproximateCounter::new()))?;
/// assert_eq!(kept[0].text(), "Blue.");
/// # Ok::<_, cadena_core::Error>(())
/// ```
///
/// # Errors
///
/// The function returns [`ErrorKind::InvalidInput`] for `start_on` or `include_system` with [`TrimStrategy::First`].
pub fn trim_messages(messages: impl Into<PromptValue>, trim: &TrimMessages) -> Result<Vec<Message>> {
    trim.check()?;
    let mut messages = messages.into().messages;
    let mut budget = trim.max_tokens;
    let mut system = None;
    let mut outer = &trim.end_on;
    if trim.strategy == TrimStrategy::Last {
        outer = &trim.start_on;
        if !trim.end_on.is_empty() {
            let kept = messages
                .iter()
                .rposition(|message| trim.end_on.iter().any(|kind| kind.is(message)));
            messages.truncate(kept.map_or(0, |at| at + 1));
        }
        if trim.include_system && matches!(messages.first(), Some(Message::System(_))) {
            let message = messages.remove(0);
            budget = budget.saturating_sub(trim.count_one(&message));
            system = Some(message);
        }
    }
    let mut kept = Keep::new(trim, messages, budget).run(outer);
    if let Some(system) = system {
        kept.insert(0, system);
    }
    Ok(kept)
}

#[async_trait]
impl Runnable for TrimMessages {
    type Input = PromptValue;
    type Output = PromptValue;

    fn describe(&self) -> StepInfo<'_> {
        StepInfo::new("trim_messages")
    }

    async fn run(&self, input: PromptValue, _cx: RunContext) -> Result<PromptValue> {
        trim_messages(input, self).map(PromptValue::new)
    }
}

impl_pipe!(TrimMessages);

impl fmt::Debug for TrimMessages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TrimMessages")
            .field("max_tokens", &self.max_tokens)
            .field("strategy", &self.strategy)
            .field("allow_partial", &self.allow_partial)
            .field("start_on", &self.start_on)
            .field("end_on", &self.end_on)
            .field("include_system", &self.include_system)
            .finish_non_exhaustive()
    }
}
