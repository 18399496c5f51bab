//! XML in an answer.

use std::ops::Deref;

use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use super::answer::UnparsedAnswer;
use super::reader::{Chunks, Reader, parser};
use crate::{AIMessageChunk, Error, ErrorKind, Merge, Result, Streamable, impl_pipe};

/// Elements may be nested so deep.
const DEPTH_LIMIT: usize = 128;
/// One tag may be so long.
const TAG_LIMIT: usize = 64 << 10;

/// Takes the XML out of an answer as JSON: an element is `{"tag": "text"}` or `{"tag": [elements]}`.
///
/// Text before and after the one root element is ignored, and so are attributes and comments; a second root is an error. Each element that holds
/// text streams out as soon as it is closed. Entities other than XML's own five are errors: nothing expands.
///
/// # Examples
///
/// ```
/// use cadena_core::XmlOutputParser;
/// use serde_json::json;
///
/// let movies = XmlOutputParser::new().parse("Sure:\n<movies><movie>Alien</movie><movie>Up</movie></movies>")?;
/// assert_eq!(movies.into_value(), json!({"movies": [{"movie": "Alien"}, {"movie": "Up"}]}));
///
/// let error = XmlOutputParser::new().parse("<a><b></a>").unwrap_err();
/// assert_eq!(error.to_string(), "parse error: expected `</b>` at line 1 column 7");
/// # Ok::<_, cadena_core::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use = "steps do nothing until they are invoked"]
pub struct XmlOutputParser {
    tags: Vec<String>,
}

impl XmlOutputParser {
    /// A parser for any tags.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the tags that [`format_instructions`](Self::format_instructions) names.
    pub fn with_tags<S: Into<String>>(mut self, tags: impl IntoIterator<Item = S>) -> Self {
        self.tags = tags.into_iter().map(Into::into).collect();
        self
    }

    /// What to tell a model, so that it answers in this form.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::XmlOutputParser;
    ///
    /// assert!(XmlOutputParser::new().with_tags(["movie"]).format_instructions().contains("`movie`"));
    /// ```
    #[must_use]
    pub fn format_instructions(&self) -> String {
        let mut text = "Return well-formed XML with one root element. Open and close every tag.".to_owned();
        if !self.tags.is_empty() {
            let tags: Vec<_> = self.tags.iter().map(|tag| format!("`{tag}`")).collect();
            text = format!("{text} Use these tags: {}.", tags.join(", "));
        }
        text
    }
}

parser!(
    XmlOutputParser,
    Xml,
    |_this| XmlReader::default(),
    Err(ErrorKind::Internal.into())
);
impl_pipe!(XmlOutputParser);

/// XML as JSON: what an [`XmlOutputParser`] gives.
///
/// # Examples
///
/// ```
/// use cadena_core::XmlOutputParser;
///
/// let xml = XmlOutputParser::new().parse("<a><b>1</b></a>")?;
/// assert_eq!(xml["a"][0]["b"], "1");
/// # Ok::<_, cadena_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Xml(Value);

impl Xml {
    /// The JSON.
    #[must_use]
    pub fn into_value(self) -> Value {
        self.0
    }
}

impl Deref for Xml {
    type Target = Value;
    fn deref(&self) -> &Value {
        &self.0
    }
}

impl Streamable for Xml {
    type Chunk = XmlChunk;

    fn into_chunk(self) -> XmlChunk {
        XmlChunk {
            tree: None,
            whole: Some(self.0),
        }
    }

    fn from_chunk(chunk: XmlChunk) -> Result<Self> {
        Ok(Self(chunk.to_value()))
    }
}

/// A piece of [`Xml`]: elements with their place among the others. It serialises as the JSON of these elements.
///
/// # Examples
///
/// ```
/// use cadena_core::{EchoModel, RunnableExt, XmlOutputParser};
/// use futures::TryStreamExt;
///
/// # futures::executor::block_on(async {
/// let chain = EchoModel::new() | XmlOutputParser::new();
/// let chunks: Vec<_> = chain.stream("<a><b>1</b> <c>2</c></a>").try_collect().await?;
/// assert_eq!(serde_json::to_value(&chunks).unwrap(), serde_json::json!([{"a": [{"b": "1"}]}, {"a": [{"c": "2"}]}]));
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct XmlChunk {
    tree: Option<Element>,
    whole: Option<Value>,
}

#[derive(Clone, Debug, Default, PartialEq)]
struct Element {
    tag: String,
    /// Which child of its parent it is.
    place: usize,
    text: String,
    children: Vec<Self>,
}

impl XmlChunk {
    fn to_value(&self) -> Value {
        match (&self.whole, &self.tree) {
            (Some(whole), _) => whole.clone(),
            (None, Some(tree)) if tree.text.trim().is_empty() && tree.children.is_empty() => {
                entry(&tree.tag, Value::Array(Vec::new()))
            }
            (None, Some(tree)) => tree.to_value(),
            (None, None) => Value::Null,
        }
    }
}

fn entry(tag: &str, value: Value) -> Value {
    Value::Object(Map::from_iter([(tag.to_owned(), value)]))
}

impl Element {
    fn to_value(&self) -> Value {
        let value = match (self.text.as_str(), self.children.as_slice()) {
            ("", []) => Value::Null,
            (text, []) => text.into(),
            (text, _) if !text.trim().is_empty() => text.into(),
            (_, children) => children.iter().map(Self::to_value).collect(),
        };
        entry(&self.tag, value)
    }

    fn add(&mut self, next: Self) {
        if !next.text.is_empty() {
            self.text = next.text;
        }
        for child in next.children {
            match self.children.iter_mut().rev().find(|known| known.place == child.place) {
                Some(known) => known.add(child),
                None => self.children.push(child),
            }
        }
    }
}

impl Merge for XmlChunk {
    fn merge(&mut self, next: Self) -> Result<()> {
        if next.whole.is_some() {
            self.whole = next.whole;
        }
        match (&mut self.tree, next.tree) {
            (Some(tree), Some(next)) => tree.add(next),
            (tree @ None, next) => *tree = next,
            (Some(_), None) => {}
        }
        Ok(())
    }
}

impl Serialize for XmlChunk {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_value().serialize(serializer)
    }
}

#[derive(Default)]
struct XmlReader {
    /// All of the answer, for an error.
    text: String,
    /// How much of it was read.
    read: usize,
    /// Where to go on looking for the end of what begins at `read`.
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

/// What could not be read, and where.
enum Stop {
    /// More of the text is needed.
    More,
    Error(String),
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
            None => Err(self.error(Stop::Error("expected an element, such as `<answer>`,".to_owned()))),
            Some(open) => {
                let expected = format!("the text ends where `</{}>` is expected,", open.tag);
                Err(self.error(Stop::Error(expected)))
            }
        }
    }
}

impl XmlReader {
    fn error(&self, stop: Stop) -> Error {
        let before = self.text.get(..self.read).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        let place = format!("at line {line} column {column}");
        let error = match stop {
            Stop::Limit(detail) => Error::new(ErrorKind::LimitExceeded, format!("{detail} {place}")),
            Stop::Error(detail) => Error::new(ErrorKind::Parse, format!("{detail} {place}")),
            Stop::More => Error::from(ErrorKind::Internal),
        };
        UnparsedAnswer::behind(self.text.as_str(), error)
    }

    fn rest(&self) -> &str {
        self.text.get(self.read..).unwrap_or_default()
    }

    fn take(&mut self, bytes: usize) {
        self.read += bytes;
        self.searched = 0;
    }

    /// Reads what comes next.
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

    /// Looks for the root: what stands before it is prose.
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

    /// Reads what follows the root: prose and comments, and no other tag.
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
        let (inside, behind) = rest.split_at(from + end);
        let inside = inside.get(1..).unwrap_or_default();
        if behind.starts_with('>') && tag_name(inside.strip_prefix('/').unwrap_or(inside)).is_some() {
            return Err(Stop::Error(format!(
                "expected one root element, found `<{inside}>` after it,"
            )));
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
        let text = unescape(raw)?;
        self.add_text(&text);
        self.take(bytes);
        Ok(())
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
                return Err(Stop::Error(format!("expected `</{expected}>`")));
            }
            self.take(end + 1);
            self.close(out);
            return Ok(());
        }
        let (inside, closed) = inside
            .strip_suffix('/')
            .map_or((inside, false), |inside| (inside, true));
        let name = tag_name(inside).ok_or_else(|| Stop::Error("expected a tag".to_owned()))?;
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
        out.push_back(XmlChunk {
            tree: Some(tree),
            whole: None,
        });
    }
}

fn is_name_start(c: char) -> bool {
    c.is_alphabetic() || matches!(c, '_' | ':')
}

/// Where a tag ends: a `>` may stand in the value of an attribute.
fn tag_end(text: &str) -> Option<usize> {
    let mut quote = None;
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (None, '>') => return Some(at),
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), c) if open == c => quote = None,
            _ => {}
        }
    }
    None
}

/// The name of a tag with its attributes, if it is one.
fn tag_name(inside: &str) -> Option<&str> {
    let inside = inside.strip_suffix('/').unwrap_or(inside);
    let name = inside.split(char::is_whitespace).next().unwrap_or_default();
    let is_name = name.chars().next().is_some_and(is_name_start)
        && name
            .chars()
            .all(|c| is_name_start(c) || c.is_numeric() || matches!(c, '-' | '.'));
    (is_name && are_attributes(inside.get(name.len()..).unwrap_or_default())).then_some(name)
}

fn are_attributes(text: &str) -> bool {
    let mut rest = text.trim();
    while !rest.is_empty() {
        let Some((name, value)) = rest.split_once('=') else {
            return false;
        };
        let name = name.trim();
        let value = value.trim_start();
        let Some(quote) = value.chars().next().filter(|c| matches!(c, '"' | '\'')) else {
            return false;
        };
        let Some((_, after)) = value.get(1..).and_then(|value| value.split_once(quote)) else {
            return false;
        };
        if name.is_empty() || name.contains(char::is_whitespace) || !name.starts_with(is_name_start) {
            return false;
        }
        if !after.is_empty() && !after.starts_with(char::is_whitespace) {
            return false;
        }
        rest = after.trim_start();
    }
    true
}

fn unescape(text: &str) -> Result<String, Stop> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, entity)) = rest.split_once('&') {
        out.push_str(before);
        let unknown = || Stop::Error("expected an entity such as `&amp;`".to_owned());
        let (name, after) = entity.split_once(';').ok_or_else(unknown)?;
        let number = |digits: &str, radix| u32::from_str_radix(digits, radix).ok().and_then(char::from_u32);
        out.push(match name {
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            "apos" => '\'',
            name => match (name.strip_prefix("#x"), name.strip_prefix('#')) {
                (Some(digits), _) => number(digits, 16).ok_or_else(unknown)?,
                (None, Some(digits)) => number(digits, 10).ok_or_else(unknown)?,
                (None, None) => return Err(unknown()),
            },
        });
        rest = after;
    }
    out.push_str(rest);
    Ok(out)
}
