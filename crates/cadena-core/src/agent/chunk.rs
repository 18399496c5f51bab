//! A piece of what an agent gives.

use serde::Serialize;

use crate::{AIMessageChunk, Merge, Message, Result};

/// A piece of what an agent gives: a token of the model's, the answer of a tool, or the input, each with its place in the conversation.
///
/// Pieces add up to the whole conversation. A stream gives one part in a piece, but for the first piece, which holds the input.
///
/// # Examples
///
/// ```
/// use cadena_core::{agent, AgentPart, EchoModel, RunnableExt};
/// use futures::TryStreamExt;
///
/// # futures::executor::block_on(async {
/// let mut said = String::new();
/// let mut chunks = agent(EchoModel::new(), ())?.stream("hi there");
/// while let Some(chunk) = chunks.try_next().await? {
///     for (_, part) in chunk.parts() {
///         match part {
///             AgentPart::Token(token) => said.push_str(&token.text()),
///             AgentPart::Message(message) => said.push_str(&format!("[{}]", message.kind())),
///             _ => {}
///         }
///     }
/// }
/// assert_eq!(said, "[human]hi there");
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(transparent)]
pub struct AgentChunk {
    /// By place, each place once.
    parts: Vec<(usize, AgentPart)>,
}

/// What a piece holds at one place of the conversation.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum AgentPart {
    /// A whole message: of the input, or the answer of a tool. As JSON: the message.
    Message(Message),
    /// A piece of what the model says, with its log probabilities. As JSON: the chunk.
    Token(AIMessageChunk),
}

impl AgentChunk {
    /// Parts with their places, which ascend.
    pub(super) fn new(parts: impl IntoIterator<Item = (usize, AgentPart)>) -> Self {
        Self {
            parts: parts.into_iter().collect(),
        }
    }

    /// The parts, each with the index of its message in the conversation.
    pub fn parts(&self) -> impl Iterator<Item = (usize, &AgentPart)> {
        self.parts.iter().map(|(place, part)| (*place, part))
    }

    /// As [`parts`](Self::parts), by value.
    pub fn into_parts(self) -> impl Iterator<Item = (usize, AgentPart)> {
        self.parts.into_iter()
    }
}

impl Merge for AgentChunk {
    fn merge(&mut self, next: Self) -> Result<()> {
        for (place, part) in next.parts {
            // A stream adds at the end, where the search ends at once.
            let at = match self.parts.last() {
                None => Err(0),
                Some((last, _)) if *last < place => Err(self.parts.len()),
                _ => self.parts.binary_search_by_key(&place, |(place, _)| *place),
            };
            match at.map(|at| self.parts.get_mut(at)) {
                Ok(Some((_, known))) => known.merge(part)?,
                Ok(None) => {}
                Err(at) => self.parts.insert(at, (place, part)),
            }
        }
        Ok(())
    }
}

/// Tokens append; a whole message replaces, and stays whole.
impl Merge for AgentPart {
    fn merge(&mut self, next: Self) -> Result<()> {
        match (self, next) {
            (Self::Token(sum), Self::Token(next)) => sum.merge(next),
            (known, whole @ Self::Message(_)) => {
                *known = whole;
                Ok(())
            }
            (Self::Message(_), Self::Token(_)) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ToolMessage;

    fn chunks() -> Vec<AgentChunk> {
        let token = |text: &str| AgentPart::Token(AIMessageChunk::new(text));
        let whole = |text: &str| AgentPart::Message(ToolMessage::new(text, "call_1").into());
        let mut chunks = vec![AgentChunk::default()];
        for place in 0..3 {
            chunks.push(AgentChunk::new([(place, token("a "))]));
            chunks.push(AgentChunk::new([(place, token("b "))]));
            chunks.push(AgentChunk::new([(place, whole("c"))]));
        }
        chunks.push(AgentChunk::new([(0, whole("d")), (2, token("e"))]));
        chunks
    }

    fn sum<const N: usize>(chunks: [&AgentChunk; N]) -> AgentChunk {
        let mut sum = AgentChunk::default();
        chunks.into_iter().for_each(|chunk| sum.merge(chunk.clone()).unwrap());
        sum
    }

    #[test]
    fn addition_is_associative_and_the_empty_piece_is_its_identity() {
        let chunks = chunks();
        for left in &chunks {
            assert_eq!(sum([left, &AgentChunk::default()]), *left);
            for middle in &chunks {
                for right in &chunks {
                    assert_eq!(sum([left, &sum([middle, right])]), sum([&sum([left, middle]), right]));
                }
            }
        }
    }
}
