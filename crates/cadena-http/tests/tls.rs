//! https against a server with a certificate that nobody vouches for.

#![cfg(feature = "tls")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod support;

use std::sync::Arc;

use cadena_core::ErrorKind;
use cadena_http::{HttpClient, HttpRequest, ReqwestTransport};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use support::{Conn, Server, client};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::TlsAcceptor;

/// Made for these tests, and trusted by them alone.
const CERTIFICATE: &[u8] = include_bytes!("data/self_signed.cert.der");
const KEY: &[u8] = include_bytes!("data/self_signed.key.der");

fn certificate() -> CertificateDer<'static> {
    CertificateDer::from(CERTIFICATE)
}

async fn tls_server() -> Server {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(KEY));
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let mut server = Server::start(move |conn: Conn| {
        let acceptor = acceptor.clone();
        async move {
            let Ok(mut stream) = acceptor.accept(conn.stream).await else {
                return;
            };
            let _ = stream.read(&mut [0; 4096]).await;
            let _ = stream
                .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nsafe")
                .await;
        }
    })
    .await;
    server.url = server.url.replace("http:", "https:");
    server
}

#[tokio::test]
async fn a_certificate_that_is_not_trusted_is_final_at_the_first_try() {
    let server = tls_server().await;
    let error = client().send(HttpRequest::get(&server.url)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connect);
    assert_eq!(
        error.detail(),
        format!("TLS: the certificate of `{}` is not accepted", server.url)
    );
    assert!(!error.is_retryable());
    assert!(error.downcast_source_ref::<reqwest::Error>().is_some());
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn a_client_that_trusts_the_certificate_gets_its_answer() {
    let server = tls_server().await;
    let mut roots = RootCertStore::empty();
    roots.add(certificate()).unwrap();
    let tls = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let own = reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .build()
        .unwrap();
    let answer = HttpClient::new(ReqwestTransport::from_client(own))
        .send(HttpRequest::get(&server.url))
        .await
        .unwrap();
    assert_eq!(answer.body, "safe");
}

#[tokio::test]
async fn nothing_is_installed_for_the_process() {
    let server = tls_server().await;
    assert!(client().send(HttpRequest::get(&server.url)).await.is_err());
    assert!(rustls::crypto::CryptoProvider::get_default().is_none());
}
