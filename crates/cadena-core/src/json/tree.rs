//! [`Tree`]: the value under construction, at every moment as a reader may see it.

use serde_json::map::Entry;
use serde_json::{Map, Value};

use super::brackets::Bracket;

/// A value whose innermost open container can be written to.
///
/// The open containers are the last child of their parents, so the way to the innermost one is a walk of `open.len()`
/// steps and nothing is moved to show the value.
#[derive(Clone, Debug, Default)]
pub(super) struct Tree {
    root: Option<Value>,
    /// The open containers, outermost first.
    open: Vec<Level>,
    /// The key of the value that comes next, if the innermost container is an object.
    pub(super) key: String,
    /// The older value that the last one replaced, because its key is repeated.
    displaced: Option<Value>,
}

#[derive(Clone, Debug)]
struct Level {
    bracket: Bracket,
    /// The key of the last value, if that is not the last entry because the key is repeated.
    repeated: Option<String>,
}

impl Level {
    fn last<'a>(&self, container: &'a mut Value) -> Option<&'a mut Value> {
        match (container, &self.repeated) {
            (Value::Array(items), _) => items.last_mut(),
            (Value::Object(map), None) => map.values_mut().next_back(),
            (Value::Object(map), Some(key)) => map.get_mut(key),
            _ => None,
        }
    }
}

impl Tree {
    pub(super) fn root(&self) -> Option<&Value> {
        self.root.as_ref()
    }

    pub(super) fn into_root(self) -> Option<Value> {
        self.root
    }

    pub(super) fn depth(&self) -> usize {
        self.open.len()
    }

    /// The innermost open bracket.
    pub(super) fn bracket(&self) -> Option<Bracket> {
        self.open.last().map(|level| level.bracket)
    }

    /// The open brackets, outermost first.
    pub(super) fn brackets(&self) -> impl Iterator<Item = Bracket> + '_ {
        self.open.iter().map(|level| level.bracket)
    }

    /// Adds an empty container and goes into it.
    pub(super) fn open(&mut self, bracket: Bracket) {
        self.put(match bracket {
            Bracket::Square => Value::Array(Vec::new()),
            Bracket::Curly => Value::Object(Map::new()),
        });
        self.open.push(Level {
            bracket,
            repeated: None,
        });
    }

    /// Goes out of the innermost container.
    pub(super) fn close(&mut self) {
        self.open.pop();
    }

    /// Adds a value to the innermost container, under `key` if that is an object.
    pub(super) fn put(&mut self, value: Value) {
        let key = std::mem::take(&mut self.key);
        let (displaced, repeated) = match self.container() {
            None => (self.root.replace(value), None),
            Some(Value::Object(map)) => match map.entry(key) {
                Entry::Vacant(entry) => {
                    entry.insert(value);
                    (None, None)
                }
                Entry::Occupied(mut entry) => (Some(entry.insert(value)), Some(entry.key().clone())),
            },
            Some(Value::Array(items)) => {
                items.push(value);
                (None, None)
            }
            Some(_) => (None, None),
        };
        self.displaced = displaced;
        if let Some(level) = self.open.last_mut() {
            level.repeated = repeated;
        }
    }

    /// Takes the last value out again, as if it had never been [`put`](Self::put).
    pub(super) fn take_back(&mut self) -> Option<Value> {
        let displaced = self.displaced.take();
        let repeated = self.open.last_mut().and_then(|level| level.repeated.take());
        match self.container() {
            None => self.root.take(),
            Some(Value::Array(items)) => items.pop(),
            Some(Value::Object(map)) => {
                let key = repeated.or_else(|| map.keys().next_back().cloned())?;
                let value = match displaced {
                    Some(old) => map.insert(key.clone(), old),
                    None => map.remove(&key),
                };
                self.key = key;
                value
            }
            Some(_) => None,
        }
    }

    /// The last value that was put into the innermost container.
    pub(super) fn last(&mut self) -> Option<&mut Value> {
        let mut node = self.root.as_mut()?;
        for level in &self.open {
            node = level.last(node)?;
        }
        Some(node)
    }

    /// The innermost open container; `None` while the root itself is still to come.
    fn container(&mut self) -> Option<&mut Value> {
        let (_, outer) = self.open.split_last()?;
        let mut node = self.root.as_mut()?;
        for level in outer {
            node = level.last(node)?;
        }
        Some(node)
    }
}
