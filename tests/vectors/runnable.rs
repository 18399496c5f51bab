//! Whole chains: reads LangChain's cases as a small language of steps, builds them from cadena's own, and runs them.

mod adapter;
mod build;
mod chat;
pub(crate) mod events;
mod functions;
mod generators;
mod models;
mod py;

use cadena_core::{Error, ErrorKind, MermaidOptions, NodeId, RunConfig, RunnableExt};
use futures::{StreamExt, stream};
use serde_json::{Map, Value, json};

use crate::errors::CaseError;
use crate::merge::arg;
use build::{Builder, Step};
pub(crate) use functions::Raised;
use py::{Py, PyChunk};

pub(crate) fn run(args: &Value) -> Result<Value, CaseError> {
    let builder = Builder::default();
    let step = builder.build(arg(args, "spec"))?;
    block_on(async {
        match arg(args, "method").as_str() {
            Some("invoke") => invoke(&builder, &step, args).await,
            Some("batch") => batch(&builder, &step, args).await,
            Some("stream" | "transform") => chunks(&builder, &step, args).await,
            _ => Err(CaseError::open(
                "another method than invoke, batch, stream and transform",
            )),
        }
    })
}

fn block_on<T>(future: impl Future<Output = Result<T, CaseError>>) -> Result<T, CaseError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    let runtime = runtime.map_err(|error| Error::new(ErrorKind::Internal, "no runtime").with_source(error))?;
    runtime.block_on(future)
}

/// The graph of a chain, its nodes by the names that no other has.
pub(crate) fn graph(args: &Value) -> Result<Value, CaseError> {
    let step = Builder::default().build(arg(args, "spec"))?;
    let graph = step.graph();
    let names = graph.unique_names();
    let name = |node: NodeId| names.get(node.index());
    let edges = graph
        .edges()
        .iter()
        .map(|edge| json!([name(edge.source), name(edge.target), edge.conditional]));
    let plain = MermaidOptions::new().styles(false);
    Ok(json!({
        "nodes": names,
        "edges": edges.collect::<Vec<_>>(),
        "mermaid": graph.to_mermaid(),
        "mermaid_plain": graph.to_mermaid_with(&plain),
    }))
}

async fn invoke(builder: &Builder, step: &Step, args: &Value) -> Result<Value, CaseError> {
    match step.invoke(Py(arg(args, "input").clone())).await {
        Ok(Py(value)) => Ok(json!({"value": value, "calls": builder.calls()})),
        Err(error) => {
            // LangChain runs the elements of a list in threads: how many ran before the error is chance.
            let partial = match has_step(arg(args, "spec"), "each") {
                true => json!({}),
                false => json!({"calls": builder.calls()}),
            };
            Err(CaseError::from(error).with_partial(partial))
        }
    }
}

async fn batch(builder: &Builder, step: &Step, args: &Value) -> Result<Value, CaseError> {
    let inputs = arg(args, "inputs").as_array().cloned().unwrap_or_default();
    let results = step
        .batch_with(inputs.into_iter().map(Py), RunConfig::new().max_concurrency(1))
        .await;
    let keep_errors = arg(args, "return_exceptions").as_bool().unwrap_or_default();
    let mut values = Vec::with_capacity(results.len());
    for result in results {
        values.push(match result {
            Ok(Py(value)) => value,
            Err(error) if keep_errors => functions::exception(&error),
            Err(error) => return Err(CaseError::from(error).with_partial(json!({}))),
        });
    }
    Ok(json!({"values": values, "calls": builder.calls()}))
}

async fn chunks(builder: &Builder, step: &Step, args: &Value) -> Result<Value, CaseError> {
    let mut output = match arg(args, "chunks").as_array() {
        Some(chunks) => {
            let chunks: Vec<_> = chunks.iter().cloned().map(|chunk| Ok(PyChunk::Plain(chunk))).collect();
            step.transform(stream::iter(chunks).boxed())
        }
        None => step.stream(Py(arg(args, "input").clone())),
    };
    let merged = arg(args, "order") == "merged";
    let mut sum = PyChunk::Keys(Vec::new());
    let mut chunks = Vec::new();
    while let Some(chunk) = output.next().await {
        match chunk {
            Ok(chunk) if merged => sum
                .add(chunk)
                .map_err(|_| Error::new(ErrorKind::Merge, "the chunks do not add up"))?,
            Ok(chunk) => chunks.push(chunk.into_json()),
            Err(error) => return Err(CaseError::from(error).with_partial(json!({"chunks": chunks}))),
        }
    }
    let mut result = Map::new();
    match merged {
        true => result.insert("merged".to_owned(), sum.into_json()),
        false => result.insert("chunks".to_owned(), chunks.into()),
    };
    result.insert("calls".to_owned(), builder.calls());
    Ok(result.into())
}

/// Whether a spec has a step of this kind anywhere.
fn has_step(spec: &Value, kind: &str) -> bool {
    match spec {
        Value::Object(map) => map.iter().any(|(key, value)| key == kind || has_step(value, kind)),
        Value::Array(list) => list.iter().any(|spec| has_step(spec, kind)),
        _ => false,
    }
}
