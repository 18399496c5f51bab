//! [`TiktokenCounter`]: tokens as OpenAI's models count them.

use std::fmt;

use tiktoken_rs::CoreBPE;
use tiktoken_rs::tokenizer::{Tokenizer, get_tokenizer};

use super::TokenCounter;
use crate::messages::openai::role;
use crate::messages::python::dumps;
use crate::messages::{Content, Message};
use crate::{Error, ErrorKind, Result};

/// The cost of the frame around a message, as OpenAI documents it.
const PER_MESSAGE: usize = 3;

/// The cost of a name or a call beside its text.
const PER_FIELD: usize = 1;

/// The cost of the beginning of the answer.
const REPLY: usize = 3;

/// Counts tokens as OpenAI's models do, without a request: the vocabularies are part of the program.
///
/// Text is counted exactly, and the frame of a message as OpenAI documents it (three tokens for a message, one for a name, three for
/// the beginning of the answer). Images and the description of tools are left out, since models count them differently.
///
/// # Examples
///
/// ```
/// use cadena_core::messages::{TiktokenCounter, TokenCounter};
///
/// let counter = TiktokenCounter::for_model("gpt-4o-mini")?;
/// assert_eq!(counter.count_text("hello world"), 2);
/// assert_eq!(counter.count(&["hello world".into()]), 9);
/// # Ok::<_, cadena_core::Error>(())
/// ```
#[doc(alias = "get_num_tokens_from_messages")]
#[derive(Clone, Copy)]
pub struct TiktokenCounter {
    bpe: &'static CoreBPE,
}

impl TiktokenCounter {
    /// Returns a counter with the vocabulary of a chat model. The first counter of a vocabulary reads it, which takes a moment.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unsupported`] for a model that is not known as a chat model of OpenAI: use
    /// [`o200k`](Self::o200k), the vocabulary of today's models, or another counter.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::ErrorKind;
    /// use cadena_core::messages::TiktokenCounter;
    ///
    /// assert!(TiktokenCounter::for_model("gpt-4o-mini").is_ok());
    /// assert_eq!(TiktokenCounter::for_model("llama-3").unwrap_err().kind(), ErrorKind::Unsupported);
    /// ```
    pub fn for_model(model: &str) -> Result<Self> {
        let chat = [Tokenizer::O200kBase, Tokenizer::O200kHarmony, Tokenizer::Cl100kBase];
        let found = get_tokenizer(model).filter(|tokenizer| chat.contains(tokenizer));
        let bpe = found.and_then(|tokenizer| tiktoken_rs::bpe_for_tokenizer(tokenizer).ok());
        let detail = || format!("the vocabulary of `{model}` is not known");
        bpe.map(|bpe| Self { bpe })
            .ok_or_else(|| Error::new(ErrorKind::Unsupported, detail()))
    }

    /// Returns a counter with the vocabulary of GPT-4o and of the models since.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(cadena_core::messages::TiktokenCounter::o200k().count_text("hello world"), 2);
    /// ```
    #[must_use]
    pub fn o200k() -> Self {
        Self {
            bpe: tiktoken_rs::o200k_base_singleton(),
        }
    }

    /// Counts the tokens of a text alone. Characters that look like a special token count as text.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(cadena_core::messages::TiktokenCounter::o200k().count_text("tiktoken is great!"), 6);
    /// ```
    #[doc(alias = "get_num_tokens")]
    #[must_use]
    pub fn count_text(&self, text: &str) -> usize {
        self.bpe.count_ordinary(text)
    }

    /// Returns the ids of the tokens of a text alone. Characters that look like a special token are text.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::messages::TiktokenCounter;
    ///
    /// assert_eq!(TiktokenCounter::o200k().token_ids("tiktoken is great!"), [83, 8251, 2488, 382, 2212, 0]);
    /// ```
    #[doc(alias = "get_token_ids")]
    #[must_use]
    pub fn token_ids(&self, text: &str) -> Vec<u32> {
        self.bpe.encode_ordinary(text)
    }

    fn content(&self, content: &Content) -> usize {
        match content {
            Content::Text(text) => self.count_text(text),
            Content::Parts(parts) => parts
                .iter()
                .filter_map(|part| part.as_text())
                .map(|text| self.count_text(text))
                .sum(),
        }
    }

    fn message(&self, message: &Message) -> usize {
        if matches!(message, Message::Remove(_)) {
            return 0; // It is never sent.
        }
        let mut count = PER_MESSAGE + self.count_text(role(message)) + self.content(message.content());
        if let Some(name) = message.name() {
            count += PER_FIELD + self.count_text(name);
        }
        if let Message::AI(ai) = message {
            for call in &ai.tool_calls {
                count += PER_FIELD + self.count_text(&call.name) + self.count_text(&dumps(&call.args));
            }
            count += ai.refusal().map_or(0, |refusal| self.count_text(refusal));
        }
        count
    }
}

impl TokenCounter for TiktokenCounter {
    fn count(&self, messages: &[Message]) -> usize {
        REPLY + messages.iter().map(|message| self.message(message)).sum::<usize>()
    }

    fn is_additive(&self) -> bool {
        true
    }

    fn overhead(&self) -> usize {
        REPLY
    }
}

impl fmt::Debug for TiktokenCounter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TiktokenCounter").finish_non_exhaustive()
    }
}
