//! Operations on a history: filter, merge, trim, count, print, and write for OpenAI.

use cadena_core::messages::{BufferFormat, BufferOptions, OpenAIOptions, TextFormat};
use cadena_core::{
    ApproximateCounter, Error, ErrorKind, FilterMessages, MergeMessageRuns, MessageCounter, MessageKind, TokenCounter,
    TrimMessages, TrimStrategy, WordCounter, convert_to_openai_messages, filter_messages, get_buffer_string,
    merge_message_runs, trim_messages,
};
use serde_json::Value;

use crate::errors::CaseError;
use crate::kinds::{dump_all, messages};
use crate::merge::arg;

fn kwarg<'a>(args: &'a Value, key: &str) -> Option<&'a Value> {
    args.get("kwargs")?.get(key).filter(|value| !value.is_null())
}

fn flag(args: &Value, key: &str) -> Option<bool> {
    kwarg(args, key)?.as_bool()
}

/// A text or a list of texts.
fn texts(args: &Value, key: &str) -> Vec<String> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    match kwarg(args, key) {
        Some(Value::Array(items)) => items.iter().filter_map(text).collect(),
        other => other.and_then(text).into_iter().collect(),
    }
}

/// `human`, or `cls:HumanMessage`.
fn kinds(args: &Value, key: &str) -> Result<Vec<MessageKind>, CaseError> {
    let word = |text: &String| match text.strip_prefix("cls:") {
        Some(class) => class
            .trim_end_matches("Chunk")
            .trim_end_matches("Message")
            .to_lowercase(),
        None => text.clone(),
    };
    texts(args, key).iter().map(|text| Ok(word(text).parse()?)).collect()
}

/// A type here that is a word in Python.
fn unknown(what: &str) -> CaseError {
    Error::new(ErrorKind::InvalidInput, format!("there is no such {what}")).into()
}

pub(crate) fn filter(args: &Value) -> Result<Value, CaseError> {
    let filter = FilterMessages::new()
        .include_names(texts(args, "include_names"))
        .exclude_names(texts(args, "exclude_names"))
        .include_types(kinds(args, "include_types")?)
        .exclude_types(kinds(args, "exclude_types")?)
        .include_ids(texts(args, "include_ids"))
        .exclude_ids(texts(args, "exclude_ids"));
    let filter = match kwarg(args, "exclude_tool_calls") {
        Some(Value::Bool(true)) => filter.exclude_all_tool_calls(),
        Some(Value::Array(_)) => filter.exclude_tool_calls(texts(args, "exclude_tool_calls")),
        _ => filter,
    };
    dump_all(&filter_messages(messages(args)?, &filter))
}

pub(crate) fn merge_runs(args: &Value) -> Result<Value, CaseError> {
    let mut options = MergeMessageRuns::new();
    if let Some(separator) = kwarg(args, "chunk_separator").and_then(Value::as_str) {
        options = options.chunk_separator(separator.to_owned());
    }
    dump_all(&merge_message_runs(messages(args)?, &options)?)
}

pub(crate) fn trim(args: &Value) -> Result<Value, CaseError> {
    let max_tokens = kwarg(args, "max_tokens").and_then(Value::as_u64).unwrap_or_default();
    let max_tokens = usize::try_from(max_tokens).map_err(|_| unknown("budget"))?;
    let trim = match arg(args, "counter").as_str() {
        Some("words") => TrimMessages::new(max_tokens, WordCounter),
        Some("approximate") => TrimMessages::new(max_tokens, ApproximateCounter::new()),
        _ => TrimMessages::new(max_tokens, MessageCounter),
    };
    let strategy = match kwarg(args, "strategy").and_then(Value::as_str) {
        None | Some("last") => TrimStrategy::Last,
        Some("first") => TrimStrategy::First,
        Some(_) => return Err(unknown("strategy")),
    };
    let mut trim = trim
        .strategy(strategy)
        .allow_partial(flag(args, "allow_partial").unwrap_or_default())
        .include_system(flag(args, "include_system").unwrap_or_default())
        .start_on(kinds(args, "start_on")?)
        .end_on(kinds(args, "end_on")?);
    if arg(args, "splitter") == "words" {
        trim = trim.text_splitter(|text| text.split_inclusive(' ').map(str::to_owned).collect());
    }
    dump_all(&trim_messages(messages(args)?, &trim)?)
}

pub(crate) fn count(args: &Value) -> Result<Value, CaseError> {
    let mut counter = ApproximateCounter::new();
    if let Some(chars) = kwarg(args, "chars_per_token").and_then(Value::as_f64) {
        counter = counter.chars_per_token(chars);
    }
    if let Some(extra) = kwarg(args, "extra_tokens_per_message").and_then(Value::as_f64) {
        counter = counter.extra_tokens_per_message(extra);
    }
    if let Some(tokens) = kwarg(args, "tokens_per_image").and_then(Value::as_u64) {
        counter = counter.tokens_per_image(tokens);
    }
    let tools = kwarg(args, "tools")
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    let counter = counter
        .count_name(flag(args, "count_name").unwrap_or(true))
        .use_usage_metadata_scaling(flag(args, "use_usage_metadata_scaling").unwrap_or_default())
        .tools(tools);
    Ok(counter.count(&messages(args)?).into())
}

pub(crate) fn buffer(args: &Value) -> Result<Value, CaseError> {
    let prefix = |key: &str| kwarg(args, key).and_then(Value::as_str).map(str::to_owned);
    let mut options = BufferOptions::new().format(match kwarg(args, "format").and_then(Value::as_str) {
        None | Some("prefix") => BufferFormat::Prefix,
        Some("xml") => BufferFormat::Xml,
        Some(_) => return Err(unknown("format")),
    });
    if let Some(text) = prefix("human_prefix") {
        options = options.human_prefix(text);
    }
    if let Some(text) = prefix("ai_prefix") {
        options = options.ai_prefix(text);
    }
    if let Some(text) = prefix("system_prefix") {
        options = options.system_prefix(text);
    }
    if let Some(text) = prefix("function_prefix") {
        options = options.function_prefix(text);
    }
    if let Some(text) = prefix("tool_prefix") {
        options = options.tool_prefix(text);
    }
    if let Some(text) = prefix("message_separator") {
        options = options.message_separator(text);
    }
    Ok(get_buffer_string(&messages(args)?, &options)?.into())
}

pub(crate) fn to_openai(args: &Value) -> Result<Value, CaseError> {
    let format = match kwarg(args, "text_format").and_then(Value::as_str) {
        None | Some("string") => TextFormat::String,
        Some("block") => TextFormat::Block,
        Some(_) => return Err(unknown("format")),
    };
    let options = OpenAIOptions::new()
        .text_format(format)
        .include_id(flag(args, "include_id").unwrap_or_default())
        .pass_through_unknown_blocks(flag(args, "pass_through_unknown_blocks").unwrap_or(true));
    let mut dicts = convert_to_openai_messages(&messages(args)?, &options)?;
    if arg(args, "single").as_bool() == Some(true) {
        dicts.truncate(1);
        return Ok(dicts.pop().unwrap_or_default());
    }
    Ok(dicts.into())
}
