//! Everything that asks a server besides the chat model, each asked in the same way: what a fault must mean for all of them.
#![allow(dead_code, reason = "every test file uses a part of it")]

use std::time::Duration;

use cadena_core::{AIMessage, Embeddings, Result, RunnableExt, fold};
use cadena_http::{RetryPolicy, Timers};
use cadena_openai::{AzureChatOpenAI, OpenAIClient, OpenAICompletions, OpenAIEmbeddings, OpenAIModeration};
use futures::future::BoxFuture;

/// The key that must never be seen.
pub(crate) const KEY: &str = "sk-canary-0123456789";

/// One thing that asks.
#[derive(Clone, Copy)]
pub(crate) struct Surface {
    pub(crate) name: &'static str,
    /// Method and path below the address of the server.
    pub(crate) asks: &'static str,
    /// The body of a good answer.
    pub(crate) answer: &'static str,
    pub(crate) content_type: &'static str,
    pub(crate) azure: bool,
    call: fn(OpenAIClient) -> BoxFuture<'static, Result<String>>,
}

impl Surface {
    /// Asks a server once, and says what came in few words.
    pub(crate) async fn ask(self, url: &str) -> Result<String> {
        self.ask_by(client(url, self.azure)).await
    }

    pub(crate) async fn ask_by(self, client: OpenAIClient) -> Result<String> {
        (self.call)(client).await
    }
}

/// A client of a server, of OpenAI's kind or of Azure's, that never waits long.
pub(crate) fn client(url: &str, azure: bool) -> OpenAIClient {
    let client = match azure {
        false => OpenAIClient::new().with_base_url(format!("{url}/v1")),
        true => OpenAIClient::azure().with_endpoint(url).with_api_version("2024-10-21"),
    };
    client
        .with_api_key(KEY)
        .with_http_retry(RetryPolicy::default().base_pause(Duration::from_millis(1)))
        .with_timers(Timers::default().answer(Duration::from_secs(20)))
}

const JSON: &str = "application/json";
const EVENTS: &str = "text/event-stream";
const VECTOR: &str = r#"{"data":[{"index":0,"embedding":[0.5,0.25]}],"usage":{"prompt_tokens":1,"total_tokens":1}}"#;
const CHAT: &str =
    r#"{"choices":[{"index":0,"message":{"role":"assistant","content":"fine"},"finish_reason":"stop"}]}"#;
const TEXT: &str = r#"{"choices":[{"index":0,"text":"fine","finish_reason":"stop"}]}"#;
const TEXT_EVENTS: &str = concat!(
    "data: {\"choices\":[{\"index\":0,\"text\":\"fi\",\"finish_reason\":null}]}\n\n",
    "data: {\"choices\":[{\"index\":0,\"text\":\"ne\",\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n",
);

/// All of them.
pub(crate) const SURFACES: [Surface; 9] = [
    Surface {
        name: "embeddings",
        asks: "POST /v1/embeddings",
        answer: VECTOR,
        content_type: JSON,
        azure: false,
        call: embed,
    },
    Surface {
        name: "embeddings on Azure",
        asks: "POST /openai/deployments/d%201/embeddings?api-version=2024-10-21",
        answer: VECTOR,
        content_type: JSON,
        azure: true,
        call: embed,
    },
    Surface {
        name: "completions",
        asks: "POST /v1/completions",
        answer: TEXT,
        content_type: JSON,
        azure: false,
        call: complete,
    },
    Surface {
        name: "streamed completions",
        asks: "POST /v1/completions",
        answer: TEXT_EVENTS,
        content_type: EVENTS,
        azure: false,
        call: stream_completion,
    },
    Surface {
        name: "completions on Azure",
        asks: "POST /openai/deployments/d%201/completions?api-version=2024-10-21",
        answer: TEXT,
        content_type: JSON,
        azure: true,
        call: complete,
    },
    Surface {
        name: "streamed completions on Azure",
        asks: "POST /openai/deployments/d%201/completions?api-version=2024-10-21",
        answer: TEXT_EVENTS,
        content_type: EVENTS,
        azure: true,
        call: stream_completion,
    },
    Surface {
        name: "chat on Azure",
        asks: "POST /openai/deployments/d%201/chat/completions?api-version=2024-10-21",
        answer: CHAT,
        content_type: JSON,
        azure: true,
        call: |client| {
            Box::pin(async move {
                let llm = AzureChatOpenAI::new("d 1").with_client(client);
                Ok(llm.invoke("hi").await?.text().into_owned())
            })
        },
    },
    Surface {
        name: "moderation",
        asks: "POST /v1/moderations",
        answer: r#"{"results":[{"flagged":true,"categories":{"hate":true}}]}"#,
        content_type: JSON,
        azure: false,
        call: |client| {
            Box::pin(async move {
                let moderation = OpenAIModeration::new("omni-moderation-latest").with_client(client);
                Ok(moderation.invoke("hi").await?.reasons().collect())
            })
        },
    },
    Surface {
        name: "the list of models",
        asks: "GET /v1/models",
        answer: r#"{"data":[{"id":"m-1"}]}"#,
        content_type: JSON,
        azure: false,
        call: |client| {
            Box::pin(async move {
                let models = client.list_models().await?;
                Ok(models.into_iter().map(|model| model.id).collect())
            })
        },
    },
];

fn embed(client: OpenAIClient) -> BoxFuture<'static, Result<String>> {
    Box::pin(async move {
        let embeddings = OpenAIEmbeddings::new("d 1").with_client(client);
        Ok(format!("{:?}", embeddings.embed_query("hi").await?))
    })
}

fn complete(client: OpenAIClient) -> BoxFuture<'static, Result<String>> {
    Box::pin(async move {
        let llm = OpenAICompletions::new("d 1").with_client(client);
        Ok(llm.invoke("hi").await?.text().into_owned())
    })
}

fn stream_completion(client: OpenAIClient) -> BoxFuture<'static, Result<String>> {
    Box::pin(async move {
        let llm = OpenAICompletions::new("d 1").with_client(client);
        let message = fold::<AIMessage>(llm.stream("hi")).await?.unwrap_or_default();
        Ok(message.text().into_owned())
    })
}
