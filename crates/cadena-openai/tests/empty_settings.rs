//! A setting that is empty is an error of the configuration before anything is sent, whichever client has it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use cadena_core::{Error, ErrorKind, Result, RunnableExt, async_trait};
use cadena_http::{HttpRequest, StreamingResponse, Transport};
use cadena_openai::{
    AzureChatOpenAI, BatchJobHandle, ChatOpenAI, OpenAIClient, OpenAICompletions, OpenAIEmbeddings, OpenAIModeration,
};
use futures::TryStreamExt;
use support::{Canned, block_on};

/// Fails a test that sends something.
#[derive(Debug)]
struct Never;

#[async_trait]
impl Transport for Never {
    async fn send(&self, _request: HttpRequest) -> Result<StreamingResponse> {
        panic!("a request was sent");
    }
}

/// The error of everything that a client with these settings can be asked for.
fn errors(client: &OpenAIClient) -> Vec<Error> {
    let chat = ChatOpenAI::new("m").with_client(client.clone());
    let completions = OpenAICompletions::new("m").with_client(client.clone());
    block_on(async {
        vec![
            chat.invoke("hi").await.unwrap_err(),
            chat.stream("hi").try_next().await.unwrap_err(),
            chat.batch_job()
                .submit(&mut BatchJobHandle::new(), [("row-1", "hi")])
                .await
                .unwrap_err(),
            chat.batch_job_from(BatchJobHandle::from_ids(["b"]))
                .status()
                .await
                .unwrap_err(),
            completions.invoke("hi").await.unwrap_err(),
            completions.complete(&["hi"]).await.unwrap_err(),
            OpenAIEmbeddings::new("m")
                .with_client(client.clone())
                .embed(&["hi"])
                .await
                .unwrap_err(),
            OpenAIModeration::new("m")
                .with_client(client.clone())
                .invoke("hi")
                .await
                .unwrap_err(),
            client.list_models().await.unwrap_err(),
        ]
    })
}

#[test]
fn an_empty_setting_is_an_error_that_names_it_and_its_cure_for_every_client() {
    let client = || OpenAIClient::new().with_transport(Never).with_api_key("sk-abcdef");
    let azure = || {
        OpenAIClient::azure()
            .with_transport(Never)
            .with_endpoint("https://name.openai.azure.com")
    };
    for (client, detail, hint) in [
        (
            client().with_api_key(""),
            "`with_api_key` was given an empty API key",
            "without_api_key",
        ),
        (
            client().with_api_key(" \n"),
            "`with_api_key` was given an empty API key",
            "without_api_key",
        ),
        (
            client().with_api_key_fn(async || Ok(" ")),
            "the function of `with_api_key_fn` returned an empty key",
            "return the key",
        ),
        (
            client().with_api_key("sk-abc\ndef"),
            "the key holds a line break",
            "give one line",
        ),
        (
            client().with_base_url(" "),
            "`with_base_url` was given an empty base URL",
            "http://127.0.0.1",
        ),
        (
            client().with_base_url("http://h/v1\n"),
            "`with_base_url` was given a line break within the base URL",
            "one line",
        ),
        (
            client().with_organization(""),
            "`with_organization` was given an empty organization",
            "org-",
        ),
        (
            client().with_project(""),
            "`with_project` was given an empty project",
            "proj_",
        ),
        (
            azure().with_api_key(""),
            "`with_api_key` was given an empty API key",
            "without_api_key",
        ),
        (
            azure().with_token("\t"),
            "`with_token` was given an empty API key",
            "without_api_key",
        ),
        (
            azure().with_token_fn(async || Ok("")),
            "the function of `with_token_fn` returned an empty key",
            "return the key",
        ),
        (
            azure().with_api_key("abcdef").with_endpoint(""),
            "`with_endpoint` was given an empty endpoint",
            "https://name.openai.azure.com",
        ),
        (
            azure().with_api_key("abcdef").with_api_version(""),
            "`with_api_version` was given an empty API version",
            "2024-10-21",
        ),
    ] {
        for error in errors(&client) {
            assert_eq!(error.kind(), ErrorKind::Config, "{error}");
            assert_eq!(error.detail(), detail);
            assert!(error.hint().unwrap().contains(hint), "{error}");
        }
    }
    let azure = AzureChatOpenAI::new("d")
        .with_endpoint("https://h")
        .with_api_key("")
        .with_transport(Never);
    assert_eq!(block_on(azure.invoke("hi")).unwrap_err().kind(), ErrorKind::Config);
}

#[test]
fn a_server_that_needs_no_key_is_asked_without_one() {
    let server = Canned::json(r#"{"choices":[{"message":{"content":"hi"},"finish_reason":"stop"}]}"#);
    let llm = ChatOpenAI::new("m")
        .with_api_key("sk-abcdef")
        .without_api_key()
        .with_base_url("http://127.0.0.1:8080/v1")
        .with_transport(server.clone());
    assert!(!llm.has_api_key());
    assert_eq!(block_on(llm.invoke("hi")).unwrap().text(), "hi");
    assert!(!server.requests().first().unwrap().headers.contains_key("authorization"));
}
