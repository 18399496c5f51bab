//! Events or JSON, by the first bytes of a body: servers and proxies name both by many content types.

use bytes::{Buf, Bytes};
use cadena_core::Result;
use futures::stream::{self, StreamExt};
use http::{HeaderMap, header};

use crate::Body;

/// The byte order mark of UTF-8.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// How many bytes may be blank before the content type decides.
const MOST_BLANKS: usize = 64 << 10;

/// The content type that the server sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ContentType {
    Events,
    Json,
    /// A page for a reader, which is never an answer, whatever its bytes are.
    Page,
    /// Another type, or no type.
    Other,
}

/// The kind of an answer to a request for a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BodyKind {
    Events,
    Json,
    Other,
}

/// The kind that the first bytes alone show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    Events,
    Json,
    Page,
    /// A line that can be an unknown field of an event, or anything.
    Text,
}

impl ContentType {
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let Some(value) = headers.get(header::CONTENT_TYPE) else {
            return Self::Other;
        };
        let value = String::from_utf8_lossy(value.as_bytes()).to_ascii_lowercase();
        match value.split(';').next().unwrap_or_default().trim() {
            "text/event-stream" => Self::Events,
            "text/html" | "application/xhtml+xml" => Self::Page,
            json if json == "application/json" || json.ends_with("+json") => Self::Json,
            _ => Self::Other,
        }
    }

    /// Decides the kind of the body. `seen` is `None` if the body or the time ended before its first bytes showed a kind.
    pub(super) fn resolve(self, seen: Option<Seen>) -> BodyKind {
        match (seen, self) {
            (Some(Seen::Events), _) => BodyKind::Events,
            (Some(Seen::Json), _) => BodyKind::Json,
            (_, Self::Json) => BodyKind::Json,
            (Some(Seen::Page), _) => BodyKind::Other,
            (_, Self::Events) | (None, _) => BodyKind::Events,
            (Some(Seen::Text), _) => BodyKind::Other,
        }
    }
}

/// The first bytes of a body, without blanks and a byte order mark in front.
#[derive(Debug, Default)]
pub(super) struct FirstBytes {
    bytes: Bytes,
    /// How many blanks were dropped.
    blanks: usize,
    marked: bool,
}

impl FirstBytes {
    /// Reads until it is clear what the body is. `None` if it ends before, or begins with too many blanks.
    pub(super) async fn read(&mut self, body: &mut Body) -> Result<Option<Seen>> {
        while self.blanks <= MOST_BLANKS {
            let Some(chunk) = body.next().await.transpose()? else {
                return Ok((!self.bytes.is_empty()).then_some(Seen::Text));
            };
            if let Some(seen) = self.push(chunk) {
                return Ok(Some(seen));
            }
        }
        Ok(None)
    }

    pub(super) fn into_bytes(self) -> Bytes {
        self.bytes
    }

    /// The whole body again.
    pub(super) fn followed_by(self, body: Body) -> Body {
        stream::iter([Ok(self.into_bytes())])
            .filter(|first| std::future::ready(first.as_ref().is_ok_and(|first| !first.is_empty())))
            .chain(body)
            .boxed()
    }

    fn push(&mut self, chunk: Bytes) -> Option<Seen> {
        self.bytes = match self.bytes.is_empty() {
            true => chunk,
            // A few bytes that did not show a kind.
            false => [&*self.bytes, &*chunk].concat().into(),
        };
        self.drop_blanks();
        if !self.marked && self.bytes.starts_with(MARK) {
            self.marked = true;
            self.bytes.advance(MARK.len());
            self.drop_blanks();
        }
        seen(&self.bytes)
    }

    fn drop_blanks(&mut self) {
        let blank = self.bytes.len() - self.bytes.trim_ascii_start().len();
        self.bytes.advance(blank);
        self.blanks += blank;
    }
}

/// The kind that bytes show, whose first one is no blank. `None` if they are too few.
fn seen(bytes: &[u8]) -> Option<Seen> {
    match bytes {
        [] => return None,
        [b'{' | b'[', ..] => return Some(Seen::Json),
        [b'<', ..] => return Some(Seen::Page),
        [b':', ..] => return Some(Seen::Events),
        _ => {}
    }
    for field in [&b"data"[..], b"event", b"id", b"retry"] {
        match bytes.strip_prefix(field) {
            Some([b':' | b'\r' | b'\n', ..]) => return Some(Seen::Events),
            Some([]) => return None,
            None if field.starts_with(bytes) => return None,
            _ => {}
        }
    }
    if MARK.starts_with(bytes) {
        None
    } else {
        Some(Seen::Text)
    }
}

/// JSON without the byte order mark that some servers put in front of it; anything else as it is.
pub(super) fn without_mark(mut body: Bytes) -> Bytes {
    let is_json = |rest: &[u8]| matches!(rest.trim_ascii_start(), [b'{' | b'[', ..]);
    if body.strip_prefix(MARK).is_some_and(is_json) {
        body.advance(MARK.len());
    }
    body
}

#[cfg(test)]
mod tests {
    use futures::executor::block_on;

    use super::*;

    /// Checks the kind that a body shows, however its bytes are cut, and the rest of it.
    #[track_caller]
    fn check(text: &str, expected: Option<Seen>, rest: &str) {
        for size in [1, 2, text.len().max(1)] {
            let pieces: Vec<_> = text
                .as_bytes()
                .chunks(size)
                .map(|piece| Ok(Bytes::copy_from_slice(piece)))
                .collect();
            let mut body: Body = stream::iter(pieces).boxed();
            let mut first = FirstBytes::default();
            assert_eq!(
                block_on(first.read(&mut body)).unwrap(),
                expected,
                "{text:?} in pieces of {size}"
            );
            let left: Vec<Bytes> = block_on(first.followed_by(body).map(Result::unwrap).collect());
            assert_eq!(left.concat(), rest.as_bytes(), "{text:?} in pieces of {size}");
        }
    }

    #[test]
    fn the_first_bytes_tell_events_json_and_pages_apart() {
        for events in [
            "data: 1", "data:1", "data\n", "event: x", "id:7", "retry: 1", ": ping", ":\n",
        ] {
            check(events, Some(Seen::Events), events);
        }
        check("{\"a\":1}", Some(Seen::Json), "{\"a\":1}");
        check("[1]", Some(Seen::Json), "[1]");
        check("<html>", Some(Seen::Page), "<html>");
        for text in ["dat", "database", "identity", "upstream error", "\u{fffd}"] {
            check(text, Some(Seen::Text), text);
        }
        check("", None, "");
    }

    #[test]
    fn blanks_and_a_mark_in_front_do_not_count() {
        check("\u{feff}data: 1\n\n", Some(Seen::Events), "data: 1\n\n");
        check("\r\n\n \u{feff}\n{\"a\":1}", Some(Seen::Json), "{\"a\":1}");
        check(" \n\t", None, "");
    }

    #[test]
    fn endless_blanks_leave_the_decision_to_the_content_type() {
        let mut body: Body = stream::repeat_with(|| Ok(Bytes::from_static(b"\n\n\n\n"))).boxed();
        assert_eq!(block_on(FirstBytes::default().read(&mut body)).unwrap(), None);
    }

    #[test]
    fn bytes_decide_before_the_content_type_does() {
        for (content_type, seen, kind) in [
            (ContentType::Other, Some(Seen::Events), BodyKind::Events),
            (ContentType::Json, Some(Seen::Events), BodyKind::Events),
            (ContentType::Events, Some(Seen::Json), BodyKind::Json),
            (ContentType::Other, Some(Seen::Json), BodyKind::Json),
            (ContentType::Events, Some(Seen::Text), BodyKind::Events),
            (ContentType::Events, Some(Seen::Page), BodyKind::Other),
            (ContentType::Other, Some(Seen::Text), BodyKind::Other),
            // Its reader quotes what is no JSON.
            (ContentType::Json, Some(Seen::Page), BodyKind::Json),
            (ContentType::Json, None, BodyKind::Json),
            (ContentType::Other, None, BodyKind::Events),
        ] {
            assert_eq!(content_type.resolve(seen), kind, "{content_type:?} {seen:?}");
        }
    }

    #[test]
    fn only_json_loses_its_mark() {
        assert_eq!(without_mark("\u{feff} {}".into()), " {}");
        assert_eq!(without_mark("\u{feff}text".into()), "\u{feff}text");
        assert_eq!(without_mark("{}".into()), "{}");
    }
}
