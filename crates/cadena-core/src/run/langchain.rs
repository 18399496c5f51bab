//! The JSON of events, as LangChain's `astream_events` version 2 has it.

use serde_json::{Map, Value, json};

use super::RunEvent;
use crate::RunKind;

impl RunEvent {
    /// Returns the event as LangChain's `astream_events(version="v2")` yields it: `event`, `name`, `run_id`, `parent_ids`, `tags`, `metadata`, `data`.
    ///
    /// LangChain has no event for a run that failed or was cancelled: here it is `on_chain_error` (after the kind of the run), with the
    /// error's text in `data`. The end of a chat model holds the finished message, and its start always holds
    /// messages. Chunks carry their log probabilities.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{lambda, RunnableExt};
    /// use futures::TryStreamExt;
    ///
    /// # futures::executor::block_on(async {
    /// let events: Vec<_> = lambda(|n: i32| n * 2).stream_events(0).try_collect().await?;
    /// let start = events[0].to_langchain_json();
    /// assert_eq!(start["event"], "on_chain_start");
    /// assert_eq!(start["data"]["input"], 0);
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    #[must_use]
    pub fn to_langchain_json(&self) -> Value {
        let run = self.run();
        let name = match self {
            Self::Custom { name, .. } => name,
            _ => &run.name,
        };
        json!({
            "event": self.langchain_name(),
            "name": name,
            "run_id": run.id,
            "parent_ids": run.parents,
            "tags": run.tags,
            "metadata": run.metadata,
            "data": self.langchain_data(),
        })
    }

    /// Returns the event as a server-sent event with LangChain's JSON in it, ready for a response of type `text/event-stream`.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{lambda, RunnableExt};
    /// use futures::TryStreamExt;
    ///
    /// # futures::executor::block_on(async {
    /// let events: Vec<_> = lambda(|n: i32| n * 2).stream_events(1).try_collect().await?;
    /// let text = events[0].to_sse();
    /// assert!(text.starts_with("event: data\ndata: {") && text.ends_with("}\n\n"));
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    #[must_use]
    pub fn to_sse(&self) -> String {
        // JSON escapes line ends, so that one `data` line holds it all.
        format!("event: data\ndata: {}\n\n", self.to_langchain_json())
    }

    fn langchain_name(&self) -> String {
        let what = match self {
            Self::Start { .. } => "start",
            Self::Chunk { .. } => "stream",
            Self::End { .. } => "end",
            Self::Error { .. } | Self::Cancelled { .. } => "error",
            Self::Custom { .. } => return "on_custom_event".to_owned(),
        };
        format!("on_{}_{what}", self.run().kind.as_str())
    }

    fn langchain_data(&self) -> Value {
        let mut data = Map::new();
        let mut put = |key: &str, value: Value| {
            data.insert(key.to_owned(), value);
        };
        let given = |input: &Value| match self.run().kind {
            RunKind::ChatModel => batched(input),
            _ => input.clone(),
        };
        match self {
            Self::Start { input, .. } => input.iter().for_each(|input| put("input", given(input))),
            Self::Chunk { chunk, .. } => put("chunk", chunk.clone()),
            Self::End { output, input, .. } => {
                put("output", output.clone());
                input.iter().for_each(|input| put("input", given(input)));
            }
            Self::Error { message, .. } => put("error", message.as_str().into()),
            Self::Cancelled { .. } => put("error", "cancelled".into()),
            Self::Custom { data, .. } => return data.clone(),
        }
        data.into()
    }
}

/// LangChain's models take several conversations at once.
fn batched(input: &Value) -> Value {
    match input.get("messages") {
        Some(messages) => json!({"messages": [messages]}),
        None => input.clone(),
    }
}
