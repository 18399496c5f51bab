//! One choice of an event: whether it brings anything, and the error that it reports.

use cadena_core::{Error, ErrorKind, Result};
use cadena_http::Redactor;

use crate::error;
use crate::wire::Choice;

/// Whether a choice is `"delta": null` and nothing else, which some servers send to keep the connection busy.
pub(super) fn is_empty(choice: &Choice<'_>) -> bool {
    let Choice {
        index: _,
        delta,
        message,
        logprobs,
        finish_reason,
        error,
        content_filter_results,
        text,
        other: _,
    } = choice;
    text.is_none()
        && content_filter_results.is_none()
        && delta.is_none()
        && message.is_none()
        && logprobs.is_none()
        && finish_reason.known().is_none()
        && error.is_none()
}

/// Fails if a choice holds a `delta` or `message` that cannot be read: to go on without it would lose a token.
pub(super) fn check_unknown(choice: &Choice<'_>, redactor: &Redactor) -> Result<()> {
    if choice.delta.is_some() || choice.message.is_some() {
        return Ok(());
    }
    let odd = ["delta", "message"]
        .into_iter()
        .find_map(|name| Some((name, choice.other.as_ref()?.get(name)?)));
    odd.map_or(Ok(()), |(name, odd)| {
        let odd = redactor.snippet(odd.to_string().as_bytes());
        let detail = format!("the `{name}` of an event is neither an object nor a text: {odd}");
        Err(Error::new(ErrorKind::Decode, detail))
    })
}

/// Fails if a choice reports an error about itself.
pub(super) fn check(choice: &Choice<'_>, redactor: &Redactor) -> Result<()> {
    let failed = choice.error.as_deref().filter(|report| error::says_something(report));
    if let Some(report) = failed {
        return Err(error::of_report(report, redactor));
    }
    if choice.finish_reason.known() == Some("error") {
        return Err(Error::new(
            ErrorKind::Server,
            "the server ended the answer with the finish reason `error`",
        ));
    }
    Ok(())
}
