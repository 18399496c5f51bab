//! Where each value of a JSON text stands.

use std::ops::Range;

use indexmap::IndexMap;
use serde_json::Value;

use super::answer::AnswerJson;
use super::markdown::AROUND;
use super::number::Part;
use super::partial::{DEPTH_LIMIT, PartialJson, WORDS};
use super::scan::Bracket;

/// The values of a JSON text as far as it has arrived, each with its place.
///
/// They are the values that [`PartialJson`] shows while the text is JSON. From the first byte that cannot belong to JSON on, nothing counts.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct JsonSpans {
    /// Every container before what is in it.
    nodes: Vec<SpanNode>,
    root: usize,
}

/// A value with its place, in bytes of the text.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SpanNode {
    /// All of it, with quotes and brackets.
    pub(crate) span: Range<usize>,
    /// Whether its end was seen.
    pub(crate) closed: bool,
    pub(crate) children: Children,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Children {
    /// A text.
    Text,
    /// A number or a word.
    Plain,
    Items(Vec<usize>),
    Members(IndexMap<String, usize>),
}

impl SpanNode {
    /// Its own characters: a text without its quotes, unless there is nothing else.
    pub(crate) fn own(&self) -> Range<usize> {
        let Range { start, end } = self.span;
        if self.children != Children::Text {
            return start..end;
        }
        let inner = start + 1..end - usize::from(self.closed);
        if inner.is_empty() { start..end } else { inner }
    }
}

impl JsonSpans {
    /// Reads an answer: the JSON that [`AnswerJson`] finds in it.
    pub(crate) fn of_answer(text: &str) -> Self {
        let Some(span) = AnswerJson::span_of(text) else {
            return Self::default();
        };
        Reader::read(text.get(..span.end).unwrap_or(text), span.start)
    }

    /// The values within a member of the root, which becomes the root, if it is there.
    pub(crate) fn within(mut self, key: &str) -> Self {
        let member = match self.root().map(|root| &root.children) {
            Some(Children::Members(members)) => members.get(key).copied(),
            _ => None,
        };
        self.root = member.unwrap_or(self.root);
        self
    }

    pub(crate) fn root(&self) -> Option<&SpanNode> {
        self.nodes.get(self.root)
    }

    pub(crate) fn get(&self, index: usize) -> Option<&SpanNode> {
        self.nodes.get(index)
    }

    /// The pointer of the innermost value that holds a place of the text, its ends included.
    pub(crate) fn pointer_to(&self, at: usize) -> Option<String> {
        let holds = |node: &SpanNode| node.span.start <= at && at <= node.span.end;
        let held = |child: &usize| self.nodes.get(*child).filter(|child| holds(child));
        let mut node = self.root().filter(|root| holds(root))?;
        let mut pointer = String::new();
        loop {
            let child = match &node.children {
                Children::Items(items) => {
                    let mut items = items.iter().enumerate();
                    items.find_map(|(index, child)| Some((index.to_string(), held(child)?)))
                }
                Children::Members(members) => {
                    let mut members = members.iter();
                    members.find_map(|(key, child)| Some((escape(key), held(child)?)))
                }
                Children::Text | Children::Plain => None,
            };
            let Some((part, child)) = child else {
                return Some(pointer);
            };
            pointer.push('/');
            pointer.push_str(&part);
            node = child;
        }
    }

    /// The value at a JSON pointer, as RFC 6901 writes it.
    pub(crate) fn at(&self, pointer: &str) -> Option<&SpanNode> {
        let mut node = self.root()?;
        let Some(path) = pointer.strip_prefix('/') else {
            return pointer.is_empty().then_some(node);
        };
        for part in path.split('/') {
            let child = match &node.children {
                Children::Members(members) if part.contains('~') => {
                    members.get(&part.replace("~1", "/").replace("~0", "~"))
                }
                Children::Members(members) => members.get(part),
                Children::Items(items) => index(part).and_then(|at| items.get(at)),
                Children::Text | Children::Plain => None,
            };
            node = self.nodes.get(*child?)?;
        }
        Some(node)
    }
}

/// A key as a part of a JSON pointer.
pub(crate) fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// RFC 6901 has no leading zeros and no signs.
fn index(part: &str) -> Option<usize> {
    let canonical = part == "0" || part.starts_with(|first: char| matches!(first, '1'..='9'));
    part.parse().ok().filter(|_| canonical)
}

/// What may come next.
#[derive(Clone, Copy, PartialEq)]
enum Await {
    Value,
    FirstItem,
    FirstKey,
    Key,
    Colon,
    AfterValue,
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
    next: Await,
    open: Vec<usize>,
    key: String,
    nodes: Vec<SpanNode>,
}

/// The text cannot be JSON from here on.
struct Fault;

impl<'t> Reader<'t> {
    fn read(text: &'t str, from: usize) -> JsonSpans {
        let text = text.trim_end_matches(AROUND);
        let rest = text.get(from..).unwrap_or_default();
        let mut reader = Self {
            text,
            at: text.len() - rest.trim_start_matches(AROUND).len(),
            next: Await::Value,
            open: Vec::new(),
            key: String::new(),
            nodes: Vec::new(),
        };
        // From the fault on, nothing counts.
        let _fault = reader.run();
        // What is still open ends where the reading ended.
        for container in std::mem::take(&mut reader.open) {
            reader.end(container, reader.at, false);
        }
        JsonSpans {
            nodes: reader.nodes,
            root: 0,
        }
    }

    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn run(&mut self) -> Result<(), Fault> {
        while let Some(byte) = self.byte() {
            match (self.next, byte) {
                (_, b' ' | b'\n' | b'\r' | b'\t') => self.at += 1,
                (Await::AfterValue, b',') => {
                    self.next = match self.bracket() {
                        Some(Bracket::Curly) => Await::Key,
                        Some(Bracket::Square) => Await::Value,
                        None => return Err(Fault),
                    };
                    self.at += 1;
                }
                (Await::Colon, b':') => {
                    self.next = Await::Value;
                    self.at += 1;
                }
                (Await::FirstKey | Await::Key, b'"') => self.key()?,
                (Await::FirstItem, b']') | (Await::FirstKey, b'}') => self.close(),
                (Await::AfterValue, b']' | b'}') if self.bracket() == Bracket::closed_by(byte) => self.close(),
                (Await::Value | Await::FirstItem, _) => self.value(byte)?,
                _ => return Err(Fault),
            }
        }
        Ok(())
    }

    fn bracket(&self) -> Option<Bracket> {
        match self.nodes.get(*self.open.last()?)?.children {
            Children::Items(_) => Some(Bracket::Square),
            _ => Some(Bracket::Curly),
        }
    }

    fn close(&mut self) {
        self.at += 1;
        if let Some(container) = self.open.pop() {
            self.end(container, self.at, true);
        }
        self.next = Await::AfterValue;
    }

    fn end(&mut self, node: usize, at: usize, closed: bool) {
        if let Some(node) = self.nodes.get_mut(node) {
            node.span.end = at;
            node.closed = closed;
        }
    }

    fn value(&mut self, byte: u8) -> Result<(), Fault> {
        let start = self.at;
        if let Some(bracket) = Bracket::opened_by(byte) {
            if self.open.len() >= usize::from(DEPTH_LIMIT) {
                return Err(Fault);
            }
            let (children, next) = match bracket {
                Bracket::Square => (Children::Items(Vec::new()), Await::FirstItem),
                Bracket::Curly => (Children::Members(IndexMap::new()), Await::FirstKey),
            };
            self.at += 1;
            self.put(start..self.at, false, children);
            self.open.push(self.nodes.len() - 1);
            self.next = next;
            return Ok(());
        }
        match Part::first(byte) {
            _ if byte == b'"' => {
                let shown = self.string()?;
                if shown {
                    let closed = self.next == Await::AfterValue;
                    self.put(start..self.at, closed, Children::Text);
                }
                Ok(())
            }
            Some(part) => self.number(start, part),
            None => self.word(start),
        }
    }

    /// Adds a value to the innermost container.
    fn put(&mut self, span: Range<usize>, closed: bool, children: Children) {
        let node = self.nodes.len();
        if let Some(container) = self.open.last().and_then(|container| self.nodes.get_mut(*container)) {
            match &mut container.children {
                Children::Items(items) => items.push(node),
                // A repeated key has its last value, in its first place.
                Children::Members(members) => drop(members.insert(std::mem::take(&mut self.key), node)),
                Children::Text | Children::Plain => {}
            }
        }
        self.nodes.push(SpanNode { span, closed, children });
    }

    /// Reads a string, and says whether it can be shown: an escape of four digits must have them. The next state is
    /// `AfterValue` if the string was closed.
    fn string(&mut self) -> Result<bool, Fault> {
        self.at += 1;
        while let Some(byte) = self.byte() {
            self.at += 1;
            match byte {
                b'"' => {
                    self.next = Await::AfterValue;
                    return Ok(true);
                }
                b'\\' => match self.byte() {
                    None => break,
                    Some(b'u') => {
                        self.at += 1;
                        for _ in 0..4 {
                            match self.byte() {
                                None => return Ok(false),
                                Some(digit) if digit.is_ascii_hexdigit() => self.at += 1,
                                Some(_) => return Err(Fault),
                            }
                        }
                    }
                    Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 1,
                    Some(_) => return Err(Fault),
                },
                _ => {}
            }
        }
        Ok(true)
    }

    fn key(&mut self) -> Result<(), Fault> {
        let start = self.at;
        self.string()?;
        if self.next != Await::AfterValue {
            return Ok(());
        }
        self.next = Await::Colon;
        let quoted = self.text.get(start..self.at).unwrap_or_default();
        let mut key = PartialJson::new();
        key.push(quoted).map_err(|_| Fault)?;
        self.key = match key.into_value() {
            Ok(Value::String(key)) => key,
            _ => return Err(Fault),
        };
        Ok(())
    }

    fn number(&mut self, start: usize, mut part: Part) -> Result<(), Fault> {
        self.at += 1;
        let mut end = if part.is_whole() { self.at } else { start };
        while let Some(next) = self.byte().and_then(|byte| part.next(byte)) {
            part = next;
            self.at += 1;
            if part.is_whole() {
                end = self.at;
            }
        }
        if part == Part::Minus && self.byte() == Some(b'I') {
            return self.word(start);
        }
        let goes_on = self.byte().is_some();
        if end > start {
            self.put(start..end, goes_on && part.is_whole(), Children::Plain);
        }
        self.next = Await::AfterValue;
        if goes_on && !part.is_whole() {
            return Err(Fault);
        }
        Ok(())
    }

    fn word(&mut self, start: usize) -> Result<(), Fault> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        if let Some(word) = WORDS.into_iter().find(|word| rest.starts_with(word)) {
            self.at += word.len();
            self.put(start..self.at, true, Children::Plain);
            self.next = Await::AfterValue;
            return Ok(());
        }
        let begun = WORDS.into_iter().any(|word| word.starts_with(rest));
        self.at = if begun { self.text.len() } else { self.at };
        if begun { Ok(()) } else { Err(Fault) }
    }
}
