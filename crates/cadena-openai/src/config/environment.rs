//! The environment variables that a client reads, by the names that OpenAI's own client and LangChain read.

use cadena_http::Secret;
use http::HeaderMap;

use super::source::{Source, Sources};
use super::{Config, OPENAI};
use crate::azure::Azure;

impl Config {
    /// Reads the settings of a client of OpenAI, or of a server like it.
    pub(crate) fn from_env() -> Self {
        Self::from_lookup(|name| std::env::var(name).ok())
    }

    pub(super) fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Self {
        let base_url = read(&lookup, &["OPENAI_API_BASE", "OPENAI_BASE_URL"]);
        let api_key = read(&lookup, &["OPENAI_API_KEY"]);
        let organization = read(&lookup, &["OPENAI_ORG_ID", "OPENAI_ORGANIZATION"]);
        let project = read(&lookup, &["OPENAI_PROJECT_ID"]);
        Self {
            sources: Sources {
                base_url: base_url.1,
                api_key: api_key.1,
                organization: organization.1,
                project: project.1,
                ..Sources::default()
            },
            base_url: base_url.0.unwrap_or_else(|| OPENAI.to_owned()),
            api_key: api_key.0.map(Secret::new),
            organization: organization.0,
            project: project.0,
            key_source: None,
            needs_key: true,
            headers: HeaderMap::new(),
            azure: None,
            query: String::new(),
            own_transport: false,
        }
    }

    /// Reads the settings of a client of Azure.
    pub(crate) fn azure_from_env() -> Self {
        Self::azure_from_lookup(|name| std::env::var(name).ok())
    }

    pub(super) fn azure_from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Self {
        let (endpoint, endpoint_source) = read(&lookup, &["AZURE_OPENAI_ENDPOINT"]);
        let (api_version, version_source) = read(&lookup, &["OPENAI_API_VERSION"]);
        let (api_key, key_source) = read(&lookup, &["AZURE_OPENAI_API_KEY", "AZURE_OPENAI_AD_TOKEN"]);
        let azure = Azure {
            endpoint: endpoint.unwrap_or_default(),
            api_version,
            bearer: key_source == Source::Variable("AZURE_OPENAI_AD_TOKEN"),
            model: None,
        };
        Self {
            sources: Sources {
                api_key: key_source,
                endpoint: endpoint_source,
                api_version: version_source,
                ..Sources::default()
            },
            base_url: String::new(),
            api_key: api_key.map(Secret::new),
            azure: Some(azure),
            // Nothing that is meant for OpenAI goes to Azure.
            ..Self::from_lookup(|_| None)
        }
    }
}

/// Reads the first of these variables that holds something, without the white space around it. If some are set and all of those are empty,
/// the first of them is reported when a request is made.
fn read(lookup: &impl Fn(&str) -> Option<String>, names: &[&'static str]) -> (Option<String>, Source) {
    let mut blank = Source::Default;
    for name in names.iter().copied() {
        let Some(value) = lookup(name) else { continue };
        let value = value.trim();
        if !value.is_empty() {
            return (Some(value.to_owned()), Source::Variable(name));
        }
        if blank == Source::Default {
            blank = Source::Blank(name);
        }
    }
    (None, blank)
}
