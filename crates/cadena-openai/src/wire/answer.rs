//! A completion, whole or in chunks: missing members and nulls are the same, and what is not known is kept.

use cadena_core::{Content, ToolCallChunk, ToolCallKind};
use serde::Deserializer;
use serde_json::Value;

use super::Text;
use super::logprobs::Given;
use super::member::{Found, Lenient, wire_struct};

wire_struct! {
    /// A chat completion (`chat.completion`) or one chunk of it (`chat.completion.chunk`).
    ///
    /// One type for both: servers confuse them, and what is equal in both paths is then equal by construction. Rare members are
    /// boxed: these types are moved once for every token.
    pub(crate) struct ChatCompletion<'a> {
        pub(crate) id: Text<'a>,
        pub(crate) model: Text<'a>,
        pub(crate) system_fingerprint: Text<'a>,
        pub(crate) service_tier: Text<'a>,
        pub(crate) choices: Option<Vec<Choice<'a>>>,
        /// Once in an answer, so that keeping it as JSON costs no token anything.
        pub(crate) usage: Option<Box<Value>>,
        pub(crate) error: Option<Box<Value>>,
        /// The findings of Azure's filters in the prompt.
        pub(crate) prompt_filter_results: Option<Box<Value>>,
        /// The log probabilities of the only choice, where llama.cpp writes them.
        pub(crate) completion_probabilities: Option<Box<Value>>,
    }
    ignored: "object" | "created" | "obfuscation";
}

impl ChatCompletion<'_> {
    /// The members other than the choices, which borrow nothing.
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
            completion_probabilities,
            other,
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
            completion_probabilities,
            other,
        }
    }

    /// Moves log probabilities beside the choices into their choice.
    pub(crate) fn place_probabilities(&mut self) {
        let Some(list) = self.completion_probabilities.take() else {
            return;
        };
        if let Some([choice]) = self.choices.as_deref_mut()
            && choice.logprobs.is_none()
        {
            // JSON that is a value already is read from any type.
            let _ = choice.logprobs.read(*list);
        }
    }
}

wire_struct! {
    /// One of the `n` answers, or a piece of it.
    pub(crate) struct Choice<'a> {
        pub(crate) index: Option<u32>,
        pub(crate) delta: Option<Message<'a>>,
        pub(crate) message: Option<Box<Message<'a>>>,
        /// The text of the older completions, which replaces a message.
        pub(crate) text: Option<Box<Text<'a>>>,
        pub(crate) logprobs | "completion_probabilities": Given,
        pub(crate) finish_reason: Text<'a>,
        pub(crate) error: Option<Box<Value>>,
        /// The findings of Azure's filters in the answer, or in a piece of it.
        pub(crate) content_filter_results: Option<Box<Value>>,
    }
    from_text: |choice: &mut Choice<'_>, text: &str| {
        choice.text = Some(Box::new(text.into()));
        !text.is_empty()
    };
}

wire_struct! {
    /// The message of the assistant, or a piece of it.
    pub(crate) struct Message<'a> {
        pub(crate) content: Option<Content>,
        pub(crate) refusal: Option<Box<Text<'a>>>,
        pub(crate) name: Option<Box<Text<'a>>>,
        pub(crate) tool_calls: Option<Vec<CallPiece>>,
        /// The form of a call that tool calls replaced.
        pub(crate) function_call: Option<Box<FunctionCall<'a>>>,
        pub(crate) audio: Option<Box<Value>>,
        /// The sources that the answer cites.
        pub(crate) annotations: Option<Box<Value>>,
        /// The thoughts of a reasoning model, from servers that send them.
        pub(crate) reasoning_content: Option<Box<Text<'a>>>,
        /// The same by its other name; some servers send both.
        pub(crate) reasoning: Option<Box<Text<'a>>>,
    }
    ignored: "role";
    from_text: |message: &mut Message<'_>, text: &str| {
        message.content = Some(text.into());
        !text.is_empty()
    };
}

/// A call of a tool, or a piece of it: made at once what a chunk holds, as arguments come in thousands of pieces.
#[derive(Debug, Default)]
pub(crate) struct CallPiece(pub(crate) ToolCallChunk);

impl<'de> Lenient<'de> for CallPiece {
    fn read<D: Deserializer<'de>>(&mut self, deserializer: D) -> Result<Found, D::Error> {
        let mut call = ToolCall::default();
        let found = call.read(deserializer)?;
        let ToolCall {
            index,
            id,
            kind: _,
            function,
            custom,
            mut other,
        } = call;
        let Self(piece) = self;
        piece.index = index;
        piece.id = id.into_string();
        let key = match custom {
            Some(_) => "custom",
            None => "function",
        };
        if custom.is_some() {
            piece.kind = ToolCallKind::Custom;
        }
        if let Some(called) = function.or(custom.map(|call| *call)) {
            piece.name = called.name.into_string();
            piece.args = called.arguments;
            if let Some(of_function) = called.other {
                other
                    .get_or_insert_default()
                    .insert(key.to_owned(), (*of_function).into());
            }
        }
        if let Some(other) = other {
            piece.extra = (*other).into();
        }
        Ok(found)
    }
}

wire_struct! {
    struct ToolCall<'a> {
        index: Option<i64>,
        id: Text<'a>,
        kind | "type": Kind,
        function: Option<FunctionCall<'a>>,
        /// A call of a custom tool, whose input is free text.
        custom: Option<Box<FunctionCall<'a>>>,
    }
}

/// The type of a call, which its other members show. Another one than theirs, such as the `builtin_function` of Kimi, is kept.
#[derive(Debug, Default)]
struct Kind;

impl<'de> Lenient<'de> for Kind {
    fn read<D: Deserializer<'de>>(&mut self, deserializer: D) -> Result<Found, D::Error> {
        let mut text = Text::default();
        let found = text.read(deserializer)?;
        Ok(match text.known() {
            None | Some("function" | "custom") => found,
            Some(other) => Found::odd(other),
        })
    }
}

wire_struct! {
    /// Name and arguments of a call, or a piece of them.
    pub(crate) struct FunctionCall<'a> {
        pub(crate) name: Text<'a>,
        pub(crate) arguments | "input": Option<String>,
    }
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
        assert!(!choice.logprobs.is_none());
        let delta = choice.delta.as_ref().unwrap();
        assert_eq!(delta.content.as_ref().map(Content::text).as_deref(), Some("12"));
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
