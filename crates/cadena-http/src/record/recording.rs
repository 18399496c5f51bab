//! A recording in memory, read from lines and written to lines.

use std::path::Path;

use bytes::Bytes;
use cadena_core::{Error, ErrorKind, Result};
use serde_json::{Map, Value};

use super::line::{EndWord, Line, RequestLine, ResponseLine, VERSION, decode, encode, kind_of};
use crate::redactor::secret_parameters;
use crate::request::path_and_query;
use crate::{HttpRequest, Redactor};

/// The requests that a server got and its answers, byte for byte and chunk for chunk.
///
/// The format is JSON Lines: one line describes the recording, then each exchange has a `request` line, a `response` line, one
/// `chunk` line for each piece of the body as it arrived, and an `end` line. Keys, cookies, hosts and all headers but a few are not in
/// it.
///
/// ```json
/// {"recording":1,"about":{"model":"demo"}}
/// {"request":{"method":"POST","path":"/v1/chat/completions","body":{"stream":true}}}
/// {"response":{"status":200,"headers":{"content-type":"text/event-stream"}}}
/// {"chunk":"data: [DONE]\n\n"}
/// {"end":"complete"}
/// ```
///
/// # Examples
///
/// ```
/// use cadena_http::Recording;
///
/// let text = "{\"recording\":1,\"about\":{\"model\":\"demo\"}}\n";
/// let recording = Recording::from_jsonl(text)?;
/// assert_eq!(recording.about()["model"], "demo");
/// assert_eq!((recording.len(), recording.to_jsonl()?), (0, text.to_owned()));
/// # Ok::<_, cadena_core::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Recording {
    pub(super) about: Value,
    pub(super) exchanges: Vec<Exchange>,
}

/// One request and what came of it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Exchange {
    pub(super) request: RequestLine,
    /// `None` if no answer began.
    pub(super) response: Option<ResponseLine>,
    pub(super) chunks: Vec<Bytes>,
    pub(super) end: End,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum End {
    Complete,
    Failed { kind: ErrorKind, detail: String },
    Dropped,
}

impl Recording {
    /// Reads the lines of a recording.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::ErrorKind;
    /// use cadena_http::Recording;
    ///
    /// let error = Recording::from_jsonl("{\"recording\":1}\n{\"chunk\":\"x\"}\n").unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::Decode);
    /// assert_eq!(error.detail(), "the recording is broken in line 2: a `chunk` without a `response` before it");
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Decode`] with the number of the line that is not as it should be.
    pub fn from_jsonl(text: &str) -> Result<Self> {
        let mut reader = Reader::default();
        for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let broken = |what: &str| {
                Error::new(
                    ErrorKind::Decode,
                    format!("the recording is broken in line {}: {what}", at + 1),
                )
            };
            let line = serde_json::from_str(line).map_err(|e| broken("not a line of this format").with_source(e))?;
            reader.take(line).map_err(broken)?;
        }
        if reader.open.is_some() {
            return Err(Error::new(
                ErrorKind::Decode,
                "the recording is broken: its last exchange has no `end`",
            ));
        }
        let about = reader
            .about
            .ok_or_else(|| Error::new(ErrorKind::Decode, "the recording is empty"))?;
        Ok(Self {
            about,
            exchanges: reader.done,
        })
    }

    /// Reads a recording from a file.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::ErrorKind;
    ///
    /// let error = cadena_http::Recording::open("/no/such/file.jsonl").unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::Config);
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] if the file cannot be read, else as [`from_jsonl`](Self::from_jsonl).
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let text = std::fs::read_to_string(path).map_err(|e| {
            Error::new(
                ErrorKind::Config,
                format!("the recording `{}` cannot be read", path.display()),
            )
            .with_source(e)
        })?;
        Self::from_jsonl(&text)
    }

    /// Writes the lines of the recording.
    ///
    /// # Examples
    ///
    /// ```
    /// let lines = cadena_http::Recording::default().to_jsonl()?;
    /// assert_eq!(lines, "{\"recording\":1,\"about\":null}\n");
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Internal`] if a part cannot be written as JSON, which would be a fault of this crate.
    pub fn to_jsonl(&self) -> Result<String> {
        let mut text = String::new();
        write(
            &mut text,
            &Line::About {
                recording: VERSION,
                about: self.about.clone(),
            },
        )?;
        for exchange in &self.exchanges {
            text += &exchange.to_jsonl()?;
        }
        Ok(text)
    }

    /// Returns the description of the recording: whatever its author wrote there, such as description, model and server.
    ///
    /// # Examples
    ///
    /// ```
    /// let recording = cadena_http::Recording::from_jsonl(r#"{"recording":1,"about":"a demo"}"#)?;
    /// assert_eq!(recording.about(), "a demo");
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    #[must_use]
    pub fn about(&self) -> &Value {
        &self.about
    }

    /// Returns the number of exchanges.
    ///
    /// # Examples
    ///
    /// ```
    /// let recording = cadena_http::Recording::from_jsonl(r#"{"recording":1,"about":"a demo"}"#)?;
    /// assert_eq!(recording.len(), 0);
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    #[must_use]
    pub fn len(&self) -> usize {
        self.exchanges.len()
    }

    /// Whether there is no exchange.
    ///
    /// # Examples
    ///
    /// ```
    /// let recording = cadena_http::Recording::from_jsonl(r#"{"recording":1,"about":"a demo"}"#)?;
    /// assert!(recording.is_empty());
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.exchanges.is_empty()
    }
}

impl Exchange {
    /// The lines of one exchange.
    pub(super) fn to_jsonl(&self) -> Result<String> {
        let mut text = String::new();
        write(
            &mut text,
            &Line::Request {
                request: self.request.clone(),
            },
        )?;
        if let Some(response) = &self.response {
            write(
                &mut text,
                &Line::Response {
                    response: response.clone(),
                },
            )?;
        }
        for chunk in &self.chunks {
            write(&mut text, &Line::chunk(chunk))?;
        }
        let (end, kind, detail) = match &self.end {
            End::Complete => (EndWord::Complete, None, None),
            End::Failed { kind, detail } => (EndWord::Error, Some(kind.as_str().to_owned()), Some(detail.clone())),
            End::Dropped => (EndWord::Dropped, None, None),
        };
        write(&mut text, &Line::End { end, kind, detail })?;
        Ok(text)
    }
}

impl RequestLine {
    /// The part of a request that a recording keeps: no host, no header, no secret.
    pub(super) fn of(request: &HttpRequest, redactor: &Redactor) -> Self {
        let mut path = path_and_query(&request.url).to_owned();
        for (name, value) in secret_parameters(&request.url) {
            path = path.replace(&format!("{name}={value}"), &format!("{name}=***"));
        }
        let mut line = Self {
            method: request.method.to_string(),
            path: redactor.redact(&path).into_owned(),
            body: None,
            body_text: None,
            body_base64: None,
        };
        if let Some(upload) = &request.upload {
            // Too large for memory is too large for a recording: two uploads are the same if they are of one length.
            line.body_text = Some(format!("{} bytes", upload.length()));
            return line;
        }
        let body = redactor.redact_bytes(request.body.clone());
        if body.is_empty() {
            return line;
        }
        match (serde_json::from_slice(&body), std::str::from_utf8(&body)) {
            (Ok(json), _) => line.body = Some(without_secrets(json, redactor)),
            (_, Ok(text)) => line.body_text = Some(text.to_owned()),
            (_, Err(_)) => line.body_base64 = Some(encode(&body)),
        }
        line
    }
}

/// Secrets with characters that JSON escapes are only found in the parsed text.
fn without_secrets(json: Value, redactor: &Redactor) -> Value {
    match json {
        Value::String(text) => Value::String(redactor.redact(&text).into_owned()),
        Value::Array(items) => items.into_iter().map(|item| without_secrets(item, redactor)).collect(),
        Value::Object(fields) => {
            let clean =
                |(key, value): (String, Value)| (redactor.redact(&key).into_owned(), without_secrets(value, redactor));
            Value::Object(fields.into_iter().map(clean).collect::<Map<_, _>>())
        }
        other => other,
    }
}

fn write(text: &mut String, line: &Line) -> Result<()> {
    let line = serde_json::to_string(line)
        .map_err(|e| Error::new(ErrorKind::Internal, "a line of a recording cannot be written").with_source(e))?;
    text.push_str(&line);
    text.push('\n');
    Ok(())
}

#[derive(Default)]
struct Reader {
    about: Option<Value>,
    open: Option<Exchange>,
    done: Vec<Exchange>,
}

impl Reader {
    fn take(&mut self, line: Line) -> Result<(), &'static str> {
        match line {
            Line::About {
                recording: VERSION,
                about,
            } if self.about.is_none() => self.about = Some(about),
            Line::About { recording: VERSION, .. } => return Err("a second `recording`"),
            Line::About { .. } => return Err("a version of the format that is not known"),
            _ if self.about.is_none() => return Err("the first line is no `recording`"),
            Line::Request { request } if self.open.is_none() => {
                let end = End::Dropped;
                self.open = Some(Exchange {
                    request,
                    response: None,
                    chunks: Vec::new(),
                    end,
                });
            }
            Line::Request { .. } => return Err("a `request` before the `end` of the last one"),
            Line::Response { response } => match &mut self.open {
                Some(Exchange {
                    response: place @ None, ..
                }) => *place = Some(response),
                _ => return Err("a `response` without a `request` before it"),
            },
            Line::Chunk { chunk } => self.chunk(chunk.into())?,
            Line::ChunkBase64 { chunk_base64 } => {
                self.chunk(decode(&chunk_base64).map_err(|_| "a chunk is not base64")?)?;
            }
            Line::End { end, kind, detail } => {
                let Some(mut exchange) = self.open.take() else {
                    return Err("an `end` without a `request` before it");
                };
                exchange.end = match end {
                    EndWord::Complete => End::Complete,
                    EndWord::Dropped => End::Dropped,
                    EndWord::Error => End::Failed {
                        kind: kind_of(&kind.unwrap_or_default()),
                        detail: detail.unwrap_or_else(|| "the recorded exchange failed".to_owned()),
                    },
                };
                self.done.push(exchange);
            }
        }
        Ok(())
    }

    fn chunk(&mut self, chunk: Bytes) -> Result<(), &'static str> {
        match &mut self.open {
            Some(exchange) if exchange.response.is_some() => exchange.chunks.push(chunk),
            _ => return Err("a `chunk` without a `response` before it"),
        }
        Ok(())
    }
}
