//! The values of the variables: the input first, then the partials.

use std::fmt;
use std::sync::Arc;

use indexmap::IndexMap;
use serde_json::Value;

use crate::{Dict, Error, ErrorKind, Result};

/// The values of one rendering. The outer ones win: a value of the caller replaces a partial.
#[derive(Clone, Copy)]
pub(super) struct Scope<'a> {
    outer: Option<&'a Self>,
    own: &'a Dict,
}

impl<'a> Scope<'a> {
    pub(super) fn new(input: &'a Dict) -> Self {
        Self {
            outer: None,
            own: input,
        }
    }

    pub(super) fn with(&'a self, own: &'a Dict) -> Self {
        Self { outer: Some(self), own }
    }

    pub(super) fn get(&self, name: &str) -> Option<&'a Value> {
        self.outer
            .and_then(|outer| outer.get(name))
            .or_else(|| self.own.get(name))
    }

    /// Returns all values in one object.
    pub(super) fn to_dict(self) -> Dict {
        let mut all = self.own.clone();
        if let Some(outer) = self.outer {
            all.extend(outer.to_dict().into_map());
        }
        all
    }

    fn input(&self) -> &Dict {
        self.outer.map_or(self.own, Scope::input)
    }

    pub(super) fn missing(&self, name: &str) -> Error {
        let given: Vec<_> = self.input().keys().map(|key| format!("`{key}`")).collect();
        let given = if given.is_empty() {
            "nothing".to_owned()
        } else {
            given.join(", ")
        };
        let detail = format!("the prompt needs `{name}`, and the input has {given}");
        Error::new(ErrorKind::InvalidInput, detail)
            .with_hint(format!("if `{{{name}}}` is meant as text, write `{{{{{name}}}}}`"))
    }

    /// Returns an error for the first name without a value.
    pub(super) fn check<'n>(&self, names: impl IntoIterator<Item = &'n str>) -> Result<()> {
        match names.into_iter().find(|name| self.get(name).is_none()) {
            Some(name) => Err(self.missing(name)),
            None => Ok(()),
        }
    }
}

/// Variables that were filled in before: LangChain's partial variables.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Partials(IndexMap<String, Partial>);

#[derive(Clone)]
enum Partial {
    Value(Value),
    Function(Arc<dyn Fn() -> Value + Send + Sync>),
}

impl Partials {
    pub(super) fn set(&mut self, name: String, value: Value) {
        self.0.insert(name, Partial::Value(value));
    }

    pub(super) fn set_fn(&mut self, name: String, value: impl Fn() -> Value + Send + Sync + 'static) {
        self.0.insert(name, Partial::Function(Arc::new(value)));
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    pub(super) fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// Returns the values that the caller did not set; a function is called here, once per rendering.
    pub(super) fn resolve(&self, outer: &Scope<'_>) -> Dict {
        let unset = self.0.iter().filter(|(name, _)| outer.get(name).is_none());
        unset
            .map(|(name, partial)| {
                let value = match partial {
                    Partial::Value(value) => value.clone(),
                    Partial::Function(function) => function(),
                };
                (name.clone(), value)
            })
            .collect()
    }
}

impl PartialEq for Partial {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Value(left), Self::Value(right)) => left == right,
            (Self::Function(left), Self::Function(right)) => Arc::ptr_eq(left, right),
            _ => false,
        }
    }
}

impl fmt::Debug for Partial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value(value) => value.fmt(f),
            Self::Function(_) => f.write_str("Fn()"),
        }
    }
}

/// Returns the names without those that were filled in, sorted, each once.
pub(super) fn open_names<'a>(names: impl IntoIterator<Item = &'a str>, partials: &Partials) -> Vec<&'a str> {
    let mut names: Vec<_> = names.into_iter().filter(|name| !partials.has(name)).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// Writes the methods of every template with `partials`, with an example: the code that makes a template of `{a} {b}`, and the code from its output to
/// the text.
macro_rules! partials {
    ($type:ident, $($field:ident).+, $make:literal, $text:literal) => {
        impl $type {
            /// Fills a variable in before; a value in the input replaces it.
            ///
            /// # Examples
            ///
            /// ```
            #[doc = concat!("use cadena_core::{dict, ", stringify!($type), "};")]
            ///
            #[doc = concat!("let prompt = ", $make, ".partial(\"a\", \"A\");")]
            /// assert_eq!(prompt.input_variables(), ["b"]);
            #[doc = concat!("assert_eq!(prompt.format(&dict! {\"b\": \"B\"})?", $text, ", \"A B\");")]
            /// # Ok::<_, cadena_core::Error>(())
            /// ```
            pub fn partial(mut self, name: impl Into<String>, value: impl Into<serde_json::Value>) -> Self {
                self.$($field).+.set(name.into(), value.into());
                self
            }

            /// Fills a variable in with a function, which is called in every rendering whose input does not have the variable.
            ///
            /// # Examples
            ///
            /// ```
            #[doc = concat!("use cadena_core::{dict, ", stringify!($type), "};")]
            ///
            #[doc = concat!("let prompt = ", $make, ".partial_fn(\"a\", || \"Monday\".into());")]
            #[doc = concat!("assert_eq!(prompt.format(&dict! {\"b\": 1})?", $text, ", \"Monday 1\");")]
            #[doc = concat!("assert_eq!(prompt.format(&dict! {\"a\": \"Sunday\", \"b\": 1})?", $text, ", \"Sunday 1\");")]
            /// # Ok::<_, cadena_core::Error>(())
            /// ```
            pub fn partial_fn(
                mut self,
                name: impl Into<String>,
                value: impl Fn() -> serde_json::Value + Send + Sync + 'static,
            ) -> Self {
                self.$($field).+.set_fn(name.into(), value);
                self
            }

            /// Makes an input from an object, or from the bare value of the only variable.
            ///
            /// # Errors
            ///
            /// [`ErrorKind::InvalidInput`](crate::ErrorKind::InvalidInput) for a bare value if the prompt has no variable or several.
            ///
            /// # Examples
            ///
            /// ```
            #[doc = concat!("use cadena_core::{dict, ", stringify!($type), "};")]
            ///
            #[doc = concat!("let prompt = ", $make, ".partial(\"a\", \"A\");")]
            /// assert_eq!(prompt.input("B")?, dict! {"b": "B"});
            /// # Ok::<_, cadena_core::Error>(())
            /// ```
            pub fn input(&self, value: impl Into<serde_json::Value>) -> $crate::Result<$crate::Dict> {
                $crate::prompts::input::input_of(value.into(), &self.input_variables())
            }
        }
    };
}

pub(super) use partials;
