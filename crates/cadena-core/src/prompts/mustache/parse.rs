//! The parser of mustache templates.

use super::Node;
use crate::Result;
use crate::prompts::fstring::{column, invalid};

/// The number of sections that may be nested: the parser and the renderer are recursive.
const DEPTH_LIMIT: usize = 64;

struct Open {
    key: String,
    inverted: bool,
    column: usize,
    nodes: Vec<Node>,
}

pub(in crate::prompts) fn parse(text: &str) -> Result<Vec<Node>> {
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
