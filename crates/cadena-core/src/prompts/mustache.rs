//! Mustache templates, as LangChain renders them.

mod parse;
pub(super) use parse::parse;
mod render;
pub(super) use render::render;

/// A part of a parsed template.
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
