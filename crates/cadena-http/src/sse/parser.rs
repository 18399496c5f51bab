//! The incremental parser of server-sent events.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use cadena_core::{Error, ErrorKind, Result};

use super::SseEvent;
use crate::Limits;

const BOM: &[u8] = b"\xef\xbb\xbf";

/// Takes chunks of bytes and returns events, at a cost linear in the bytes whatever the borders of the chunks.
///
/// # Examples
///
/// ```
/// use cadena_http::sse::SseParser;
///
/// let mut parser = SseParser::new();
/// for byte in "data: hi\n\n".bytes() {
///     parser.push(vec![byte].into());
/// }
/// assert_eq!(parser.next_event()?.unwrap().data(), b"hi");
/// # Ok::<_, cadena_core::Error>(())
/// ```
#[derive(Debug)]
pub struct SseParser {
    /// Bytes that were pushed and not looked at yet.
    input: VecDeque<Bytes>,
    /// The start of a line whose end has not come. It holds no line end, so nothing is scanned twice.
    partial: BytesMut,
    /// The last line ended in CR: an LF that follows belongs to it.
    after_cr: bool,
    /// No line has been completed yet, so a byte order mark may come.
    at_start: bool,
    data: Data,
    name: Bytes,
    id: Bytes,
    retry: Option<Duration>,
    limit: usize,
    failed: bool,
}

/// The `data` lines of the event that is being read.
#[derive(Debug)]
enum Data {
    None,
    /// One line: a slice of the chunk.
    One(Bytes),
    /// Several lines, joined by LF.
    Joined(BytesMut),
}

impl Data {
    /// The data before the next line, with the LF that joins it.
    fn len(&self) -> usize {
        match self {
            Self::None => 0,
            Self::One(line) => line.len() + 1,
            Self::Joined(lines) => lines.len() + 1,
        }
    }
}

/// The fields of the standard.
#[derive(Clone, Copy)]
enum Field {
    Data,
    Event,
    Id,
    Retry,
}

impl Field {
    /// The field of a line and where its value starts. `None` for a comment or an unknown field.
    fn of(line: &[u8]) -> Option<(Self, usize)> {
        let fields = [
            (Self::Data, &b"data"[..]),
            (Self::Event, b"event"),
            (Self::Id, b"id"),
            (Self::Retry, b"retry"),
        ];
        let (field, rest) = fields
            .into_iter()
            .find_map(|(field, name)| Some((field, line.strip_prefix(name)?)))?;
        let value = match rest {
            [] => rest,
            [b':', b' ', value @ ..] | [b':', value @ ..] => value,
            _ => return None,
        };
        Some((field, line.len() - value.len()))
    }
}

impl SseParser {
    /// Makes a parser with the default limit of 8 MiB per event.
    ///
    /// # Examples
    ///
    /// ```
    /// assert!(cadena_http::sse::SseParser::new().next_event().unwrap().is_none());
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self {
            input: VecDeque::new(),
            partial: BytesMut::new(),
            after_cr: false,
            at_start: true,
            data: Data::None,
            name: Bytes::new(),
            id: Bytes::new(),
            retry: None,
            limit: Limits::default().event,
            failed: false,
        }
    }

    /// Sets how many bytes one event or line may have.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::ErrorKind;
    /// use cadena_http::sse::SseParser;
    ///
    /// let mut parser = SseParser::new().with_limit(10);
    /// parser.push("data: 0123456789".into());
    /// assert_eq!(parser.next_event().unwrap_err().kind(), ErrorKind::LimitExceeded);
    /// ```
    #[must_use]
    pub fn with_limit(mut self, limit: usize) -> Self {
        self.limit = limit;
        self
    }

    /// Adds the next bytes. Nothing is parsed yet: ask [`next_event`](Self::next_event) until it returns `None`.
    ///
    /// # Examples
    ///
    /// ```
    /// let mut parser = cadena_http::sse::SseParser::new();
    /// parser.push("data: a\n\ndata: b\n\n".into());
    /// assert_eq!(std::iter::from_fn(|| parser.next_event().unwrap()).count(), 2);
    /// ```
    pub fn push(&mut self, bytes: Bytes) {
        if !bytes.is_empty() && !self.failed {
            self.input.push_back(bytes);
        }
    }

    /// Returns the next whole event in the bytes so far.
    ///
    /// # Examples
    ///
    /// ```
    /// let mut parser = cadena_http::sse::SseParser::new();
    /// parser.push(": a comment\n\ndata: b\n\n".into());
    /// assert_eq!(parser.next_event()?.unwrap().data(), b"b");
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::LimitExceeded`] if an event is longer than the limit, [`ErrorKind::Decode`] if its name or id is not UTF-8.
    /// The parser has ended then: it forgets its bytes and returns `None` from there on.
    pub fn next_event(&mut self) -> Result<Option<SseEvent>> {
        let next = self.scan();
        if next.is_err() {
            *self = Self {
                failed: true,
                limit: self.limit,
                ..Self::new()
            };
        }
        next
    }

    /// Whether an event has begun that was not closed by a blank line. At the end of a body this means that it was cut.
    ///
    /// # Examples
    ///
    /// ```
    /// let mut parser = cadena_http::sse::SseParser::new();
    /// parser.push("data: [DONE]\n".into());
    /// assert!(parser.next_event()?.is_none());
    /// assert!(parser.is_cut());
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    #[must_use]
    pub fn is_cut(&self) -> bool {
        let line_begun = !self.partial.is_empty() && !self.partial.starts_with(b":");
        line_begun || !self.name.is_empty() || !matches!(self.data, Data::None)
    }

    /// Returns the event that has begun and was not closed, as far as it came, its last line included.
    ///
    /// The standard discards it. A provider may know that nothing can be missing: `[DONE]` is whole without a blank line after it.
    ///
    /// # Examples
    ///
    /// ```
    /// let mut parser = cadena_http::sse::SseParser::new();
    /// parser.push("data: 1\n\ndata: [DONE]".into());
    /// assert_eq!(parser.next_event()?.unwrap().data(), b"1");
    /// assert!(parser.next_event()?.is_none());
    /// assert_eq!(parser.cut_event().unwrap().data(), b"[DONE]");
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    #[must_use]
    pub fn cut_event(&self) -> Option<SseEvent> {
        if !self.is_cut() {
            return None;
        }
        let mut data = match &self.data {
            Data::None => BytesMut::new(),
            Data::One(line) => BytesMut::from(&**line),
            Data::Joined(lines) => lines.clone(),
        };
        let partial = self.partial.strip_prefix(BOM).unwrap_or(&self.partial);
        if let Some((Field::Data, start)) = Field::of(partial) {
            if !matches!(self.data, Data::None) {
                data.extend_from_slice(b"\n");
            }
            data.extend_from_slice(partial.get(start..).unwrap_or_default());
        }
        Some(SseEvent::from_parts(self.name.clone(), self.id.clone(), data.freeze()))
    }

    /// Returns the pause before a reconnect that the server asked for by `retry:`.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let mut parser = cadena_http::sse::SseParser::new();
    /// parser.push("retry: 1500\n\n".into());
    /// assert!(parser.next_event()?.is_none());
    /// assert_eq!(parser.retry(), Some(Duration::from_millis(1500)));
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    #[must_use]
    pub fn retry(&self) -> Option<Duration> {
        self.retry
    }

    fn scan(&mut self) -> Result<Option<SseEvent>> {
        while let Some(mut chunk) = self.input.pop_front() {
            while !chunk.is_empty() {
                if std::mem::take(&mut self.after_cr) && chunk.starts_with(b"\n") {
                    chunk.advance(1);
                    continue;
                }
                let Some(end) = memchr::memchr2(b'\n', b'\r', &chunk) else {
                    self.check(self.partial.len() + chunk.len())?;
                    self.partial.extend_from_slice(&chunk);
                    break;
                };
                self.check(self.partial.len() + end)?;
                let mut line = chunk.split_to(end);
                self.after_cr = chunk.starts_with(b"\r");
                chunk.advance(1);
                if !self.partial.is_empty() {
                    self.partial.extend_from_slice(&line);
                    line = self.partial.split().freeze();
                }
                if let Some(event) = self.line(line)? {
                    if !chunk.is_empty() {
                        self.input.push_front(chunk);
                    }
                    return Ok(Some(event));
                }
            }
        }
        Ok(None)
    }

    /// Takes one line without its end; a blank one closes the event.
    fn line(&mut self, mut line: Bytes) -> Result<Option<SseEvent>> {
        if std::mem::take(&mut self.at_start) && line.starts_with(BOM) {
            line.advance(BOM.len());
        }
        if line.is_empty() {
            return Ok(self.close());
        }
        let (field, value) = match Field::of(&line) {
            // A comment has an empty name; unknown fields are for others.
            None => return Ok(None),
            Some((field, start)) => {
                line.advance(start);
                (field, line)
            }
        };
        match field {
            Field::Data => self.add(value)?,
            Field::Event => {
                check_text(&value, "event")?;
                self.name = value;
            }
            Field::Id if !value.contains(&0) => {
                check_text(&value, "id")?;
                // A copy: an id outlives its event, and a slice would keep the whole chunk.
                self.id = Bytes::copy_from_slice(&value);
            }
            Field::Retry if !value.is_empty() && value.iter().all(u8::is_ascii_digit) => {
                let millis = std::str::from_utf8(&value).ok().and_then(|digits| digits.parse().ok());
                self.retry = millis.map(Duration::from_millis).or(self.retry);
            }
            // The standard ignores such a value.
            Field::Id | Field::Retry => {}
        }
        Ok(None)
    }

    fn add(&mut self, line: Bytes) -> Result<()> {
        self.check(self.data.len() + line.len())?;
        self.data = match std::mem::replace(&mut self.data, Data::None) {
            Data::None => Data::One(line),
            Data::One(first) => {
                let mut lines = BytesMut::from(first);
                lines.extend_from_slice(b"\n");
                lines.extend_from_slice(&line);
                Data::Joined(lines)
            }
            Data::Joined(mut lines) => {
                lines.extend_from_slice(b"\n");
                lines.extend_from_slice(&line);
                Data::Joined(lines)
            }
        };
        Ok(())
    }

    fn close(&mut self) -> Option<SseEvent> {
        let name = std::mem::take(&mut self.name);
        let data = match std::mem::replace(&mut self.data, Data::None) {
            // The standard: without a data line there is no event, whatever its name.
            Data::None => return None,
            Data::One(line) => line,
            Data::Joined(lines) => lines.freeze(),
        };
        Some(SseEvent::from_parts(name, self.id.clone(), data))
    }

    fn check(&self, len: usize) -> Result<()> {
        if len <= self.limit {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::LimitExceeded,
            format!("an event is longer than {} bytes", self.limit),
        ))
    }
}

impl Default for SseParser {
    fn default() -> Self {
        Self::new()
    }
}

fn check_text(value: &[u8], field: &str) -> Result<()> {
    std::str::from_utf8(value).map(drop).map_err(|e| {
        Error::new(
            ErrorKind::Decode,
            format!(
                "the field `{field}` of an event is not UTF-8 at byte {}",
                e.valid_up_to()
            ),
        )
        .with_source(e)
    })
}

#[cfg(test)]
mod tests;
