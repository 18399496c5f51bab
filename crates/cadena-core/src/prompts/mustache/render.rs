//! The renderer of mustache templates.

use serde_json::Value;

use super::Node;
use crate::prompts::printed::push_value;
use crate::prompts::scope::Scope;
use crate::{Error, ErrorKind, Result};

/// The number of pieces and bytes that a rendering may make: lists inside lists multiply.
const WORK_LIMIT: usize = 64 << 20;

pub(in crate::prompts) fn render(nodes: &[Node], scope: &Scope<'_>) -> Result<String> {
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
                let detail = format!("the sections of a template make more than {WORK_LIMIT} bytes");
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
