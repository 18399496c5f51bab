//! A completion, whole or in chunks: unknown fields are ignored, missing ones and nulls are the same.

use cadena_core::{Content, Logprobs, ToolCallChunk, ToolCallKind};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::Text;
use super::lenient;

/// A chat completion (`chat.completion`) or one chunk of it (`chat.completion.chunk`).
///
/// One type for both: servers confuse them, and what is equal in both paths is then equal by construction. What is rare is
/// boxed: these types are moved once for every token.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct ChatCompletion<'a> {
    #[serde(borrow, default)]
    pub(crate) id: Text<'a>,
    #[serde(borrow, default)]
    pub(crate) model: Text<'a>,
    #[serde(borrow, default)]
    pub(crate) system_fingerprint: Text<'a>,
    #[serde(borrow, default)]
    pub(crate) service_tier: Text<'a>,
    #[serde(borrow, default, deserialize_with = "lenient::list")]
    pub(crate) choices: Option<Vec<Choice<'a>>>,
    /// Once in an answer, so that keeping it as JSON costs no token anything.
    #[serde(default)]
    pub(crate) usage: Option<Box<Value>>,
    #[serde(default)]
    pub(crate) error: Option<Box<Value>>,
    /// What Azure's filters found in the prompt.
    #[serde(default)]
    pub(crate) prompt_filter_results: Option<Box<Value>>,
}

impl ChatCompletion<'_> {
    /// What is not a choice, borrowed from nothing.
    pub(crate) fn into_rest(self) -> ChatCompletion<'static> {
        let Self {
            id,
            model,
            system_fingerprint,
            service_tier,
            choices: _,
            usage,
            error,
            prompt_filter_results,
        } = self;
        ChatCompletion {
            id: id.into_owned(),
            model: model.into_owned(),
            system_fingerprint: system_fingerprint.into_owned(),
            service_tier: service_tier.into_owned(),
            choices: None,
            usage,
            error,
            prompt_filter_results,
        }
    }
}

/// One of the `n` answers, or a piece of it.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Choice<'a> {
    #[serde(default, deserialize_with = "lenient::index")]
    pub(crate) index: Option<u32>,
    #[serde(borrow, default)]
    pub(crate) delta: Option<Message<'a>>,
    #[serde(borrow, default)]
    pub(crate) message: Option<Box<Message<'a>>>,
    /// What the older completions have in place of a message.
    #[serde(borrow, default)]
    pub(crate) text: Option<Box<Text<'a>>>,
    #[serde(default, deserialize_with = "lenient::logprobs")]
    pub(crate) logprobs: Option<Logprobs>,
    #[serde(borrow, default)]
    pub(crate) finish_reason: Text<'a>,
    #[serde(default)]
    pub(crate) error: Option<Box<Value>>,
    /// What Azure's filters found in the answer, or in a piece of it.
    #[serde(default)]
    pub(crate) content_filter_results: Option<Box<Value>>,
}

/// What the assistant says, or a piece of it.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Message<'a> {
    #[serde(default, deserialize_with = "lenient::content")]
    pub(crate) content: Option<Content>,
    #[serde(borrow, default)]
    pub(crate) refusal: Option<Box<Text<'a>>>,
    #[serde(borrow, default)]
    pub(crate) name: Option<Box<Text<'a>>>,
    #[serde(default, deserialize_with = "lenient::list")]
    pub(crate) tool_calls: Option<Vec<CallPiece>>,
    /// What tool calls replaced.
    #[serde(borrow, default)]
    pub(crate) function_call: Option<Box<FunctionCall<'a>>>,
    #[serde(default)]
    pub(crate) audio: Option<Box<Value>>,
    /// What the answer cites.
    #[serde(default)]
    pub(crate) annotations: Option<Box<Value>>,
    /// The thoughts of a reasoning model, from servers that tell them.
    #[serde(borrow, default)]
    pub(crate) reasoning_content: Option<Box<Text<'a>>>,
    /// The same by its other name; some servers send both.
    #[serde(borrow, default)]
    pub(crate) reasoning: Option<Box<Text<'a>>>,
}

/// A call of a tool, or a piece of it: made at once what a chunk holds, as arguments come in thousands of pieces.
#[derive(Debug)]
pub(crate) struct CallPiece(pub(crate) ToolCallChunk);

impl<'de> Deserialize<'de> for CallPiece {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let ToolCall {
            index,
            id,
            function,
            custom,
        } = ToolCall::deserialize(deserializer)?;
        let mut piece = ToolCallChunk::default();
        piece.index = index;
        piece.id = id.into_string();
        if custom.is_some() {
            piece.kind = ToolCallKind::Custom;
        }
        if let Some(FunctionCall { name, arguments }) = function.or(custom.map(|call| *call)) {
            piece.name = name.into_string();
            piece.args = arguments;
        }
        Ok(Self(piece))
    }
}

#[derive(Deserialize)]
struct ToolCall<'a> {
    #[serde(default, deserialize_with = "lenient::index")]
    index: Option<i64>,
    #[serde(borrow, default)]
    id: Text<'a>,
    #[serde(borrow, default)]
    function: Option<FunctionCall<'a>>,
    /// A call of a custom tool, whose input is free text.
    #[serde(borrow, default)]
    custom: Option<Box<FunctionCall<'a>>>,
}

/// Name and arguments of a call, or a piece of them.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct FunctionCall<'a> {
    #[serde(borrow, default)]
    pub(crate) name: Text<'a>,
    #[serde(default, alias = "input", deserialize_with = "lenient::arguments")]
    pub(crate) arguments: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn read(text: &str) -> ChatCompletion<'_> {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn nulls_and_missing_fields_are_the_same() {
        let nulls = r#"{"id":null,"model":null,"service_tier":null,"choices":null,"usage":null,"error":null}"#;
        for text in ["{}", nulls] {
            let answer = read(text);
            assert!(answer.choices.is_none() && answer.usage.is_none() && answer.error.is_none());
            assert_eq!(answer.id.known(), None);
        }
        let choice =
            r#"{"choices":[{"index":null,"delta":null,"logprobs":null,"finish_reason":null,"new_field":[{}]}]}"#;
        let choice = read(choice).choices.unwrap().remove(0);
        assert!(choice.delta.is_none() && choice.logprobs.is_none() && choice.finish_reason.known().is_none());
        let message = r#"{"choices":[{"message":{"content":null,"refusal":null,"tool_calls":null,"function_call":null,"audio":null}}]}"#;
        let message = read(message).choices.unwrap().remove(0).message.unwrap();
        assert!(message.content.is_none() && message.tool_calls.is_none());
    }

    #[test]
    fn values_of_another_type_do_not_break_the_answer() {
        let answer = read(
            r#"{"id":7,"model":{"name":"x"},"system_fingerprint":[1],"service_tier":true,"choices":[
            {"logprobs":-0.5,"finish_reason":3,"delta":{"content":12,"refusal":{},"tool_calls":[
                {"id":5,"function":{"name":"f","arguments":{"a":1}}}]}}]}"#,
        );
        assert_eq!(answer.id.known(), Some("7"));
        assert_eq!(answer.model.known(), None);
        let choice = &answer.choices.unwrap()[0];
        assert!(choice.logprobs.is_none());
        let delta = choice.delta.as_ref().unwrap();
        assert!(delta.content.is_none());
        let call = &delta.tool_calls.as_ref().unwrap()[0];
        assert_eq!(call.0.id.as_deref(), Some("5"));
        assert_eq!(call.0.args.as_deref(), Some(r#"{"a":1}"#));
    }

    #[test]
    fn what_an_event_repeats_is_borrowed_from_it() {
        let answer = read(r#"{"id":"chatcmpl-1","model":"gpt-\u0078"}"#);
        assert!(answer.id.is_borrowed());
        assert_eq!(answer.model.known(), Some("gpt-x"));
    }
}
