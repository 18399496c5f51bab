//! Where in the tree of runs a step is called: the name that a hook knows it by.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

/// A place in the tree of runs. It exists only while a hook is there to ask for its name.
#[derive(Clone, Default)]
pub(crate) struct Place {
    path: Arc<str>,
    /// How many compositions around it are called at this very path.
    level: usize,
    /// How often each name was given. All places below one call share it: that is what makes every name unique.
    given: Arc<Mutex<HashMap<String, u32>>>,
}

impl Place {
    /// What is called here: its tags, then its name if it does I/O; from the second call on also its number.
    pub(crate) fn enter(&self, tags: &[String], name: Option<&str>) -> Self {
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

    /// A place beside others with a number of its own, whose names are its own: an input of a batch.
    pub(crate) fn item(&self, part: &str) -> Self {
        let mut path = self.path.to_string();
        push(&mut path, part);
        Self {
            path: path.into(),
            level: 0,
            given: Arc::default(),
        }
    }

    pub(crate) fn path(&self) -> &Arc<str> {
        &self.path
    }
}

/// Adds a part; what has a meaning in a path is escaped in it.
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
        let root = Place::default();
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
        let names: Vec<_> = names.iter().map(|place| &**place.path()).collect();
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
