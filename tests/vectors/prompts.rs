//! Templates of texts and of conversations.

use cadena_core::{
    BufferOptions, ChatPromptTemplate, Dict, FewShotChatPromptTemplate, FewShotPromptTemplate, Message,
    MessagesPlaceholder, PromptTemplate, PromptValue, Runnable, RunnableExt, Template, TemplateFormat,
    convert_to_messages, get_buffer_string,
};
use futures::executor::block_on;
use serde_json::{Value, json};

use crate::errors::CaseError;
use crate::kinds::built;
use crate::merge::arg;

fn format_of(args: &Value) -> TemplateFormat {
    match arg(args, "format").as_str() {
        Some("mustache") => TemplateFormat::Mustache,
        Some("jinja2") => TemplateFormat::Jinja2,
        _ => TemplateFormat::FString,
    }
}

fn text_of<'a>(args: &'a Value, key: &str) -> &'a str {
    arg(args, key).as_str().unwrap_or_default()
}

fn entries(args: &Value, key: &str) -> impl Iterator<Item = (String, Value)> {
    arg(args, key).as_object().cloned().unwrap_or_default().into_iter()
}

fn is_about_variables(args: &Value) -> bool {
    arg(args, "method").as_str() == Some("variables")
}

fn invoke(prompt: &impl Runnable<Input = Dict, Output = PromptValue>, input: Dict) -> Result<PromptValue, CaseError> {
    Ok(block_on(prompt.invoke(input))?)
}

pub(crate) fn text(args: &Value) -> Result<Value, CaseError> {
    let mut prompt = PromptTemplate::from_template_as(text_of(args, "template"), format_of(args))?;
    for (name, value) in entries(args, "partial").chain(entries(args, "partial_call")) {
        prompt = prompt.partial(name, value);
    }
    let variables = json!(prompt.input_variables());
    if is_about_variables(args) {
        return Ok(json!({"input_variables": variables}));
    }
    let input = prompt.input(arg(args, "input").clone())?;
    let text = if arg(args, "method").as_str() == Some("invoke") {
        let messages = invoke(&prompt, input)?.messages;
        messages
            .first()
            .map(|message| message.text().into_owned())
            .unwrap_or_default()
    } else {
        prompt.format(&input)?
    };
    Ok(json!({"input_variables": variables, "text": text}))
}

/// As [`text`], for the cases that do not say their format.
pub(crate) fn jinja(args: &Value) -> Result<Value, CaseError> {
    let mut args = args.clone();
    if let Some(args) = args.as_object_mut() {
        args.insert("format".to_owned(), "jinja2".into());
    }
    text(&args)
}

/// A message, a placeholder, or any of the forms that a template takes as JSON.
fn append(prompt: ChatPromptTemplate, place: &Value) -> Result<ChatPromptTemplate, CaseError> {
    if let Some(name) = place.get("placeholder").and_then(Value::as_str) {
        let mut room = MessagesPlaceholder::new(name);
        room.optional = place.get("optional").and_then(Value::as_bool).unwrap_or_default();
        room.n_messages = place
            .get("n_messages")
            .and_then(Value::as_u64)
            .and_then(|kept| usize::try_from(kept).ok());
        return Ok(prompt.placeholder(room));
    }
    if place.get("cls").is_some() {
        return Ok(prompt.literal(Message::from(built(place)?)));
    }
    Ok(prompt.append(place.clone())?)
}

fn prompt_of(args: &Value, key: &str) -> Result<ChatPromptTemplate, CaseError> {
    let prompt = ChatPromptTemplate::new().with_format(format_of(args));
    let mut places = arg(args, key).as_array().into_iter().flatten();
    places.try_fold(prompt, append)
}

/// `{"$messages": […]}` is a list of messages.
fn input_value(value: &Value) -> Result<Value, CaseError> {
    match value.get("$messages") {
        Some(Value::Array(items)) => {
            let read = |item: &Value| match item.get("cls") {
                Some(_) => Ok(serde_json::to_value(Message::from(built(item)?))?),
                None => Ok(item.clone()),
            };
            let items: Vec<Value> = items.iter().map(read).collect::<Result<_, CaseError>>()?;
            Ok(serde_json::to_value(convert_to_messages(items)?)?)
        }
        _ => Ok(value.clone()),
    }
}

pub(crate) fn chat(args: &Value) -> Result<Value, CaseError> {
    let mut prompt = prompt_of(args, "messages")?;
    for (name, value) in entries(args, "partial") {
        prompt = prompt.partial(name, input_value(&value)?);
    }
    let mut result = json!({
        "input_variables": prompt.input_variables(),
        "optional_variables": prompt.optional_variables(),
    });
    if is_about_variables(args) {
        return Ok(result);
    }
    let mut input = prompt.input(arg(args, "input").clone())?;
    for value in input.values_mut() {
        *value = input_value(value)?;
    }
    let messages = invoke(&prompt, input)?.messages;
    if let Some(result) = result.as_object_mut() {
        let string = get_buffer_string(&messages, &BufferOptions::default())?;
        result.insert("string".to_owned(), string.into());
        result.insert("messages".to_owned(), serde_json::to_value(messages)?);
    }
    Ok(result)
}

fn examples(args: &Value) -> Result<Vec<Dict>, CaseError> {
    let examples = arg(args, "examples").as_array().cloned().unwrap_or_default();
    Ok(examples.into_iter().map(Dict::try_from).collect::<Result<_, _>>()?)
}

pub(crate) fn few_shot(args: &Value) -> Result<Value, CaseError> {
    let example = Template::parse(text_of(args, "example_template"))?;
    let mut prompt = FewShotPromptTemplate::new(example, Template::parse(text_of(args, "suffix"))?)
        .with_prefix(Template::parse(text_of(args, "prefix"))?)
        .with_examples(examples(args)?);
    if let Some(separator) = arg(args, "separator").as_str() {
        prompt = prompt.with_separator(separator);
    }
    let text = prompt.format(&Dict::try_from(arg(args, "input").clone())?)?;
    Ok(json!({"input_variables": prompt.input_variables(), "text": text}))
}

pub(crate) fn few_shot_chat(args: &Value) -> Result<Value, CaseError> {
    let shown = FewShotChatPromptTemplate::new(prompt_of(args, "example_messages")?).with_examples(examples(args)?);
    let prompt = prompt_of(args, "before")? + shown + prompt_of(args, "after")?;
    let messages = invoke(&prompt, Dict::try_from(arg(args, "input").clone())?)?.messages;
    Ok(json!({"messages": serde_json::to_value(messages)?}))
}
