//! The path of a step through the tree of runs: the name by which a hook knows it.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

/// The path to a step. A context has one only while a hook is set that may ask for it.
#[derive(Clone, Default)]
pub(in crate::run) struct StepPath {
    path: Arc<str>,
    /// How many compositions around the step have this very path.
    level: usize,
    /// How often each name was given. All paths of one call share it, so that every name is unique.
    given: Arc<Mutex<HashMap<String, u32>>>,
}

impl StepPath {
    /// The path of a step that is called here: its tags, then its name if it does I/O, and from the second call on its number.
    pub(in crate::run) fn enter(&self, tags: &[String], name: Option<&str>) -> Self {
        let mut path = self.path.to_string();
        tags.iter()
            .map(String::as_str)
            .chain(name)
            .for_each(|part| push(&mut path, part));
        let mut key = path.clone();
        if name.is_none() {
            // A composition is no step: it may share the path of one, and that of the composition around it.
            let level = if tags.is_empty() { self.level } else { 0 };
            (0..=level).for_each(|_| key.push('/'));
        }
        let number = {
            let mut given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
            let number = given.entry(key).or_insert(0);
            *number += 1;
            *number
        };
        if number > 1 {
            if tags.is_empty() && name.is_none() && !path.is_empty() {
                path.push('/');
            }
            // Writing to a `String` cannot fail.
            let _ = write!(path, "#{number}");
        }
        let level = 1 + if *path == *self.path { self.level } else { 0 };
        Self {
            path: path.into(),
            level,
            given: Arc::clone(&self.given),
        }
    }

    /// The path of an input of a batch. Names are counted for each input, so that they do not depend on what runs at the same time.
    pub(in crate::run) fn item(&self, part: &str) -> Self {
        let mut path = self.path.to_string();
        push(&mut path, part);
        Self {
            path: path.into(),
            level: 0,
            given: Arc::default(),
        }
    }

    /// The path as text.
    pub(in crate::run) fn as_str(&self) -> &Arc<str> {
        &self.path
    }
}

/// Adds a part, with the signs escaped that have a meaning in a path.
fn push(path: &mut String, part: &str) {
    if !path.is_empty() {
        path.push('/');
    }
    for letter in part.chars() {
        match letter {
            '%' => path.push_str("%25"),
            '/' => path.push_str("%2F"),
            '#' => path.push_str("%23"),
            _ => path.push(letter),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(tags: &[&str]) -> Vec<String> {
        tags.iter().map(|tag| (*tag).to_owned()).collect()
    }

    #[test]
    fn a_name_is_given_once() {
        let root = StepPath::default();
        let chain = root.enter(&[], None);
        let names = [
            chain.enter(&tags(&["seq:step:1"]), Some("model")),
            chain.enter(&tags(&["seq:step:1"]), Some("model")),
            root.enter(&tags(&["seq:step:1"]), None).enter(&[], Some("model")),
            root.enter(&[], None).enter(&[], Some("model")),
            root.enter(&[], Some("model#2/x%")),
            chain
                .enter(&tags(&["seq:step:2"]), None)
                .enter(&[], None)
                .enter(&[], Some("model")),
            root.item("batch:item:1").enter(&[], Some("model")),
        ];
        let names: Vec<_> = names.iter().map(|path| &**path.as_str()).collect();
        assert_eq!(
            names,
            [
                "seq:step:1/model",
                "seq:step:1/model#2",
                "seq:step:1/model#3",
                "#2/model",
                "model%232%2Fx%25",
                "seq:step:2/model",
                "batch:item:1/model"
            ]
        );
    }
}
