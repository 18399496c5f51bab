//! The loop of an agent: the model and the tools take turns until there is an answer.

use std::sync::Arc;

use futures::stream::{self, BoxStream, StreamExt, TryStreamExt};

use super::conversation::Conversation;
use super::{Agent, AgentChunk, AgentOutput, AgentPart};
use crate::{ChunkStream, Message, Result, RunContext, RunnableExt, ToolMessage};

/// How the loop asks the model. It is the only difference between a whole run and a streamed one.
#[derive(Clone, Copy)]
pub(super) enum Ask {
    Whole,
    InTokens,
}

/// A run of an agent, which gives the parts of the conversation as they come.
pub(super) struct Turns {
    agent: Agent,
    cx: RunContext,
    ask: Ask,
    conversation: Conversation,
    /// How often the model was asked.
    turn: u32,
    phase: Phase,
}

enum Phase {
    /// The input is the first chunk.
    Input,
    /// The model is asked next.
    Ask,
    /// The model answers.
    Model(BoxStream<'static, Result<AgentPart>>),
    /// The tools work. `direct`: each answer so far ends the run.
    Tools {
        answers: BoxStream<'static, Result<ToolMessage>>,
        direct: bool,
    },
    /// The last message is the answer.
    Done,
}

impl Turns {
    /// The conversation in chunks. The first error is the last item, and carries the conversation until then.
    pub(super) fn start(agent: Agent, input: Vec<Message>, cx: RunContext, ask: Ask) -> ChunkStream<AgentOutput> {
        let turns = Self {
            agent,
            cx,
            ask,
            conversation: Conversation::new(input),
            turn: 0,
            phase: Phase::Input,
        };
        let chunks = stream::unfold(Some(turns), |turns| async {
            let mut turns = turns?;
            match turns.next().await {
                Ok(Some(chunk)) => Some((Ok(chunk), Some(turns))),
                Ok(None) => None,
                Err(error) => Some((Err(turns.conversation.ended_by(error)), None)),
            }
        });
        chunks.boxed()
    }

    async fn next(&mut self) -> Result<Option<AgentChunk>> {
        loop {
            match &mut self.phase {
                Phase::Input => {
                    self.phase = Phase::Ask;
                    return Ok(Some(self.conversation.whole()));
                }
                Phase::Ask => self.phase = Phase::Model(self.ask_model()?),
                Phase::Model(parts) => match parts.try_next().await? {
                    Some(part) => return self.conversation.add(part).map(Some),
                    None => {
                        let calls = self.end_answer();
                        if calls.parts().next().is_some() {
                            return Ok(Some(calls));
                        }
                    }
                },
                Phase::Tools { answers, direct } => match answers.try_next().await? {
                    Some(answer) => {
                        *direct &= self.agent.is_direct(&answer);
                        let chunk = self.conversation.add(AgentPart::Message(answer.into()))?;
                        self.conversation.end_message();
                        return Ok(Some(chunk));
                    }
                    None => self.phase = if *direct { Phase::Done } else { Phase::Ask },
                },
                Phase::Done => return Ok(None),
            }
        }
    }

    fn ask_model(&mut self) -> Result<BoxStream<'static, Result<AgentPart>>> {
        self.conversation.has_no_open_call();
        self.turn += 1;
        let turn = self.turn;
        let prompt = self.agent.prompt(self.conversation.messages(), turn)?;
        let cx = self.cx.child(|| format!("agent:model:{turn}"));
        let model = Arc::clone(&self.agent.bound);
        Ok(match self.ask {
            Ask::InTokens => model.stream_in(prompt, &cx).map_ok(AgentPart::Token).boxed(),
            Ask::Whole => stream::once(async move {
                let answer = model.invoke_in(prompt, &cx).await?;
                Ok(AgentPart::Message(answer.into()))
            })
            .boxed(),
        })
    }

    /// Ends the model's answer. Returns the calls that the tools will run next: none if the answer is the last one.
    fn end_answer(&mut self) -> AgentChunk {
        self.conversation.end_message();
        let messages = self.conversation.messages();
        let Some(Message::AI(answer)) = messages.last().filter(|last| calls_tools(last)) else {
            self.phase = Phase::Done;
            return AgentChunk::default();
        };
        let node = &self.agent.node;
        let known = answer.tool_calls.iter().enumerate();
        let known = known.filter(|(_, call)| node.find(&call.name).is_some_and(|tool| tool.is_callable()));
        // The answers come in the order of the calls, so the place of each is known before its tool runs.
        let next = messages.len();
        let calls = AgentChunk::new(known.map(|(at, call)| (next + at, AgentPart::Call(call.clone()))));
        let answers = node.answers(answer, &self.cx);
        self.phase = Phase::Tools { answers, direct: true };
        calls
    }
}

fn calls_tools(message: &Message) -> bool {
    matches!(message, Message::AI(answer) if !answer.tool_calls.is_empty() || !answer.invalid_tool_calls.is_empty())
}
