//! The cases where cadena gives another result than LangChain on purpose.

use std::cell::RefCell;
use std::fs;
use std::io;
use std::path::Path;

use serde_json::Value;

use crate::cases::{Case, Suite, invalid};
use crate::compare::{difference, show};
use crate::errors::CaseError;
use crate::ops::Op;

/// The content of `departures.json`.
pub(crate) struct Departures {
    list: Vec<Departure>,
    general: Vec<General>,
    kinds: Vec<Kind>,
    used: RefCell<Vec<bool>>,
}

/// A difference in every case of an operation; the operation's own function checks it.
pub(crate) struct General {
    pub(crate) op: String,
    /// Cadena's result instead.
    pub(crate) instead: String,
}

/// A kind of cases that differ, with an example of it that no recorded case is.
pub(crate) struct Kind {
    pub(crate) kind: String,
    pub(crate) op: String,
    pub(crate) args: Value,
    pub(crate) departure: Departure,
}

/// One case, and what cadena gives instead.
pub(crate) struct Departure {
    op: String,
    case: String,
    /// The arguments of the bundled case: a case of the same name in another folder may be another case.
    args: Option<Value>,
    instead: Result<Value, String>,
}

impl Departures {
    pub(crate) fn read(path: &Path, bundled: &Path) -> io::Result<Self> {
        let file: Value = serde_json::from_str(&fs::read_to_string(path)?).map_err(|error| invalid(path, error))?;
        let suites = Suite::read_all(bundled)?;
        let mut list = Vec::new();
        let mut general = Vec::new();
        let mut kinds = Vec::new();
        for entry in file.as_array().into_iter().flatten() {
            if let Some(every_case) = General::read(entry) {
                general.push(every_case);
                continue;
            }
            if let Some(kind) = Kind::read(entry) {
                kinds.push(kind);
                continue;
            }
            let mut departure = Departure::read(entry)
                .ok_or_else(|| invalid(path, format!("needs op, case, reason and ok or error: {}", show(entry))))?;
            let cases = suites.iter().filter(|suite| suite.op == departure.op);
            let mut cases = cases.flat_map(|suite| &suite.cases);
            departure.args = cases
                .find(|case| case.name == departure.case)
                .map(|case| case.args.clone());
            list.push(departure);
        }
        let used = RefCell::new(vec![false; list.len()]);
        Ok(Self {
            list,
            general,
            kinds,
            used,
        })
    }

    /// A difference in every case.
    pub(crate) fn general(&self) -> &[General] {
        &self.general
    }

    /// A difference by its kind.
    pub(crate) fn kinds(&self) -> &[Kind] {
        &self.kinds
    }

    pub(crate) fn find(&self, op: &str, case: &Case) -> Option<&Departure> {
        let fits = |departure: &Departure| {
            departure.op == op && departure.case == case.name && departure.args.as_ref() == Some(&case.args)
        };
        let at = self.list.iter().position(fits)?;
        if let Some(used) = self.used.borrow_mut().get_mut(at) {
            *used = true;
        }
        self.list.get(at)
    }

    /// Those of implemented operations that no case asked for.
    pub(crate) fn unused(&self) -> Vec<String> {
        let unused = self.list.iter().zip(self.used.take()).filter(|(_, used)| !used);
        unused
            .map(|(departure, _)| format!("{}/{}", departure.op, departure.case))
            .collect()
    }
}

impl General {
    /// An entry for the case `*`.
    fn read(entry: &Value) -> Option<Self> {
        let text = |key| entry.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
        text("case").filter(|case| *case == "*")?;
        text("reason")?;
        Some(Self {
            op: text("op")?.to_owned(),
            instead: text("instead")?.to_owned(),
        })
    }
}

impl Kind {
    /// An entry with a kind and the arguments of its example.
    fn read(entry: &Value) -> Option<Self> {
        let kind = entry.get("kind")?.as_str()?.to_owned();
        let mut example = entry.clone();
        example.as_object_mut()?.insert("case".to_owned(), kind.clone().into());
        let departure = Departure::read(&example)?;
        Some(Self {
            op: departure.op.clone(),
            args: entry.get("args")?.clone(),
            departure,
            kind,
        })
    }
}

impl Departure {
    fn read(entry: &Value) -> Option<Self> {
        let text = |key| {
            entry
                .get(key)
                .and_then(Value::as_str)
                .filter(|text| !text.is_empty())
                .map(str::to_owned)
        };
        text("reason")?;
        let instead = match (entry.get("ok"), text("error")) {
            (Some(value), None) => Ok(value.clone()),
            (None, Some(kind)) => Err(kind),
            _ => return None,
        };
        Some(Self {
            op: text("op")?,
            case: text("case")?,
            args: None,
            instead,
        })
    }

    /// The difference between a result and the listed one.
    pub(crate) fn difference(&self, op: &Op, result: &Result<Value, CaseError>) -> Option<String> {
        match (&self.instead, result) {
            (Ok(expect), Ok(got)) => difference(expect, got, &op.compare),
            (Ok(expect), Err(error)) => Some(format!("expected {}, got the error {error}", show(expect))),
            (Err(kind), Ok(got)) => Some(format!("expected the error {kind}, got {}", show(got))),
            (Err(kind), Err(error)) => {
                (*kind != error.kind_name()).then(|| format!("expected the error {kind}, got {error}"))
            }
        }
    }
}
