//! Reads the recorded cases.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::compare::{difference, show};
use crate::errors::CaseError;
use crate::ops::Op;

/// One file: the cases of one operation.
pub(crate) struct Suite {
    pub(crate) op: String,
    pub(crate) cases: Vec<Case>,
}

/// One call of LangChain and what came of it.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) args: Value,
    expect: Expect,
}

enum Expect {
    Value(Value),
    /// The class of the exception with its bases, and what had been produced before it.
    Error {
        classes: Vec<String>,
        partial: Option<Value>,
    },
}

impl Suite {
    /// Every `*.json` of a folder, by name.
    pub(crate) fn read_all(folder: &Path) -> io::Result<Vec<Self>> {
        let entries = fs::read_dir(folder)
            .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", folder.display())))?;
        let mut paths: Vec<PathBuf> = entries
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<io::Result<_>>()?;
        paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
        paths.sort();
        let suites: Vec<Self> = paths.iter().map(|path| Self::read(path)).collect::<io::Result<_>>()?;
        if suites.is_empty() {
            return Err(invalid(folder, "there are no vectors in this folder"));
        }
        Ok(suites)
    }

    pub(crate) fn read(path: &Path) -> io::Result<Self> {
        let mut file: Value = serde_json::from_str(&fs::read_to_string(path)?).map_err(|error| invalid(path, error))?;
        let op = file
            .get("op")
            .and_then(Value::as_str)
            .ok_or_else(|| invalid(path, "no `op`"))?
            .to_owned();
        let cases = match file.get_mut("cases").map(Value::take) {
            Some(Value::Array(cases)) => cases,
            _ => return Err(invalid(path, "no `cases`")),
        };
        let read = |case| Case::read(case).ok_or_else(|| invalid(path, "a case without name, args or result"));
        Ok(Self {
            op,
            cases: cases.into_iter().map(read).collect::<io::Result<_>>()?,
        })
    }
}

impl Case {
    fn read(mut case: Value) -> Option<Self> {
        let name = case.get("name")?.as_str()?.to_owned();
        let args = case.get_mut("args")?.take();
        let expect = match case.get("error") {
            None => Expect::Value(case.get_mut("ok")?.take()),
            Some(class) => {
                let bases = case.get("error_bases").and_then(Value::as_array).into_iter().flatten();
                let classes = std::iter::once(class)
                    .chain(bases)
                    .filter_map(Value::as_str)
                    .map(str::to_owned)
                    .collect();
                Expect::Error {
                    classes,
                    partial: case.get_mut("partial").map(Value::take),
                }
            }
        };
        Some(Self { name, args, expect })
    }

    /// The difference between a result and LangChain's.
    pub(crate) fn difference(&self, op: &Op, result: &Result<Value, CaseError>) -> Option<String> {
        match (&self.expect, result) {
            (Expect::Value(expect), Ok(got)) => difference(expect, got, &op.compare),
            (Expect::Value(expect), Err(error)) => Some(format!("expected {}, got the error {error}", show(expect))),
            (Expect::Error { classes, .. }, Ok(got)) => {
                Some(format!("expected the error {}, got {}", classes.join(" < "), show(got)))
            }
            (Expect::Error { classes, partial }, Err(error)) => {
                let known = error.python_classes(op.name);
                if !classes.iter().any(|class| known.contains(&class.as_str())) {
                    return Some(format!("expected the error {}, got {error}", classes.join(" < ")));
                }
                let partial = partial.as_ref()?;
                difference(partial, error.partial().unwrap_or(&Value::Null), &op.compare)
                    .map(|difference| format!("before the error: {difference}"))
            }
        }
    }
}

pub(crate) fn invalid(path: &Path, error: impl ToString) -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        format!("{}: {}", path.display(), error.to_string()),
    )
}
