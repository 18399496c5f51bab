//! [`ApproximateCounter`]: tokens estimated from the number of characters.

use serde_json::Value;

use super::TokenCounter;
use crate::messages::openai::role;
use crate::messages::python::{dumps_ascii_len, repr_calls, repr_map};
use crate::messages::{AIMessage, Content, ContentPart, Message};

/// Estimates tokens from the number of characters, as LangChain's `count_tokens_approximately` does.
///
/// Text, role, name and tool calls count one token for each four characters, rounded up for each message. Each message costs three
/// tokens more, and an image 85. For English the count of a model is usually within a fifth of the estimate.
///
/// # Examples
///
/// ```
/// use cadena_core::messages::{ApproximateCounter, TokenCounter};
///
/// assert_eq!(ApproximateCounter::new().count(&["hello world".into()]), 7);
/// assert_eq!(ApproximateCounter::new().chars_per_token(2.0).count(&["hello world".into()]), 11);
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct ApproximateCounter {
    chars_per_token: f64,
    extra_tokens_per_message: f64,
    count_name: bool,
    tokens_per_image: u64,
    scaling: bool,
    tools: Vec<Value>,
}

impl ApproximateCounter {
    /// Makes a counter of four characters to a token.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::messages::{ApproximateCounter, TokenCounter};
    ///
    /// assert_eq!(ApproximateCounter::new().count(&["hello world".into()]), 7);
    /// ```
    pub fn new() -> Self {
        Self {
            chars_per_token: 4.0,
            extra_tokens_per_message: 3.0,
            count_name: true,
            tokens_per_image: 85,
            scaling: false,
            tools: Vec::new(),
        }
    }

    /// Sets the number of characters of a token; default: 4.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::messages::{ApproximateCounter, TokenCounter};
    ///
    /// assert_eq!(ApproximateCounter::new().chars_per_token(2.0).count(&["hello world".into()]), 11);
    /// ```
    pub fn chars_per_token(mut self, chars: f64) -> Self {
        self.chars_per_token = chars;
        self
    }

    /// Sets the cost of each message beside its text; default: 3.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::messages::{ApproximateCounter, TokenCounter};
    ///
    /// assert_eq!(ApproximateCounter::new().extra_tokens_per_message(0.0).count(&["hello world".into()]), 4);
    /// ```
    pub fn extra_tokens_per_message(mut self, tokens: f64) -> Self {
        self.extra_tokens_per_message = tokens;
        self
    }

    /// Sets whether the name of the speaker counts; default: yes.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::HumanMessage;
    /// use cadena_core::messages::{ApproximateCounter, TokenCounter};
    ///
    /// let message = [HumanMessage::new("hello world").with_name("Annabell").into()];
    /// assert_eq!(ApproximateCounter::new().count(&message), 9);
    /// assert_eq!(ApproximateCounter::new().count_name(false).count(&message), 7);
    /// ```
    pub fn count_name(mut self, count: bool) -> Self {
        self.count_name = count;
        self
    }

    /// Sets the cost of an image; default: 85.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::messages::{ApproximateCounter, TokenCounter};
    /// use cadena_core::{ContentPart, HumanMessage};
    ///
    /// let message = [HumanMessage::new(vec![ContentPart::image_url("https://example.com/a.png")]).into()];
    /// assert_eq!(ApproximateCounter::new().tokens_per_image(1000).count(&message), 1004);
    /// ```
    pub fn tokens_per_image(mut self, tokens: u64) -> Self {
        self.tokens_per_image = tokens;
        self
    }

    /// Sets whether the estimate is scaled by the real cost of the last answer with usage, if one provider wrote all answers; default: no.
    ///
    /// The factor stays between 1 and 1.25.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::messages::{ApproximateCounter, TokenCounter};
    /// use cadena_core::{AIMessage, Message, UsageMetadata};
    ///
    /// let mut answer = AIMessage::new("hello");
    /// answer.usage_metadata = Some(UsageMetadata::new(12, 3));
    /// answer.response_metadata.model_provider = Some("openai".into());
    /// let history: [Message; 2] = ["hello world".into(), answer.into()];
    /// assert_eq!(ApproximateCounter::new().count(&history), 14);
    /// assert_eq!(ApproximateCounter::new().use_usage_metadata_scaling(true).count(&history), 15);
    /// ```
    pub fn use_usage_metadata_scaling(mut self, scale: bool) -> Self {
        self.scaling = scale;
        self
    }

    /// Sets the tools that are sent with the messages, as JSON.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::messages::{ApproximateCounter, TokenCounter};
    /// use serde_json::json;
    ///
    /// let counter = ApproximateCounter::new().tools([json!({"name": "now"})]);
    /// assert_eq!(counter.count(&["hello world".into()]), 11);
    /// ```
    pub fn tools(mut self, tools: impl IntoIterator<Item = Value>) -> Self {
        self.tools = tools.into_iter().collect();
        self
    }

    fn tokens(&self, chars: usize) -> f64 {
        (chars as f64 / self.chars_per_token).ceil()
    }

    fn tool_tokens(&self) -> f64 {
        self.tokens(self.tools.iter().map(dumps_ascii_len).sum())
    }

    fn message(&self, message: &Message) -> f64 {
        if matches!(message, Message::Remove(_)) {
            return 0.0; // It is never sent.
        }
        let (mut chars, images) = content(message.content());
        chars += match message {
            // Content in parts may hold the calls already, and they would count twice.
            Message::AI(ai) if matches!(ai.content, Content::Text(_)) => tool_calls(ai),
            Message::Tool(tool) => length(&tool.tool_call_id),
            _ => 0,
        };
        chars += length(role(message));
        chars += message.name().filter(|_| self.count_name).map_or(0, length);
        (images * self.tokens_per_image) as f64 + self.tokens(chars) + self.extra_tokens_per_message
    }
}

impl Default for ApproximateCounter {
    fn default() -> Self {
        Self::new()
    }
}

fn length(text: &str) -> usize {
    text.chars().count()
}

/// Returns the number of characters and the number of images.
fn content(content: &Content) -> (usize, u64) {
    let parts = match content {
        Content::Text(text) => return (length(text), 0),
        Content::Parts(parts) => parts,
    };
    let (mut chars, mut images) = (0, 0);
    for part in parts {
        match (part, part.block_type()) {
            (ContentPart::Text(text), _) => chars += length(text),
            (_, Some("image" | "image_url")) => images += 1,
            (_, Some("text")) => chars += part.as_text().map_or(0, length),
            (ContentPart::Block(block), _) => chars += length(&repr_map(&block.to_map())),
        }
    }
    (chars, images)
}

fn tool_calls(message: &AIMessage) -> usize {
    if message.tool_calls.is_empty() {
        return 0;
    }
    length(&repr_calls(&message.tool_calls))
}

/// The real cost of the answers, message by message.
#[derive(Default)]
struct Scale<'a> {
    provider: Option<&'a str>,
    several: bool,
    /// The total of the last answer that has one, and the approximate count up to it.
    last: Option<(f64, f64)>,
}

impl<'a> Scale<'a> {
    fn see(&mut self, message: &'a AIMessage, count: f64) {
        let provider = message.response_metadata.model_provider.as_deref();
        match self.provider {
            None => self.provider = provider,
            Some(known) => self.several |= provider != Some(known),
        }
        if let Some(usage) = &message.usage_metadata {
            self.last = Some((usage.total_tokens as f64, count));
        }
    }

    fn factor(&self, messages: usize) -> f64 {
        match self.last {
            Some((total, count)) if messages > 1 && !self.several && self.provider.is_some() && count > 0.0 => {
                (total / count).clamp(1.0, 1.25)
            }
            _ => 1.0,
        }
    }
}

impl TokenCounter for ApproximateCounter {
    fn count(&self, messages: &[Message]) -> usize {
        let mut count = self.tool_tokens();
        let mut scale = Scale::default();
        for message in messages {
            count += self.message(message);
            if let (true, Message::AI(ai)) = (self.scaling, message) {
                scale.see(ai, count);
            }
        }
        // A float above the largest integer becomes that integer.
        (count * scale.factor(messages.len())).ceil() as usize
    }

    fn is_additive(&self) -> bool {
        !self.scaling && self.extra_tokens_per_message.fract() == 0.0
    }

    fn overhead(&self) -> usize {
        self.tool_tokens() as usize
    }
}

/// Estimates the tokens of messages from the number of characters; [`ApproximateCounter`] has the options.
///
/// # Examples
///
/// ```
/// use cadena_core::count_tokens_approximately;
///
/// assert_eq!(count_tokens_approximately(&["hello world".into(), ("ai", "hi").into()]), 13);
/// ```
#[must_use]
pub fn count_tokens_approximately(messages: &[Message]) -> usize {
    ApproximateCounter::new().count(messages)
}
