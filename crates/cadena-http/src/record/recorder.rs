//! A transport that writes down what another one does.

use std::fmt;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use cadena_core::{Error, ErrorKind, Result};
use futures::stream::{Stream, StreamExt};
use http::HeaderMap;
use serde_json::{Map, Value};

use super::Recording;
use super::line::{RequestLine, ResponseLine};
use super::recording::{End, Exchange};
use crate::{Body, HttpRequest, Redactor, Secret, StreamingResponse, Transport};

/// The headers that a client acts upon. All others stay out of the file: cookies, organisations, hosts, dates.
const KEPT: [&str; 6] = [
    "content-type",
    "openai-processing-ms",
    "retry-after",
    "retry-after-ms",
    "x-request-id",
    "x-should-retry",
];

/// Wraps a transport and appends each exchange to a file, for [`Replay`](crate::Replay) to play back.
///
/// Exchanges that run at the same time are written one after the other, each whole, in the order in which they end. A body that is dropped is
/// written as far as it was read. Known secrets are masked: those in the request's headers and address, and those
/// given to [`with_secret`](Self::with_secret).
///
/// Writing blocks for the moment it takes; this is a tool for tests and for finding faults.
///
/// # Examples
///
/// ```
/// use cadena_http::{HttpClient, Recorder, Replay, HttpRequest};
/// use serde_json::json;
///
/// # futures::executor::block_on(async {
/// # let source = Replay::from_jsonl(concat!(
/// #     r#"{"recording":1,"about":null}"#, "\n",
/// #     r#"{"request":{"method":"GET","path":"/v1/models"}}"#, "\n",
/// #     r#"{"response":{"status":200,"headers":{}}}"#, "\n",
/// #     r#"{"chunk":"{}"}"#, "\n",
/// #     r#"{"end":"complete"}"#, "\n",
/// # ))?;
/// # let path = std::env::temp_dir().join(format!("cadena-recorder-{}.jsonl", std::process::id()));
/// let recorder = Recorder::create(source, &path, json!({"description": "the list of models"}))?;
/// HttpClient::new(recorder).send(HttpRequest::get("http://localhost/v1/models")).await?;
///
/// let replay = Replay::open(&path)?;
/// assert_eq!(replay.about()["description"], "the list of models");
/// let answer = HttpClient::new(replay).send(HttpRequest::get("http://localhost/v1/models")).await?;
/// assert_eq!(answer.body, "{}");
/// # std::fs::remove_file(path).unwrap();
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
pub struct Recorder<T> {
    inner: T,
    file: Arc<RecordFile>,
    secrets: Vec<Secret>,
}

struct RecordFile {
    path: PathBuf,
    file: Mutex<File>,
}

impl<T: Transport> Recorder<T> {
    /// Creates the file, in place of an older one, and writes what the recording is about.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::ErrorKind;
    /// use cadena_http::{Recorder, ReqwestTransport};
    ///
    /// let error = Recorder::create(ReqwestTransport::new(), "/no/such/folder/x.jsonl", ().into()).unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::Config);
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] if the file cannot be written.
    pub fn create(inner: T, path: impl AsRef<Path>, about: Value) -> Result<Self> {
        let path = path.as_ref().to_owned();
        let head = Recording {
            about,
            exchanges: Vec::new(),
        }
        .to_jsonl()?;
        let opened = File::create(&path).and_then(|mut file| file.write_all(head.as_bytes()).map(|()| file));
        let file = opened.map_err(|e| unwritable(&path, e))?;
        Ok(Self {
            inner,
            file: Arc::new(RecordFile {
                path,
                file: Mutex::new(file),
            }),
            secrets: Vec::new(),
        })
    }

    /// Names a text that must not reach the file wherever it appears, besides the secrets of each request.
    ///
    /// # Examples
    ///
    /// ```
    /// # let path = std::env::temp_dir().join(format!("cadena-secret-{}.jsonl", std::process::id()));
    /// use cadena_http::{Recorder, ReqwestTransport, Secret};
    ///
    /// let recorder = Recorder::create(ReqwestTransport::new(), &path, ().into())?.with_secret(&Secret::new("org-abcdef"));
    /// assert!(!format!("{recorder:?}").contains("abcdef"));
    /// # std::fs::remove_file(path).unwrap();
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    #[must_use]
    pub fn with_secret(mut self, secret: &Secret) -> Self {
        self.secrets.push(secret.clone());
        self
    }
}

impl<T: fmt::Debug> fmt::Debug for Recorder<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder")
            .field("inner", &self.inner)
            .field("path", &self.file.path)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl<T: Transport> Transport for Recorder<T> {
    async fn send(&self, request: HttpRequest) -> Result<StreamingResponse> {
        let redactor = self.secrets.iter().fold(Redactor::of(&request), Redactor::with_secret);
        let exchange = Exchange {
            request: RequestLine::of(&request, &redactor),
            response: None,
            chunks: Vec::new(),
            end: End::Dropped,
        };
        // From here on a drop writes the exchange, also while the head of the answer is awaited.
        let mut pen = Pen {
            file: Arc::clone(&self.file),
            redactor,
            exchange: Some(exchange),
        };
        let response = match self.inner.send(request).await {
            Ok(response) => response,
            Err(error) => {
                pen.finish(failed(&error))?;
                return Err(error);
            }
        };
        pen.head(&response);
        let StreamingResponse {
            status, headers, body, ..
        } = response;
        let body = Recorded { body: Some(body), pen };
        Ok(StreamingResponse::new(status)
            .with_headers(headers)
            .with_body(body.boxed()))
    }

    fn is_replay(&self) -> bool {
        self.inner.is_replay()
    }
}

/// A body that writes itself down as it is read.
struct Recorded {
    body: Option<Body>,
    pen: Pen,
}

impl Stream for Recorded {
    type Item = Result<Bytes>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        let Some(body) = &mut this.body else {
            return Poll::Ready(None);
        };
        let item = ready!(body.poll_next_unpin(cx));
        let end = match &item {
            Some(Ok(chunk)) => {
                this.pen.chunk(chunk.clone());
                return Poll::Ready(item);
            }
            Some(Err(error)) => failed(error),
            None => End::Complete,
        };
        this.body = None;
        match this.pen.finish(end) {
            Ok(()) => Poll::Ready(item),
            // A recording that is silently incomplete is found weeks later.
            Err(unwritten) => Poll::Ready(Some(Err(unwritten))),
        }
    }
}

/// Writes one exchange, once: when it ends, or when it is dropped.
struct Pen {
    file: Arc<RecordFile>,
    redactor: Redactor,
    exchange: Option<Exchange>,
}

impl Pen {
    fn head(&mut self, response: &StreamingResponse) {
        let headers = kept(&response.headers, &self.redactor);
        if let Some(exchange) = &mut self.exchange {
            exchange.response = Some(ResponseLine {
                status: response.status.as_u16(),
                headers,
            });
        }
    }

    fn chunk(&mut self, chunk: Bytes) {
        if let Some(exchange) = &mut self.exchange {
            exchange.chunks.push(chunk);
        }
    }

    fn finish(&mut self, end: End) -> Result<()> {
        let Some(mut exchange) = self.exchange.take() else {
            return Ok(());
        };
        exchange.end = match end {
            End::Failed { kind, detail } => End::Failed {
                kind,
                detail: self.redactor.redact(&detail).into_owned(),
            },
            other => other,
        };
        exchange.chunks = mask(&exchange.chunks, &self.redactor);
        let lines = exchange.to_jsonl()?;
        // A poisoned lock means that another writer panicked; each write is a whole exchange, so the file is sound.
        let mut file = self.file.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.write_all(lines.as_bytes())
            .map_err(|e| unwritable(&self.file.path, e))
    }
}

impl Drop for Pen {
    fn drop(&mut self) {
        // Nobody is left who could hear about a full disk.
        let _unwritten = self.finish(End::Dropped);
    }
}

/// Masks secrets over the borders of chunks, and leaves the borders where they were.
fn mask(chunks: &[Bytes], redactor: &Redactor) -> Vec<Bytes> {
    let mut whole: BytesMut = chunks.iter().flatten().copied().collect::<Vec<u8>>().as_slice().into();
    redactor.mask_in_place(&mut whole);
    chunks
        .iter()
        .map(|chunk| whole.split_to(chunk.len()).freeze())
        .collect()
}

fn kept(headers: &HeaderMap, redactor: &Redactor) -> Map<String, Value> {
    let text = |name: &str| Some(redactor.redact(headers.get(name)?.to_str().ok()?).into_owned());
    KEPT.iter()
        .filter_map(|name| Some(((*name).to_owned(), Value::String(text(name)?))))
        .collect()
}

fn failed(error: &Error) -> End {
    End::Failed {
        kind: error.kind(),
        detail: error.detail().to_owned(),
    }
}

fn unwritable(path: &Path, error: std::io::Error) -> Error {
    Error::new(
        ErrorKind::Config,
        format!("the recording `{}` cannot be written", path.display()),
    )
    .with_source(error)
}
