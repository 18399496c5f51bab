//! The older completions of a real server.

use cadena::openai::OpenAICompletions;
use cadena::{AIMessage, Bind, ChatModel, ChatOptions, RunnableExt, fold};

fn model() -> Option<impl ChatModel + Clone> {
    let options = ChatOptions::new()
        .temperature(0.0)
        .seed(7)
        .max_tokens(8)
        .logprobs(true)
        .top_logprobs(3);
    Some(
        OpenAICompletions::new("smollm2")
            .with_base_url(super::url()?)
            .with_api_key("none")
            .bind(options),
    )
}

#[tokio::test]
async fn a_completion_goes_on_with_the_text_and_its_tokens_make_it_up() {
    let Some(llm) = model() else { return };
    let _turn = super::turn().await;
    let message = llm.invoke("The capital of France is").await.unwrap();
    let logprobs = message.logprobs().unwrap();
    let text: String = logprobs.tokens().map(|token| token.token.as_str()).collect();
    assert_eq!(text, message.text());
    assert!(
        logprobs
            .tokens()
            .all(|token| token.logprob <= 0.0 && token.top_logprobs.is_some())
    );
    assert!(message.usage_metadata.unwrap().output_tokens > 0);
}

#[tokio::test]
async fn a_streamed_completion_adds_up_to_the_whole() {
    let Some(llm) = model() else { return };
    let _turn = super::turn().await;
    let whole = llm.invoke("One, two, three,").await.unwrap();
    let folded = fold::<AIMessage>(llm.stream("One, two, three,"))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(folded.text(), whole.text());
    assert_eq!(
        folded.response_metadata.finish_reason,
        whole.response_metadata.finish_reason
    );
    assert_eq!(
        folded.logprobs().unwrap().tokens().count(),
        whole.logprobs().unwrap().tokens().count()
    );
}

#[tokio::test]
async fn several_texts_in_one_request_are_answered_as_each_alone() {
    let Some(url) = super::url() else { return };
    let _turn = super::turn().await;
    let options = ChatOptions::new().temperature(0.0).seed(7).max_tokens(4);
    let llm = OpenAICompletions::new("smollm2")
        .with_base_url(url)
        .with_api_key("none")
        .with_options(options);
    let texts = ["The capital of France is", "One, two, three,", "The sky is"].map(str::to_owned);
    let together = llm.complete(&texts).await.unwrap();
    assert_eq!(together.len(), 3);
    for (text, choices) in texts.iter().zip(&together) {
        let alone = llm.invoke(text.as_str()).await.unwrap();
        assert_eq!(choices.first().unwrap().text(), alone.text(), "{text}");
    }
}
