//! Uploads that are read while they are sent.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, in its helpers too"
)]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use cadena_core::{Error, ErrorKind};
use cadena_http::{HttpRequest, Upload};
use futures::{StreamExt, stream};
use support::{Server, client};

const LENGTH: usize = 40 * PIECE.len();
const PIECE: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

#[tokio::test]
async fn an_upload_is_read_again_for_every_try_and_sent_with_its_length() {
    let opened = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&opened);
    let upload = Upload::new(LENGTH as u64, move || {
        count.fetch_add(1, Ordering::SeqCst);
        stream::iter((0..40).map(|_| Ok(PIECE.into()))).boxed()
    });
    let server = Server::start(|mut conn| async move {
        while let Some(request) = conn.request().await {
            let (head, body) = request.split_once("\r\n\r\n").unwrap();
            assert_eq!(body.len(), LENGTH);
            assert!(!head.to_lowercase().contains("transfer-encoding"), "{head}");
            match conn.number {
                // Closed without an answer, then busy.
                1 => return,
                2 => conn.answer("503 Busy", "", "").await,
                _ => conn.answer("200 OK", "", "kept").await,
            }
        }
    })
    .await;
    let request = HttpRequest::post(format!("{}/v1/files", server.url)).with_upload(upload);
    assert_eq!(client().send(request).await.unwrap().body, "kept");
    assert_eq!((opened.load(Ordering::SeqCst), server.requests()), (3, 3));
}

#[tokio::test]
async fn an_error_of_the_source_is_the_error_of_the_call() {
    let server = Server::start(|mut conn| async move { while conn.request().await.is_some() {} }).await;
    let upload = Upload::new(LENGTH as u64, || {
        let broken = Error::new(ErrorKind::Config, "the disk is gone");
        stream::iter([Ok(PIECE.into()), Err(broken)]).boxed()
    });
    let request = HttpRequest::post(format!("{}/v1/files", server.url)).with_upload(upload);
    let error = client().send(request).await.unwrap_err();
    assert_eq!((error.kind(), error.detail()), (ErrorKind::Config, "the disk is gone"));
    assert_eq!(server.requests(), 0);
}
