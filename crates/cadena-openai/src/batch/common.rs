//! The endpoint and model that all requests of a batch share, and the options that none of them may have.

use cadena_core::{ChatOptions, ChatRequest, Error, ErrorKind, Result};

/// The endpoint and the model of all requests of a job.
pub(super) struct Common {
    pub(super) endpoint: &'static str,
    pub(super) model: String,
}

impl Common {
    pub(super) fn check(&self, custom_id: &str, endpoint: &str, model: &str) -> Result<()> {
        if self.endpoint != endpoint {
            let detail = format!(
                "the request `{custom_id}` needs `{endpoint}`, and the first one `{}`",
                self.endpoint
            );
            let hint = "a batch asks one endpoint: set `with_endpoint(Endpoint::Responses)`, or make a job for each";
            return Err(Error::new(ErrorKind::InvalidInput, detail).with_hint(hint));
        }
        if self.model != model {
            let detail = format!(
                "the request `{custom_id}` asks `{model}`, and the first one `{}`",
                self.model
            );
            let error = Error::new(ErrorKind::InvalidInput, detail);
            return Err(error.with_hint("a batch asks one model: make a job for each"));
        }
        Ok(())
    }
}

/// Refuses what a line has no place for: `whose` options they are is a part of the message.
pub(super) fn check_options(whose: &str, options: &ChatOptions) -> Result<()> {
    let (what, hint) = if !options.headers.is_empty() {
        ("headers", "set them on the model by `with_header`")
    } else if !options.query.is_empty() {
        ("a query", "set it on the model by `with_query`")
    } else {
        return Ok(());
    };
    Err(without_place(whose, what, hint))
}

pub(super) fn check_request(custom_id: &str, request: &ChatRequest) -> Result<()> {
    let whose = format!("the request `{custom_id}` has");
    check_options(&whose, &request.options)?;
    if request.options.timeout.is_some() {
        let hint = "a batch takes up to 24 hours: put `tokio::time::timeout` around `BatchJob::wait`, and call `cancel` if it runs out";
        return Err(without_place(&whose, "a timeout", hint));
    }
    if request.messages.is_empty() {
        return Err(
            Error::new(ErrorKind::InvalidInput, format!("{whose} no message")).with_hint("give it at least one")
        );
    }
    Ok(())
}

fn without_place(whose: &str, what: &str, hint: &'static str) -> Error {
    let detail = format!("{whose} {what}, for which a line of a batch has no place");
    Error::new(ErrorKind::Unsupported, detail).with_hint(hint)
}
