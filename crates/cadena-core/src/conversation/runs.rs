//! [`MergeMessageRuns`]: a step that merges messages of the same kind that follow each other.

use std::borrow::Cow;

use async_trait::async_trait;

use crate::messages::id::keep_better;
use crate::messages::spoken::merge_kwargs;
use crate::messages::{AIMessage, Content, Message, MessageChunk, ResponseMetadata};
use crate::{Error, Merge, PromptValue, Result, RunContext, Runnable, StepInfo, impl_pipe};

/// A step that merges messages of the same kind that follow each other into one.
///
/// Texts are joined with a separator, by default a line end; lists of parts are joined as they are. Answers of tools stay apart, as each answers
/// another call. The id and the `response_metadata` are those of the first message, and usage adds up. A merged message has no name, as its parts may
/// have several speakers.
///
/// # Examples
///
/// ```
/// use cadena_core::{EchoModel, MergeMessageRuns, Message, RunnableExt, merge_message_runs};
///
/// let history: Vec<Message> = vec!["hi".into(), "are you there?".into()];
/// let merged = merge_message_runs(history.clone(), &MergeMessageRuns::new())?;
/// assert_eq!(merged[0].text(), "hi\nare you there?");
///
/// # futures::executor::block_on(async {
/// let chain = MergeMessageRuns::new().chunk_separator(" ") | EchoModel::new();
/// assert_eq!(chain.invoke(history).await?.text(), "hi are you there?");
/// # Ok::<_, cadena_core::Error>(()) })?;
/// # Ok::<_, cadena_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "steps do nothing until they are invoked"]
pub struct MergeMessageRuns {
    separator: Cow<'static, str>,
}

impl MergeMessageRuns {
    /// Makes the step, which joins texts with a line end.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{MergeMessageRuns, merge_message_runs};
    ///
    /// let merged = merge_message_runs([("human", "hi"), ("human", "there"), ("ai", "Hello!")], &MergeMessageRuns::new())?;
    /// assert_eq!((merged.len(), &*merged[0].text()), (2, "hi\nthere"));
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    pub fn new() -> Self {
        Self {
            separator: Cow::Borrowed("\n"),
        }
    }

    /// Sets the separator between two texts; default: a line end.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{MergeMessageRuns, merge_message_runs};
    ///
    /// let merged = merge_message_runs([("human", "hi"), ("human", "there")], &MergeMessageRuns::new().chunk_separator(", "))?;
    /// assert_eq!(merged[0].text(), "hi, there");
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    pub fn chunk_separator(mut self, separator: impl Into<Cow<'static, str>>) -> Self {
        self.separator = separator.into();
        self
    }
}

impl Default for MergeMessageRuns {
    fn default() -> Self {
        Self::new()
    }
}

/// Merges messages of the same kind that follow each other into one.
///
/// # Examples
///
/// ```
/// use cadena_core::{ErrorKind, Message, MergeMessageRuns, merge_message_runs};
///
/// let two_roles: Vec<Message> = vec![("critic", "Too long.").into(), ("fan", "Great!").into()];
/// let error = merge_message_runs(two_roles, &MergeMessageRuns::new()).unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::Merge);
/// ```
///
/// # Errors
///
/// The function returns [`ErrorKind::Merge`](crate::ErrorKind::Merge) if two messages of one kind cannot be added: two roles, two functions, or
/// values under one key of `additional_kwargs` that do not add up.
pub fn merge_message_runs(messages: impl Into<PromptValue>, options: &MergeMessageRuns) -> Result<Vec<Message>> {
    let messages = messages.into().messages;
    let mut merged: Vec<Message> = Vec::with_capacity(messages.len());
    for (at, message) in messages.into_iter().enumerate() {
        match merged.last_mut() {
            Some(last) if continues(last, &message) => append(last, message, &options.separator).map_err(|error| {
                Error::new(
                    error.kind(),
                    format!("`messages[{at}]` and the message before it: {}", error.detail()),
                )
            })?,
            _ => merged.push(message),
        }
    }
    Ok(merged)
}

fn continues(last: &Message, next: &Message) -> bool {
    last.kind() == next.kind() && !matches!(next, Message::Tool(_) | Message::Remove(_))
}

fn append(last: &mut Message, mut next: Message, separator: &str) -> Result<()> {
    let both_are_texts = |left: &Content, right: &Content| matches!((left, right), (Content::Text(left), Content::Text(right)) if !left.is_empty() && !right.is_empty());
    let separated = both_are_texts(last.content(), next.content());
    if let (true, Some(Content::Text(text))) = (separated, last.content_mut()) {
        text.push_str(separator);
    }
    if let (Message::AI(last), Message::AI(next)) = (&mut *last, &mut next) {
        return append_ai(last, std::mem::take(next));
    }
    // The messages are moved out and in again, so that nothing is copied.
    let mut sum = MessageChunk::try_from(std::mem::replace(last, Message::from("")))?;
    let mut next = MessageChunk::try_from(next)?;
    match (&mut sum, &mut next) {
        (MessageChunk::Human(sum), MessageChunk::Human(next)) => {
            (sum.name, next.name, next.id) = (None, None, None);
            next.response_metadata = ResponseMetadata::default();
        }
        (MessageChunk::System(sum), MessageChunk::System(next)) => {
            (sum.name, next.name, next.id) = (None, None, None);
            next.response_metadata = ResponseMetadata::default();
        }
        (MessageChunk::Chat(sum), MessageChunk::Chat(next)) => {
            (sum.name, next.name, next.id) = (None, None, None);
            next.response_metadata = ResponseMetadata::default();
        }
        (_, MessageChunk::Function(next)) => {
            next.id = None;
            next.response_metadata = ResponseMetadata::default();
        }
        _ => {}
    }
    sum.merge(next)?;
    *last = sum.into();
    Ok(())
}

/// Appends a model's message to another. The tool calls are appended as they are: as chunks, they would have to be parsed again.
fn append_ai(last: &mut AIMessage, next: AIMessage) -> Result<()> {
    // Name every field: a new field must not compile before it has a rule.
    let AIMessage {
        content,
        tool_calls,
        invalid_tool_calls,
        usage_metadata,
        response_metadata: _,
        additional_kwargs,
        id,
        name: _,
        extra,
    } = next;
    last.content.merge(content)?;
    last.tool_calls.extend(tool_calls);
    last.invalid_tool_calls.extend(invalid_tool_calls);
    last.usage_metadata.merge(usage_metadata)?;
    merge_kwargs(&mut last.additional_kwargs, additional_kwargs)?;
    keep_better(&mut last.id, id);
    last.name = None;
    last.extra.merge(extra)
}

#[async_trait]
impl Runnable for MergeMessageRuns {
    type Input = PromptValue;
    type Output = PromptValue;

    fn describe(&self) -> StepInfo<'_> {
        StepInfo::new("merge_message_runs")
    }

    async fn run(&self, input: PromptValue, _cx: RunContext) -> Result<PromptValue> {
        merge_message_runs(input, self).map(PromptValue::new)
    }
}

impl_pipe!(MergeMessageRuns);
