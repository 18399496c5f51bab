//! [`JsonSpans`]: the place of each value of a JSON text.

use std::ops::Range;

use indexmap::IndexMap;

use super::answer::AnswerJson;
use super::brackets::Bracket;
use super::markdown::AROUND;
use super::pointer::{index, unescape};
use super::scanner::Scanner;

/// The values of a JSON text as far as it has arrived, each with its place.
///
/// They are the values that [`PartialJson`](super::PartialJson) shows while the text is JSON. From the first byte that cannot belong to
/// JSON on, nothing counts.
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
        let text = text.get(..span.end).unwrap_or(text).trim_end_matches(AROUND);
        let json = text.get(span.start..).unwrap_or_default().trim_start_matches(AROUND);
        let mut scanner = Scanner::new(Spans::from(text.len() - json.len()));
        // Nothing counts after a limit, as after a fault.
        let _limit = scanner.push(json);
        let nodes = scanner.into_spans();
        Self { nodes, root: 0 }
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

    /// The value at a JSON pointer, as RFC 6901 writes it.
    pub(crate) fn at(&self, pointer: &str) -> Option<&SpanNode> {
        let mut node = self.root()?;
        let Some(path) = pointer.strip_prefix('/') else {
            return pointer.is_empty().then_some(node);
        };
        for part in path.split('/') {
            let child = match &node.children {
                Children::Members(members) if part.contains('~') => members.get(&unescape(part)),
                Children::Members(members) => members.get(part),
                Children::Items(items) => index(part).and_then(|at| items.get(at)),
                Children::Text | Children::Plain => None,
            };
            node = self.nodes.get(*child?)?;
        }
        Some(node)
    }
}

/// Notes the places of values while a [`Scanner`] passes them.
pub(super) trait Places {
    /// A key of the innermost object is complete; its value follows.
    fn key(&mut self, key: &str);
    /// The first quote of a text.
    fn text_begins(&mut self, start: usize);
    /// After the last quote of the text that began last.
    fn text_ends(&mut self, end: usize);
    /// A number or a word.
    fn plain(&mut self, span: Range<usize>, closed: bool);
    fn open(&mut self, bracket: Bracket, start: usize);
    /// After the last bracket of the innermost container.
    fn close(&mut self, end: usize);
}

/// Notes nothing.
impl Places for () {
    fn key(&mut self, _: &str) {}
    fn text_begins(&mut self, _: usize) {}
    fn text_ends(&mut self, _: usize) {}
    fn plain(&mut self, _: Range<usize>, _: bool) {}
    fn open(&mut self, _: Bracket, _: usize) {}
    fn close(&mut self, _: usize) {}
}

/// The places that were noted, the open containers among them.
#[derive(Debug)]
pub(super) struct Spans {
    /// Where the JSON begins in its text.
    base: usize,
    nodes: Vec<SpanNode>,
    open: Vec<usize>,
    key: String,
    text: usize,
}

impl Spans {
    fn from(base: usize) -> Self {
        Self {
            base,
            nodes: Vec::new(),
            open: Vec::new(),
            key: String::new(),
            text: 0,
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
        let span = span.start + self.base..span.end + self.base;
        self.nodes.push(SpanNode { span, closed, children });
    }

    fn end(&mut self, end: usize, closed: bool) {
        let container = self.open.pop().and_then(|container| self.nodes.get_mut(container));
        if let Some(container) = container {
            container.span.end = end + self.base;
            container.closed = closed;
        }
    }

    /// The open text ends where the reading ended.
    pub(super) fn cut_text(&mut self, end: usize) {
        self.put(self.text..end, false, Children::Text);
    }

    /// Ends the open containers where the reading ended.
    pub(super) fn finish(mut self, end: usize) -> Vec<SpanNode> {
        while !self.open.is_empty() {
            self.end(end, false);
        }
        self.nodes
    }
}

impl Places for Spans {
    fn key(&mut self, key: &str) {
        key.clone_into(&mut self.key);
    }

    fn text_begins(&mut self, start: usize) {
        self.text = start;
    }

    fn text_ends(&mut self, end: usize) {
        self.put(self.text..end, true, Children::Text);
    }

    fn plain(&mut self, span: Range<usize>, closed: bool) {
        self.put(span, closed, Children::Plain);
    }

    fn open(&mut self, bracket: Bracket, start: usize) {
        let children = match bracket {
            Bracket::Square => Children::Items(Vec::new()),
            Bracket::Curly => Children::Members(IndexMap::new()),
        };
        self.put(start..start + 1, false, children);
        self.open.push(self.nodes.len() - 1);
    }

    fn close(&mut self, end: usize) {
        self.end(end, true);
    }
}
