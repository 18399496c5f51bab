//! The lines of a file as it arrives.

use bytes::{Buf, Bytes, BytesMut};
use cadena_core::Result;
use cadena_http::Body;
use futures::StreamExt;

/// The byte order mark of UTF-8, which a file may begin with.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// Gives the lines of a body one by one, and passes over what is longer than a limit without holding it.
///
/// Its cost is linear in the bytes, whatever their borders.
pub(super) struct Lines {
    body: Body,
    buffer: BytesMut,
    /// How much of the buffer has been searched.
    searched: usize,
    limit: usize,
    /// Whether the line that is being read was over the limit.
    over: bool,
    /// The number of the line that was given last, from 1.
    pub(super) number: u64,
    ended: bool,
}

/// One line.
#[derive(Debug, PartialEq)]
pub(super) enum Line {
    /// Without its end.
    Whole(Bytes),
    /// The file ended before the line did.
    Cut(Bytes),
    /// Its text was not held.
    TooLong,
}

impl Lines {
    pub(super) fn new(body: Body, limit: usize) -> Self {
        Self {
            body,
            buffer: BytesMut::new(),
            searched: 0,
            limit,
            over: false,
            number: 0,
            ended: false,
        }
    }

    /// The next line that is not empty.
    pub(super) async fn next(&mut self) -> Result<Option<Line>> {
        loop {
            let fresh = self.buffer.get(self.searched..).unwrap_or_default();
            let found = memchr::memchr(b'\n', fresh);
            let end = self.searched + found.unwrap_or(fresh.len());
            self.over |= end > self.limit;
            if found.is_some() || self.ended {
                let mut text = self.buffer.split_to(end).freeze();
                if found.is_some() {
                    self.buffer.advance(1);
                }
                self.searched = 0;
                self.number += 1;
                if self.number == 1 && text.starts_with(MARK) {
                    text.advance(MARK.len());
                }
                let empty = text.trim_ascii().is_empty();
                match found {
                    _ if std::mem::take(&mut self.over) => return Ok(Some(Line::TooLong)),
                    Some(_) if empty => continue,
                    Some(_) => return Ok(Some(Line::Whole(text))),
                    None if empty => return Ok(None),
                    None => return Ok(Some(Line::Cut(text))),
                }
            }
            if self.over {
                self.buffer.clear();
            }
            self.searched = self.buffer.len();
            match self.body.next().await {
                Some(chunk) => self.buffer.extend_from_slice(&chunk?),
                None => self.ended = true,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::executor::block_on;
    use futures::stream;

    use super::*;

    fn read(chunks: Vec<&'static [u8]>, limit: usize) -> Vec<(u64, Line)> {
        let body = stream::iter(chunks.into_iter().map(|chunk| Ok(Bytes::from_static(chunk)))).boxed();
        let mut lines = Lines::new(body, limit);
        let mut read = Vec::new();
        while let Some(line) = block_on(lines.next()).unwrap() {
            read.push((lines.number, line));
        }
        assert_eq!(block_on(lines.next()).unwrap(), None);
        read
    }

    #[test]
    fn the_borders_of_chunks_do_not_matter() {
        let text = b"one\n\ntwo\r\nlonger than ten\nthree";
        let expected = [
            (1, Line::Whole("one".into())),
            (3, Line::Whole("two\r".into())),
            (4, Line::TooLong),
            (5, Line::Cut("three".into())),
        ];
        for at in 0..=text.len() {
            let (a, b) = text.split_at(at);
            assert_eq!(read(vec![a, b], 10), expected, "{at}");
        }
        assert_eq!(read(text.chunks(1).collect(), 10), expected);
    }

    #[test]
    fn a_byte_order_mark_is_no_part_of_the_first_line() {
        let lines = read("\u{feff}one\n\u{feff}two\n".as_bytes().chunks(1).collect(), 10);
        let expected = [(1, Line::Whole("one".into())), (2, Line::Whole("\u{feff}two".into()))];
        assert_eq!(lines, expected);
    }

    #[test]
    fn a_file_may_end_in_a_line_that_is_too_long() {
        let ends = [(1, Line::Whole("a".into())), (2, Line::TooLong)];
        assert_eq!(read(vec![b"a\n", b"0123456789", b"0123456789"], 10), ends);
        assert_eq!(read(vec![b"0123456789\n"], 10), [(1, Line::Whole("0123456789".into()))]);
    }

    #[test]
    fn a_line_of_300_megabytes_is_passed_over_and_not_held() {
        let piece = Bytes::from(vec![b'x'; 1 << 20]);
        let long = stream::iter((0..300).map(move |_| Ok(piece.clone())));
        let body = long.chain(stream::iter([Ok(Bytes::from_static(b"\nnext\n"))])).boxed();
        let mut lines = Lines::new(body, 8 << 20);
        assert_eq!(block_on(lines.next()).unwrap(), Some(Line::TooLong));
        assert!(lines.buffer.capacity() <= 32 << 20, "{}", lines.buffer.capacity());
        assert_eq!(block_on(lines.next()).unwrap(), Some(Line::Whole("next".into())));
    }
}
