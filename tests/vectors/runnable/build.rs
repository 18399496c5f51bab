//! Builds a chain from its description.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use cadena_core::{
    Bind, BoxRunnable, Chain, Dict, Error, ErrorKind, Parallel, Result, RetryOptions, RunConfig, RunContext, Runnable,
    RunnableExt, assign, async_trait, branch, lambda, passthrough, pick, router, stream_fn, try_route_fn,
};
use futures::stream;
use serde_json::{Map, Value, json};

use super::adapter::Adapter;
use super::chat::{model, parser, prompt};
use super::functions::{Raised, apply, equal, exception, greater, is_one_of, item};
use super::generators::{generated, source};
use super::py::{Py, PyChunk, from_dict, from_piece};
use crate::errors::CaseError;
use crate::merge::arg;

/// A step from and to Python's values.
pub(crate) type Step = BoxRunnable<Py, Py>;

/// Builds steps, and counts how often each function is called.
#[derive(Default)]
pub(super) struct Builder {
    calls: Calls,
}

type Calls = Arc<Mutex<BTreeMap<String, u64>>>;

fn count(calls: &Calls, label: &str) {
    let mut calls = calls.lock().unwrap_or_else(PoisonError::into_inner);
    *calls.entry(label.to_owned()).or_default() += 1;
}

fn list<'a>(spec: &'a Value, key: &str) -> &'a [Value] {
    arg(spec, key).as_array().map(Vec::as_slice).unwrap_or_default()
}

pub(super) fn texts(spec: &Value, key: &str) -> Vec<String> {
    let texts = list(spec, key).iter().filter_map(Value::as_str);
    texts.map(str::to_owned).collect()
}

pub(super) fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn members(spec: &Value) -> impl Iterator<Item = (&String, &Value)> {
    spec.as_object().into_iter().flatten()
}

pub(super) fn number(spec: &Value, key: &str) -> usize {
    arg(spec, key)
        .as_u64()
        .and_then(|n| usize::try_from(n).ok())
        .unwrap_or_default()
}

impl Builder {
    pub(super) fn calls(&self) -> Value {
        let calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        calls
            .iter()
            .map(|(label, count)| (label.clone(), Value::from(*count)))
            .collect()
    }

    /// A step by its description, under the name and with the tags that are fixed to it.
    pub(super) fn build(&self, spec: &Value) -> Result<Step, CaseError> {
        let step = self.step(spec)?;
        let mut config = RunConfig::new();
        config.run_name = arg(spec, "name").as_str().map(str::to_owned);
        config.tags = texts(spec, "tags");
        config.metadata = arg(spec, "metadata").as_object().cloned().unwrap_or_default();
        if config.run_name.is_none() && config.tags.is_empty() && config.metadata.is_empty() {
            return Ok(step);
        }
        Ok(step.with_config(config).boxed())
    }

    fn step(&self, spec: &Value) -> Result<Step, CaseError> {
        let kind = [
            "fn",
            "gen",
            "source",
            "seq",
            "parallel",
            "passthrough",
            "assign",
            "pick",
            "branch",
            "router",
        ];
        let more = [
            "route",
            "fallbacks",
            "retry",
            "each",
            "bind",
            "fake_chat",
            "generic_chat",
            "chat_prompt",
        ];
        let kinds = kind.into_iter().chain(more).chain(["prompt", "parser"]);
        let found = kinds
            .filter_map(|kind| spec.get(kind).map(|value| (kind, value)))
            .next();
        let Some((kind, value)) = found else {
            return Err(CaseError::open("a step of an unknown kind"));
        };
        Ok(match kind {
            "fn" => self.function(&text(value), spec),
            "gen" => generated(&text(value), spec),
            "source" => source(value),
            "seq" => self.chain(value)?.boxed(),
            "parallel" => Adapter::output(self.parallel(value)?, from_dict).boxed(),
            "passthrough" => passthrough().boxed(),
            "assign" => Adapter::output(assign(self.parallel(value)?), from_dict).boxed(),
            "pick" => picked(value),
            "branch" => self.branch(value)?,
            "router" => self.router(value)?,
            "route" => self.route(value)?,
            "fallbacks" => self.fallbacks(value)?,
            "retry" => self.retry(value)?,
            "each" => self.each(value)?,
            "bind" => self.bound(value)?,
            "fake_chat" | "generic_chat" => model(spec, None)?,
            "chat_prompt" | "prompt" => prompt(value)?,
            _ => parser(value)?,
        })
    }

    fn chain(&self, steps: &Value) -> Result<Chain<Py, Py>, CaseError> {
        let mut chain: Option<Chain<Py, Py>> = None;
        for spec in steps.as_array().into_iter().flatten() {
            let next = match spec.get("seq") {
                // A chain in a chain is flat, unless it has a name of its own.
                Some(steps) if spec.get("name").is_none() => self.chain(steps)?,
                _ => Chain::new(self.build(spec)?),
            };
            chain = Some(match chain {
                Some(chain) => chain.then(next),
                None => next,
            });
        }
        chain.ok_or_else(|| CaseError::open("a chain without steps"))
    }

    fn parallel(&self, branches: &Value) -> Result<Parallel<Py, Dict>, CaseError> {
        members(branches).try_fold(Parallel::empty(), |parallel, (key, spec)| {
            Ok(parallel.branch(key.clone(), self.build(spec)?))
        })
    }

    fn function(&self, name: &str, spec: &Value) -> Step {
        let label = arg(spec, "label").as_str().unwrap_or(name).to_owned();
        let calls = Arc::clone(&self.calls);
        if name == "stream_words" {
            let words = stream_fn::<Py, Py, _>(move |Py(text)| {
                count(&calls, &label);
                let words = text.as_str().map(str::to_owned).ok_or_else(|| {
                    let raised = Raised::new("AttributeError", "no attribute 'split'");
                    Error::new(ErrorKind::Step, "no text").with_source(raised)
                });
                let chunks: Vec<_> = match words {
                    Ok(text) => text
                        .split_whitespace()
                        .map(|word| Ok(PyChunk::Plain(word.into())))
                        .collect(),
                    Err(error) => vec![Err(error)],
                };
                stream::iter(chunks)
            });
            return words.named(name.to_owned()).boxed();
        }
        if name == "echo_kwargs" {
            return self.echo(label).boxed();
        }
        let (function, spec, before) = (name.to_owned(), spec.clone(), AtomicU64::new(0));
        let step = lambda(move |Py(x): Py| {
            count(&calls, &label);
            apply(&function, &spec, &before, x).map(Py)
        });
        step.named(name.to_owned()).boxed()
    }

    fn echo(&self, label: String) -> EchoKwargs {
        EchoKwargs {
            label,
            kwargs: Map::new(),
            calls: Arc::clone(&self.calls),
        }
    }

    fn branch(&self, spec: &Value) -> Result<Step, CaseError> {
        let mut step = branch();
        for case in list(spec, "cases") {
            let (Some(condition), Some(then)) = (case.get(0).cloned(), case.get(1)) else {
                return Err(CaseError::open("a case that is no pair"));
            };
            let condition = lambda(move |Py(x): Py| holds(&condition, &x));
            step = step.when_step(condition, self.build(then)?);
        }
        if let Some(default) = spec.get("default") {
            step = step.otherwise(self.build(default)?);
        }
        Ok(step.boxed())
    }

    fn router(&self, routes: &Value) -> Result<Step, CaseError> {
        let step = members(routes).try_fold(router(), |router, (key, spec)| {
            Ok::<_, CaseError>(router.route(key, self.build(spec)?))
        })?;
        let input = |Py(input): Py| {
            let member = |key| {
                let missing = || Error::new(ErrorKind::InvalidInput, format!("`{key}` is missing"));
                input.get(key).cloned().ok_or_else(missing)
            };
            Ok((text(&member("key")?), Py(member("input")?)).into())
        };
        Ok(Adapter::waiting(step, input, |chunk| Ok(Some(chunk))).boxed())
    }

    fn route(&self, spec: &Value) -> Result<Step, CaseError> {
        let key = arg(spec, "key").clone();
        let table: BTreeMap<String, Step> = members(arg(spec, "table"))
            .map(|(key, spec)| Ok::<_, CaseError>((key.clone(), self.build(spec)?)))
            .collect::<Result<_, _>>()?;
        let default = self.build(arg(spec, "default"))?;
        let choose = move |Py(x): &Py| {
            let chosen = item(x, &key)?;
            let step = chosen.as_str().and_then(|chosen| table.get(chosen));
            Ok::<_, Raised>(step.unwrap_or(&default).clone())
        };
        Ok(try_route_fn(choose).boxed())
    }

    fn fallbacks(&self, spec: &Value) -> Result<Step, CaseError> {
        let others = list(spec, "to").iter().map(|spec| self.build(spec));
        let main = self.build(arg(spec, "main"))?;
        let classes = texts(spec, "exceptions");
        let step = main.with_fallbacks(others.collect::<Result<Vec<_>, _>>()?);
        let step = step.only_if(move |error| is_one_of(error, &classes));
        let Some(key) = arg(spec, "exception_key").as_str().map(str::to_owned) else {
            return Ok(step.boxed());
        };
        let step = step.edit_input(move |Py(input), error| {
            if let Value::Object(input) = input {
                input.insert(key.clone(), exception(error));
            }
            Ok(())
        });
        // LangChain looks at the input before the first step has failed.
        let dicts_only = |input: Py| match input.0 {
            Value::Object(_) => Ok(input),
            _ => Err(Error::new(
                ErrorKind::InvalidInput,
                "with a key for the error the input must be a dict",
            )),
        };
        Ok(Adapter::waiting(step, dicts_only, |chunk| Ok(Some(chunk))).boxed())
    }

    fn retry(&self, spec: &Value) -> Result<Step, CaseError> {
        let classes = texts(spec, "exceptions");
        let attempts = u32::try_from(number(spec, "attempts")).unwrap_or(u32::MAX);
        let options = RetryOptions::new()
            .base_pause(Duration::ZERO)
            .max_attempts(if attempts == 0 { 3 } else { attempts })
            .retry_if(move |error| is_one_of(error, &classes));
        Ok(self.build(arg(spec, "of"))?.with_retry(options).boxed())
    }

    fn each(&self, spec: &Value) -> Result<Step, CaseError> {
        let items = |Py(input): Py| match input {
            Value::Array(items) => Ok(items.into_iter().map(Py).collect()),
            other => {
                let raised = Raised::new("TypeError", format!("not a list: {other}"));
                Err(Error::new(ErrorKind::InvalidInput, "a list is needed here").with_source(raised))
            }
        };
        let out = |items: Vec<Py>| Ok(Some(PyChunk::Plain(items.into_iter().map(|Py(item)| item).collect())));
        Ok(Adapter::waiting(self.build(spec)?.map(), items, out).boxed())
    }

    /// Options are bound to the step that takes them, the first ones innermost.
    fn bound(&self, spec: &Value) -> Result<Step, CaseError> {
        let mut kwargs = vec![arg(spec, "kwargs").clone()];
        let mut inner = arg(spec, "of");
        while let Some(bind) = inner.get("bind") {
            kwargs.push(arg(bind, "kwargs").clone());
            inner = arg(bind, "of");
        }
        kwargs.reverse();
        if arg(inner, "fn") == "echo_kwargs" {
            let label = arg(inner, "label").as_str().unwrap_or("echo_kwargs").to_owned();
            return Ok(kwargs
                .into_iter()
                .fold(self.echo(label), |step, kwargs| step.bind(kwargs))
                .boxed());
        }
        if inner.get("fake_chat").is_some() || inner.get("generic_chat").is_some() {
            let mut all = Map::new();
            all.extend(
                kwargs
                    .iter()
                    .flat_map(members)
                    .map(|(key, value)| (key.clone(), value.clone())),
            );
            return model(inner, Some(all.into()));
        }
        Err(CaseError::open(
            "options for a step that takes none: they do not compile",
        ))
    }
}

fn holds(condition: &Value, x: &Value) -> Result<bool, Raised> {
    if let Some(value) = condition.get("eq") {
        return Ok(equal(x, value));
    }
    if let Some(value) = condition.get("gt") {
        return greater(x, value);
    }
    let pair = list(condition, "key_eq");
    match pair {
        [key, value] => Ok(equal(&item(x, key)?, value)),
        _ => Err(Raised::new("NotImplementedError", "condition")),
    }
}

fn picked(keys: &Value) -> Step {
    match keys {
        Value::Array(keys) => {
            let keys: Vec<_> = keys.iter().map(text).collect();
            Adapter::output(pick::<Py, _>(keys).optional(), |chunk| match chunk {
                Some(chunk) => from_dict(chunk),
                None => Ok(None),
            })
            .boxed()
        }
        key => Adapter::output(pick::<Py, _>(text(key)).optional(), |piece| {
            piece.map(from_piece).transpose()
        })
        .boxed(),
    }
}

/// The step that shows which options were bound to it.
#[derive(Clone)]
struct EchoKwargs {
    label: String,
    kwargs: Map<String, Value>,
    calls: Calls,
}

impl Bind<Value> for EchoKwargs {
    type Bound = Self;

    fn bind(&self, options: Value) -> Self {
        let mut bound = self.clone();
        bound
            .kwargs
            .extend(members(&options).map(|(key, value)| (key.clone(), value.clone())));
        bound
    }
}

#[async_trait]
impl Runnable for EchoKwargs {
    type Input = Py;
    type Output = Py;

    async fn run(&self, Py(input): Py, _cx: RunContext) -> Result<Py> {
        count(&self.calls, &self.label);
        Ok(Py(json!({"input": input, "kwargs": self.kwargs})))
    }
}
