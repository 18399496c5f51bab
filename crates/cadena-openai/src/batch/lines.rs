//! The lines of a file as it arrives.

use bytes::{Buf, Bytes, BytesMut};
use cadena_core::{Error, ErrorKind, Result};
use cadena_http::Body;
use futures::StreamExt;

/// Gives the lines of a body one by one, each within a limit. Its cost is linear in the bytes, whatever their borders.
pub(super) struct Lines {
    body: Body,
    buffer: BytesMut,
    /// How much of the buffer has been searched.
    searched: usize,
    limit: usize,
    /// The number of the line that was given last, from 1.
    pub(super) number: u64,
    ended: bool,
}

/// One line, without its end.
pub(super) struct Line {
    pub(super) text: Bytes,
    /// Whether the file ended before the line did.
    pub(super) cut: bool,
}

impl Lines {
    pub(super) fn new(body: Body, limit: usize) -> Self {
        Self {
            body,
            buffer: BytesMut::new(),
            searched: 0,
            limit,
            number: 0,
            ended: false,
        }
    }

    /// The next line that is not empty.
    pub(super) async fn next(&mut self) -> Result<Option<Line>> {
        loop {
            let found = self.buffer.iter().skip(self.searched).position(|byte| *byte == b'\n');
            if let Some(place) = found {
                let text = self.buffer.split_to(self.searched + place).freeze();
                self.buffer.advance(1);
                self.searched = 0;
                self.number += 1;
                if !text.trim_ascii().is_empty() {
                    return Ok(Some(Line { text, cut: false }));
                }
                continue;
            }
            self.searched = self.buffer.len();
            if self.searched > self.limit {
                let detail = format!("line {} is longer than {} bytes", self.number + 1, self.limit);
                return Err(Error::new(ErrorKind::LimitExceeded, detail));
            }
            if self.ended {
                let text = self.buffer.split().freeze();
                self.searched = 0;
                if text.trim_ascii().is_empty() {
                    return Ok(None);
                }
                self.number += 1;
                return Ok(Some(Line { text, cut: true }));
            }
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

    fn read(chunks: Vec<&'static [u8]>) -> Vec<(String, u64, bool)> {
        let body = stream::iter(chunks.into_iter().map(|chunk| Ok(Bytes::from_static(chunk)))).boxed();
        let mut lines = Lines::new(body, 100);
        let mut read = Vec::new();
        while let Some(line) = block_on(lines.next()).unwrap() {
            read.push((String::from_utf8(line.text.to_vec()).unwrap(), lines.number, line.cut));
        }
        read
    }

    #[test]
    fn the_borders_of_chunks_do_not_matter() {
        let text = b"one\n\ntwo\r\nthree";
        let whole = read(vec![text]);
        let expected = [("one", 1, false), ("two\r", 3, false), ("three", 4, true)];
        assert_eq!(
            whole,
            expected.map(|(text, number, cut)| (text.to_owned(), number, cut))
        );
        for at in 0..=text.len() {
            let (a, b) = text.split_at(at);
            assert_eq!(read(vec![a, b]), whole, "{at}");
        }
    }

    #[test]
    fn a_line_without_end_is_an_error_at_the_limit() {
        let body = stream::repeat_with(|| Ok(Bytes::from_static(b"xxxxxxxxxx"))).boxed();
        let error = block_on(Lines::new(body, 100).next()).map(|_| ()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::LimitExceeded);
    }
}
