//! A model that calls tools until it has an answer.

mod chunk;
pub use chunk::{AgentChunk, AgentPart};
mod output;
pub use output::AgentOutput;
mod unfinished;
pub use unfinished::Unfinished;
mod running;

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use futures::stream::{self, StreamExt, TryStreamExt};

use self::running::Running;
use crate::tools::{ToolNode, ToolOptions, tool_node};
use crate::{
    AIMessage, BindTools, ChatModel, ChunkStream, Error, ErrorKind, IntoTools, Message, PromptValue, Result,
    RunContext, Runnable, RunnableExt, StepInfo, StreamMode, SystemMessage, ToolMessage, ToolStatus, impl_pipe,
};

/// Makes an agent: a model that may call these tools, reads what they answer, and goes on until it calls none.
///
/// It is a step from a conversation to an [`AgentOutput`], which holds the whole conversation. Its stream gives the model's tokens
/// and the answers of the tools as they come, in [`AgentChunk`]s, which add up to the output.
///
/// A failing tool is answered to the model, as its [`OnToolError`](crate::OnToolError) says; so are an unknown tool, wrong arguments and a call that was
/// cut off. The agent ends when the model calls nothing, when every tool of a turn has answered and is `return_direct`, or with an error:
/// one from the model or a tool that stops the run, that of [`RunConfig::recursion_limit`](crate::RunConfig::recursion_limit) if agents call each other, or that of [`with_max_model_calls`](Agent::with_max_model_calls). The error holds what was said until then, as [`Unfinished`].
///
/// # Examples
///
/// ```
/// use cadena_core::{agent, tool_fn, EchoModel, RunnableExt, ToolContext};
/// use serde_json::{Value, json};
///
/// # futures::executor::block_on(async {
/// let now = tool_fn("now", "Tells the time.", json!({"type": "object"}), |_: Value, _: ToolContext| async { Ok("12:00") });
/// let agent = agent(EchoModel::new(), (now,))?.with_system_prompt("You are a clock.");
///
/// // This model only repeats what it reads, and calls no tool.
/// let output = agent.invoke("What time is it?").await?;
/// assert_eq!(output.text(), "What time is it?");
/// assert_eq!(output.messages.len(), 2);
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
///
/// # Errors
///
/// As [`BindTools::bind_tools`].
pub fn agent(model: impl ChatModel + Clone, tools: impl IntoTools) -> Result<Agent> {
    let model: Arc<dyn ChatModel> = Arc::new(model);
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
    /// How often the model is asked at most when nobody says otherwise.
    pub const DEFAULT_MAX_MODEL_CALLS: u32 = 25;

    /// Puts a system message before the conversation, each time the model is asked. It is not part of the output.
    pub fn with_system_prompt(mut self, prompt: impl Into<Arc<str>>) -> Self {
        self.system_prompt = Some(prompt.into());
        self
    }

    /// Limits how often the model is asked; default: [`DEFAULT_MAX_MODEL_CALLS`](Self::DEFAULT_MAX_MODEL_CALLS). Beyond it the run ends with an error of kind
    /// [`LimitExceeded`](ErrorKind::LimitExceeded).
    pub fn with_max_model_calls(mut self, limit: u32) -> Self {
        self.max_model_calls = limit;
        self
    }

    /// Says how the tools are given to the model. A choice that forces a call forces one each time the model is asked.
    ///
    /// # Errors
    ///
    /// As [`BindTools::bind_tools_with`].
    pub fn with_tool_options(mut self, options: ToolOptions) -> Result<Self> {
        if !self.node.tools().is_empty() {
            self.bound = Arc::new(self.model.bind_tools_with(self.node.tools(), options)?);
        }
        Ok(self)
    }

    /// What the model is asked for the turn number `turn`, from 1.
    fn prompt(&self, messages: &[Message], turn: u32) -> Result<PromptValue> {
        if turn > self.max_model_calls {
            let detail = format!("the agent has asked its model {} times", self.max_model_calls);
            return Err(Error::new(ErrorKind::LimitExceeded, detail)
                .with_hint("raise it with `Agent::with_max_model_calls`, or go on from `Unfinished`"));
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

    /// Talks until there is an answer. `complete` is where the conversation has no open call.
    async fn talk(&self, messages: &mut Vec<Message>, complete: &mut usize, cx: &RunContext) -> Result<()> {
        for turn in 1.. {
            *complete = messages.len();
            let prompt = self.prompt(messages, turn)?;
            let answer = self.bound.invoke_in(prompt, &model_context(cx, turn)).await?;
            messages.push(answer.clone().into());
            if is_final(&answer) {
                break;
            }
            let mut direct = true;
            let mut answers = self.node.answers(answer, cx);
            while let Some(answer) = answers.try_next().await? {
                direct &= self.is_direct(&answer);
                messages.push(answer.into());
            }
            if direct {
                break;
            }
        }
        Ok(())
    }
}

fn model_context(cx: &RunContext, turn: u32) -> RunContext {
    cx.child(|| format!("agent:model:{turn}"))
}

fn is_final(answer: &AIMessage) -> bool {
    answer.tool_calls.is_empty() && answer.invalid_tool_calls.is_empty()
}

#[async_trait]
impl Runnable for Agent {
    type Input = PromptValue;
    type Output = AgentOutput;

    fn describe(&self) -> StepInfo<'_> {
        StepInfo::of(self).streaming(StreamMode::StreamsOutput)
    }

    async fn run(&self, input: PromptValue, cx: RunContext) -> Result<AgentOutput> {
        // A tool of the agent may call the agent.
        let cx = cx.deeper()?;
        let mut messages = input.messages;
        let mut complete = 0;
        match self.talk(&mut messages, &mut complete, &cx).await {
            Ok(()) => Ok(AgentOutput::new(messages)),
            Err(error) => Err(Unfinished::attach(error, messages, complete)),
        }
    }

    fn run_stream(&self, input: PromptValue, cx: RunContext) -> ChunkStream<AgentOutput> {
        match cx.deeper() {
            Ok(cx) => Running::start(self.clone(), input.messages, cx),
            Err(error) => stream::once(std::future::ready(Err(error))).boxed(),
        }
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
