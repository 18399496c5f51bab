//! How many tokens a chat model sees in texts and messages, without asking it.

mod image;
mod tools;

use std::borrow::Cow;

use cadena_core::messages::{OpenAIApi, convert_to_openai_data_block, is_data_content_block};
use cadena_core::{
    ChatModel, ChatRequest, Content, ContentPart, Error, ErrorKind, Message, Result, TiktokenCounter, TokenCounter,
};
use serde_json::{Map, Value};

use crate::models::undated;
use crate::{AzureChatOpenAI, ChatOpenAI};

impl ChatOpenAI {
    /// Returns the counter of the model's tokens, as [`trim_messages`](cadena_core::trim_messages) takes one. With the feature `tiktoken`.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::TokenCounter;
    /// use cadena_openai::ChatOpenAI;
    ///
    /// let counter = ChatOpenAI::new("gpt-4o-mini").token_counter()?;
    /// assert_eq!(counter.count(&["hello world".into()]), 9);
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Unsupported`](cadena_core::ErrorKind::Unsupported) if the model's vocabulary is not known, as of a model that is not OpenAI's.
    pub fn token_counter(&self) -> Result<TiktokenCounter> {
        TiktokenCounter::for_model(self.model_behind())
    }

    /// Counts the tokens of a text alone. With the feature `tiktoken`.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_openai::ChatOpenAI;
    ///
    /// assert_eq!(ChatOpenAI::new("gpt-4o-mini").get_num_tokens("hello world")?, 2);
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`token_counter`](Self::token_counter).
    pub fn get_num_tokens(&self, text: &str) -> Result<usize> {
        Ok(self.token_counter()?.count_text(text))
    }

    /// Returns the ids of the tokens of a text, as in [`logit_bias`](cadena_core::ChatOptions#structfield.logit_bias). With the feature `tiktoken`.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_openai::ChatOpenAI;
    ///
    /// assert_eq!(ChatOpenAI::new("gpt-4o-mini").get_token_ids("tiktoken is great!")?, [83, 8251, 2488, 382, 2212, 0]);
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`token_counter`](Self::token_counter).
    pub fn get_token_ids(&self, text: &str) -> Result<Vec<u32>> {
        Ok(self.token_counter()?.token_ids(text))
    }

    /// Counts the tokens of a conversation: its messages with the tokens around them, and its images. With the feature `tiktoken`.
    ///
    /// Images count as OpenAI publishes it, for the models that it names; one without a `detail` counts as `high`. Nothing is fetched.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::Message;
    /// use cadena_openai::ChatOpenAI;
    /// use serde_json::json;
    ///
    /// let llm = ChatOpenAI::new("gpt-4o");
    /// assert_eq!(llm.get_num_tokens_from_messages(&["hello world".into()])?, 9);
    ///
    /// let seen: Message = serde_json::from_value(json!({"type": "human", "content": [
    ///     {"type": "text", "text": "hello world"},
    ///     {"type": "image_url", "image_url": {"url": "https://example.com/cat.png", "detail": "low"}},
    /// ]})).unwrap();
    /// assert_eq!(llm.get_num_tokens_from_messages(&[seen])?, 9 + 85);
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`token_counter`](Self::token_counter); [`Unsupported`](cadena_core::ErrorKind::Unsupported) for what nobody publishes: images of other models,
    /// images at an address that are not asked for with the detail `low`, files and sound.
    pub fn get_num_tokens_from_messages(&self, messages: &[Message]) -> Result<usize> {
        conversation(self.model_behind(), messages)
    }

    /// Counts the tokens of a request: its messages, images, and the tools of the model and of the request. With the feature `tiktoken`.
    ///
    /// Tools are counted as OpenAI's cookbook does it, which was exact for flat parameters; nested ones are an estimate.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{ChatOptions, ChatRequest};
    /// use cadena_openai::ChatOpenAI;
    /// use serde_json::json;
    ///
    /// let clock = json!({"type": "function", "function": {"name": "clock", "description": "Tells the time."}});
    /// let llm = ChatOpenAI::new("gpt-4o-mini").with_options(ChatOptions::new().tools(vec![clock]));
    /// assert_eq!(llm.token_count(&ChatRequest::new("hello world"))?, 9 + 24);
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`get_num_tokens_from_messages`](Self::get_num_tokens_from_messages); [`Unsupported`](cadena_core::ErrorKind::Unsupported) for tools of other models than
    /// `gpt-4o`, `gpt-4o-mini`, `gpt-4` and `gpt-3.5-turbo`, and for tools that are no functions.
    pub fn token_count(&self, request: &ChatRequest) -> Result<usize> {
        let model = request.options.model.as_deref().unwrap_or_else(|| self.model_behind());
        // Later tools take the place of earlier ones, as they do in a request.
        let options = self.bound_options();
        let described = request.options.tools.as_ref().or(options.tools.as_ref());
        let described = described.map(Vec::as_slice).unwrap_or_default();
        let counter = TiktokenCounter::for_model(model)?;
        Ok(conversation(model, &request.messages)? + tools::tokens(undated(model), counter, described)?)
    }
}

/// The tokens of messages and of their images.
fn conversation(model: &str, messages: &[Message]) -> Result<usize> {
    let mut sum = TiktokenCounter::for_model(model)?.count(messages);
    for part in messages.iter().flat_map(seen) {
        sum += media(undated(model), &part)?;
    }
    Ok(sum)
}

/// The parts of a message, other than texts, that a model sees.
fn seen(message: &Message) -> impl Iterator<Item = Cow<'_, Map<String, Value>>> {
    let parts = match (message, message.content()) {
        // Parts of an answer other than texts are not sent back.
        (Message::AI(_) | Message::Remove(_), _) | (_, Content::Text(_)) => [].as_slice(),
        (_, Content::Parts(parts)) => parts.as_slice(),
    };
    parts.iter().filter_map(|part| match part {
        ContentPart::Block(block) if part.as_text().is_none() => Some(block.to_map()),
        _ => None,
    })
}

/// The tokens of an image; an error for all else.
fn media(model: &str, block: &Map<String, Value>) -> Result<usize> {
    let converted;
    let block = match is_data_content_block(block) {
        true => {
            converted = convert_to_openai_data_block(block, OpenAIApi::ChatCompletions)?;
            &converted
        }
        false => block,
    };
    let image = block.get("image_url");
    let of_image = |key: &str| image.and_then(|image| image.get(key)).and_then(Value::as_str);
    match block.get("type").and_then(Value::as_str) {
        Some("image_url" | "input_image") => {
            // Chat Completions has an object there, the Responses API the URL alone.
            let url = of_image("url")
                .or_else(|| image.and_then(Value::as_str))
                .unwrap_or_default();
            let detail = of_image("detail").or_else(|| block.get("detail").and_then(Value::as_str));
            image::tokens(model, url, detail)
        }
        other => {
            let other = other.unwrap_or("a block without a type");
            let detail = format!("how many tokens a part of the type `{other}` has is not known");
            Err(Error::new(ErrorKind::Unsupported, detail))
        }
    }
}

impl AzureChatOpenAI {
    /// Returns the counter of the tokens of the model that the deployment serves: see [`with_model`](Self::with_model). With the feature `tiktoken`.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_openai::AzureChatOpenAI;
    ///
    /// let counter = AzureChatOpenAI::new("my-gpt").with_model("gpt-4o").token_counter()?;
    /// assert_eq!(counter.count_text("hello world"), 2);
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`ChatOpenAI::token_counter`].
    pub fn token_counter(&self) -> Result<TiktokenCounter> {
        self.of_openai().token_counter()
    }

    /// Counts the tokens of a request: see [`ChatOpenAI::token_count`]. With the feature `tiktoken`.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::ChatRequest;
    /// use cadena_openai::AzureChatOpenAI;
    ///
    /// let llm = AzureChatOpenAI::new("my-gpt").with_model("gpt-4o");
    /// assert_eq!(llm.token_count(&ChatRequest::new("hello world"))?, 9);
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`ChatOpenAI::token_count`].
    pub fn token_count(&self, request: &ChatRequest) -> Result<usize> {
        self.of_openai().token_count(request)
    }
}
