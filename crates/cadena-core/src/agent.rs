//! Agents: a model that calls tools until it has an answer.

mod chunk;
pub use chunk::{AgentChunk, AgentPart};
mod output;
pub use output::AgentOutput;
mod partial;
pub use partial::PartialConversation;
mod conversation;
mod turns;

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use futures::stream::{self, StreamExt};

use self::turns::{Ask, Turns};
use crate::tools::{ToolNode, ToolOptions, tool_node};
use crate::{
    BindTools, ChatModel, ChunkStream, Error, ErrorKind, IntoTools, Message, PromptValue, Result, RunContext, Runnable,
    StepInfo, StreamMode, SystemMessage, ToChatModel, ToolMessage, ToolStatus, fold, impl_pipe,
};

/// Makes an agent: a model that may call these tools, reads their answers, and goes on until it calls none.
///
/// An agent is a step from a conversation to an [`AgentOutput`], which holds the whole conversation. Its stream gives the model's tokens, the calls
/// before their tools run, and the answers of the tools, in [`AgentChunk`]s that add up to the output.
///
/// A tool that fails answers the model as its [`OnToolError`](crate::OnToolError) sets. An unknown tool, wrong arguments and a call that was
/// cut off are answered with an error that the model reads. The agent ends when the model calls nothing, when every tool of a turn has answered and is `return_direct`, or with an error.
///
/// # Examples
///
/// ```
/// use cadena_core::{agent, tool_fn, RunnableExt, ToolContext};
/// use cadena_testing::ScriptedModel;
/// use serde_json::{Value, json};
///
/// # futures::executor::block_on(async {
/// let now = tool_fn("now", "Tells the time.", json!({"type": "object"}), |_: Value, _: ToolContext| async { Ok("12:00") });
/// let model = ScriptedModel::new().call("now", json!({})).say("It is noon."); // stands for a real one
/// let clock = agent(model, (now,))?.with_system_prompt("You are a clock.");
///
/// let output = clock.invoke("What time is it?").await?;
/// assert_eq!(output.text(), "It is noon.");
/// assert_eq!(output.messages.len(), 4); // question, call, answer of the tool, answer
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
///
/// # Errors
///
/// `agent` itself fails as [`BindTools::bind_tools`] does.
///
/// A run fails with the error of the model, with the error of a tool that [stops](crate::OnToolError::Stop) the run, or with [`LimitExceeded`](ErrorKind::LimitExceeded) if
/// [`with_max_model_calls`](Agent::with_max_model_calls) is reached, or [`RunConfig::recursion_limit`](crate::RunConfig::recursion_limit) by agents that call each other.
/// [`Error::partial_conversation`] returns the conversation until then.
pub fn agent(model: impl ToChatModel, tools: impl IntoTools) -> Result<Agent> {
    let model: Arc<dyn ChatModel> = Arc::new(model.to_chat_model());
    Agent {
        bound: Arc::clone(&model),
        model,
        node: tool_node(tools)?,
        system_prompt: None,
        max_model_calls: Agent::DEFAULT_MAX_MODEL_CALLS,
    }
    .with_tool_options(ToolOptions::new())
}

/// A model that calls tools until it has an answer; [`agent`] makes one.
///
/// # Examples
///
/// ```
/// use cadena_core::{agent, Agent, EchoModel, RunnableExt};
///
/// # futures::executor::block_on(async {
/// let echo: Agent = agent(EchoModel::new(), ())?;
/// let output = echo.invoke("hi").await?;
/// assert_eq!((output.text().as_ref(), output.messages.len()), ("hi", 2));
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
#[derive(Clone)]
#[must_use = "steps do nothing until they are invoked"]
pub struct Agent {
    model: Arc<dyn ChatModel>,
    /// The model with the tools.
    bound: Arc<dyn ChatModel>,
    node: ToolNode,
    system_prompt: Option<Arc<str>>,
    max_model_calls: u32,
}

impl Agent {
    /// The default of [`with_max_model_calls`](Self::with_max_model_calls).
    pub const DEFAULT_MAX_MODEL_CALLS: u32 = 25;

    /// Puts a system message before the conversation each time the model is asked; default: no such message. It is not part of the output.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{agent, RunnableExt};
    /// use cadena_testing::ScriptedModel;
    ///
    /// # futures::executor::block_on(async {
    /// let model = ScriptedModel::new().say("Ahoy!");
    /// let output = agent(model.clone(), ())?.with_system_prompt("You are a pirate.").invoke("Hello").await?;
    /// assert_eq!(model.requests()[0].messages[0].text(), "You are a pirate.");
    /// assert_eq!(output.messages[0].text(), "Hello");
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    pub fn with_system_prompt(mut self, prompt: impl Into<Arc<str>>) -> Self {
        self.system_prompt = Some(prompt.into());
        self
    }

    /// Limits how often one run asks the model; default: [`DEFAULT_MAX_MODEL_CALLS`](Self::DEFAULT_MAX_MODEL_CALLS).
    ///
    /// A run that needs more ends with an error of kind [`LimitExceeded`](ErrorKind::LimitExceeded).
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{agent, tool_fn, ErrorKind, RunnableExt, ToolContext};
    /// use cadena_testing::ScriptedModel;
    /// use serde_json::{Value, json};
    ///
    /// # futures::executor::block_on(async {
    /// let now = tool_fn("now", "Tells the time.", json!({"type": "object"}), |_: Value, _: ToolContext| async { Ok("12:00") });
    /// let model = ScriptedModel::new().call("now", json!({})).call("now", json!({})).say("It is noon.");
    /// let error = agent(model, (now,))?.with_max_model_calls(2).invoke("What time is it?").await.unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::LimitExceeded);
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    pub fn with_max_model_calls(mut self, limit: u32) -> Self {
        self.max_model_calls = limit;
        self
    }

    /// Sets how the tools are described to the model; default: [`ToolOptions::new`]. A choice that forces a call forces one each time the model is asked.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{agent, tool_fn, RunnableExt, ToolContext, ToolOptions};
    /// use cadena_testing::ScriptedModel;
    /// use serde_json::{Value, json};
    ///
    /// # futures::executor::block_on(async {
    /// let now = tool_fn("now", "Tells the time.", json!({"type": "object"}), |_: Value, _: ToolContext| async { Ok("12:00") });
    /// let model = ScriptedModel::new().say("It is noon.");
    /// let agent = agent(model.clone(), (now,))?.with_tool_options(ToolOptions::new().parallel_tool_calls(false))?;
    /// agent.invoke("What time is it?").await?;
    /// assert_eq!(model.requests()[0].options.parallel_tool_calls, Some(false));
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`BindTools::bind_tools_with`].
    pub fn with_tool_options(mut self, options: ToolOptions) -> Result<Self> {
        if !self.node.tools().is_empty() {
            self.bound = Arc::new(self.model.bind_tools_with(self.node.tools(), options)?);
        }
        Ok(self)
    }

    /// The prompt for the turn number `turn`, from 1.
    fn prompt(&self, messages: &[Message], turn: u32) -> Result<PromptValue> {
        if turn > self.max_model_calls {
            let detail = format!("the agent has asked its model {} times", self.max_model_calls);
            return Err(Error::new(ErrorKind::LimitExceeded, detail).with_hint(
                "raise it with `Agent::with_max_model_calls`, or go on from `Error::partial_conversation`",
            ));
        }
        let system = self.system_prompt.as_deref().map(SystemMessage::new);
        let system = system.map(Message::from).into_iter();
        Ok(PromptValue::new(system.chain(messages.iter().cloned()).collect()))
    }

    /// Whether the answer of a tool is the answer of the agent.
    fn is_direct(&self, answer: &ToolMessage) -> bool {
        let tool = answer.name.as_deref().and_then(|name| self.node.find(name));
        answer.status == ToolStatus::Success && tool.is_some_and(|tool| tool.is_return_direct())
    }

    fn turns(&self, input: PromptValue, cx: &RunContext, ask: Ask) -> ChunkStream<AgentOutput> {
        // A tool of the agent may call the agent, so each run goes one level deeper.
        match cx.deeper() {
            Ok(cx) => Turns::start(self.clone(), input.messages, cx, ask),
            Err(error) => stream::once(std::future::ready(Err(error))).boxed(),
        }
    }
}

#[async_trait]
impl Runnable for Agent {
    type Input = PromptValue;
    type Output = AgentOutput;

    fn describe(&self) -> StepInfo<'_> {
        StepInfo::of(self).streaming(StreamMode::StreamsOutput)
    }

    async fn run(&self, input: PromptValue, cx: RunContext) -> Result<AgentOutput> {
        let output = fold::<AgentOutput>(self.turns(input, &cx, Ask::Whole)).await?;
        // The input is always a chunk.
        Ok(output.unwrap_or_default())
    }

    fn run_stream(&self, input: PromptValue, cx: RunContext) -> ChunkStream<AgentOutput> {
        self.turns(input, &cx, Ask::InTokens)
    }
}

impl_pipe!(Agent);

impl fmt::Debug for Agent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Agent")
            .field("model", &ChatModel::name(&self.model))
            .field("tools", &self.node)
            .field("max_model_calls", &self.max_model_calls)
            .finish_non_exhaustive()
    }
}
