//! Server-sent events: bytes in, events out, each byte looked at once.
//!
//! [`SseParser`] follows the event stream format of the WHATWG HTML standard: LF, CR and CRLF end a line, also when a chunk ends between
//! CR and LF; `data` lines of one event are joined by LF; comments and unknown fields are skipped; a byte order mark at the start
//! is dropped; an event without its closing blank line is discarded, which [`is_cut`](SseParser::is_cut) reports.
//!
//! It knows no provider: `[DONE]` is data like any other.
//!
//! # Examples
//!
//! ```
//! use cadena_http::sse::SseParser;
//!
//! let mut parser = SseParser::new();
//! parser.push("data: {\"a\":".into());
//! assert!(parser.next_event()?.is_none());
//!
//! parser.push("1}\r\n\r\ndata: [DONE]\n\n".into());
//! assert_eq!(parser.next_event()?.unwrap().data(), br#"{"a":1}"#);
//! assert_eq!(parser.next_event()?.unwrap().data(), b"[DONE]");
//! assert!(parser.next_event()?.is_none() && !parser.is_cut());
//! # Ok::<_, cadena_core::Error>(())
//! ```

mod event;
mod parser;

pub use event::SseEvent;
pub use parser::SseParser;
