//! Batch jobs of every endpoint that a batch can ask.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

#[path = "support/batch_server.rs"]
#[allow(dead_code, reason = "each test crate uses a part of this module")]
mod batch_server;

use batch_server::BatchServer;
use cadena_core::{ChatOptions, ErrorKind};
use cadena_openai::{
    BatchJobHandle, BatchJobRequest, ChatOpenAI, Endpoint, OpenAIClient, OpenAICompletions, OpenAIEmbeddings,
};
use futures::TryStreamExt;

const ROWS: [(&str, &str); 2] = [("row-1", "a"), ("row-2", "b")];

fn client(server: &BatchServer) -> OpenAIClient {
    let client = OpenAIClient::new().with_base_url(&server.url);
    client.with_api_key("sk-canary-0123456789")
}

#[tokio::test]
async fn a_model_of_the_responses_api_is_asked_and_read_as_such() {
    let server = BatchServer::start().await;
    let llm = server.model().with_endpoint(Endpoint::Responses);
    let mut handle = BatchJobHandle::new();
    llm.batch_job().submit(&mut handle, ROWS).await.unwrap();
    assert_eq!(server.state.lock().unwrap().created[0]["endpoint"], "/v1/responses");
    // The batch says which endpoint it asked, so that a model with other settings reads it too.
    for llm in [llm, server.model()] {
        let mut results: Vec<_> = llm
            .batch_job_from(handle.clone())
            .results()
            .try_collect()
            .await
            .unwrap();
        results.sort_by(|a, b| a.0.cmp(&b.0));
        let message = results[1].1.as_ref().unwrap();
        assert_eq!((results[1].0.as_str(), &*message.text()), ("row-2", "re: b"));
        let token = message.logprobs().unwrap().tokens().next().unwrap();
        assert_eq!((token.token.as_str(), token.logprob), ("re", -0.125));
        assert_eq!(message.usage_metadata.as_ref().unwrap().total_tokens, 4);
    }
}

#[tokio::test]
async fn a_request_that_needs_another_endpoint_is_refused_with_what_to_do() {
    // Only where OpenAI itself is asked does `Auto` choose, and this transport stands in for it.
    let llm = ChatOpenAI::new("gpt-4o-mini").with_base_url("https://api.openai.com/v1");
    let llm = llm.with_transport(cadena_http::Replay::new(cadena_http::Recording::default()));
    let store = ChatOptions::new().extra("previous_response_id", "resp_0");
    let requests = [
        BatchJobRequest::new("a", "1"),
        BatchJobRequest::new("b", "2").with_options(store),
    ];
    let error = llm
        .batch_job()
        .submit(&mut BatchJobHandle::new(), requests)
        .await
        .unwrap_err();
    insta::assert_snapshot!(error.to_string(), @"invalid input: the request `b` needs `/v1/responses`, and the first one `/v1/chat/completions`; a batch asks one endpoint: set `with_endpoint(Endpoint::Responses)`, or make a job for each");
}

#[tokio::test]
async fn completions_are_asked_and_read_by_the_same_job() {
    let server = BatchServer::start().await;
    let llm = OpenAICompletions::new("davinci-002").with_client(client(&server));
    let mut handle = BatchJobHandle::new();
    let job = llm.batch_job().submit(&mut handle, ROWS).await.unwrap();
    assert_eq!(server.state.lock().unwrap().created[0]["endpoint"], "/v1/completions");
    let results: Vec<_> = job.results().try_collect().await.unwrap();
    let texts: Vec<_> = results
        .iter()
        .map(|(_, message)| message.as_ref().unwrap().text())
        .collect();
    assert_eq!(texts, ["re: b", "re: a"]);
    assert!(results[0].1.as_ref().unwrap().logprobs().is_some());
    // A model of another endpoint does not read them as its own.
    let error = server
        .model()
        .batch_job_from(handle)
        .results()
        .try_collect::<Vec<_>>()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    insta::assert_snapshot!(error.to_string(), @"invalid input: the batch asks `/v1/completions`, and this model reads answers of `/v1/chat/completions` and `/v1/responses`; take the job up with the model that submitted it");
}

#[tokio::test]
async fn embeddings_are_one_vector_to_a_request() {
    let server = BatchServer::start().await;
    let embeddings = OpenAIEmbeddings::new("text-embedding-3-small").with_client(client(&server));
    let mut handle = BatchJobHandle::new();
    let job = embeddings.batch_job().submit(&mut handle, ROWS).await.unwrap();
    let line = server.state.lock().unwrap().files["file-1"].clone();
    let line = String::from_utf8(line).unwrap();
    insta::assert_snapshot!(line.lines().next().unwrap(), @r#"{"custom_id":"row-1","method":"POST","url":"/v1/embeddings","body":{"model":"text-embedding-3-small","input":["a"],"encoding_format":"base64"}}"#);
    let results: Vec<_> = job.results().try_collect().await.unwrap();
    let (id, embedded) = &results[0];
    let embedded = embedded.as_ref().unwrap();
    assert_eq!(id, "row-2");
    assert_eq!(
        (&*embedded.vectors, embedded.prompt_tokens),
        (&[vec![0.5, -0.25]][..], 3)
    );

    let refused = [
        BatchJobRequest::new("a", ""),
        BatchJobRequest::new("a", "word ".repeat(9000)),
        BatchJobRequest::new("a", "b").with_options(ChatOptions::new().seed(1)),
    ];
    let mut said = Vec::new();
    for request in refused {
        let submitted = embeddings
            .batch_job()
            .submit(&mut BatchJobHandle::new(), [request])
            .await;
        said.push(submitted.unwrap_err().to_string());
    }
    insta::assert_snapshot!(said.join("\n"), @r"
    invalid input: the text 0 (from 0) is empty, which no model embeds (in step `request a`); leave out empty texts
    limit exceeded: the text is too long for the model (in step `request a`); cut it, or embed it by `embed`, which cuts and joins
    unsupported: a text that is embedded has no options (in step `request a`); set them on `OpenAIEmbeddings`
    ");
}
