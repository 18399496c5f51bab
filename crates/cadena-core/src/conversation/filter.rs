//! [`FilterMessages`]: a step that chooses messages by name, kind, id and tool call.

use async_trait::async_trait;

use crate::messages::{AIMessage, Content, ContentPart, Message, MessageKind};
use crate::{PromptValue, Result, RunContext, Runnable, StepInfo, impl_pipe};

/// A step that keeps some messages of a conversation, by name, kind, id and tool call.
///
/// The step keeps a message if no `exclude` matches it and, if there is any `include`, at least one `include` does. An empty list matches no message
/// and changes nothing.
///
/// # Examples
///
/// ```
/// use cadena_core::{EchoModel, FilterMessages, Message, MessageKind, RunnableExt, filter_messages};
///
/// let history: Vec<Message> = vec![("system", "Be brief.").into(), "hi".into(), ("ai", "Hello!").into()];
/// let filter = FilterMessages::new().exclude_types([MessageKind::AI]);
/// assert_eq!(filter_messages(history.clone(), &filter).len(), 2);
///
/// # futures::executor::block_on(async {
/// let chain = filter | EchoModel::new();
/// assert_eq!(chain.invoke(history).await?.text(), "hi");
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[must_use = "steps do nothing until they are invoked"]
pub struct FilterMessages {
    include: Choice,
    exclude: Choice,
    tool_calls: ToolCalls,
}

#[derive(Clone, Debug, Default, PartialEq)]
struct Choice {
    names: Vec<String>,
    kinds: Vec<MessageKind>,
    ids: Vec<String>,
}

impl Choice {
    fn is_empty(&self) -> bool {
        self.names.is_empty() && self.kinds.is_empty() && self.ids.is_empty()
    }

    fn fits(&self, message: &Message) -> bool {
        let among = |list: &[String], text: Option<&str>| text.is_some_and(|text| list.iter().any(|one| one == text));
        among(&self.names, message.name())
            || self.kinds.iter().any(|kind| kind.is(message))
            || among(&self.ids, message.id())
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
enum ToolCalls {
    #[default]
    Keep,
    DropAll,
    Drop(Vec<String>),
}

impl FilterMessages {
    /// Makes a filter that keeps every message.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{FilterMessages, filter_messages};
    ///
    /// assert_eq!(filter_messages("hi", &FilterMessages::new()).len(), 1);
    /// ```
    pub fn new() -> Self {
        Self::default()
    }

    /// Keeps messages of these speakers.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{FilterMessages, HumanMessage, Message, filter_messages};
    ///
    /// let history: Vec<Message> = vec![HumanMessage::new("hi").with_name("ann").into(), "hello".into()];
    /// let kept = filter_messages(history, &FilterMessages::new().include_names(["ann"]));
    /// assert_eq!((kept.len(), kept[0].name()), (1, Some("ann")));
    /// ```
    pub fn include_names<T: Into<String>>(mut self, names: impl IntoIterator<Item = T>) -> Self {
        self.include.names.extend(names.into_iter().map(Into::into));
        self
    }

    /// Drops messages of these speakers.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{FilterMessages, HumanMessage, Message, filter_messages};
    ///
    /// let history: Vec<Message> = vec![HumanMessage::new("hi").with_name("ann").into(), "hello".into()];
    /// let kept = filter_messages(history, &FilterMessages::new().exclude_names(["ann"]));
    /// assert_eq!((kept.len(), kept[0].name()), (1, None));
    /// ```
    pub fn exclude_names<T: Into<String>>(mut self, names: impl IntoIterator<Item = T>) -> Self {
        self.exclude.names.extend(names.into_iter().map(Into::into));
        self
    }

    /// Keeps messages of these kinds.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{FilterMessages, MessageKind, filter_messages};
    ///
    /// let filter = FilterMessages::new().include_types([MessageKind::Human]);
    /// let kept = filter_messages([("human", "hi"), ("ai", "Hello!")], &filter);
    /// assert_eq!((kept.len(), kept[0].kind()), (1, "human"));
    /// ```
    pub fn include_types(mut self, kinds: impl IntoIterator<Item = MessageKind>) -> Self {
        self.include.kinds.extend(kinds);
        self
    }

    /// Drops messages of these kinds.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{FilterMessages, MessageKind, filter_messages};
    ///
    /// let filter = FilterMessages::new().exclude_types([MessageKind::Human]);
    /// let kept = filter_messages([("human", "hi"), ("ai", "Hello!")], &filter);
    /// assert_eq!((kept.len(), kept[0].kind()), (1, "ai"));
    /// ```
    pub fn exclude_types(mut self, kinds: impl IntoIterator<Item = MessageKind>) -> Self {
        self.exclude.kinds.extend(kinds);
        self
    }

    /// Keeps messages with these ids.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{FilterMessages, HumanMessage, filter_messages};
    ///
    /// let message = HumanMessage::new("hi").with_id("msg_1");
    /// assert_eq!(filter_messages(message.clone(), &FilterMessages::new().include_ids(["msg_1"])).len(), 1);
    /// assert!(filter_messages(message, &FilterMessages::new().include_ids(["msg_2"])).is_empty());
    /// ```
    pub fn include_ids<T: Into<String>>(mut self, ids: impl IntoIterator<Item = T>) -> Self {
        self.include.ids.extend(ids.into_iter().map(Into::into));
        self
    }

    /// Drops messages with these ids.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{FilterMessages, HumanMessage, filter_messages};
    ///
    /// let message = HumanMessage::new("hi").with_id("msg_1");
    /// assert!(filter_messages(message, &FilterMessages::new().exclude_ids(["msg_1"])).is_empty());
    /// ```
    pub fn exclude_ids<T: Into<String>>(mut self, ids: impl IntoIterator<Item = T>) -> Self {
        self.exclude.ids.extend(ids.into_iter().map(Into::into));
        self
    }

    /// Drops a model's messages that call tools, and all answers of tools.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{AIMessage, FilterMessages, Message, ToolCall, ToolMessage, filter_messages};
    ///
    /// let mut call = AIMessage::new("");
    /// call.tool_calls = vec![ToolCall::new("weather", serde_json::Map::new(), "c1")];
    /// let history: Vec<Message> = vec!["Oslo?".into(), call.into(), ToolMessage::new("rain", "c1").into(), ("ai", "It rains.").into()];
    /// let kept = filter_messages(history, &FilterMessages::new().exclude_all_tool_calls());
    /// assert_eq!(kept.iter().map(|message| message.kind()).collect::<Vec<_>>(), ["human", "ai"]);
    /// ```
    pub fn exclude_all_tool_calls(mut self) -> Self {
        self.tool_calls = ToolCalls::DropAll;
        self
    }

    /// Drops these calls and their answers, and a model's message when no call of it is left.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{AIMessage, FilterMessages, Message, ToolCall, ToolMessage, filter_messages};
    ///
    /// let mut calls = AIMessage::new("");
    /// calls.tool_calls = ["c1", "c2"].map(|id| ToolCall::new("weather", serde_json::Map::new(), id)).into();
    /// let history: Vec<Message> = vec![calls.into(), ToolMessage::new("rain", "c1").into(), ToolMessage::new("snow", "c2").into()];
    /// let kept = filter_messages(history, &FilterMessages::new().exclude_tool_calls(["c1"]));
    /// assert_eq!((kept.len(), &*kept[1].text()), (2, "snow"));
    /// ```
    pub fn exclude_tool_calls<T: Into<String>>(mut self, ids: impl IntoIterator<Item = T>) -> Self {
        self.tool_calls = ToolCalls::Drop(ids.into_iter().map(Into::into).collect());
        self
    }

    fn keep(&self, message: Message) -> Option<Message> {
        if self.exclude.fits(&message) {
            return None;
        }
        let message = self.tool_calls.keep(message)?;
        (self.include.is_empty() || self.include.fits(&message)).then_some(message)
    }
}

impl ToolCalls {
    fn keep(&self, message: Message) -> Option<Message> {
        match (self, message) {
            (Self::DropAll, Message::Tool(_)) => None,
            (Self::DropAll, Message::AI(ai)) if !ai.tool_calls.is_empty() => None,
            (Self::Drop(ids), Message::Tool(tool)) if ids.contains(&tool.tool_call_id) => None,
            (Self::Drop(ids), Message::AI(ai)) if !ai.tool_calls.is_empty() => without_calls(ai, ids),
            (_, message) => Some(message),
        }
    }
}

fn without_calls(mut message: AIMessage, ids: &[String]) -> Option<Message> {
    let dropped = |id: Option<&str>| id.is_some_and(|id| ids.iter().any(|one| one == id));
    message.tool_calls.retain(|call| !dropped(call.id.as_deref()));
    if message.tool_calls.is_empty() {
        return None;
    }
    if let Content::Parts(parts) = &mut message.content {
        // In Anthropic's form, the content has the call too.
        parts.retain(|part| match part {
            ContentPart::Block(block) if part.block_type() == Some("tool_use") => {
                !dropped(block.get("id").and_then(|id| id.as_str()))
            }
            _ => true,
        });
    }
    Some(message.into())
}

/// Returns the messages that a filter keeps.
///
/// # Examples
///
/// ```
/// use cadena_core::{FilterMessages, HumanMessage, filter_messages};
///
/// let history = vec![HumanMessage::new("hi").with_id("1").into(), HumanMessage::new("again").with_id("2").into()];
/// let kept = filter_messages(history, &FilterMessages::new().include_ids(["2"]));
/// assert_eq!(kept[0].text(), "again");
/// ```
#[must_use]
pub fn filter_messages(messages: impl Into<PromptValue>, filter: &FilterMessages) -> Vec<Message> {
    messages
        .into()
        .messages
        .into_iter()
        .filter_map(|message| filter.keep(message))
        .collect()
}

#[async_trait]
impl Runnable for FilterMessages {
    type Input = PromptValue;
    type Output = PromptValue;

    fn describe(&self) -> StepInfo<'_> {
        StepInfo::new("filter_messages")
    }

    async fn run(&self, input: PromptValue, _cx: RunContext) -> Result<PromptValue> {
        Ok(PromptValue::new(filter_messages(input, self)))
    }
}

impl_pipe!(FilterMessages);
