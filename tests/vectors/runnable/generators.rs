//! The generators of the cases.

use cadena_core::{Error, ErrorKind, Result, RunnableExt, generator};
use futures::{StreamExt, stream};
use serde_json::{Value, json};

use super::adapter::Adapter;
use super::build::{Step, number, text};
use super::functions::Raised;
use super::py::{Py, PyChunk, Strict, StrictChunk};
use crate::merge::arg;

fn out(StrictChunk(chunk): StrictChunk) -> Result<Option<PyChunk>> {
    Ok(Some(chunk))
}

pub(super) fn source(chunks: &Value) -> Step {
    let chunks = chunks.as_array().cloned().unwrap_or_default();
    let step = generator::<Py, Strict, _>(move |input| {
        drop(input);
        let chunks = chunks.clone().into_iter();
        stream::iter(chunks.map(|chunk| Ok(StrictChunk(PyChunk::Plain(chunk)))))
    });
    Adapter::output(step.named("source"), out).boxed()
}

pub(super) fn generated(label: &str, spec: &Value) -> Step {
    let (name, spec) = (label.to_owned(), spec.clone());
    let step = generator::<Py, Strict, _>(move |input| {
        let passes = number(&spec, "n");
        let (name, prefix) = (name.clone(), text(arg(&spec, "s")));
        if name == "fail_first" {
            return stream::iter([Err(gen_failed())]).boxed();
        }
        let chunks = input.enumerate().map(move |(index, chunk)| {
            let value = chunk?.into_json();
            let text = || {
                value.as_str().ok_or_else(|| {
                    let raised = Raised::new("AttributeError", "not a text");
                    Error::new(ErrorKind::Step, "not a text").with_source(raised)
                })
            };
            Ok(match name.as_str() {
                "upper" => vec![text()?.to_uppercase().into()],
                "prefix" => vec![format!("{prefix}{}", text()?).into()],
                "double" => vec![value.clone(), value],
                "count" => vec![json!(index + 1)],
                "fail_after" if index >= passes => return Err(gen_failed()),
                _ => vec![value],
            })
        });
        let chunks = chunks.flat_map(|values: Result<Vec<Value>>| match values {
            Ok(values) => stream::iter(values.into_iter().map(Ok).collect::<Vec<_>>()),
            Err(error) => stream::iter(vec![Err(error)]),
        });
        chunks
            .map(|value| value.map(|value| StrictChunk(PyChunk::Plain(value))))
            .boxed()
    });
    Adapter::output(step.named(label.to_owned()), out).boxed()
}

fn gen_failed() -> Error {
    let raised = Raised::new("ValueError", "gen failed");
    Error::new(ErrorKind::Step, "the generator fails").with_source(raised)
}
