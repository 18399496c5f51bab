//! How many tokens a chat model sees in texts and messages, without asking it.

use cadena_core::{Message, Result, TiktokenCounter, TokenCounter};

use crate::{AzureChatOpenAI, ChatOpenAI};

impl ChatOpenAI {
    /// The counter of the model's tokens, as [`trim_messages`](cadena_core::trim_messages) takes one. With the feature `tiktoken`.
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

    /// How many tokens a text has alone. With the feature `tiktoken`.
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

    /// How many tokens a conversation has, with what frames its messages. Images and tools are not counted. With the feature `tiktoken`.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_openai::ChatOpenAI;
    ///
    /// let llm = ChatOpenAI::new("gpt-4o-mini");
    /// assert_eq!(llm.get_num_tokens_from_messages(&["hello world".into()])?, 9);
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`token_counter`](Self::token_counter).
    pub fn get_num_tokens_from_messages(&self, messages: &[Message]) -> Result<usize> {
        Ok(self.token_counter()?.count(messages))
    }
}

impl AzureChatOpenAI {
    /// The counter of the tokens of the model behind the deployment: see [`with_model`](Self::with_model). With the feature `tiktoken`.
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
}
