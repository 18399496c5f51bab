//! How the failure of a tool is treated.

use std::error::Error as _;

use crate::Error;

/// How the failure of a tool is treated.
///
/// Arguments that do not fit the tool are the model's fault and always go back to it, so that it can call again. Two failures always end the run: that
/// the caller cancelled it, and that the program forgot to [inject](crate::RunConfig::inject) a value which the tool needs.
///
/// # Examples
///
/// ```
/// use cadena_core::{tool_fn, AnyTool, Error, ErrorKind, OnToolError, RunnableExt, ToolCall, ToolContext};
/// use serde_json::{Value, json};
///
/// # futures::executor::block_on(async {
/// let broken = tool_fn("pay", "Pays.", json!({"type": "object"}), |_: Value, _: ToolContext| async {
///     Err::<String, _>(Error::new(ErrorKind::Tool, "the account is empty"))
/// });
/// let broken = AnyTool::from(broken);
/// let call = || ToolCall::new("pay", Default::default(), "call_1");
///
/// assert_eq!(broken.invoke(call()).await?.text(), "the tool failed: the account is empty");
/// let hidden = broken.clone().with_on_error(OnToolError::Hide);
/// assert_eq!(hidden.invoke(call()).await?.text(), "the tool failed");
/// let stops = broken.with_on_error(OnToolError::Stop);
/// assert_eq!(stops.invoke(call()).await.unwrap_err().detail(), "the account is empty");
/// # Ok::<_, Error>(()) }).unwrap();
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OnToolError {
    /// The model reads the error with its causes, and the run goes on.
    #[default]
    Show,
    /// The model reads only that the tool failed, and the run goes on: for errors that may quote a secret.
    Hide,
    /// The run ends with the error.
    Stop,
}

/// The most bytes of an error that a model reads, because a cause may quote the whole input.
const MAX_SHOWN: usize = 2_000;

/// An error with its causes as a text for a model, at most [`MAX_SHOWN`] bytes of it.
pub(super) fn shown(error: &Error) -> String {
    let mut text = error.detail().to_owned();
    let mut source = error.source();
    while let Some(cause) = source.filter(|_| text.len() <= MAX_SHOWN) {
        let cause_text = cause.to_string();
        if !text.is_empty() && !cause_text.is_empty() {
            text.push_str(": ");
        }
        text.push_str(&cause_text);
        source = cause.source();
    }
    if text.is_empty() {
        text.push_str(error.kind().as_str());
    }
    if let Some(hint) = error.hint() {
        text.push_str("; ");
        text.push_str(hint);
    }
    cut(&mut text);
    text
}

fn cut(text: &mut String) {
    if text.len() > MAX_SHOWN {
        let end = (0..=MAX_SHOWN).rev().find(|at| text.is_char_boundary(*at));
        text.truncate(end.unwrap_or_default());
        text.push('…');
    }
}
