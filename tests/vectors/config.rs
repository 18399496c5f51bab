//! The configuration of a call.

use std::sync::Arc;

use cadena_core::{ConfigKey, Error, Listener, Result, RunConfig, RunContext, RunEvent, RunnableExt, lambda_in};
use serde_json::{Map, Value, json};

use crate::errors::CaseError;
use crate::merge::arg;

const KNOWN: [&str; 6] = [
    "tags",
    "metadata",
    "run_name",
    "max_concurrency",
    "recursion_limit",
    "configurable",
];

/// A config and the names of the values in it, which only a key of the program's can read.
#[derive(Clone, Default)]
struct Said {
    config: RunConfig,
    names: Vec<&'static str>,
}

impl Said {
    fn read(said: &Value) -> Result<Self, CaseError> {
        let keys = said.as_object().into_iter().flat_map(Map::keys);
        if keys.into_iter().any(|key| !KNOWN.contains(&key.as_str())) {
            return Err(CaseError::does_not_compile("a key that a config has not"));
        }
        let mut config = RunConfig::new();
        config.run_name = arg(said, "run_name").as_str().map(str::to_owned);
        let tags = arg(said, "tags").as_array().into_iter().flatten();
        config.tags = tags.filter_map(Value::as_str).map(str::to_owned).collect();
        config.metadata = arg(said, "metadata").as_object().cloned().unwrap_or_default();
        let number = |key| arg(said, key).as_u64().and_then(|n| u32::try_from(n).ok());
        config.max_concurrency = number("max_concurrency").and_then(|n| usize::try_from(n).ok());
        config.recursion_limit = number("recursion_limit");
        let mut names = Vec::new();
        for (name, value) in arg(said, "configurable").as_object().into_iter().flatten() {
            // A key is a constant of the program; these live as long as the test.
            let name: &'static str = Box::leak(name.clone().into_boxed_str());
            config = config.set(ConfigKey::new(name), value.clone());
            names.push(name);
        }
        Ok(Self { config, names })
    }

    fn merge(mut self, other: Self) -> Self {
        self.names.extend(other.names);
        Self {
            config: self.config.merge(other.config),
            names: self.names,
        }
    }

    fn into_json(self) -> Value {
        let mut tags = self.config.tags;
        tags.sort();
        let values = self.names.iter().filter_map(|name| {
            let value = self.config.configurable.get(ConfigKey::<Value>::new(name))?;
            Some(((*name).to_owned(), value.clone()))
        });
        let values: Map<_, _> = values.collect();
        let mut said = Map::new();
        let members = [
            ("tags", json!(tags)),
            ("metadata", json!(self.config.metadata)),
            ("configurable", json!(values)),
            ("run_name", json!(self.config.run_name)),
            ("max_concurrency", json!(self.config.max_concurrency)),
            ("recursion_limit", json!(self.config.recursion_limit)),
        ];
        let members = members.into_iter().filter(|(_, value)| !value.is_null());
        said.extend(members.map(|(key, value)| (key.to_owned(), value)));
        said.into()
    }
}

pub(crate) fn merge(args: &Value) -> Result<Value, CaseError> {
    let configs = arg(args, "configs").as_array().into_iter().flatten().map(Said::read);
    let configs = configs.collect::<Result<Vec<_>, _>>()?;
    let merged = configs.into_iter().reduce(Said::merge);
    Ok(merged.map_or_else(|| json!({}), Said::into_json))
}

pub(crate) fn ensure(args: &Value) -> Result<Value, CaseError> {
    let mut said = Said::read(arg(args, "config"))?;
    said.config
        .recursion_limit
        .get_or_insert(RunContext::DEFAULT_RECURSION_LIMIT);
    Ok(said.into_json())
}

struct Nobody;

impl Listener for Nobody {
    fn on_event(&self, _: &RunEvent) {}
}

/// The config that each input of a batch receives.
pub(crate) fn list(args: &Value) -> Result<Value, CaseError> {
    let Some(length) = arg(args, "length").as_u64().and_then(|n| usize::try_from(n).ok()) else {
        return Err(CaseError::does_not_compile("a negative length"));
    };
    let said = arg(args, "config");
    let each = match said.as_array() {
        Some(list) if list.len() != length => {
            return Err(CaseError::does_not_compile("another number of configs than inputs"));
        }
        Some(list) => list.iter().map(Said::read).collect::<Result<Vec<_>, _>>()?,
        None => vec![Said::default(); length],
    };
    let all = match said {
        Value::Array(_) => Said::default(),
        said => Said::read(said)?,
    };
    // Where a step stands is told while somebody listens.
    let all = all.config.listener(Arc::new(Nobody));
    let step = lambda_in(|(): (), cx: RunContext| async move {
        let run = cx.run().ok_or("no run")?;
        let limit = RunContext::DEFAULT_RECURSION_LIMIT;
        let heard = json!({"tags": run.tags, "metadata": run.metadata, "recursion_limit": limit, "configurable": {}});
        Ok::<_, cadena_core::BoxError>(heard)
    });
    let inputs = each.into_iter().map(|said| ((), said.config));
    let heard = futures::executor::block_on(step.batch_with_each(inputs, all));
    Ok(heard.into_iter().collect::<Result<Vec<_>, Error>>()?.into())
}
