//! The events of a chain, in LangChain's form.

use cadena_core::{EventFilter, Message, RunConfig, RunKind, RunnableExt, get_buffer_string};
use futures::StreamExt;
use serde_json::{Value, json};

use super::build::{Builder, texts};
use super::py::Py;
use crate::errors::CaseError;
use crate::merge::arg;

pub(crate) fn run(args: &Value) -> Result<Value, CaseError> {
    let step = Builder::default().build(arg(args, "spec"))?;
    let config = arg(args, "config");
    let mut said = RunConfig::new();
    said.run_name = arg(config, "run_name").as_str().map(str::to_owned);
    said.tags = texts(config, "tags");
    said.metadata = arg(config, "metadata").as_object().cloned().unwrap_or_default();
    super::block_on(async {
        let events = step.stream_events_with(Py(arg(args, "input").clone()), said);
        let mut events = events.only(filter(arg(args, "filters"))?);
        let mut told = Told::default();
        while let Some(event) = events.next().await {
            match event {
                Ok(event) => told.add(&event.to_langchain_json()),
                Err(error) => return Err(CaseError::from(error).with_partial(told.events.into())),
            }
        }
        Ok(told.events.into())
    })
}

fn filter(said: &Value) -> Result<EventFilter, CaseError> {
    let kinds = |key| {
        let kinds = texts(said, key).into_iter();
        kinds
            .map(|kind| Ok::<RunKind, CaseError>(serde_json::from_value(kind.into())?))
            .collect::<Result<Vec<_>, _>>()
    };
    let mut filter = EventFilter::new();
    for name in texts(said, "include_names") {
        filter = filter.include_name(name);
    }
    for kind in kinds("include_types")? {
        filter = filter.include_kind(kind);
    }
    for tag in texts(said, "include_tags") {
        filter = filter.include_tag(tag);
    }
    for name in texts(said, "exclude_names") {
        filter = filter.exclude_name(name);
    }
    for kind in kinds("exclude_types")? {
        filter = filter.exclude_kind(kind);
    }
    for tag in texts(said, "exclude_tags") {
        filter = filter.exclude_tag(tag);
    }
    Ok(filter)
}

/// The events so far, with runs by their number.
#[derive(Default)]
struct Told {
    runs: Vec<Value>,
    events: Vec<Value>,
}

impl Told {
    fn add(&mut self, event: &Value) {
        let id = arg(event, "run_id").clone();
        if !self.runs.contains(&id) {
            self.runs.push(id.clone());
        }
        let number = |id: &Value| self.runs.iter().position(|known| known == id);
        let parents = arg(event, "parent_ids").as_array().cloned().unwrap_or_default();
        // A run that the filter hides has no number.
        let parents: Vec<Value> = parents
            .iter()
            .map(|id| number(id).map_or_else(|| json!(-1), Value::from))
            .collect();
        let mut tags = texts(event, "tags");
        tags.sort();
        let told = json!({
            "event": arg(event, "event"),
            "name": arg(event, "name"),
            "tags": tags,
            "run": number(&id),
            "parents": parents,
            "metadata": arg(event, "metadata"),
            "data": as_recorded(arg(event, "data").clone()),
        });
        self.events.push(told);
    }
}

/// Changes by the vectors' own dump and by the departure for every case.
fn as_recorded(data: Value) -> Value {
    let Value::Object(mut data) = data else { return data };
    for (key, value) in &mut data {
        if value.get("type") == Some(&json!("ai")) {
            let members = [
                ("type", json!("AIMessageChunk")),
                ("tool_call_chunks", json!([])),
                ("chunk_position", json!("last")),
            ];
            let message = value.as_object_mut().into_iter();
            message.for_each(|message| message.extend(members.clone().map(|(key, value)| (key.to_owned(), value))));
        }
        let messages = value
            .get("messages")
            .filter(|messages| key == "output" && messages.is_array());
        if let Some(messages) = messages.cloned() {
            let read = serde_json::from_value::<Vec<Message>>(messages.clone()).unwrap_or_default();
            let text = get_buffer_string(&read, &cadena_core::BufferOptions::new()).unwrap_or_default();
            *value = json!({"prompt_value": "ChatPromptValue", "string": text, "messages": messages});
        }
    }
    data.into()
}
