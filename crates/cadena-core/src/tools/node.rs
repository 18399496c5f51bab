//! The step that runs the tools that a model calls.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use futures::future::{BoxFuture, FutureExt};
use futures::stream::{self, StreamExt, TryStreamExt};

use super::{AnyTool, IntoTools, known_names, unique};
use crate::messages::read_arguments;
use crate::run::layers::call;
use crate::{
    AIMessage, ChunkStream, DEFAULT_BATCH_CONCURRENCY, Error, ErrorKind, InvalidToolCall, Message, PromptValue, Result,
    RunContext, Runnable, RunnableExt, StepInfo, StreamMode, ToolCall, ToolCallKind, ToolMessage, ToolStatus,
    impl_pipe,
};

/// Makes a step that runs the calls of a message side by side and answers each with a [`ToolMessage`], in the order of the calls.
///
/// Every call gets an answer, because providers refuse a conversation with an open call. An unknown tool, arguments that do not fit and a call that was cut
/// off are answered with the reason; a tool that fails is treated as its [`OnToolError`](crate::OnToolError) sets. At most
/// [`RunConfig::max_concurrency`](crate::RunConfig::max_concurrency) calls run at once; default: [`DEFAULT_BATCH_CONCURRENCY`].
///
/// # Examples
///
/// ```
/// use cadena_core::{tool_fn, tool_node, AIMessage, RunnableExt, ToolCall, ToolContext};
/// use serde_json::{Value, json};
///
/// # futures::executor::block_on(async {
/// let now = tool_fn("now", "Tells the time.", json!({"type": "object"}), |_: Value, _: ToolContext| async {
///     Ok("12:00")
/// });
/// let mut message = AIMessage::new("");
/// message.tool_calls = ["now", "later"].map(|name| ToolCall::new(name, Default::default(), name)).into();
///
/// let answers = tool_node((now,))?.invoke(message).await?;
/// assert_eq!(answers[0].text(), "12:00");
/// assert_eq!(answers[1].text(), "there is no tool `later`; the tools are `now`");
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
///
/// # Errors
///
/// [`ErrorKind::InvalidInput`] if two tools have one name.
pub fn tool_node(tools: impl IntoTools) -> Result<ToolNode> {
    Ok(ToolNode {
        tools: unique(tools)?.into(),
    })
}

/// The step that runs the tools that a model calls; [`tool_node`] makes one.
///
/// # Examples
///
/// ```
/// use cadena_core::{tool_fn, tool_node, AIMessage, RunnableExt, ToolCall, ToolContext};
/// use serde_json::{Value, json};
///
/// # futures::executor::block_on(async {
/// let now = tool_fn("now", "Tells the time.", json!({"type": "object"}), |_: Value, _: ToolContext| async { Ok("12:00") });
/// let mut message = AIMessage::new("");
/// message.tool_calls.push(ToolCall::new("now", Default::default(), "call_1"));
/// let answers = tool_node((now,))?.invoke(message).await?;
/// assert_eq!(answers[0].text(), "12:00");
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
#[derive(Clone)]
#[must_use = "steps do nothing until they are invoked"]
pub struct ToolNode {
    tools: Arc<[AnyTool]>,
}

impl ToolNode {
    /// Returns the tools that the node runs.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{tool_fn, tool_node, ToolContext};
    /// use serde_json::{Value, json};
    ///
    /// let now = tool_fn("now", "Tells the time.", json!({"type": "object"}), |_: Value, _: ToolContext| async { Ok("12:00") });
    /// assert_eq!(tool_node((now,))?.tools()[0].name(), "now");
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    pub fn tools(&self) -> &[AnyTool] {
        &self.tools
    }

    /// The tool of a name.
    pub(crate) fn find(&self, name: &str) -> Option<&AnyTool> {
        self.tools.iter().find(|tool| tool.name() == name)
    }

    /// Makes a step over a whole conversation: it runs the calls of the last message and adds the answers after it.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{tool_fn, tool_node, AIMessage, RunnableExt, ToolCall, ToolContext};
    /// use serde_json::{Value, json};
    ///
    /// # futures::executor::block_on(async {
    /// let now = tool_fn("now", "Tells the time.", json!({"type": "object"}), |_: Value, _: ToolContext| async {
    ///     Ok("12:00")
    /// });
    /// let mut message = AIMessage::new("");
    /// message.tool_calls = vec![ToolCall::new("now", Default::default(), "call_1")];
    ///
    /// let conversation = tool_node((now,))?.on_messages().invoke(vec!["What time is it?".into(), message.into()]).await?;
    /// assert_eq!(conversation.messages[2].text(), "12:00");
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    #[must_use = "steps do nothing until they are invoked"]
    pub fn on_messages(self) -> impl Runnable<Input = PromptValue, Output = PromptValue> + Clone {
        ConversationNode { node: self }
    }

    /// The answers in the order of the calls, each as soon as it and those before it are ready.
    pub(crate) fn answers(
        &self,
        message: &AIMessage,
        cx: &RunContext,
    ) -> stream::BoxStream<'static, Result<ToolMessage>> {
        let limit = cx.max_concurrency().unwrap_or(DEFAULT_BATCH_CONCURRENCY);
        let calls = message.tool_calls.iter().cloned().map(|call| self.answer(call, cx));
        let invalid = message.invalid_tool_calls.iter().cloned().map(refuse);
        let answers: Vec<_> = calls.chain(invalid).collect();
        stream::iter(answers).buffered(limit).boxed()
    }

    fn answer(&self, request: ToolCall, cx: &RunContext) -> BoxFuture<'static, Result<ToolMessage>> {
        let Some(tool) = self.find(&request.name).cloned() else {
            let text = format!(
                "there is no tool `{}`; the tools are {}",
                short(&request.name),
                known_names(&self.tools)
            );
            return error_answer(text, request.name, request.id);
        };
        let cx = cx.clone();
        async move { call(&tool, request, cx).await }.boxed()
    }
}

/// Answers a call that cannot be read: providers refuse a conversation in which a call has no answer.
fn refuse(call: InvalidToolCall) -> BoxFuture<'static, Result<ToolMessage>> {
    let mut text = "the arguments are not a complete JSON object".to_owned();
    // LangChain leaves the reason out, and a model needs it to write the call again.
    let args = call.args.as_deref().filter(|_| call.kind == ToolCallKind::Function);
    let found = || read_arguments(args?, false).err();
    let reason = call.error.clone().or_else(|| Some(found()?.detail().to_owned()));
    if let Some(reason) = reason {
        text.push_str(": ");
        text.push_str(short(&reason));
    }
    error_answer(text, call.name.unwrap_or_default(), call.id)
}

fn error_answer(text: String, name: String, id: Option<String>) -> BoxFuture<'static, Result<ToolMessage>> {
    let mut message = ToolMessage::new(text, id.unwrap_or_default());
    message.name = Some(name);
    message.status = ToolStatus::Error;
    std::future::ready(Ok(message)).boxed()
}

/// The beginning of a text that may be of any length.
fn short(text: &str) -> &str {
    match text.char_indices().nth(200) {
        Some((end, _)) => text.get(..end).unwrap_or_default(),
        None => text,
    }
}

#[async_trait]
impl Runnable for ToolNode {
    type Input = AIMessage;
    type Output = Vec<ToolMessage>;

    fn describe(&self) -> StepInfo<'_> {
        StepInfo::of(self).streaming(StreamMode::StreamsOutput)
    }

    async fn run(&self, message: AIMessage, cx: RunContext) -> Result<Vec<ToolMessage>> {
        self.answers(&message, &cx).try_collect().await
    }

    fn run_stream(&self, message: AIMessage, cx: RunContext) -> ChunkStream<Vec<ToolMessage>> {
        // A message without calls gives an empty list, and a stream needs at least one chunk to add up to it.
        let none = message.tool_calls.is_empty() && message.invalid_tool_calls.is_empty();
        let empty = stream::iter(none.then(|| Ok(Vec::new())));
        empty
            .chain(self.answers(&message, &cx).map_ok(|answer| vec![answer]))
            .boxed()
    }
}

impl_pipe!(ToolNode);

impl fmt::Debug for ToolNode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ToolNode({})", known_names(&self.tools))
    }
}

#[derive(Clone, Debug)]
struct ConversationNode {
    node: ToolNode,
}

#[async_trait]
impl Runnable for ConversationNode {
    type Input = PromptValue;
    type Output = PromptValue;

    fn describe(&self) -> StepInfo<'_> {
        StepInfo::new(self.node.name())
    }

    async fn run(&self, mut conversation: PromptValue, cx: RunContext) -> Result<PromptValue> {
        let Some(Message::AI(message)) = conversation.messages.last() else {
            return Err(Error::new(
                ErrorKind::InvalidInput,
                "the last message is not a model's: there are no calls to run",
            ));
        };
        let mut answers = self.node.answers(message, &cx);
        while let Some(answer) = answers.try_next().await? {
            conversation.messages.push(answer.into());
        }
        Ok(conversation)
    }
}
