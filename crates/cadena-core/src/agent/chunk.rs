//! A chunk of the output of an agent.

use serde::Serialize;

use crate::{AIMessage, AIMessageChunk, Merge, Message, Result, ToolCall};

/// A chunk of the output of an agent: tokens of the model, calls of tools, answers of tools and the input, each with its place in the conversation.
///
/// The first chunk holds the input. Each later one holds a token, the answer of a tool, or the calls that a model asks for in one turn, before
/// their tools run. Chunks add up to the whole conversation; the announced calls leave nothing in it beside the answers that follow them.
///
/// # Examples
///
/// ```
/// use cadena_core::{agent, tool_fn, AgentPart, RunnableExt, ToolContext};
/// use cadena_testing::ScriptedModel;
/// use futures::TryStreamExt;
/// use serde_json::{Value, json};
///
/// # futures::executor::block_on(async {
/// let weather = tool_fn("weather", "Tells the weather.", json!({"type": "object"}), |_: Value, _: ToolContext| async {
///     Ok("rain")
/// });
/// let model = ScriptedModel::new().call("weather", json!({"city": "Oslo"})).say("It rains."); // stands for a real one
///
/// let mut shown = Vec::new();
/// let mut chunks = agent(model, (weather,))?.stream("How is Oslo?");
/// while let Some(chunk) = chunks.try_next().await? {
///     for (_, part) in chunk.parts() {
///         match part {
///             AgentPart::Token(token) => shown.push(token.text().into_owned()),
///             AgentPart::Call(call) => shown.push(format!("calling {}({})…", call.name, call.args["city"])),
///             AgentPart::Message(message) => shown.push(format!("[{}] {}", message.kind(), message.text())),
///             _ => {}
///         }
///     }
/// }
/// shown.retain(|text| !text.is_empty());
/// assert_eq!(shown, ["[human] How is Oslo?", r#"calling weather("Oslo")…"#, "[tool] rain", "It ", "rains."]);
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(transparent)]
pub struct AgentChunk {
    /// By place, each place once.
    parts: Vec<(usize, AgentPart)>,
}

/// A part of an [`AgentChunk`] at one place of the conversation.
///
/// # Examples
///
/// ```
/// use cadena_core::{AIMessage, AgentOutput, AgentPart, Streamable};
///
/// let chunk = AgentOutput::new(vec!["1 + 2?".into(), AIMessage::new("3").into()]).into_chunk();
/// let texts: Vec<_> = chunk.parts().map(|(_, part)| match part {
///     AgentPart::Message(message) => message.text().into_owned(),
///     _ => String::new(),
/// }).collect();
/// assert_eq!(texts, ["1 + 2?", "3"]);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum AgentPart {
    /// A whole message: of the input, or the answer of a tool. As JSON: the message.
    Message(Message),
    /// A piece of the model's answer, with its log probabilities. As JSON: the chunk.
    Token(AIMessageChunk),
    /// A call whose tool runs next, at the place that the tool's answer will have. As JSON: the call.
    ///
    /// All calls of one turn are announced together, before the first of their tools runs. A call that no tool can run is not announced: one of an unknown
    /// tool, one of a tool that is only described, and one whose arguments were cut off. A tool whose type refuses the arguments is announced and answers with an error.
    Call(ToolCall),
}

impl AgentChunk {
    /// Makes a chunk of parts whose places ascend.
    pub(super) fn new(parts: impl IntoIterator<Item = (usize, AgentPart)>) -> Self {
        Self {
            parts: parts.into_iter().collect(),
        }
    }

    /// Returns the parts, each with the index of its message in the conversation.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{AIMessage, AgentOutput, Streamable};
    ///
    /// let chunk = AgentOutput::new(vec!["1 + 2?".into(), AIMessage::new("3").into()]).into_chunk();
    /// let places: Vec<usize> = chunk.parts().map(|(place, _)| place).collect();
    /// assert_eq!(places, [0, 1]);
    /// ```
    pub fn parts(&self) -> impl Iterator<Item = (usize, &AgentPart)> {
        self.parts.iter().map(|(place, part)| (*place, part))
    }

    /// Returns the parts as [`parts`](Self::parts) does, by value.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{AgentOutput, AgentPart, Streamable};
    ///
    /// let chunk = AgentOutput::new(vec!["hi".into()]).into_chunk();
    /// let parts: Vec<_> = chunk.into_parts().collect();
    /// assert_eq!(parts, [(0, AgentPart::Message("hi".into()))]);
    /// ```
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

impl AgentPart {
    /// The message that the parts of one place add up to; `None` for a call that was announced and not answered.
    pub(super) fn into_message(self) -> Option<Message> {
        match self {
            Self::Message(message) => Some(message),
            Self::Token(sum) => Some(AIMessage::from(sum).into()),
            Self::Call(_) => None,
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Call(_) => 0,
            Self::Token(_) => 1,
            Self::Message(_) => 2,
        }
    }
}

/// Tokens append; a whole message replaces, and stays whole; a call leaves for what follows it.
impl Merge for AgentPart {
    fn merge(&mut self, next: Self) -> Result<()> {
        match (self, next) {
            (Self::Token(sum), Self::Token(next)) => sum.merge(next)?,
            // Addition is associative because the highest rank wins, whatever order the parts are added in.
            (known, next) if next.rank() >= known.rank() => *known = next,
            _ => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ToolMessage;

    fn chunks() -> Vec<AgentChunk> {
        let token = |text: &str| AgentPart::Token(AIMessageChunk::new(text));
        let whole = |text: &str| AgentPart::Message(ToolMessage::new(text, "call_1").into());
        let call = |name: &str| AgentPart::Call(ToolCall::new(name, Default::default(), "call_1"));
        let mut chunks = vec![AgentChunk::default()];
        for place in 0..3 {
            chunks.push(AgentChunk::new([(place, token("a "))]));
            chunks.push(AgentChunk::new([(place, token("b "))]));
            chunks.push(AgentChunk::new([(place, whole("c"))]));
            chunks.push(AgentChunk::new([(place, call("f"))]));
        }
        chunks.push(AgentChunk::new([(0, whole("d")), (1, call("g")), (2, token("e"))]));
        chunks
    }

    fn sum<const N: usize>(chunks: [&AgentChunk; N]) -> AgentChunk {
        let mut sum = AgentChunk::default();
        chunks.into_iter().for_each(|chunk| sum.merge(chunk.clone()).unwrap());
        sum
    }

    #[test]
    fn addition_is_associative_and_the_empty_chunk_is_its_identity() {
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
