//! One server-sent event.

use std::fmt;

use bytes::Bytes;
use cadena_core::{Error, ErrorKind, Result};

/// One event: its data as bytes, so that the caller's parse is the only one, its name and the last id.
///
/// The data shares the memory of the chunk it came in, unless it lay across chunks or lines. `Debug` prints its length only.
///
/// # Examples
///
/// ```
/// use cadena_http::sse::SseEvent;
///
/// let event = SseEvent::new("[DONE]");
/// assert_eq!((event.name(), event.data()), ("message", &b"[DONE]"[..]));
/// assert_eq!(format!("{event:?}"), "SseEvent { name: \"message\", data: 6 bytes }");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct SseEvent {
    name: Bytes,
    id: Bytes,
    data: Bytes,
}

impl SseEvent {
    /// Makes an event with data only.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(cadena_http::sse::SseEvent::new("x").data(), b"x");
    /// ```
    #[must_use]
    pub fn new(data: impl Into<Bytes>) -> Self {
        Self {
            name: Bytes::new(),
            id: Bytes::new(),
            data: data.into(),
        }
    }

    /// The parts must be UTF-8 where they are text: the parser has checked name and id.
    pub(super) fn from_parts(name: Bytes, id: Bytes, data: Bytes) -> Self {
        Self { name, id, data }
    }

    /// Returns the name that the server sent by `event:`, else `message`.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_http::sse::SseParser;
    ///
    /// let mut parser = SseParser::new();
    /// parser.push("event: error\ndata: x\n\ndata: y\n\n".into());
    /// assert_eq!(parser.next_event()?.unwrap().name(), "error");
    /// assert_eq!(parser.next_event()?.unwrap().name(), "message");
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    #[must_use]
    pub fn name(&self) -> &str {
        match std::str::from_utf8(&self.name) {
            Ok(name) if !name.is_empty() => name,
            _ => "message",
        }
    }

    /// Returns the last id that the server sent up to this event.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_http::sse::SseParser;
    ///
    /// let mut parser = SseParser::new();
    /// parser.push("id: 7\ndata: x\n\ndata: y\n\n".into());
    /// assert_eq!(parser.next_event()?.unwrap().id(), Some("7"));
    /// assert_eq!(parser.next_event()?.unwrap().id(), Some("7"));
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        std::str::from_utf8(&self.id).ok().filter(|id| !id.is_empty())
    }

    /// Returns the data, its lines joined by LF. They are not checked to be UTF-8, which a JSON parser does anyway.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_http::sse::SseParser;
    ///
    /// let mut parser = SseParser::new();
    /// parser.push("data: a\ndata: b\n\n".into());
    /// assert_eq!(parser.next_event()?.unwrap().data(), b"a\nb");
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    #[must_use]
    pub fn data(&self) -> &[u8] {
        &self.data
    }

    /// Returns the data as shared bytes, without a copy.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(cadena_http::sse::SseEvent::new("x").into_data(), "x");
    /// ```
    #[must_use]
    pub fn into_data(self) -> Bytes {
        self.data
    }

    /// Returns the data as text.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_http::sse::SseEvent;
    ///
    /// assert_eq!(SseEvent::new("x").text()?, "x");
    /// let error = SseEvent::new(&b"ab\xff"[..]).text().unwrap_err();
    /// assert_eq!(error.detail(), "an event is not UTF-8 at byte 2");
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Decode`] with the place of the first byte that is not UTF-8.
    pub fn text(&self) -> Result<&str> {
        std::str::from_utf8(&self.data).map_err(|e| {
            Error::new(
                ErrorKind::Decode,
                format!("an event is not UTF-8 at byte {}", e.valid_up_to()),
            )
            .with_source(e)
        })
    }
}

impl fmt::Debug for SseEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SseEvent")
            .field("name", &self.name())
            .field("data", &format_args!("{} bytes", self.data.len()))
            .finish()
    }
}
