//! The Responses API: a stream adds up to what `invoke` returns, whatever the answer holds.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, in its helpers too"
)]

mod support;

use cadena_core::{AIMessage, Bind, ChatOptions, RunnableExt, fold};
use cadena_http::Replay;
use cadena_openai::{ChatOpenAI, Endpoint};
use support::{block_on, data};

#[test]
fn log_probabilities_mean_the_same_as_in_chat_completions() {
    let ask = |file: &str, endpoint| {
        let replay = Replay::from_jsonl(&data(file)).unwrap();
        let llm = ChatOpenAI::new("gpt-4o-mini")
            .with_endpoint(endpoint)
            .with_transport(replay);
        let llm = llm.bind(ChatOptions::new().logprobs(true));
        block_on(async {
            let whole = llm.invoke(("human", "how are you today")).await.unwrap();
            let folded = fold::<AIMessage>(llm.stream(("human", "how are you today")))
                .await
                .unwrap()
                .unwrap();
            let (mut left, mut right) = (whole.clone(), folded);
            // Both are named after their runs, where the server does not name them.
            (left.id, right.id) = (None, None);
            assert_eq!(left, right);
            whole
        })
    };
    let chat = ask("hello.jsonl", Endpoint::ChatCompletions);
    let response = ask("responses.jsonl", Endpoint::Responses);
    assert_eq!(response.id.as_deref(), Some("resp_1"));
    assert_eq!(response.logprobs(), chat.logprobs());
    assert_eq!(response.text(), chat.text());
    let total = |message: &AIMessage| message.usage_metadata.as_ref().map(|usage| usage.total_tokens);
    assert_eq!(total(&response), total(&chat));
    assert_eq!(
        response.response_metadata.finish_reason,
        chat.response_metadata.finish_reason
    );
}
