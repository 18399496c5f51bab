//! [`XmlReader`]: reads XML as it arrives.

use super::entity::unescape;
use super::model::{Element, Xml, XmlChunk};
use super::tag::{is_name_start, tag_end, tag_name};
use crate::json::quote;
use crate::parsers::answer::UnparsedAnswer;
use crate::parsers::reader::{Chunks, Reader};
use crate::{AIMessageChunk, Error, ErrorKind, Result};

/// The most levels of elements: more would overflow the stack when the value is dropped.
const DEPTH_LIMIT: usize = 128;
/// The most bytes of one tag.
const TAG_LIMIT: usize = 64 << 10;

/// Reads XML as it arrives.
#[derive(Default)]
pub(super) struct XmlReader {
    /// All of the answer, for an error.
    text: String,
    /// How much of it was read.
    read: usize,
    /// Where the search for the end of the token at `read` goes on.
    searched: usize,
    open: Vec<Open>,
    done: bool,
}

struct Open {
    tag: String,
    place: usize,
    /// The text before the first child.
    text: String,
    children: usize,
}

/// Why the reader does not go on.
pub(super) enum Stop {
    /// More of the text is needed.
    More,
    /// The expectation, and the complete token there, which is the same in a stream and in a whole answer.
    Expected(String, String),
    Limit(String),
}

impl Reader for XmlReader {
    type Output = Xml;

    fn push(&mut self, chunk: AIMessageChunk, out: &mut Chunks<Xml>) -> Result<()> {
        self.text.push_str(&chunk.content.into_text());
        loop {
            match self.step(out) {
                Ok(()) => {}
                Err(Stop::More) => return Ok(()),
                Err(stop) => return Err(self.error(stop)),
            }
        }
    }

    fn finish(self, _out: &mut Chunks<Xml>) -> Result<()> {
        match self.open.last() {
            _ if self.done => Ok(()),
            None => Err(self.ended("an element, such as `<answer>`,")),
            Some(open) => Err(self.ended(&format!("`</{}>`", open.tag))),
        }
    }
}

impl XmlReader {
    fn error(&self, stop: Stop) -> Error {
        let place = self.place();
        let error = match stop {
            Stop::Limit(detail) => Error::new(ErrorKind::LimitExceeded, format!("{detail} at {place}")),
            Stop::Expected(expected, token) => {
                let detail = format!("expected {expected} at {place}, got {}", quote(&token));
                Error::new(ErrorKind::Parse, detail)
            }
            Stop::More => Error::from(ErrorKind::Internal),
        };
        UnparsedAnswer::source_of(error, self.text.as_str())
    }

    /// The error about a complete text without its end.
    fn ended(&self, expected: &str) -> Error {
        let detail = format!("the text ends at {}, where {expected} is expected", self.place());
        UnparsedAnswer::unread(self.text.as_str(), Error::new(ErrorKind::Parse, detail))
    }

    fn place(&self) -> String {
        let before = self.text.get(..self.read).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        format!("line {line} column {column}")
    }

    fn rest(&self) -> &str {
        self.text.get(self.read..).unwrap_or_default()
    }

    fn take(&mut self, bytes: usize) {
        self.read += bytes;
        self.searched = 0;
    }

    /// Reads the next token.
    fn step(&mut self, out: &mut Chunks<Xml>) -> Result<(), Stop> {
        if self.done {
            return self.after();
        }
        if self.open.is_empty() {
            return self.start(out);
        }
        let rest = self.rest();
        let Some(end) = rest.find('<') else {
            // The end of an entity may still come.
            let ready = rest
                .rfind('&')
                .filter(|at| !rest.get(*at..).unwrap_or_default().contains(';'));
            let ready = ready.unwrap_or(rest.len());
            self.characters(ready)?;
            return Err(Stop::More);
        };
        if end > 0 {
            return self.characters(end);
        }
        if rest.starts_with("<!--") {
            let end = self.find("-->", 4)?;
            self.take(end + 3);
            return Ok(());
        }
        if rest.starts_with("<![CDATA[") {
            let end = self.find("]]>", 9)?;
            let text = self.rest().get(9..end).unwrap_or_default().to_owned();
            self.add_text(&text);
            self.take(end + 3);
            return Ok(());
        }
        if rest.starts_with("<?") {
            let end = self.find("?>", 2)?;
            self.take(end + 2);
            return Ok(());
        }
        if ["<!--", "<![CDATA["].iter().any(|mark| mark.starts_with(rest)) {
            return Err(Stop::More);
        }
        self.tag(out)
    }

    /// Looks for the root. The text before it is prose.
    fn start(&mut self, out: &mut Chunks<Xml>) -> Result<(), Stop> {
        let rest = self.rest();
        let is_name = |at: usize| {
            let next = rest.get(at + 1..).and_then(|next| next.chars().next());
            next.is_none_or(is_name_start)
        };
        let Some(at) = rest.match_indices('<').map(|(at, _)| at).find(|at| is_name(*at)) else {
            let all = rest.len();
            self.take(all);
            return Err(Stop::More);
        };
        if at > 0 {
            self.take(at);
        }
        self.tag(out)
    }

    /// Reads on after the root: prose and comments, and no other tag.
    fn after(&mut self) -> Result<(), Stop> {
        let rest = self.rest();
        let at = rest.find('<').unwrap_or(rest.len());
        if at > 0 {
            self.take(at);
            return Ok(());
        }
        if rest.starts_with("<!--") {
            let end = self.find("-->", 4)?;
            self.take(end + 3);
            return Ok(());
        }
        // Also where nothing is left.
        if "<!--".starts_with(rest) {
            return Err(Stop::More);
        }
        // The value of an attribute has no `<`, so that what goes on with one is prose.
        let from = self.searched.max(1);
        let Some(end) = rest.get(from..).and_then(|rest| rest.find(['<', '>'])) else {
            self.searched = rest.len();
            return Err(Stop::More);
        };
        let (inside, after) = rest.split_at(from + end);
        let inside = inside.get(1..).unwrap_or_default();
        if after.starts_with('>') && tag_name(inside.strip_prefix('/').unwrap_or(inside)).is_some() {
            let token = format!("<{inside}>");
            return Err(Stop::Expected("one root element and none after it,".to_owned(), token));
        }
        self.take(1);
        Ok(())
    }

    fn find(&mut self, mark: &str, from: usize) -> Result<usize, Stop> {
        let from = self.searched.max(from);
        let rest = self.rest();
        match rest.get(from..).and_then(|rest| rest.find(mark)) {
            Some(at) => Ok(from + at),
            None => {
                let mut seen = rest.len().saturating_sub(mark.len()).max(from);
                while !rest.is_char_boundary(seen) {
                    seen -= 1;
                }
                self.searched = seen;
                Err(Stop::More)
            }
        }
    }

    fn add_text(&mut self, text: &str) {
        if let Some(open) = self.open.last_mut().filter(|open| open.children == 0) {
            open.text.push_str(text);
        }
    }

    fn characters(&mut self, bytes: usize) -> Result<(), Stop> {
        let raw = self.rest().get(..bytes).unwrap_or_default();
        match unescape(raw) {
            Ok(text) => {
                self.add_text(&text);
                self.take(bytes);
                Ok(())
            }
            Err(unknown) => {
                let token = unknown.entity.to_owned();
                self.take(unknown.at);
                Err(Stop::Expected("an entity such as `&amp;`".to_owned(), token))
            }
        }
    }

    fn tag(&mut self, out: &mut Chunks<Xml>) -> Result<(), Stop> {
        let rest = self.rest();
        let Some(end) = tag_end(rest) else {
            if rest.len() > TAG_LIMIT {
                return Err(Stop::Limit(format!("a tag is longer than {TAG_LIMIT} bytes")));
            }
            return Err(Stop::More);
        };
        let inside = rest.get(1..end).unwrap_or_default();
        if let Some(name) = inside.strip_prefix('/') {
            let name = name.trim_end();
            let expected = self.open.last().map(|open| open.tag.as_str()).unwrap_or_default();
            if name != expected {
                return Err(Stop::Expected(format!("`</{expected}>`"), format!("<{inside}>")));
            }
            self.take(end + 1);
            self.close(out);
            return Ok(());
        }
        let (inside, closed) = inside
            .strip_suffix('/')
            .map_or((inside, false), |inside| (inside, true));
        let Some(name) = tag_name(inside) else {
            let token = rest.get(..=end).unwrap_or_default().to_owned();
            return Err(Stop::Expected("a tag".to_owned(), token));
        };
        if self.open.len() == DEPTH_LIMIT {
            return Err(Stop::Limit(format!(
                "the elements are nested deeper than {DEPTH_LIMIT} levels"
            )));
        }
        let tag = name.to_owned();
        self.take(end + 1);
        let place = self.open.last_mut().map_or(0, |parent| {
            parent.children += 1;
            parent.children
        });
        self.open.push(Open {
            tag,
            place,
            text: String::new(),
            children: 0,
        });
        if closed {
            self.close(out);
        }
        Ok(())
    }

    /// Closes the inmost element. One without children is complete, and one with text is that text.
    fn close(&mut self, out: &mut Chunks<Xml>) {
        let Some(open) = self.open.pop() else { return };
        self.done = self.open.is_empty();
        if open.children > 0 && open.text.trim().is_empty() {
            return;
        }
        let leaf = Element {
            tag: open.tag,
            place: open.place,
            text: open.text,
            children: Vec::new(),
        };
        let tree = self.open.iter().rev().fold(leaf, |child, parent| Element {
            tag: parent.tag.clone(),
            place: parent.place,
            text: String::new(),
            children: vec![child],
        });
        out.push_back(XmlChunk::of(tree));
    }
}
