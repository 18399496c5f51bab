//! [`TrimMessages`]: the part of a conversation that fits into a budget of tokens.

mod keep;

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;

use self::keep::Keep;
use crate::messages::{Message, MessageKind, TokenCounter};
use crate::{Error, ErrorKind, PromptValue, Result, RunContext, Runnable, StepInfo, impl_pipe};

/// Which end of a conversation [`TrimMessages`] keeps.
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
    /// The beginning.
    First,
    /// The end, which is what a model should go on from.
    #[default]
    Last,
}

/// Keeps the part of a conversation that fits into a budget of tokens. A step from a conversation to a shorter one.
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
/// a response to a preceding message with 'tool_calls'`). A cut between the two makes one. [`start_on`](Self::start_on) and
/// [`end_on`](Self::end_on) move the cut to where no pair is torn: begin with a human message, end with a human message or a tool's answer.
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
/// The messages are moved, never copied. An [additive](TokenCounter::is_additive) counter sees each message once at most, up to the first that does not
/// fit; any other is asked log n times for a list of at most n messages.
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
    /// Keeps the last messages that have at most so many tokens together.
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

    /// Which end to keep; default: the last messages.
    pub fn strategy(mut self, strategy: TrimStrategy) -> Self {
        self.strategy = strategy;
        self
    }

    /// Whether the message that does not fit whole may be cut; default: no.
    ///
    /// Of a list of parts as many as fit are kept, of a text as many lines as fit, from the kept end of the conversation.
    pub fn allow_partial(mut self, allow: bool) -> Self {
        self.allow_partial = allow;
        self
    }

    /// Drops what stands before the first message of these kinds that was kept; only with [`TrimStrategy::Last`].
    ///
    /// `start_on([MessageKind::Human])` keeps the answer of a tool from losing its call.
    pub fn start_on(mut self, kinds: impl IntoIterator<Item = MessageKind>) -> Self {
        self.start_on = kinds.into_iter().collect();
        self
    }

    /// Drops what stands behind the last message of these kinds: before counting with [`TrimStrategy::Last`], after it with
    /// [`TrimStrategy::First`].
    ///
    /// `end_on([MessageKind::Human, MessageKind::Tool])` keeps a call from losing its answer.
    pub fn end_on(mut self, kinds: impl IntoIterator<Item = MessageKind>) -> Self {
        self.end_on = kinds.into_iter().collect();
        self
    }

    /// Whether a system message at the beginning stays in any case, and counts first; only with [`TrimStrategy::Last`].
    pub fn include_system(mut self, include: bool) -> Self {
        self.include_system = include;
        self
    }

    /// How to split a text that is cut; default: into lines. The pieces together must be the text.
    pub fn text_splitter(mut self, split: impl Fn(&str) -> Vec<String> + Send + Sync + 'static) -> Self {
        self.splitter = Arc::new(split);
        self
    }

    /// What one message adds to a list.
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

/// Each line with its end; behind a last line end an empty one.
fn lines(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = text.split_inclusive('\n').map(str::to_owned).collect();
    if text.ends_with('\n') {
        lines.push(String::new());
    }
    lines
}

/// Keeps the part of a conversation that fits into a budget of tokens.
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
/// [`ErrorKind::InvalidInput`] for `start_on` or `include_system` with [`TrimStrategy::First`].
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
