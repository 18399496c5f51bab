//! [`CacheKey`]: the hash that distinguishes two questions to a model.

use std::fmt;
use std::io;

use hmac_sha256::Hash;
use serde_json::{Map, Value, json};

use crate::{ChatModel, ChatOptions, ChatRequest, Error, ErrorKind, Message, Result, RunContext};

/// The version of the rules by which a key is made. A new version changes every key.
const FORMAT: &str = "cadena-chat-1";

/// The key of a question in a cache: a SHA-256 of everything that changes the answer.
///
/// The hash includes the [identity of the model](ChatModel::cache_identity), the conversation, and every option, whether it is bound or in the
/// request. It leaves out the data that differ in every run and that no server reads: the ids and the token counts of messages, and whether an
/// earlier answer came from a cache. The same question has the same key in every process.
///
/// # Examples
///
/// ```
/// use cadena_core::{Bind, CacheKey, ChatOptions, ChatRequest, EchoModel};
///
/// let (model, request) = (EchoModel::new(), ChatRequest::new("hi"));
/// let key = CacheKey::new(&model, &request)?;
/// assert_eq!(key, CacheKey::new(&model.clone(), &request)?);
/// assert_ne!(key, CacheKey::new(&model.bind(ChatOptions::new().seed(1)), &request)?);
/// # Ok::<_, cadena_core::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CacheKey([u8; 32]);

impl CacheKey {
    /// Returns the key of a request to a model.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{CacheKey, ChatRequest, EchoModel};
    ///
    /// let key = CacheKey::new(&EchoModel::new(), &ChatRequest::new("hi"))?;
    /// assert_eq!(key.to_string().len(), 64);
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The method returns [`InvalidInput`](ErrorKind::InvalidInput) if the request has no JSON form.
    pub fn new<M: ChatModel + ?Sized>(model: &M, request: &ChatRequest) -> Result<Self> {
        Self::in_context(model, request, &RunContext::default())
    }

    /// Returns the key of a request to a model in a call, whose context may choose or build another model.
    pub(in crate::chat) fn in_context<M: ChatModel + ?Sized>(
        model: &M,
        request: &ChatRequest,
        cx: &RunContext,
    ) -> Result<Self> {
        let options = model.bound_options().merge(request.options.clone());
        let messages = request.messages.iter().map(spoken).collect::<Result<Vec<_>>>()?;
        let parts = (
            FORMAT,
            model.cache_identity_in(cx)?,
            messages,
            options_as_json(&options),
        );
        let mut hash = Sha256(Hash::new());
        serde_json::to_writer(&mut hash, &parts).map_err(no_json)?;
        Ok(Self(hash.0.finalize()))
    }

    /// Returns the 32 bytes of the hash.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{CacheKey, ChatRequest, EchoModel};
    ///
    /// let key = CacheKey::new(&EchoModel::new(), &ChatRequest::new("hi"))?;
    /// assert_eq!(format!("{:02x}", key.as_bytes()[0]), &key.to_string()[..2]);
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// Prints 64 hexadecimal digits.
impl fmt::Display for CacheKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for CacheKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CacheKey({self})")
    }
}

/// Returns every option that can change an answer.
pub(in crate::chat) fn options_as_json(options: &ChatOptions) -> Value {
    let mut known = serde_json::to_value(options).unwrap_or_default();
    if let Value::Object(known) = &mut known {
        // Serde skips headers and parameters, but a gateway may choose the model by one of them.
        for (kind, unwritten) in [("header", &options.headers), ("query", &options.query)] {
            let named = unwritten
                .iter()
                .map(|(name, value)| (format!("{kind} {name}"), value.clone()));
            known.extend(named);
        }
    }
    sorted(known)
}

/// Returns a message as JSON, without the fields that differ in every run.
fn spoken(message: &Message) -> Result<Value> {
    let mut value = to_json(message)?;
    if let Value::Object(fields) = &mut value {
        fields.shift_remove("id");
        fields.shift_remove("usage_metadata");
        if let Some(Value::Object(metadata)) = fields.get_mut("response_metadata") {
            metadata.shift_remove(crate::messages::FROM_CACHE);
        }
    }
    Ok(value)
}

/// Sorts the options by name.
///
/// The value of an option keeps its order: a model reads the properties of a schema in the order in which they are written.
fn sorted(options: Value) -> Value {
    match options {
        Value::Object(map) => {
            let mut entries: Vec<_> = map.into_iter().collect();
            entries.sort_by(|(a, _), (b, _)| a.cmp(b));
            Value::Object(entries.into_iter().collect::<Map<_, _>>())
        }
        other => json!(other),
    }
}

fn to_json(value: &impl serde::Serialize) -> Result<Value> {
    serde_json::to_value(value).map_err(no_json)
}

fn no_json(error: serde_json::Error) -> Error {
    Error::new(
        ErrorKind::InvalidInput,
        "the request has no JSON form, so it has no key in a cache",
    )
    .with_source(error)
}

struct Sha256(Hash);

impl io::Write for Sha256 {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{AIMessage, Bind, EchoModel, HumanMessage, OptionName, ToolChoice};

    fn key(options: ChatOptions) -> CacheKey {
        CacheKey::new(&EchoModel::new(), &ChatRequest::new("hi").with_options(options)).unwrap()
    }

    #[test]
    fn every_option_is_in_the_key() {
        let o = ChatOptions::new;
        let all = [
            o(),
            o().model("m"),
            o().temperature(0.5),
            o().top_p(0.5),
            o().max_tokens(1),
            o().stop(["x"]),
            o().stop(["x", ""]),
            o().seed(1),
            o().logprobs(true),
            o().logprobs(false),
            o().top_logprobs(1),
            o().n(1),
            o().presence_penalty(0.5),
            o().frequency_penalty(0.5),
            o().logit_bias(Map::from_iter([("1".to_owned(), 1.into())])),
            o().tools(vec![json!({"a": 1, "b": 2})]),
            o().tools(vec![json!({"b": 2, "a": 1})]),
            o().tool_choice(ToolChoice::Required),
            o().tool_choice(ToolChoice::Name("required!".into())),
            o().parallel_tool_calls(true),
            o().response_format(json!({})),
            o().reasoning_effort("low"),
            o().extra("min_p", 0.5),
            o().extra("min_p", "0.5"),
            o().header("x-model", "a"),
            o().header("x-model", "b"),
            o().query("x-model", "a"),
            o().query("x-model", "b"),
            o().without(OptionName::TopP),
        ];
        // The pattern fails to compile when an option is added, so that it is added above too.
        let ChatOptions {
            model: _,
            temperature: _,
            top_p: _,
            max_tokens: _,
            stop: _,
            seed: _,
            logprobs: _,
            top_logprobs: _,
            n: _,
            presence_penalty: _,
            frequency_penalty: _,
            logit_bias: _,
            tools: _,
            tool_choice: _,
            parallel_tool_calls: _,
            response_format: _,
            reasoning_effort: _,
            headers: _,
            query: _,
            // A timeout changes no answer.
            timeout: _,
            extra: _,
            unset: _,
        } = o();
        let keys: std::collections::BTreeSet<_> = all.iter().cloned().map(key).collect();
        assert_eq!(keys.len(), all.len());
    }

    #[test]
    fn bound_options_are_in_the_key_wherever_they_were_bound() {
        let bound = EchoModel::new().bind(ChatOptions::new().seed(1));
        let asked = key(ChatOptions::new().seed(1));
        assert_eq!(CacheKey::new(&bound, &ChatRequest::new("hi")).unwrap(), asked);
        let over = ChatRequest::new("hi").with_options(ChatOptions::new().seed(2));
        assert_ne!(CacheKey::new(&bound, &over).unwrap(), asked);
    }

    #[test]
    fn the_order_in_which_options_are_set_does_not_count_and_ids_do_not() {
        let (a, b) = (ChatOptions::new().extra("a", 1), ChatOptions::new().extra("b", 2));
        assert_eq!(key(a.clone().merge(b.clone())), key(b.merge(a)));

        let ask = |id: Option<&str>, text: &str| {
            let mut message = AIMessage::new(text);
            message.id = id.map(str::to_owned);
            let request = ChatRequest::new(vec![message.into(), HumanMessage::new("?").into()]);
            CacheKey::new(&EchoModel::new(), &request).unwrap()
        };
        assert_eq!(ask(Some("run-1"), "x"), ask(None, "x"));
        assert_ne!(ask(None, "x"), ask(None, "y"));
    }

    #[test]
    fn the_key_is_the_same_in_every_process() {
        let request = ChatRequest::new("hi");
        let key = CacheKey::new(&EchoModel::new(), &request).unwrap().to_string();
        insta::assert_snapshot!(key, @"2352715af1e70963d94b19ba907e2a42e03fb833b4fb76bf4dfa65bcd765627d");
    }
}
