//! The differences of Azure: the address, the header of the key, the remedies of errors.

use std::borrow::Cow;

use cadena_core::{Error, ErrorKind, Result};
use http::HeaderName;

use crate::config::percent_encode;
use crate::endpoint::RESPONSES;

/// The header of Azure's keys.
pub(crate) const API_KEY: HeaderName = HeaderName::from_static("api-key");

/// A resource on Azure.
#[derive(Clone, Debug, Default)]
pub(crate) struct Azure {
    /// The address of the resource, such as `https://name.openai.azure.com`.
    pub(crate) endpoint: String,
    /// The version of the older addresses, such as `2024-10-21`. Without one the newer address is asked, which has no version.
    pub(crate) api_version: Option<String>,
    /// Whether the key is a token of Entra ID.
    pub(crate) bearer: bool,
    /// The model that the deployment serves, if it was set.
    pub(crate) model: Option<String>,
}

impl Azure {
    pub(crate) fn base(&self) -> String {
        let endpoint = self.endpoint.trim_end_matches('/');
        match &self.api_version {
            Some(_) => format!("{endpoint}/openai"),
            None => format!("{endpoint}/openai/v1"),
        }
    }

    pub(crate) fn path<'a>(&self, path: &'a str, deployment: &str) -> Cow<'a, str> {
        let Some(version) = &self.api_version else {
            return Cow::Borrowed(path);
        };
        let mut full = String::new();
        // The Responses API takes the deployment as the model.
        if path != RESPONSES {
            full.push_str("/deployments/");
            percent_encode(deployment, &mut full);
        }
        full.push_str(path);
        full.push_str("?api-version=");
        percent_encode(version, &mut full);
        Cow::Owned(full)
    }

    pub(crate) fn check(&self, needs_key: bool) -> Result<()> {
        if self.endpoint.is_empty() {
            let hint = "set AZURE_OPENAI_ENDPOINT or call `with_endpoint`, as in `https://name.openai.azure.com`";
            return Err(Error::new(ErrorKind::Config, "there is no endpoint for Azure").with_hint(hint));
        }
        if needs_key {
            let hint = "set AZURE_OPENAI_API_KEY or AZURE_OPENAI_AD_TOKEN, or call `with_api_key`, `with_token` or `with_token_fn`";
            return Err(Error::new(ErrorKind::Authentication, "there is no key for Azure").with_hint(hint));
        }
        Ok(())
    }

    /// The remedy of an error, in Azure's words.
    pub(crate) fn hint(&self, error: &Error, url: &str, deployment: &str) -> Option<String> {
        let hint = match error.kind() {
            ErrorKind::Authentication if self.bearer => {
                "check the token: AZURE_OPENAI_AD_TOKEN, `with_token` or the function of `with_token_fn`".to_owned()
            }
            ErrorKind::Authentication => {
                "check the key and its resource: AZURE_OPENAI_API_KEY or `with_api_key`".to_owned()
            }
            ErrorKind::NotFound => {
                let version = match &self.api_version {
                    Some(version) => format!("the API version `{version}`"),
                    None => "the address without an API version".to_owned(),
                };
                format!(
                    "does `{url}` have the deployment `{deployment}`, and does it know {version}? a deployment that was just made takes minutes"
                )
            }
            ErrorKind::PermissionDenied => {
                format!("the key or its network may not use the deployment `{deployment}` at `{url}`")
            }
            ErrorKind::ContentFilter => {
                "a filter of the deployment refused it: change the prompt, or the filter on Azure".to_owned()
            }
            ErrorKind::Connect if !error.detail().starts_with("TLS") => {
                format!(
                    "is `{url}` the resource, and reachable? AZURE_OPENAI_ENDPOINT or `with_endpoint` sets the address"
                )
            }
            _ => return None,
        };
        Some(hint)
    }
}
