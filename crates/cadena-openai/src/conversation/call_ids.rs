//! Ids for calls of tools that came without.

use std::borrow::Cow;
use std::collections::{BTreeSet, VecDeque};

use cadena_core::{AIMessage, Message};

/// The conversation with an id for every call of a tool, and the same id for its answer.
///
/// Some small servers send calls without ids, while OpenAI and most others refuse a call without one. Such a call takes the id of its answer, or
/// if that has none either, an id made of its place: `call_3_0` is the first call of `messages[3]`. Answers belong to calls in their order,
/// which is the order in which [`ToolNode`](cadena_core::ToolNode) and agents write them. An answer that names another call of the message stays with that.
///
/// The place and not chance makes the id, so that one conversation is one request: recordings replay, and a server's prompt cache finds its
/// beginning again. LangChain sends `null` there; Ollama's client in LangChain makes a random id when the answer comes, which loses both.
///
/// Copies the conversation only if an id is missing.
pub(crate) fn with_call_ids(messages: &[Message]) -> Cow<'_, [Message]> {
    let is_complete = |message: &Message| match message {
        Message::AI(answer) => ids(answer).all(|id| id.is_some_and(|id| !id.is_empty())),
        _ => true,
    };
    if messages.iter().all(is_complete) {
        return Cow::Borrowed(messages);
    }
    let mut messages = messages.to_vec();
    let mut rest = messages.as_mut_slice();
    let mut place = 0;
    while let Some((message, following)) = rest.split_first_mut() {
        if let Message::AI(answer) = message {
            complete(answer, following, place);
        }
        rest = following;
        place += 1;
    }
    Cow::Owned(messages)
}

/// Completes the calls of the message at `place`, and their answers among the messages after it (`following`).
fn complete(message: &mut AIMessage, following: &mut [Message], place: usize) {
    let mut taken: BTreeSet<String> = ids(message).flatten().map(str::to_owned).collect();
    taken.remove("");
    let turn = following
        .iter_mut()
        .take_while(|message| !matches!(message, Message::AI(_)));
    let mut answers: VecDeque<&mut String> = turn
        .filter_map(|message| match message {
            Message::Tool(answer) if !taken.contains(&answer.tool_call_id) => Some(&mut answer.tool_call_id),
            _ => None,
        })
        .collect();
    let valid = message.tool_calls.iter_mut().map(|call| &mut call.id);
    let invalid = message.invalid_tool_calls.iter_mut().map(|call| &mut call.id);
    for (number, id) in valid.chain(invalid).enumerate() {
        if id.as_ref().is_some_and(|id| !id.is_empty()) {
            continue;
        }
        let answer = answers.pop_front();
        let given = answer
            .as_deref()
            .filter(|given| !given.is_empty() && !taken.contains(*given));
        let new = given.cloned().unwrap_or_else(|| format!("call_{place}_{number}"));
        if let Some(answer) = answer {
            answer.clone_from(&new);
        }
        taken.insert(new.clone());
        *id = Some(new);
    }
}

fn ids(message: &AIMessage) -> impl Iterator<Item = Option<&str>> {
    let valid = message.tool_calls.iter().map(|call| call.id.as_deref());
    valid.chain(message.invalid_tool_calls.iter().map(|call| call.id.as_deref()))
}

#[cfg(test)]
mod tests {
    use cadena_core::ToolMessage;
    use serde_json::{Value, json};

    use super::*;

    fn called(ids: &[Value]) -> Message {
        let calls: Vec<_> = ids
            .iter()
            .map(|id| json!({"name": "f", "args": {}, "id": id}))
            .collect();
        serde_json::from_value::<AIMessage>(json!({"content": "", "tool_calls": calls}))
            .unwrap()
            .into()
    }

    fn answered(id: &str) -> Message {
        ToolMessage::new("1", id).into()
    }

    #[track_caller]
    fn check(messages: &[Message], expect: &[&str]) {
        let completed = with_call_ids(messages);
        let found: Vec<_> = completed
            .iter()
            .flat_map(|message| match message {
                Message::AI(answer) => ids(answer).map(|id| id.unwrap_or("?").to_owned()).collect(),
                Message::Tool(answer) => vec![answer.tool_call_id.clone()],
                _ => Vec::new(),
            })
            .collect();
        assert_eq!(found, expect);
    }

    #[test]
    fn a_call_without_an_id_gets_one_by_its_place_and_so_does_its_answer() {
        let turn = [called(&[Value::Null, json!("")]), answered(""), answered("")];
        let messages = [&["hi".into()], &turn[..], &turn[..]].concat();
        check(
            &messages,
            &[
                "call_1_0", "call_1_1", "call_1_0", "call_1_1", "call_4_0", "call_4_1", "call_4_0", "call_4_1",
            ],
        );
    }

    #[test]
    fn an_answer_that_has_an_id_gives_it_to_its_call() {
        let messages = [called(&[Value::Null, json!("b")]), answered("b"), answered("mine")];
        check(&messages, &["mine", "b", "b", "mine"]);
    }

    #[test]
    fn one_id_does_not_stand_for_two_calls() {
        let messages = [called(&[Value::Null, Value::Null]), answered("x"), answered("x")];
        check(&messages, &["x", "call_0_1", "x", "call_0_1"]);
    }

    #[test]
    fn what_is_complete_is_not_copied_and_not_changed() {
        let messages = [answered(""), called(&[json!("a")]), answered("a"), answered("other")];
        assert!(matches!(with_call_ids(&messages), Cow::Borrowed(_)));
        check(&messages, &["", "a", "a", "other"]);
    }
}
