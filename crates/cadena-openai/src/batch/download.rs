//! A file of the server's as it arrives, which goes on where it was when the connection breaks.

use bytes::{Buf, Bytes};
use cadena_core::{Error, ErrorKind, Result};
use cadena_http::{Body, Redactor, StreamingResponse};
use futures::stream::{self, StreamExt};
use http::{HeaderMap, StatusCode, header};

use super::pause::pause;
use super::server::Server;

/// The bytes of a file, each once and in order, whatever happens to its connections.
pub(super) struct Download {
    server: Server,
    id: String,
    body: Body,
    /// How many bytes were given.
    given: u64,
    /// How many bytes of the open body were given before.
    known: u64,
    /// How often the connection broke since something new came.
    broken: u32,
}

impl Download {
    /// Opens a file, and returns the redactor of the request's secrets beside it.
    pub(super) async fn open(server: Server, id: &str) -> Result<(Self, Redactor)> {
        let (response, redactor) = server.content(id, None).await?;
        let download = Self {
            server,
            id: id.to_owned(),
            body: response.body,
            given: 0,
            known: 0,
            broken: 0,
        };
        Ok((download, redactor))
    }

    /// The bytes as a stream, which an error ends.
    pub(super) fn into_body(self) -> Body {
        stream::try_unfold(self, |mut download| async move {
            let chunk = download.next().await?;
            Ok(chunk.map(|chunk| (chunk, download)))
        })
        .boxed()
    }

    async fn next(&mut self) -> Result<Option<Bytes>> {
        loop {
            match self.body.next().await {
                Some(Ok(chunk)) => {
                    let fresh = self.fresh(chunk);
                    if !fresh.is_empty() {
                        self.given = self.given.saturating_add(length(&fresh));
                        self.broken = 0;
                        return Ok(Some(fresh));
                    }
                }
                None if self.known == 0 => return Ok(None),
                None => return Err(changed("became shorter")),
                Some(Err(error)) => self.resume(error).await?,
            }
        }
    }

    /// The part of a chunk that was not given before.
    fn fresh(&mut self, mut chunk: Bytes) -> Bytes {
        let old = usize::try_from(self.known).map_or(chunk.len(), |known| known.min(chunk.len()));
        chunk.advance(old);
        self.known = self.known.saturating_sub(u64::try_from(old).unwrap_or(u64::MAX));
        chunk
    }

    /// Opens the file again after the bytes that were handed on, as often in a row as the policy of retries lets a request be sent.
    async fn resume(&mut self, error: Error) -> Result<()> {
        // Asking for a file twice does nothing twice, so that a body that rests is worth another try here.
        let lost = matches!(
            error.kind(),
            ErrorKind::Connect | ErrorKind::Truncated | ErrorKind::Stalled
        );
        self.broken = self.broken.saturating_add(1);
        let policy = self.server.http.retry();
        if !lost || !error.is_retryable() || self.broken >= policy.attempts() {
            return Err(match error.hint() {
                None if self.broken > 1 => error.with_hint(format!("gave up after {} attempts", self.broken)),
                _ => error,
            });
        }
        pause(policy.pause(self.broken)).await?;
        let opened = self
            .server
            .content(&self.id, (self.given > 0).then_some(self.given))
            .await;
        let response = match opened {
            Ok((response, _)) => response,
            // Some servers take no range that begins at the end, and the connection may have broken there.
            Err(error) if error.status() == Some(StatusCode::RANGE_NOT_SATISFIABLE.as_u16()) => {
                self.server.content(&self.id, None).await?.0
            }
            Err(error) => return Err(error),
        };
        let start = begins_at(&response)?;
        self.known = self
            .given
            .checked_sub(start)
            .ok_or_else(|| changed("was answered with a range that leaves something out"))?;
        self.body = response.body;
        Ok(())
    }
}

/// The place in the file at which an answer begins.
fn begins_at(response: &StreamingResponse) -> Result<u64> {
    if response.status != StatusCode::PARTIAL_CONTENT {
        return Ok(0);
    }
    start_of_range(&response.headers).ok_or_else(|| changed("was answered with a range that cannot be read"))
}

/// The first number of `bytes 10-19/20`.
fn start_of_range(headers: &HeaderMap) -> Option<u64> {
    let range = headers.get(header::CONTENT_RANGE)?.to_str().ok()?;
    let (start, _) = range.trim().strip_prefix("bytes")?.trim().split_once('-')?;
    start.trim().parse().ok()
}

fn changed(what: &str) -> Error {
    Error::new(ErrorKind::Truncated, format!("the file {what} while it was read")).with_retryable(true)
}

fn length(chunk: &Bytes) -> u64 {
    u64::try_from(chunk.len()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn a_range_says_where_it_begins() {
        for (text, start) in [
            ("bytes 10-19/20", Some(10)),
            ("bytes 0-0/*", Some(0)),
            ("bytes */20", None),
            ("lines 1-2/3", None),
            ("bytes -5", None),
            ("", None),
        ] {
            let headers = HeaderMap::from_iter([(header::CONTENT_RANGE, HeaderValue::from_static(text))]);
            assert_eq!(start_of_range(&headers), start, "{text}");
        }
        assert_eq!(start_of_range(&HeaderMap::new()), None);
    }
}
