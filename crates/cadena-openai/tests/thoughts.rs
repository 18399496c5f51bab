//! Thoughts that stand in the content of an answer, as Mistral's servers send them.

mod support;

use cadena_core::messages::ContentBlock;
use cadena_core::{AIMessage, HumanMessage, Message, RunnableExt, fold};
use serde_json::json;
use support::{Canned, block_on, model};

const EVENTS: &str = r#"data: {"choices":[{"index":0,"delta":{"content":[{"type":"thinking","thinking":[{"type":"text","text":"Two"}]}]}}]}

data: {"choices":[{"index":0,"delta":{"content":[{"type":"thinking","thinking":[{"type":"text","text":" and two"}]}]}}]}

data: {"choices":[{"index":0,"delta":{"content":"4"},"finish_reason":"stop"}]}

data: [DONE]

"#;

#[test]
fn a_thought_is_a_reasoning_block_and_goes_back_as_it_came() {
    let server = Canned::events(EVENTS);
    let llm = model(server.clone());
    let answer = block_on(async { fold::<AIMessage>(llm.stream("2+2?")).await });
    let answer = answer.unwrap().unwrap();
    assert_eq!(answer.text(), "4");
    let thought = json!([{"type": "thinking", "thinking": [{"type": "text", "text": "Two and two"}]}, {"type": "text", "text": "4"}]);
    assert_eq!(serde_json::to_value(&answer.content).unwrap(), thought);
    let blocks = answer.content_blocks();
    assert!(
        matches!(&blocks[..], [ContentBlock::Reasoning(thought), ContentBlock::Text(text)]
            if thought.reasoning.as_deref() == Some("Two and two") && text.text == "4"),
        "{blocks:?}"
    );

    let history: Vec<Message> = vec![
        HumanMessage::new("2+2?").into(),
        answer.into(),
        HumanMessage::new("And 3?").into(),
    ];
    let _ = block_on(async { fold::<AIMessage>(llm.stream(history)).await });
    let sent = server.bodies().pop().unwrap();
    assert_eq!(sent["messages"][1]["content"], thought);
}
