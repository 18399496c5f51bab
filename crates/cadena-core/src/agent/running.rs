//! An agent at work, piece by piece.

use futures::stream::{self, BoxStream, StreamExt, TryStreamExt};

use super::{Agent, AgentChunk, AgentOutput, AgentPart, Unfinished, is_final, model_context};
use crate::{
    AIMessage, AIMessageChunk, ChunkStream, Merge, Message, Result, RunContext, RunnableExt, Streamable, ToolMessage,
};

pub(super) struct Running {
    agent: Agent,
    cx: RunContext,
    messages: Vec<Message>,
    /// How many messages there were when no call was open.
    complete: usize,
    turn: u32,
    phase: Phase,
}

enum Phase {
    Begin,
    Ask,
    Answering {
        chunks: ChunkStream<AIMessage>,
        sum: Option<Box<AIMessageChunk>>,
    },
    Working {
        answers: BoxStream<'static, Result<ToolMessage>>,
        direct: bool,
    },
    Done,
}

impl Running {
    pub(super) fn start(agent: Agent, messages: Vec<Message>, cx: RunContext) -> ChunkStream<AgentOutput> {
        let running = Self {
            agent,
            cx,
            messages,
            complete: 0,
            turn: 0,
            phase: Phase::Begin,
        };
        let chunks = stream::unfold(Some(running), |running| async {
            let mut running = running?;
            match running.next().await {
                Ok(Some(chunk)) => Some((Ok(chunk), Some(running))),
                Ok(None) => None,
                Err(error) => {
                    let error = Unfinished::attach(error, running.messages, running.complete);
                    Some((Err(error), None))
                }
            }
        });
        chunks.boxed()
    }

    async fn next(&mut self) -> Result<Option<AgentChunk>> {
        loop {
            match &mut self.phase {
                Phase::Begin => {
                    self.phase = Phase::Ask;
                    let input = self.messages.iter().cloned().map(AgentPart::Message);
                    return Ok(Some(AgentChunk::new(input.enumerate())));
                }
                Phase::Ask => {
                    self.complete = self.messages.len();
                    self.turn += 1;
                    let prompt = self.agent.prompt(&self.messages, self.turn)?;
                    let cx = model_context(&self.cx, self.turn);
                    let chunks = self.agent.bound.stream_in(prompt, &cx);
                    self.phase = Phase::Answering { chunks, sum: None };
                }
                Phase::Answering { chunks, sum } => {
                    let Some(chunk) = chunks.try_next().await? else {
                        let sum = sum.take().map(|sum| *sum);
                        self.phase = self.answered(sum)?;
                        continue;
                    };
                    match sum {
                        Some(sum) => sum.merge(chunk.clone())?,
                        None => *sum = Some(Box::new(chunk.clone())),
                    }
                    return Ok(Some(self.part(AgentPart::Token(chunk))));
                }
                Phase::Working { answers, direct } => {
                    let Some(answer) = answers.try_next().await? else {
                        self.phase = if *direct { Phase::Done } else { Phase::Ask };
                        continue;
                    };
                    *direct &= self.agent.is_direct(&answer);
                    let chunk = self.part(AgentPart::Message(answer.clone().into()));
                    self.messages.push(answer.into());
                    return Ok(Some(chunk));
                }
                Phase::Done => return Ok(None),
            }
        }
    }

    /// What comes behind an answer of the model.
    fn answered(&mut self, sum: Option<AIMessageChunk>) -> Result<Phase> {
        let answer = AIMessage::from_chunk(sum.unwrap_or_default())?;
        self.messages.push(answer.clone().into());
        if is_final(&answer) {
            return Ok(Phase::Done);
        }
        let answers = self.agent.node.answers(answer, &self.cx);
        Ok(Phase::Working { answers, direct: true })
    }

    /// A piece of the message that comes next.
    fn part(&self, part: AgentPart) -> AgentChunk {
        AgentChunk::new([(self.messages.len(), part)])
    }
}
