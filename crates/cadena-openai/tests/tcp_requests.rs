//! Over a real connection: what is sent by each thing that asks, with which key, and that dropping it ends the connection.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, in its helpers too"
)]

#[path = "../../cadena-http/tests/support/mod.rs"]
mod server;
#[path = "support/surface.rs"]
mod surface;

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use cadena_core::{Embeddings, ErrorKind};
use cadena_http::{RetryPolicy, Secret};
use cadena_openai::OpenAIEmbeddings;
use server::{Conn, Server};
use surface::{KEY, SURFACES, Surface, client};

type Requests = Arc<Mutex<Vec<String>>>;

/// A server that keeps every request and answers it well, or with 401 to a key that it does not take.
async fn keeping(surface: Surface, refused_key: Option<&'static str>) -> (Server, Requests) {
    let requests = Requests::default();
    let kept = Arc::clone(&requests);
    let server = Server::start(move |mut conn: Conn| {
        let kept = Arc::clone(&kept);
        async move {
            while let Some(request) = conn.request().await {
                let refused = refused_key.is_some_and(|key| request.contains(key));
                kept.lock().unwrap().push(request);
                let headers = format!("content-type: {}\r\n", surface.content_type);
                match refused {
                    true => {
                        conn.answer("401 Unauthorized", "", r#"{"error":{"code":"401","message":"no"}}"#)
                            .await
                    }
                    false => conn.answer("200 OK", &headers, surface.answer).await,
                }
            }
        }
    })
    .await;
    (server, requests)
}

/// The headers of a request by name, and its body.
fn parse(request: &str) -> (String, Vec<(String, String)>, String) {
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    let mut lines = head.lines();
    let first = lines.next().unwrap().trim_end_matches(" HTTP/1.1").to_owned();
    let headers = lines.map(|line| line.split_once(": ").unwrap());
    let headers = headers.map(|(name, value)| (name.to_lowercase(), value.to_owned()));
    (first, headers.collect(), body.to_owned())
}

#[tokio::test]
async fn every_request_goes_to_its_path_with_its_key_and_headers() {
    for surface in SURFACES {
        let (server, requests) = keeping(surface, None).await;
        surface.ask(&server.url).await.unwrap();
        let requests = requests.lock().unwrap();
        assert_eq!(requests.len(), 1, "{}", surface.name);
        let (first, headers, body) = parse(&requests[0]);
        assert_eq!(first, surface.asks, "{}", surface.name);
        let header = |name: &str| {
            let all: Vec<_> = headers.iter().filter(|(key, _)| key == name).collect();
            assert!(all.len() <= 1, "{}: `{name}` twice", surface.name);
            all.first().map(|(_, value)| value.as_str())
        };
        let bearer = format!("Bearer {KEY}");
        let keys = match surface.azure {
            true => (Some(KEY), None),
            false => (None, Some(bearer.as_str())),
        };
        assert_eq!((header("api-key"), header("authorization")), keys, "{}", surface.name);
        let posts = surface.asks.starts_with("POST");
        assert_eq!(
            header("content-type"),
            posts.then_some("application/json"),
            "{}",
            surface.name
        );
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&body).is_ok(),
            posts,
            "{}",
            surface.name
        );
        assert!(
            header("accept").is_some_and(|accept| accept.contains(surface.content_type)),
            "{}",
            surface.name
        );
        // What is meant for OpenAI stays with OpenAI.
        assert_eq!((header("openai-organization"), header("openai-project")), (None, None));
    }
}

/// A client whose key is asked for, and how often it was.
fn asking(url: &str, azure: bool, keys: &'static [&'static str]) -> (cadena_openai::OpenAIClient, Arc<AtomicU32>) {
    let asked = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&asked);
    let key = move || {
        let number = usize::try_from(counted.fetch_add(1, Ordering::SeqCst)).unwrap();
        async move { Ok(Secret::new(keys[number.min(keys.len() - 1)])) }
    };
    let client = match azure {
        true => client(url, true).with_token_fn(key),
        false => client(url, false).with_api_key_fn(key),
    };
    (client, asked)
}

#[tokio::test]
async fn a_function_is_asked_for_a_key_before_every_request_and_no_other_key_goes_out() {
    for surface in SURFACES {
        let (server, requests) = keeping(surface, None).await;
        let (client, asked) = asking(&server.url, surface.azure, &["token-1", "token-2"]);
        surface.ask_by(client.clone()).await.unwrap();
        surface.ask_by(client).await.unwrap();
        assert_eq!(asked.load(Ordering::SeqCst), 2, "{}", surface.name);
        for (request, token) in requests.lock().unwrap().iter().zip(["token-1", "token-2"]) {
            let lower = request.to_lowercase();
            assert!(
                lower.contains(&format!("authorization: bearer {token}\r\n")),
                "{}: {request}",
                surface.name
            );
            assert!(
                !lower.contains("api-key") && !lower.contains("canary"),
                "{}",
                surface.name
            );
        }
    }
}

#[tokio::test]
async fn a_key_that_is_refused_is_asked_for_again_once() {
    for surface in SURFACES {
        let (server, requests) = keeping(surface, Some("expired")).await;
        let (client, asked) = asking(&server.url, surface.azure, &["expired-1", "fresh-2"]);
        surface.ask_by(client).await.unwrap();
        assert_eq!(
            (asked.load(Ordering::SeqCst), requests.lock().unwrap().len()),
            (2, 2),
            "{}",
            surface.name
        );

        // Each of these is another key, and none is taken: two are tried.
        let (client, asked) = asking(&server.url, surface.azure, &["expired-1", "expired-2", "expired-3"]);
        let error = surface.ask_by(client).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Authentication, "{}", surface.name);
        assert!(
            error.hint().is_some_and(|hint| hint.contains("_fn`")),
            "{}: {error}",
            surface.name
        );
        assert_eq!(
            (asked.load(Ordering::SeqCst), requests.lock().unwrap().len()),
            (2, 4),
            "{}",
            surface.name
        );
        assert!(!format!("{error:?}").contains("expired-"), "{error:?}");

        // The same key again would be refused again.
        let (client, _) = asking(&server.url, surface.azure, &["expired-1"]);
        surface.ask_by(client).await.unwrap_err();
        assert_eq!(requests.lock().unwrap().len(), 5, "{}", surface.name);
    }
}

#[tokio::test]
async fn what_is_dropped_leaves_no_connection() {
    for surface in SURFACES {
        let gone = Arc::new(tokio::sync::Notify::new());
        let (asked, noted) = (Arc::new(tokio::sync::Notify::new()), Arc::clone(&gone));
        let told = Arc::clone(&asked);
        let server = Server::start(move |mut conn: Conn| {
            let (told, noted) = (Arc::clone(&told), Arc::clone(&noted));
            async move {
                conn.request().await;
                told.notify_one();
                conn.gone().await;
                noted.notify_one();
            }
        })
        .await;
        tokio::select! {
            answer = surface.ask(&server.url) => panic!("{}: {answer:?}", surface.name),
            () = asked.notified() => {}
        }
        let patience = tokio::time::timeout(Duration::from_secs(10), gone.notified()).await;
        patience.unwrap_or_else(|_| panic!("{}: the connection is still open", surface.name));
    }
}

#[tokio::test]
async fn embeddings_ask_at_once_as_often_as_they_may_and_stop_when_dropped() {
    let under_way = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&under_way);
    let server = Server::start(move |mut conn: Conn| {
        let counted = Arc::clone(&counted);
        async move {
            conn.request().await;
            counted.fetch_add(1, Ordering::SeqCst);
            conn.gone().await;
            counted.fetch_sub(1, Ordering::SeqCst);
        }
    })
    .await;
    let embeddings = OpenAIEmbeddings::new("m")
        .with_client(client(&server.url, false).with_http_retry(RetryPolicy::none()))
        .with_batch_size(1)
        .with_max_concurrency(3);
    let reached = |wanted: u32| {
        let under_way = Arc::clone(&under_way);
        async move {
            while under_way.load(Ordering::SeqCst) != wanted {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
    };
    let texts: Vec<String> = (0..9).map(|number| format!("text {number}")).collect();
    tokio::select! {
        answer = embeddings.embed_documents(&texts) => panic!("{answer:?}"),
        () = reached(3) => {}
    }
    tokio::time::timeout(Duration::from_secs(10), reached(0)).await.unwrap();
    assert_eq!(server.requests(), 3, "no more than three were ever sent");
}
