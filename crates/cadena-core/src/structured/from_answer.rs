//! The outputs that a model's answer can become.

use super::AnswerChunk;
use super::read::Outcome;
use crate::{AIMessage, Result, Streamable};

/// The output of a [`Structured`](crate::Structured) step: [`Answer`](crate::Answer), or [`StructuredOutput`](crate::StructuredOutput) after
/// [`include_raw`](crate::Structured::include_raw). There are no others.
///
/// # Examples
///
/// A function that takes either:
///
/// ```
/// use cadena_core::{ChatModelExt, FromAnswer, Result, RunnableExt, Structured};
/// use cadena_testing::ScriptedModel;
/// use serde_json::{Value, json};
///
/// async fn ask<O: FromAnswer<Value>>(step: &Structured<Value, O>) -> Result<O> {
///     step.invoke("A number?").await
/// }
///
/// # futures::executor::block_on(async {
/// let model = ScriptedModel::new().say(r#"{"n": 1}"#).say("No.");
/// let step = model.with_structured_output_schema("number", json!({"type": "object"}));
/// assert_eq!(ask(&step).await?["n"], 1);
/// assert!(ask(&step.include_raw()).await?.parsed().is_err());
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
pub trait FromAnswer<T>: Streamable<Chunk = AnswerChunk<T>> {
    /// Whether an answer that cannot be read is an output, and no error.
    #[doc(hidden)]
    const KEEPS_ERRORS: bool;

    /// Makes the output of a message and of the value, or of the reason why there is none.
    #[doc(hidden)]
    #[allow(
        clippy::missing_errors_doc,
        reason = "hidden, and not implementable outside, as `Outcome` has no public name"
    )]
    fn from_read(raw: AIMessage, read: Outcome<T>) -> Result<Self>;
}
