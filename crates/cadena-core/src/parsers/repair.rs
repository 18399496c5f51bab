//! Asks a model again when its answer could not be read.

use std::fmt;

use async_trait::async_trait;

use crate::{
    AIMessage, BoxRunnable, Error, ErrorKind, HumanMessage, Message, PromptValue, Result, RunContext, Runnable,
    RunnableExt, StepInfo, Streamable, impl_pipe,
};

/// The methods that every output parser has beyond [`RunnableExt`].
///
/// # Examples
///
/// ```
/// use cadena_core::{AIMessage, JsonOutputParser, OutputParserExt, RunnableExt};
/// use cadena_testing::ScriptedModel;
///
/// # futures::executor::block_on(async {
/// let model = ScriptedModel::new().say("[1, 2]"); // stands for a real one
/// let parser = JsonOutputParser::new().with_fixing_model(model);
/// assert_eq!(parser.invoke(AIMessage::new("one and two")).await?, serde_json::json!([1, 2]));
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
pub trait OutputParserExt: Runnable<Input = AIMessage> {
    /// Reads the answers of a model to a prompt, and asks it again in the same conversation when it cannot read one: with its answer and
    /// with what was wrong in it.
    ///
    /// The step replaces the model and the parser: `prompt | parser.with_retry_prompt(model)`.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{EchoModel, ErrorKind, JsonOutputParser, OutputParserExt, RunnableExt, UnparsedAnswer};
    ///
    /// # futures::executor::block_on(async {
    /// let chain = JsonOutputParser::new().with_retry_prompt(EchoModel::new()).max_retries(2);
    /// assert_eq!(chain.invoke("[1, 2]").await?, serde_json::json!([1, 2]));
    ///
    /// let error = chain.invoke("one and two").await.unwrap_err(); // a model that only echoes never gets it right
    /// assert_eq!(error.kind(), ErrorKind::Parse);
    /// assert!(error.detail().starts_with("expected a value at line 1 column 1, got \"one and two\"; asked again 2 times"));
    /// let first = error.downcast_source_ref().map(UnparsedAnswer::text);
    /// assert_eq!(first, Some("one and two"));
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    fn with_retry_prompt<M>(self, model: M) -> RetryOutputParser<Self::Output>
    where
        Self: Sized,
        M: Runnable<Input = PromptValue, Output = AIMessage>,
    {
        RetryOutputParser {
            repair: Repair::new(self, model),
        }
    }

    /// Reads an answer, and has a model correct it when it cannot be read: with the answer and with what is wrong in it, without the
    /// conversation.
    ///
    /// The step follows any model: `prompt | model | parser.with_fixing_model(other)`.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{lambda, AIMessage, JsonOutputParser, OutputParserExt, PromptValue, RunnableExt};
    ///
    /// # futures::executor::block_on(async {
    /// let fixer = lambda(|_: PromptValue| AIMessage::new("[1, 2]")); // stands for a model
    /// let parser = JsonOutputParser::new().with_fixing_model(fixer);
    /// assert_eq!(parser.invoke(AIMessage::new("[1, 2")).await?, serde_json::json!([1, 2]));
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    fn with_fixing_model<M>(self, model: M) -> OutputFixingParser<Self::Output>
    where
        Self: Sized,
        M: Runnable<Input = PromptValue, Output = AIMessage>,
    {
        OutputFixingParser {
            repair: Repair::new(self, model),
        }
    }
}

impl<P: Runnable<Input = AIMessage> + ?Sized> OutputParserExt for P {}

/// A model and a parser that asks it again: [`OutputParserExt::with_retry_prompt`].
///
/// Only what a parser cannot read ([`ErrorKind::Parse`]) is asked for again. Every call of the model is a call as any other: listeners see
/// it and its tokens count. It answers whole, as an answer must be complete to be known to be right.
///
/// # Examples
///
/// ```
/// use cadena_core::{JsonOutputParser, OutputParserExt, RunnableExt};
/// use cadena_testing::ScriptedModel;
///
/// # futures::executor::block_on(async {
/// let model = ScriptedModel::new().say("one and two").say("[1, 2]"); // stands for a real one
/// let chain = JsonOutputParser::new().with_retry_prompt(model.clone());
/// assert_eq!(chain.invoke("Two numbers?").await?, serde_json::json!([1, 2]));
/// assert!(model.requests()[1].last_text().contains("This answer could not be read"));
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
#[must_use = "steps do nothing until they are invoked"]
pub struct RetryOutputParser<O: Streamable> {
    repair: Repair<O>,
}

/// A parser and a model that corrects what it cannot read: [`OutputParserExt::with_fixing_model`].
///
/// As with [`RetryOutputParser`], only [`ErrorKind::Parse`] is worth another call, and every call counts.
///
/// # Examples
///
/// ```
/// use cadena_core::{AIMessage, JsonOutputParser, OutputParserExt, RunnableExt};
/// use cadena_testing::ScriptedModel;
///
/// # futures::executor::block_on(async {
/// let model = ScriptedModel::new().say("[1, 2]"); // stands for a real one
/// let parser = JsonOutputParser::new().with_fixing_model(model.clone());
/// assert_eq!(parser.invoke(AIMessage::new("[3]")).await?, serde_json::json!([3]));
/// assert_eq!(model.remaining(), 1); // the answer could be read, so the model was not asked
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
#[must_use = "steps do nothing until they are invoked"]
pub struct OutputFixingParser<O: Streamable> {
    repair: Repair<O>,
}

struct Repair<O: Streamable> {
    parser: BoxRunnable<AIMessage, O>,
    model: BoxRunnable<PromptValue, AIMessage>,
    max_retries: u32,
    instructions: Option<String>,
}

impl<O: Streamable> Repair<O> {
    fn new(
        parser: impl Runnable<Input = AIMessage, Output = O>,
        model: impl Runnable<Input = PromptValue, Output = AIMessage>,
    ) -> Self {
        Self {
            parser: parser.boxed(),
            model: model.boxed(),
            max_retries: 1,
            instructions: None,
        }
    }

    /// Reads an answer; as long as it cannot be read, reads the model's answer to `again`.
    async fn read(
        &self,
        first: AIMessage,
        again: impl Fn(&str, &str) -> PromptValue + Send + Sync,
        cx: &RunContext,
    ) -> Result<O> {
        let mut answer = first.clone();
        let mut first_error = None;
        for retry in 0.. {
            let text = answer.text().into_owned();
            let error = match self.parser.invoke_in(answer, cx).await {
                Err(error) if error.kind() == ErrorKind::Parse => error,
                read => return read.map_err(|error| keep(error, first)),
            };
            if retry == self.max_retries {
                return Err(give_up(first_error, error, retry, first));
            }
            let prompt = again(&text, &complaint(&error, self.instructions.as_deref()));
            first_error.get_or_insert(error);
            answer = match self.model.invoke_in(prompt, cx).await {
                Ok(answer) => answer,
                Err(error) => return Err(keep(error, first)),
            };
        }
        Err(ErrorKind::Internal.into()) // The loop ends by itself only after 2^32 calls.
    }
}

/// Returns the fault in an answer in words for the model, which may see its own words.
pub(crate) fn complaint(error: &Error, instructions: Option<&str>) -> String {
    let mut text = format!("This answer could not be read: {}", error.detail());
    text += ".";
    if let Some(instructions) = instructions {
        text += "\n\n";
        text += instructions;
    }
    text += "\n\nWrite the whole answer again, correctly, and nothing else.";
    text
}

/// Returns how often a model was asked again, for the detail of an error.
pub(crate) fn asked_again(retries: u32) -> String {
    match retries {
        1 => "asked again once".to_owned(),
        retries => format!("asked again {retries} times"),
    }
}

/// The first answer stays with an error of a later call.
fn keep(error: Error, first: AIMessage) -> Error {
    match error.partial() {
        Some(_) => error,
        None => error.with_partial(first.into()),
    }
}

fn give_up(first_error: Option<Error>, last: Error, retries: u32, first: AIMessage) -> Error {
    let Some(first_error) = first_error else {
        return keep(last, first);
    };
    let detail = format!(
        "{}; {}, and at last: {}",
        first_error.detail(),
        asked_again(retries),
        last.detail()
    );
    keep(Error::new(ErrorKind::Parse, detail).with_source(first_error), first)
}

macro_rules! settings {
    ($type:ident) => {
        impl<O: Streamable> $type<O> {
            /// Sets how often the model is asked again; default: once.
            ///
            /// # Examples
            ///
            /// ```
            /// use cadena_core::{EchoModel, JsonOutputParser, OutputParserExt, RunnableExt};
            ///
            /// # futures::executor::block_on(async {
            /// let chain = JsonOutputParser::new().with_retry_prompt(EchoModel::new()); // a model that only echoes never gets it right
            /// let error = chain.clone().max_retries(3).invoke("one and two").await.unwrap_err();
            /// assert!(error.detail().contains("asked again 3 times"));
            ///
            /// let error = chain.max_retries(0).invoke("one and two").await.unwrap_err();
            /// assert!(!error.detail().contains("asked again"));
            /// # });
            /// ```
            pub fn max_retries(mut self, retries: u32) -> Self {
                self.repair.max_retries = retries;
                self
            }

            /// Adds what the answer must look like, such as the `format_instructions` of the parser.
            ///
            /// # Examples
            ///
            /// ```
            /// use cadena_core::{JsonOutputParser, OutputParserExt, RunnableExt};
            /// use cadena_testing::ScriptedModel;
            ///
            /// # futures::executor::block_on(async {
            /// let model = ScriptedModel::new().say("one and two").say("[1, 2]"); // stands for a real one
            /// let chain = JsonOutputParser::new().with_retry_prompt(model.clone()).with_instructions("Write a JSON list.");
            /// chain.invoke("Two numbers?").await?;
            /// assert!(model.requests()[1].last_text().contains("Write a JSON list."));
            /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
            /// ```
            pub fn with_instructions(mut self, instructions: impl Into<String>) -> Self {
                self.repair.instructions = Some(instructions.into());
                self
            }
        }

        impl<O: Streamable> Clone for $type<O> {
            fn clone(&self) -> Self {
                Self {
                    repair: Repair {
                        parser: dyn_clone::clone_box(&*self.repair.parser),
                        model: dyn_clone::clone_box(&*self.repair.model),
                        max_retries: self.repair.max_retries,
                        instructions: self.repair.instructions.clone(),
                    },
                }
            }
        }

        impl<O: Streamable> fmt::Debug for $type<O> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($type))
                    .field("parser", &self.repair.parser.name())
                    .field("model", &self.repair.model.name())
                    .field("max_retries", &self.repair.max_retries)
                    .finish_non_exhaustive()
            }
        }

        impl_pipe!($type<O>, for <O: Streamable>);
    };
}

settings!(RetryOutputParser);
settings!(OutputFixingParser);

#[async_trait]
impl<O: Streamable> Runnable for RetryOutputParser<O> {
    type Input = PromptValue;
    type Output = O;

    fn describe(&self) -> StepInfo<'_> {
        StepInfo::new("RetryOutputParser")
    }

    async fn run(&self, input: PromptValue, cx: RunContext) -> Result<O> {
        let first = self.repair.model.invoke_in(input.clone(), &cx).await?;
        // Without the calls of tools in it: a server wants their results next.
        let again = |text: &str, complaint: &str| {
            let mut messages = input.messages.clone();
            messages.push(Message::from(AIMessage::new(text)));
            messages.push(Message::from(HumanMessage::new(complaint)));
            PromptValue::new(messages)
        };
        self.repair.read(first, again, &cx).await
    }
}

#[async_trait]
impl<O: Streamable> Runnable for OutputFixingParser<O> {
    type Input = AIMessage;
    type Output = O;

    fn describe(&self) -> StepInfo<'_> {
        StepInfo::new("OutputFixingParser")
    }

    async fn run(&self, input: AIMessage, cx: RunContext) -> Result<O> {
        let again = |text: &str, complaint: &str| {
            let request = format!("An answer:\n\n{text}\n\n{complaint}");
            PromptValue::from(HumanMessage::new(request))
        };
        self.repair.read(input, again, &cx).await
    }
}
