//! Where a model's requests go, and with which key.

mod environment;
mod hint;
mod query;
mod request;
mod source;
pub(crate) use query::percent_encode;
pub(crate) use source::{Source, Sources};

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use cadena_core::Result;
use cadena_http::Secret;
use futures::future::BoxFuture;
use http::HeaderMap;
use serde_json::{Value, json};

use crate::azure::Azure;
use crate::convert::PROVIDER;

/// Where OpenAI itself answers.
pub(crate) const OPENAI: &str = "https://api.openai.com/v1";

/// Address, key and headers: what every request of a client has in common.
#[derive(Clone)]
pub(crate) struct Config {
    pub(crate) base_url: String,
    pub(crate) api_key: Option<Secret>,
    /// Asked for a key before every call, in place of a fixed one.
    pub(crate) key_source: Option<KeySource>,
    pub(crate) organization: Option<String>,
    pub(crate) project: Option<String>,
    pub(crate) headers: HeaderMap,
    /// Set if Azure is asked; the base URL does not count then.
    pub(crate) azure: Option<Azure>,
    /// The query after every path, as it is in the address.
    pub(crate) query: String,
    /// A transport of the caller's knows whom it speaks to, and whether a key is needed there.
    pub(crate) own_transport: bool,
    /// Whether OpenAI and Azure are asked with a key alone. `without_api_key` switches it off.
    pub(crate) needs_key: bool,
    /// Where the settings come from.
    pub(crate) sources: Sources,
}

/// Returns a fresh key.
pub(crate) type KeySource = Arc<dyn Fn() -> BoxFuture<'static, Result<Secret>> + Send + Sync>;

/// Makes a source of keys of the caller's function.
pub(crate) fn key_source<F, K, S>(key: F) -> KeySource
where
    F: Fn() -> K + Send + Sync + 'static,
    K: Future<Output = Result<S>> + Send + 'static,
    S: Into<Secret>,
{
    Arc::new(move || {
        let key = key();
        Box::pin(async move { Ok(key.await?.into()) })
    })
}

impl Config {
    /// Whether OpenAI itself is asked, whose rules are known.
    pub(crate) fn is_openai(&self) -> bool {
        self.azure.is_none() && self.base_url == OPENAI
    }

    /// Whether OpenAI's models are asked by its own protocol, be it at OpenAI or at Azure.
    pub(crate) fn is_of_openai(&self) -> bool {
        self.azure.is_some() || self.is_openai()
    }

    /// Sets the address of another server. A secret of Azure's does not go there.
    pub(crate) fn set_base_url(&mut self, url: String) {
        if self.azure.take().is_some() {
            self.forget_key();
        }
        (self.base_url, self.sources.base_url) = (url, Source::Method("with_base_url"));
    }

    /// Sets a key, for Azure a key of the resource.
    pub(crate) fn set_api_key(&mut self, key: Secret, source: Source) {
        self.forget_key();
        (self.api_key, self.sources.api_key) = (Some(key), source);
        if let Some(azure) = &mut self.azure {
            azure.bearer = false;
        }
    }

    /// Sets a function that returns a key, in place of a key.
    pub(crate) fn set_key_source(&mut self, key_source: KeySource, source: Source) {
        self.forget_key();
        (self.key_source, self.sources.api_key) = (Some(key_source), source);
    }

    /// Forgets the key, so that it is missing again.
    pub(crate) fn forget_key(&mut self) {
        (self.api_key, self.key_source, self.needs_key) = (None, None, true);
        self.sources.api_key = Source::Default;
    }

    /// Adds a parameter to the query of every address.
    pub(crate) fn add_parameter(&mut self, name: &str, value: &str) {
        for (mark, part) in [("&", name), ("=", value)] {
            if mark == "=" || !self.query.is_empty() {
                self.query.push_str(mark);
            }
            percent_encode(part, &mut self.query);
        }
    }

    /// The provider's name in profiles.
    pub(crate) fn provider(&self) -> &'static str {
        match self.azure {
            None => PROVIDER,
            Some(_) => "azure",
        }
    }

    /// The model of a name: for a deployment, the one that was set.
    pub(crate) fn model_behind<'a>(&'a self, name: &'a str) -> &'a str {
        let known = self.azure.as_ref().and_then(|azure| azure.model.as_deref());
        known.unwrap_or(name)
    }

    /// Where an endpoint is for a model: Azure's older addresses name the deployment.
    pub(crate) fn path<'a>(&self, path: &'a str, model: &str) -> Cow<'a, str> {
        let azure = self.azure.as_ref();
        azure.map_or(Cow::Borrowed(path), |azure| azure.path(path, model))
    }

    /// The settings that decide who answers, for the key of a cache. The API key decides nothing.
    pub(crate) fn identity(&self) -> Value {
        let headers = self.headers.iter();
        let headers = headers.map(|(name, value)| (name.as_str(), String::from_utf8_lossy(value.as_bytes())));
        json!({
            "provider": self.provider(),
            "base_url": self.base(),
            "api_version": self.azure.as_ref().and_then(|azure| azure.api_version.as_deref()),
            "organization": self.organization,
            "project": self.project,
            "headers": headers.collect::<Vec<_>>(),
            "query": self.query,
            "own_transport": self.own_transport,
        })
    }

    /// The address before the path.
    pub(crate) fn base(&self) -> Cow<'_, str> {
        match &self.azure {
            None => Cow::Borrowed(&self.base_url),
            Some(azure) => Cow::Owned(azure.base()),
        }
    }

    pub(crate) fn has_key(&self) -> bool {
        self.api_key.is_some() || self.key_source.is_some()
    }

    /// The base URL without user and query, which may hold keys.
    pub(crate) fn shown_url(&self) -> String {
        let base_url = self.base();
        let base = base_url.split(['?', '#']).next().unwrap_or_default();
        match base.split_once("://") {
            Some((scheme, rest)) => {
                let authority_end = rest.find('/').unwrap_or(rest.len());
                let (authority, path) = rest.split_at(authority_end);
                let host = authority.rsplit_once('@').map_or(authority, |(_user, host)| host);
                format!("{scheme}://{host}{path}")
            }
            None => base.rsplit_once('@').map_or(base, |(_user, host)| host).to_owned(),
        }
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("base_url", &self.shown_url())
            .field("azure", &self.azure)
            .field("api_key", &self.api_key)
            .field("key_source", &self.key_source.as_ref().map(|_| "fn"))
            .field("organization", &self.organization)
            .field("project", &self.project)
            .field("headers", &self.headers.keys().collect::<Vec<_>>())
            .field("own_transport", &self.own_transport)
            .finish()
    }
}

#[cfg(test)]
mod tests;
