//! Prompts and answers in the JSON form that OpenTelemetry's GenAI conventions give messages.

use serde_json::{Value, json};

use crate::{AIMessage, Message, PromptValue};

/// The messages of a prompt.
pub(super) fn input(prompt: &PromptValue) -> String {
    let messages: Vec<_> = prompt.messages.iter().map(message).collect();
    Value::from(messages).to_string()
}

/// The answer of a model.
pub(super) fn output(answer: &AIMessage) -> String {
    let reason = answer.response_metadata.finish_reason.as_deref();
    let answer = json!({
        "role": "assistant",
        "parts": answer_parts(answer),
        "finish_reason": reason.unwrap_or("stop"),
    });
    Value::from(vec![answer]).to_string()
}

fn message(message: &Message) -> Value {
    let (role, parts) = match message {
        Message::Human(_) => ("user", text(message)),
        Message::System(_) => ("system", text(message)),
        Message::AI(answer) => ("assistant", answer_parts(answer)),
        Message::Tool(answer) => {
            let response = message.text().into_owned();
            let part = json!({"type": "tool_call_response", "id": answer.tool_call_id, "response": response});
            ("tool", vec![part])
        }
        Message::Chat(spoken) => (spoken.role.as_str(), text(message)),
        Message::Function(_) => ("tool", text(message)),
        Message::Remove(_) => ("system", Vec::new()),
    };
    json!({"role": role, "parts": parts})
}

fn text(message: &Message) -> Vec<Value> {
    text_part(&message.text())
}

fn text_part(text: &str) -> Vec<Value> {
    if text.is_empty() {
        return Vec::new();
    }
    vec![json!({"type": "text", "content": text})]
}

fn answer_parts(answer: &AIMessage) -> Vec<Value> {
    let mut parts = text_part(&answer.text());
    parts.extend(
        answer
            .tool_calls
            .iter()
            .map(|call| json!({"type": "tool_call", "id": call.id, "name": call.name, "arguments": call.args})),
    );
    parts
}
