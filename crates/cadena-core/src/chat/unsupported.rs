//! Options that a model does not take: they are refused or left out before the model is called.

use serde_json::Value;

use super::{ChatModel, ChatRequest};
use crate::{Error, ErrorKind, ModelProfile, OnUnsupported, ResponseMetadata, Result};

/// Refuses or removes the options that the profile of the model does not list, and returns the warnings for the answer.
///
/// The models inside a composition do this for themselves.
pub(super) fn settle<M: ChatModel + ?Sized>(model: &M, request: &mut ChatRequest) -> Result<Vec<String>> {
    let bound = model.bound_options();
    let options = &request.options;
    // Most calls have no options: then the profile is not needed.
    if (bound.is_empty() && options.is_empty()) || model.composition().is_some() {
        return Ok(Vec::new());
    }
    let profile = model.profile();
    let options = bound.merge(options.clone());
    options.check()?;
    let mut warnings = Vec::new();
    for option in options.given().filter(|option| !profile.honours(option)) {
        match profile.on_unsupported() {
            OnUnsupported::Error => return Err(refused(option, &profile)),
            OnUnsupported::Warn => warnings.push(format!("`{option}` was left out: {}", why(&profile))),
            OnUnsupported::Ignore => {}
        }
        request.options = std::mem::take(&mut request.options).extra(option, Value::Null);
    }
    Ok(warnings)
}

fn why(profile: &ModelProfile) -> String {
    format!("the model `{}` does not take it", profile.model)
}

fn refused(option: &str, profile: &ModelProfile) -> Error {
    let detail = format!("`{option}` cannot be sent: {}", why(profile));
    let remedy = "take it out, or list it with `ModelProfile::with_options` if the model takes it";
    Error::new(ErrorKind::Unsupported, detail)
        .with_hint(format!("{remedy}; `with_on_unsupported` leaves such options out"))
}

/// Writes warnings into an answer, once.
pub(super) fn warn(metadata: &mut ResponseMetadata, warnings: &mut Vec<String>) {
    if !warnings.is_empty() {
        metadata.extra.insert("warnings", std::mem::take(warnings));
    }
}
