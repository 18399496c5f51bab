//! A prompt whose input is a struct.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use serde::Serialize;

use super::ChatPromptTemplate;
use crate::{
    Dict, Error, ErrorKind, PromptValue, Result, RunContext, RunKind, Runnable, StepInfo, Streamable, impl_pipe,
};

/// A prompt whose input is a type of yours.
///
/// `prompt!` and `chat_prompt!` of the facade make one, and check at compile time that the type has a field for each variable.
///
/// # Examples
///
/// ```
/// use cadena_core::{dict, flow_whole, RunnableExt, TypedPrompt};
///
/// #[derive(Clone, serde::Serialize)]
/// struct Joke {
///     topic: &'static str,
/// }
/// flow_whole!(Joke);
///
/// # futures::executor::block_on(async {
/// // With the facade: `let prompt = prompt!(Joke, "Tell a joke about {topic}.");`
/// let prompt = TypedPrompt::new(&[("human", "Tell a joke about {topic}.")], |joke: &Joke| Ok(dict! {"topic": joke.topic}));
/// let filled = prompt.invoke(Joke { topic: "bears" }).await?;
/// assert_eq!(filled.messages[0].text(), "Tell a joke about bears.");
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
#[must_use = "steps do nothing until they are invoked"]
pub struct TypedPrompt<I> {
    template: Result<Arc<ChatPromptTemplate>, Arc<Error>>,
    fields: fn(&I) -> Result<Dict>,
}

impl<I> TypedPrompt<I> {
    /// Called by the macros: roles with texts, and a function that returns a value for each variable.
    #[doc(hidden)]
    pub fn new(messages: &[(&str, &str)], fields: fn(&I) -> Result<Dict>) -> Self {
        let template = ChatPromptTemplate::from_messages(messages.iter().copied());
        Self {
            // The macros have checked braces, variables and roles. A wrong format such as `{x:!}` is found by the first call.
            template: template.map(Arc::new).map_err(Arc::new),
            fields,
        }
    }

    /// Fills the variables of the prompt.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{dict, TypedPrompt};
    ///
    /// struct Joke {
    ///     topic: &'static str,
    /// }
    ///
    /// let prompt = TypedPrompt::new(&[("human", "Tell a joke about {topic}.")], |joke: &Joke| Ok(dict! {"topic": joke.topic}));
    /// assert_eq!(prompt.format(&Joke { topic: "bears" })?.messages[0].text(), "Tell a joke about bears.");
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`] if a field has no JSON form, [`ErrorKind::Template`] for a wrong format after a variable's name.
    pub fn format(&self, input: &I) -> Result<PromptValue> {
        let template = self.template.as_ref().map_err(Error::shared)?;
        template.format(&(self.fields)(input)?)
    }
}

/// Inserts a field's value under its name.
#[doc(hidden)]
pub fn fill(dict: &mut Dict, name: &str, value: &impl Serialize) -> Result<()> {
    let value = serde_json::to_value(value).map_err(|error| {
        Error::new(ErrorKind::InvalidInput, format!("the field `{name}` has no JSON form")).with_source(error)
    })?;
    dict.insert(name.to_owned(), value);
    Ok(())
}

#[async_trait]
impl<I: Streamable> Runnable for TypedPrompt<I> {
    type Input = I;
    type Output = PromptValue;

    fn describe(&self) -> StepInfo<'_> {
        StepInfo::new("ChatPromptTemplate").kind(RunKind::Prompt)
    }

    async fn run(&self, input: I, _cx: RunContext) -> Result<PromptValue> {
        self.format(&input)
    }
}

impl_pipe!(TypedPrompt<I>, for <I: Streamable>);

impl<I> Clone for TypedPrompt<I> {
    fn clone(&self) -> Self {
        Self {
            template: self.template.clone(),
            fields: self.fields,
        }
    }
}

impl<I> fmt::Debug for TypedPrompt<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TypedPrompt<{}>", std::any::type_name::<I>())
    }
}
