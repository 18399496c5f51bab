//! Mustache templates, as LangChain renders them.

use serde_json::Value;

use super::fstring::{column, invalid};
use super::printed::push_value;
use super::scope::Scope;
use crate::{Error, ErrorKind, Result};

/// The number of sections that may be nested: the parser and the renderer are recursive.
const DEPTH_LIMIT: usize = 64;
/// The number of pieces and bytes that a rendering may make: lists inside lists multiply.
const WORK_LIMIT: usize = 64 << 20;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Node {
    Text(String),
    Variable {
        key: String,
        escape: bool,
    },
    Section {
        key: String,
        inverted: bool,
        nodes: Vec<Self>,
    },
}

struct Open {
    key: String,
    inverted: bool,
    column: usize,
    nodes: Vec<Node>,
}

pub(super) fn parse(text: &str) -> Result<Vec<Node>> {
    let (mut left, mut right) = ("{{".to_owned(), "}}".to_owned());
    let mut stack: Vec<Open> = Vec::new();
    let mut nodes = Vec::new();
    let mut rest = text;
    // Whether the line has only blanks before the next tag. The line of such a tag is left out, as the specification requires.
    let mut alone = true;
    while let Some((literal, from_tag)) = rest.split_once(left.as_str()) {
        let place = column(text, rest) + literal.chars().count();
        if from_tag.is_empty() {
            return Err(invalid(place, &format!("a `{left}` without its `{right}`")));
        }
        let (tag, after) = parse_tag(from_tag, &left, &right).map_err(|detail| invalid(place, &detail))?;
        alone = (literal.contains('\n') || alone) && blank(literal.rsplit('\n').next().unwrap_or_default());
        let mut literal = literal;
        rest = after;
        alone &= !matches!(tag, Tag::Variable { .. }) && blank(rest.split('\n').next().unwrap_or_default());
        if alone {
            rest = rest.split_once('\n').map_or(rest, |(_, next)| next);
            if !matches!(tag, Tag::Partial) {
                literal = literal.trim_end_matches(' ');
            }
        }
        if !literal.is_empty() {
            nodes.push(Node::Text(literal.to_owned()));
        }
        match tag {
            Tag::Variable { key, escape } => nodes.push(Node::Variable { key, escape }),
            Tag::Section { key, inverted } => {
                if stack.len() == DEPTH_LIMIT {
                    return Err(invalid(place, &format!("sections may be nested {DEPTH_LIMIT} deep")));
                }
                let nodes = std::mem::take(&mut nodes);
                stack.push(Open {
                    key,
                    inverted,
                    column: place,
                    nodes,
                });
            }
            Tag::End { key } => match stack.pop() {
                Some(open) if open.key == key => {
                    let inside = std::mem::replace(&mut nodes, open.nodes);
                    nodes.push(Node::Section {
                        key,
                        inverted: open.inverted,
                        nodes: inside,
                    });
                }
                Some(open) => {
                    return Err(invalid(
                        place,
                        &format!("this closes `{key}`, and the section `{}` is open", open.key),
                    ));
                }
                None => return Err(invalid(place, &format!("this closes `{key}`, which is not open"))),
            },
            Tag::Delimiters { new_left, new_right } => (left, right) = (new_left, new_right),
            Tag::Comment | Tag::Partial => {}
        }
    }
    if let Some(open) = stack.pop() {
        return Err(invalid(
            open.column,
            &format!("the section `{}` is never closed", open.key),
        ));
    }
    if !rest.is_empty() {
        nodes.push(Node::Text(rest.to_owned()));
    }
    Ok(nodes)
}

enum Tag {
    Variable {
        key: String,
        escape: bool,
    },
    Section {
        key: String,
        inverted: bool,
    },
    End {
        key: String,
    },
    Delimiters {
        new_left: String,
        new_right: String,
    },
    Comment,
    /// A partial stands for nothing, since there is no other template to include.
    Partial,
}

fn parse_tag<'a>(text: &'a str, left: &str, right: &str) -> Result<(Tag, &'a str), String> {
    let (tag, mut after) = text
        .split_once(right)
        .ok_or_else(|| format!("a `{left}` without its `{right}`"))?;
    let mut chars = tag.chars();
    let key = |text: &str| text.trim().to_owned();
    let inside = match chars.next() {
        _ if tag.trim().is_empty() => return Err("an empty tag".to_owned()),
        Some('!' | '#' | '^' | '/' | '>' | '=' | '{' | '&') => chars.as_str(),
        _ => {
            return Ok((
                Tag::Variable {
                    key: key(tag),
                    escape: true,
                },
                after,
            ));
        }
    };
    let tag = match tag.chars().next() {
        Some('!') => Tag::Comment,
        Some('>') => Tag::Partial,
        Some('#') => Tag::Section {
            key: key(inside),
            inverted: false,
        },
        Some('^') => Tag::Section {
            key: key(inside),
            inverted: true,
        },
        Some('/') => Tag::End { key: key(inside) },
        Some('=') => {
            let inside = inside
                .strip_suffix('=')
                .ok_or("a change of delimiters that does not end with `=`")?;
            let mut words = inside.split_whitespace();
            let new_left = words.next().ok_or("a change of delimiters without delimiters")?;
            let new_right = words.next_back().unwrap_or(new_left);
            Tag::Delimiters {
                new_left: new_left.to_owned(),
                new_right: new_right.to_owned(),
            }
        }
        first => {
            if first == Some('{') && left == "{{" && right == "}}" {
                after = after.strip_prefix('}').ok_or("a `{{{` without its `}}}`")?;
            }
            Tag::Variable {
                key: key(inside),
                escape: false,
            }
        }
    };
    Ok((tag, after))
}

fn blank(text: &str) -> bool {
    text.chars().all(char::is_whitespace)
}

pub(super) fn variables<'a>(nodes: &'a [Node], names: &mut Vec<&'a str>) {
    for node in nodes {
        match node {
            Node::Variable { key, .. } | Node::Section { key, .. } if key != "." => {
                names.push(key.split('.').next().unwrap_or(key));
            }
            _ => {}
        }
    }
}

pub(super) fn render(nodes: &[Node], scope: &Scope<'_>) -> Result<String> {
    let mut renderer = Renderer {
        root: scope,
        stack: Vec::new(),
        out: String::new(),
        work: 0,
    };
    renderer.nodes(nodes)?;
    Ok(renderer.out)
}

struct Renderer<'a> {
    root: &'a Scope<'a>,
    /// The values of the open sections, the innermost last.
    stack: Vec<&'a Value>,
    out: String,
    work: usize,
}

impl<'a> Renderer<'a> {
    fn nodes(&mut self, nodes: &[Node]) -> Result<()> {
        for node in nodes {
            let before = self.out.len();
            match node {
                Node::Text(text) => self.out.push_str(text),
                Node::Variable { key, escape } => self.variable(key, *escape),
                Node::Section { key, inverted, nodes } => self.section(key, *inverted, nodes)?,
            }
            if !matches!(node, Node::Section { .. }) {
                self.work += 1 + self.out.len() - before;
            } else {
                self.work += 1;
            }
            if self.work > WORK_LIMIT {
                let detail = format!("the sections of a template give more than {WORK_LIMIT} bytes");
                return Err(Error::new(ErrorKind::LimitExceeded, detail));
            }
        }
        Ok(())
    }

    fn variable(&mut self, key: &str, escape: bool) {
        let mut text = String::new();
        if key == "." && self.stack.is_empty() {
            push_value(&mut text, &self.root.to_dict().into());
        } else if let Some(value) = self.get(key) {
            push_value(&mut text, value);
        }
        if !escape {
            self.out.push_str(&text);
            return;
        }
        for c in text.chars() {
            match c {
                '&' => self.out.push_str("&amp;"),
                '"' => self.out.push_str("&quot;"),
                '<' => self.out.push_str("&lt;"),
                '>' => self.out.push_str("&gt;"),
                c => self.out.push(c),
            }
        }
    }

    fn section(&mut self, key: &str, inverted: bool, nodes: &[Node]) -> Result<()> {
        let value = if key == "." && self.stack.is_empty() {
            None
        } else {
            self.get(key)
        };
        let value = value.filter(|value| is_truthy(value));
        match (value, inverted) {
            (None, true) => self.nodes(nodes),
            (Some(Value::Array(items)), false) => {
                for item in items.iter().filter(|item| is_truthy(item)) {
                    self.within(item, nodes)?;
                }
                Ok(())
            }
            (Some(value), false) => self.within(value, nodes),
            (None, false) | (Some(_), true) => Ok(()),
        }
    }

    fn within(&mut self, value: &'a Value, nodes: &[Node]) -> Result<()> {
        self.stack.push(value);
        let result = self.nodes(nodes);
        self.stack.pop();
        result
    }

    /// Looks a dotted name up, from the innermost section outwards. The number 0 and `False` are values; every other empty value counts as
    /// missing, as in LangChain.
    fn get(&self, key: &str) -> Option<&'a Value> {
        if key == "." {
            return self.stack.last().copied();
        }
        let found = self.stack.iter().rev().find_map(|scope| walk(scope, key.split('.')));
        let found = found.or_else(|| {
            let mut parts = key.split('.');
            let first = self.root.get(parts.next()?)?;
            walk(first, parts)
        })?;
        (is_truthy(found) || is_zero(found)).then_some(found)
    }
}

fn walk<'a, 'k>(value: &'a Value, parts: impl Iterator<Item = &'k str>) -> Option<&'a Value> {
    let mut value = value;
    for part in parts {
        value = match value {
            zero if is_zero(zero) => return Some(zero),
            Value::Object(map) => map.get(part)?,
            Value::Array(items) => {
                let at: isize = part.parse().ok()?;
                let at = if at < 0 {
                    items.len().checked_add_signed(at)?
                } else {
                    at.unsigned_abs()
                };
                items.get(at)?
            }
            _ => return None,
        };
    }
    Some(value)
}

fn is_zero(value: &Value) -> bool {
    matches!(value, Value::Bool(false)) || value.as_f64() == Some(0.0)
}

fn is_truthy(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(flag) => *flag,
        Value::Number(_) => !is_zero(value),
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(map) => !map.is_empty(),
    }
}
