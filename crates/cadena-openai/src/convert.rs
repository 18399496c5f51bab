//! From what the server sent to chunks and messages.

mod kept;
pub(crate) use kept::Kept;
mod thoughts;
pub(crate) use thoughts::Thoughts;
mod usage;
pub(crate) use usage::{UsageNames, count};

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use cadena_core::{AIMessageChunk, ChoicesChunk, Content, UsageMetadata};
use serde_json::{Map, Value};

use crate::wire::{CallPiece, ChatCompletion, Choice, FunctionCall, Message, Text};

/// The provider's name in metadata and profiles.
pub(crate) const PROVIDER: &str = "openai";

/// Members that a server repeats in every event of an answer: kept once, written where the answer ends.
#[derive(Debug, Default)]
pub(crate) struct Head {
    id: Option<String>,
    model: Option<String>,
    system_fingerprint: Option<String>,
    service_tier: Option<String>,
}

impl Head {
    /// Takes over what an event knows. Comparing is cheap; a copy is made only when something is new.
    pub(crate) fn remember(&mut self, answer: &ChatCompletion<'_>) {
        // Inlined, as it finds nothing in nearly every event.
        #[inline]
        fn keep(slot: &mut Option<String>, seen: &Text<'_>) {
            if let Some(seen) = seen.known()
                && slot.as_deref() != Some(seen)
            {
                *slot = Some(seen.to_owned());
            }
        }
        keep(&mut self.id, &answer.id);
        keep(&mut self.model, &answer.model);
        keep(&mut self.system_fingerprint, &answer.system_fingerprint);
        keep(&mut self.service_tier, &answer.service_tier);
    }

    /// Writes it into a chunk; a server that does not name its model has used the one that was asked for.
    pub(crate) fn describe(&self, chunk: &mut AIMessageChunk, asked_model: &str) {
        let metadata = &mut chunk.response_metadata;
        metadata.id.clone_from(&self.id);
        metadata.model_name = Some(self.model.clone().unwrap_or_else(|| asked_model.to_owned()));
        metadata.system_fingerprint.clone_from(&self.system_fingerprint);
        metadata.service_tier.clone_from(&self.service_tier);
    }

    /// The count of a usage object in LangChain's words.
    pub(crate) fn count(&self, usage: &Map<String, Value>) -> UsageMetadata {
        count(usage, &UsageNames::CHAT_COMPLETIONS, self.service_tier.as_deref())
    }
}

/// A whole answer as one chunk for each choice. `None` if the first choice is not there, or if nothing of it was understood.
///
/// The chunks of a stream add up to the same, so a whole message is made of it as one is made of their sum.
pub(crate) fn whole(mut answer: ChatCompletion<'_>, asked_model: &str) -> Option<ChoicesChunk> {
    answer.place_probabilities();
    let mut head = Head::default();
    head.remember(&answer);
    let mut usage = usage_of(&mut answer);
    let mut kept = Kept::default();
    kept.remember(&mut answer.other);
    let prompt_filters = answer.prompt_filter_results;
    let (mut all, mut thoughts) = (BTreeMap::new(), Thoughts::default());
    for (place, choice) in answer.choices?.iter_mut().enumerate() {
        let index = index_of(choice, place);
        // A choice that comes twice is the one that came first, as `take_choice` has it.
        if let Entry::Vacant(slot) = all.entry(index)
            && is_answer(choice)
        {
            let mut chunk = AIMessageChunk::default();
            fill(&mut chunk, choice, Delivery::Whole);
            thoughts.number(index, &mut chunk.content);
            head.describe(&mut chunk, asked_model);
            let mut kept = Kept::default();
            kept.remember(&mut choice.other);
            kept.write(&mut chunk.response_metadata);
            slot.insert(chunk);
        }
    }
    let first = all.get_mut(&0)?;
    note_prompt_filters(first, prompt_filters);
    kept.write(&mut first.response_metadata);
    // The usage of the whole call is on one choice, so that a sum counts it once.
    if let Some(Value::Object(usage)) = usage.take().map(|usage| *usage) {
        first.usage_metadata = Some(head.count(&usage));
        first.response_metadata.token_usage = Some(Box::new(usage));
    }
    Some(all.into_iter().collect())
}

/// Whether a choice of a whole answer holds one. A filter may leave nothing of it but its reason.
fn is_answer(choice: &Choice<'_>) -> bool {
    let said = choice.message.is_some() || choice.delta.is_some() || choice.text.is_some();
    said || choice.finish_reason.known() == Some("content_filter")
}

/// The usage object of an answer. Groq has another one in `x_groq`, which is the only one in a stream that was not asked for its usage.
pub(crate) fn usage_of(answer: &mut ChatCompletion<'_>) -> Option<Box<Value>> {
    answer.usage.take().or_else(|| {
        let usage = answer.other.as_deref()?.get("x_groq")?.get("usage")?;
        usage.is_object().then(|| Box::new(usage.clone()))
    })
}

/// Writes the findings of filters in the prompt.
pub(crate) fn note_prompt_filters(chunk: &mut AIMessageChunk, found: Option<Box<Value>>) {
    if let Some(found @ Value::Array(_)) = found.map(|found| *found) {
        chunk.response_metadata.extra.insert("prompt_filter_results", found);
    }
}

/// The choice with index 0. A choice without an index counts by its place in the list.
pub(crate) fn take_choice(choices: Vec<Choice<'_>>) -> Option<Choice<'_>> {
    choices
        .into_iter()
        .enumerate()
        .find(|(place, choice)| is_first(choice, *place))
        .map(|(_, choice)| choice)
}

pub(crate) fn is_first(choice: &Choice<'_>, place: usize) -> bool {
    index_of(choice, place) == 0
}

/// The index of a choice, or its place in the list if it has none.
pub(crate) fn index_of(choice: &Choice<'_>, place: usize) -> u32 {
    choice.index.unwrap_or_else(|| u32::try_from(place).unwrap_or(u32::MAX))
}

/// How the tool calls of a message are numbered.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Delivery {
    /// By their place: a whole message does not number them.
    Whole,
    /// As the server numbers them.
    InPieces,
}

/// Writes one choice into an empty chunk, without the head. From place to place, as both are too large to be moved for nothing.
pub(crate) fn fill(chunk: &mut AIMessageChunk, choice: &mut Choice<'_>, delivery: Delivery) {
    match (choice.message.as_deref_mut(), choice.delta.as_mut(), choice.text.take()) {
        (Some(message), ..) => say(chunk, message, delivery),
        (None, Some(delta), _) => say(chunk, delta, delivery),
        (None, None, Some(text)) => chunk.content = Content::Text(text.into_string().unwrap_or_default()),
        (None, None, None) => {}
    }
    let metadata = &mut chunk.response_metadata;
    metadata.model_provider = Some(PROVIDER.into());
    metadata.finish_reason = choice.finish_reason.known().map(str::to_owned);
    std::mem::take(&mut choice.logprobs).put(metadata);
    let found = choice.content_filter_results.take().map(|found| *found);
    if let Some(found) = found.filter(|found| found.as_object().is_some_and(|found| !found.is_empty())) {
        metadata.extra.insert("content_filter_results", found);
    }
}

fn say(chunk: &mut AIMessageChunk, message: &mut Message<'_>, delivery: Delivery) {
    let Message {
        content,
        refusal,
        name,
        tool_calls,
        function_call,
        audio,
        annotations,
        reasoning_content,
        reasoning,
        other,
    } = message;
    if let Some(content) = content.take() {
        chunk.content = content;
    }
    chunk.name = known(name.as_deref()).map(str::to_owned);
    if let Some(calls) = tool_calls.take() {
        chunk.tool_call_chunks = calls.into_iter().map(|CallPiece(piece)| piece).collect();
        if delivery == Delivery::Whole {
            let pieces = chunk.tool_call_chunks.iter_mut();
            (0..).zip(pieces).for_each(|(place, piece)| piece.index = Some(place));
        }
    }
    let mut kwarg = |key: &str, value: Value| drop(chunk.additional_kwargs.insert(key, value));
    if let Some(call) = function_call.take() {
        let FunctionCall { name, arguments, other } = *call;
        // Both are texts that append, so both are there in every piece.
        let (name, arguments) = (name.into_string().unwrap_or_default(), arguments.unwrap_or_default());
        let mut call = Map::from_iter([
            ("arguments".to_owned(), arguments.into()),
            ("name".to_owned(), name.into()),
        ]);
        for (key, value) in other.into_iter().flat_map(|other| *other) {
            call.entry(key).or_insert(value);
        }
        kwarg("function_call", call.into());
    }
    if let Some(refusal) = known(refusal.as_deref()) {
        kwarg("refusal", refusal.into());
    }
    if let Some(thought) = known(reasoning_content.as_deref()).or(known(reasoning.as_deref())) {
        kwarg("reasoning_content", thought.into());
    }
    if let Some(annotations) = annotations
        .take()
        .filter(|list| list.as_array().is_some_and(|list| !list.is_empty()))
    {
        kwarg("annotations", *annotations);
    }
    if let Some(audio @ Value::Object(_)) = audio.take().map(|audio| *audio) {
        kwarg("audio", audio);
    }
    for (key, value) in other.take().into_iter().flat_map(|other| *other) {
        if !chunk.additional_kwargs.contains_key(&key) {
            chunk.additional_kwargs.insert(key, value);
        }
    }
}

/// A text that is rare, unless it is missing or empty.
fn known<'a>(text: Option<&'a Text<'_>>) -> Option<&'a str> {
    text.and_then(Text::known)
}
