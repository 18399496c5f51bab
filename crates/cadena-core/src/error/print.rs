//! How an [`Error`] prints: one line, a report with its causes, or its fields.

use std::error::Error as StdError;
use std::fmt;

use super::Error;
use super::withheld::Withheld;

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let repr = &*self.repr;
        f.write_str(repr.kind.as_str())?;
        if !repr.detail.is_empty() {
            write!(f, ": {}", repr.detail)?;
        }
        let mut facts = Vec::new();
        facts.extend(repr.status.map(|status| format!("status {status}")));
        facts.extend(repr.code.as_ref().map(|code| format!("code `{code}`")));
        facts.extend(repr.request_id.as_ref().map(|id| format!("request `{id}`")));
        facts.extend(repr.step.as_ref().map(|step| format!("in step `{step}`")));
        if !facts.is_empty() {
            write!(f, " ({})", facts.join(", "))?;
        }
        if let Some(hint) = &repr.hint {
            write!(f, "; {hint}")?;
        }
        Ok(())
    }
}

/// A `main` that returns an error prints it with `{:?}`, so that form is the line and its causes. `{:#?}` prints the fields.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !f.alternate() {
            fmt::Display::fmt(self, f)?;
            let mut head = "\n\nCaused by:";
            let mut source = self.source();
            while let Some(cause) = source {
                f.write_str(std::mem::take(&mut head))?;
                match Withheld::is(cause) {
                    true => f.write_str("\n    (a text that may quote the input; `source()` has it)")?,
                    false => write!(f, "\n    {cause}")?,
                }
                source = cause.source();
            }
            return Ok(());
        }
        let repr = &*self.repr;
        let mut out = f.debug_struct("Error");
        out.field("kind", &repr.kind).field("detail", &repr.detail);
        if let Some(hint) = &repr.hint {
            out.field("hint", hint);
        }
        if let Some(step) = &repr.step {
            out.field("step", step);
        }
        if let Some(status) = &repr.status {
            out.field("status", status);
        }
        if let Some(code) = &repr.code {
            out.field("code", code);
        }
        if let Some(r#type) = &repr.r#type {
            out.field("type", r#type);
        }
        if let Some(param) = &repr.param {
            out.field("param", param);
        }
        if let Some(id) = &repr.request_id {
            out.field("request_id", id);
        }
        if let Some(wait) = &repr.retry_after {
            out.field("retry_after", wait);
        }
        if repr.attempts > 1 {
            out.field("attempts", &repr.attempts);
        }
        if repr.partial.is_some() {
            // The partial answer is content: it stays out of logs.
            out.field("partial", &format_args!("AIMessageChunk {{ .. }}"));
        }
        if let Some(source) = &repr.source {
            out.field("source", source);
        }
        out.finish()
    }
}
