//! [`TiktokenCounter`]: tokens as OpenAI's models count them.

use std::fmt;

use tiktoken_rs::CoreBPE;
use tiktoken_rs::tokenizer::{Tokenizer, get_tokenizer};

use super::TokenCounter;
use crate::messages::openai::role;
use crate::messages::python::dumps;
use crate::messages::{Content, Message};
use crate::{Error, ErrorKind, Result};

/// What the frame around a message costs.
const PER_MESSAGE: usize = 3;

/// What a name or a call costs beside its text.
const PER_FIELD: usize = 1;

/// What the beginning of the answer costs.
const REPLY: usize = 3;

/// Counts tokens as OpenAI's models count them, without asking anybody: the vocabularies are part of the program.
///
/// Text is counted exactly and the frame of a message as OpenAI documents it (three tokens a message, one a name, three for
/// the beginning of the answer). Images and the description of tools are left out: they count differently from model to model.
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
#[derive(Clone, Copy)]
pub struct TiktokenCounter {
    bpe: &'static CoreBPE,
}

impl TiktokenCounter {
    /// The vocabulary of a chat model by the model's name. The first counter of a vocabulary reads it, which takes a moment.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unsupported`] for a model that is not known to be a chat model of OpenAI's: use
    /// [`o200k`](Self::o200k), the vocabulary of today's models, or another counter.
    pub fn for_model(model: &str) -> Result<Self> {
        let chat = [Tokenizer::O200kBase, Tokenizer::O200kHarmony, Tokenizer::Cl100kBase];
        let found = get_tokenizer(model).filter(|tokenizer| chat.contains(tokenizer));
        let bpe = found.and_then(|tokenizer| tiktoken_rs::bpe_for_tokenizer(tokenizer).ok());
        let detail = || format!("the vocabulary of `{model}` is not known");
        bpe.map(|bpe| Self { bpe })
            .ok_or_else(|| Error::new(ErrorKind::Unsupported, detail()))
    }

    /// The vocabulary of GPT-4o and the models since.
    #[must_use]
    pub fn o200k() -> Self {
        Self {
            bpe: tiktoken_rs::o200k_base_singleton(),
        }
    }

    /// The tokens of a text alone. What looks like a special token counts as text.
    #[must_use]
    pub fn count_text(&self, text: &str) -> usize {
        self.bpe.count_ordinary(text)
    }

    /// The ids of the tokens of a text alone. What looks like a special token is text.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::messages::TiktokenCounter;
    ///
    /// assert_eq!(TiktokenCounter::o200k().token_ids("tiktoken is great!"), [83, 8251, 2488, 382, 2212, 0]);
    /// ```
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
