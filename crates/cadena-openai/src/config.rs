//! Where a model's requests go, and with which key.

mod environment;
mod hint;
mod query;
mod source;
pub(crate) use query::percent_encode;
pub(crate) use source::{Source, Sources};

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use cadena_core::{ChatOptions, Error, ErrorKind, Extra, Result};
use cadena_http::{HttpRequest, Secret};
use futures::future::BoxFuture;
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use serde_json::{Value, json};

use crate::azure::{API_KEY, Azure};
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
    /// Behind every path, as it stands in the address.
    pub(crate) query: String,
    /// A transport of the caller's knows whom it speaks to, and whether a key is needed there.
    pub(crate) own_transport: bool,
    /// Whether OpenAI and Azure are asked with a key alone. `without_api_key` switches it off.
    pub(crate) needs_key: bool,
    /// Where the settings come from.
    pub(crate) sources: Sources,
}

/// Gives a fresh key.
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

    /// Fails if a setting is empty or is more than one line. A variable that is empty does not count where the caller's own
    /// transport knows whom it speaks to.
    fn check(&self) -> Result<()> {
        let Sources {
            base_url,
            api_key,
            organization,
            project,
            endpoint,
            api_version,
        } = self.sources;
        let azure = self.azure.as_ref();
        // A line break in a key that a method was given is reported where the key becomes a header.
        let key = self.api_key.as_ref().map(|key| match api_key {
            Source::Method(_) => key.expose().split_whitespace().next().unwrap_or_default(),
            _ => key.expose(),
        });
        let of_openai = [
            (base_url, source::BASE_URL, Some(self.base_url.as_str())),
            (organization, source::ORGANIZATION, self.organization.as_deref()),
            (project, source::PROJECT, self.project.as_deref()),
        ];
        let of_azure = [
            (endpoint, source::ENDPOINT, azure.map(|azure| azure.endpoint.as_str())),
            (
                api_version,
                source::API_VERSION,
                azure.and_then(|azure| azure.api_version.as_deref()),
            ),
        ];
        let settings = [(api_key, source::API_KEY, key)].into_iter();
        let settings = settings.chain(of_openai.into_iter().filter(|_| azure.is_none()));
        for (source, setting, value) in settings.chain(of_azure.into_iter().filter(|_| azure.is_some())) {
            let of_variable = matches!(source, Source::Blank(_));
            if !(of_variable && self.own_transport) && (of_variable || value.is_some()) {
                source.check(setting, value.unwrap_or_default())?;
            }
        }
        Ok(())
    }

    /// The provider's name in profiles.
    pub(crate) fn provider(&self) -> &'static str {
        match self.azure {
            None => PROVIDER,
            Some(_) => "azure",
        }
    }

    /// The model behind a name: of a deployment, what was said about it.
    pub(crate) fn model_behind<'a>(&'a self, name: &'a str) -> &'a str {
        let known = self.azure.as_ref().and_then(|azure| azure.model.as_deref());
        known.unwrap_or(name)
    }

    /// Where an endpoint is for a model: Azure's older addresses name the deployment.
    pub(crate) fn path<'a>(&self, path: &'a str, model: &str) -> Cow<'a, str> {
        let azure = self.azure.as_ref();
        azure.map_or(Cow::Borrowed(path), |azure| azure.path(path, model))
    }

    /// What decides who answers: a part of what the key of a cache is the hash of. The API key decides nothing.
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

    /// What stands before the path.
    pub(crate) fn base(&self) -> Cow<'_, str> {
        match &self.azure {
            None => Cow::Borrowed(&self.base_url),
            Some(azure) => Cow::Owned(azure.base()),
        }
    }

    /// A `POST` request to a path below the base URL, with key and headers and without a body.
    ///
    /// A key that must be asked for is not in it yet: see [`authorize`](Self::authorize).
    pub(crate) fn post(&self, path: &str) -> Result<HttpRequest> {
        self.check()?;
        let needs_key = self.needs_key && !self.own_transport && !self.has_key();
        if needs_key && self.is_openai() {
            let hint = "set OPENAI_API_KEY or call `with_api_key`; for another server set OPENAI_BASE_URL";
            return Err(Error::new(ErrorKind::Authentication, "there is no API key for OpenAI").with_hint(hint));
        }
        if let Some(azure) = &self.azure {
            azure.check(needs_key)?;
        }
        let mut request = HttpRequest::post(self.url(path)?);
        if let Some(key) = &self.api_key {
            request = match &self.azure {
                Some(azure) if !azure.bearer => request.with_header(API_KEY, key.header_value()?),
                _ => request.with_header(header::AUTHORIZATION, key.bearer()?),
            };
        }
        let ours = [
            ("openai-organization", &self.organization),
            ("openai-project", &self.project),
        ];
        for (name, value) in ours {
            if let Some(value) = value {
                request = request.with_header(HeaderName::from_static(name), header_value(name, value)?);
            }
        }
        // Headers of the caller's come last: one of them may be the key in another form.
        for (name, value) in &self.headers {
            request = request.with_header(name.clone(), value.clone());
        }
        Ok(request)
    }

    /// The same for a `GET` request.
    pub(crate) fn get(&self, path: &str) -> Result<HttpRequest> {
        let mut request = self.post(path)?;
        request.method = Method::GET;
        Ok(request)
    }

    pub(crate) fn has_key(&self) -> bool {
        self.api_key.is_some() || self.key_source.is_some()
    }

    /// Asks for a fresh key and puts it into a request that does not bring its own; `None` if there is nobody to ask.
    pub(crate) async fn authorize(&self, request: &HttpRequest) -> Result<Option<HttpRequest>> {
        let Some(source) = &self.key_source else {
            return Ok(None);
        };
        if request.headers.contains_key(header::AUTHORIZATION) {
            return Ok(None);
        }
        let key = source().await?;
        if let (Source::Method(method), true) = (self.sources.api_key, key.expose().trim().is_empty()) {
            let error = Error::new(
                ErrorKind::Config,
                format!("the function of `{method}` returned an empty key"),
            );
            return Err(error.with_hint("return the key, or an error"));
        }
        Ok(Some(request.clone().with_header(header::AUTHORIZATION, key.bearer()?)))
    }

    /// Adds what one request has of its own: headers and parameters of its address, in place of those of the same name.
    pub(crate) fn add_own(request: HttpRequest, options: &ChatOptions) -> Result<HttpRequest> {
        query::add_query(Self::add_headers(request, &options.headers)?, &options.query)
    }

    fn add_headers(mut request: HttpRequest, headers: &Extra) -> Result<HttpRequest> {
        for (name, value) in headers.iter() {
            let header = HeaderName::from_bytes(name.as_bytes()).map_err(|error| {
                let detail = format!("`{name}` is no name of a header");
                Error::new(ErrorKind::InvalidInput, detail).with_source(error)
            })?;
            let value = match value {
                Value::String(text) => header_value(name, text)?,
                Value::Number(_) | Value::Bool(_) => header_value(name, &value.to_string())?,
                _ => {
                    let detail = format!("the header `{name}` is not a text");
                    return Err(Error::new(ErrorKind::InvalidInput, detail));
                }
            };
            request = request.with_header(header, value);
        }
        Ok(request)
    }

    fn url(&self, path: &str) -> Result<String> {
        let base_url = self.base();
        if !base_url.starts_with("http://") && !base_url.starts_with("https://") {
            let detail = format!("the base URL `{}` has no scheme", self.shown_url());
            let hint = match self.azure {
                None => "write it as in `http://127.0.0.1:8080/v1` (OPENAI_BASE_URL or `with_base_url`)",
                Some(_) => "write it as in `https://name.openai.azure.com` (AZURE_OPENAI_ENDPOINT or `with_endpoint`)",
            };
            return Err(Error::new(ErrorKind::Config, detail).with_hint(hint));
        }
        // Some gateways want a query: it stays behind the path.
        let (base, query) = match base_url.split_once('?') {
            Some((base, query)) => (base, query),
            None => (&*base_url, ""),
        };
        let (path, of_path) = path.split_once('?').unwrap_or((path, ""));
        let queries = [query, of_path, &self.query];
        let queries = queries
            .into_iter()
            .filter(|query| !query.is_empty())
            .collect::<Vec<_>>();
        let query = match queries.join("&") {
            query if query.is_empty() => query,
            query => format!("?{query}"),
        };
        Ok(format!("{}{path}{query}", base.trim_end_matches('/')))
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

fn header_value(name: &str, value: &str) -> Result<HeaderValue> {
    HeaderValue::from_str(value).map_err(|error| {
        let detail = format!("the value of `{name}` holds a character that no header may hold");
        Error::new(ErrorKind::Config, detail).with_source(error)
    })
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
mod tests {
    use super::*;

    fn config(pairs: &[(&str, &str)]) -> Config {
        Config::from_lookup(|name| {
            pairs
                .iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn the_older_name_of_the_base_url_comes_first_and_empty_values_do_not_count() {
        assert_eq!(config(&[]).base_url, OPENAI);
        assert_eq!(config(&[("OPENAI_BASE_URL", "http://a")]).base_url, "http://a");
        assert_eq!(
            config(&[("OPENAI_API_BASE", "http://b"), ("OPENAI_BASE_URL", "http://a")]).base_url,
            "http://b"
        );
        assert_eq!(
            config(&[("OPENAI_API_BASE", " "), ("OPENAI_BASE_URL", "http://a")]).base_url,
            "http://a"
        );
        assert!(config(&[("OPENAI_API_KEY", "")]).api_key.is_none());
    }

    #[test]
    fn a_variable_that_is_empty_is_an_error_that_names_it_and_its_cure() {
        for (name, value, detail, hint) in [
            ("OPENAI_API_KEY", "", "is empty", "`without_api_key`"),
            ("OPENAI_API_KEY", " \n", "is empty", "set it to a key"),
            (
                "OPENAI_API_KEY",
                "sk-canary\nsk-other",
                "holds a line break",
                "one line",
            ),
            ("OPENAI_BASE_URL", "", "is empty", "unset it to ask OpenAI"),
            ("OPENAI_API_BASE", "\t", "is empty", "unset it to ask OpenAI"),
            ("OPENAI_BASE_URL", "http://a\n/v1", "holds a line break", "one line"),
            ("OPENAI_ORG_ID", "", "is empty", "unset it"),
            ("OPENAI_ORGANIZATION", "a\nb", "holds a line break", "one line"),
            ("OPENAI_PROJECT_ID", " ", "is empty", "unset it"),
        ] {
            // The first pair of a name counts.
            let pairs = [(name, value), ("OPENAI_API_KEY", "sk-abcdef")];
            let mut config = config(&pairs);
            let error = config.post("/x").unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config);
            assert_eq!(error.detail(), format!("the environment variable `{name}` {detail}"));
            assert!(error.hint().is_some_and(|said| said.contains(hint)), "{error}");
            assert!(!format!("{error:?}").contains("canary"));
            // A recording needs no settings, but what is there must be fit to be sent.
            config.own_transport = true;
            assert_eq!(config.post("/x").is_err(), detail != "is empty", "{name}");
        }
        let azure = |name: &'static str| {
            Config::azure_from_lookup(move |asked| {
                (asked == name)
                    .then(String::new)
                    .or_else(|| Some("https://h".to_owned()))
            })
        };
        for name in ["AZURE_OPENAI_ENDPOINT", "OPENAI_API_VERSION"] {
            let error = azure(name).post("/x").unwrap_err();
            assert_eq!(error.detail(), format!("the environment variable `{name}` is empty"));
        }
    }

    #[test]
    fn a_setting_takes_the_place_of_a_variable_that_is_empty() {
        let mut config = config(&[("OPENAI_API_KEY", ""), ("OPENAI_BASE_URL", "")]);
        config.set_api_key("sk-abcdef".into(), Source::Method("with_api_key"));
        config.set_base_url("http://h/v1".to_owned());
        assert_eq!(config.post("/x").unwrap().url, "http://h/v1/x");
        config.forget_key();
        assert!(!config.post("/x").unwrap().headers.contains_key("authorization"));
    }

    #[test]
    fn openai_wants_a_key_and_another_server_may_not() {
        let error = config(&[]).post("/x").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Authentication);
        assert!(error.to_string().contains("OPENAI_API_KEY"));
        let local = config(&[("OPENAI_BASE_URL", "http://127.0.0.1:8080/v1/")])
            .post("/x")
            .unwrap();
        assert_eq!(
            (local.url.as_str(), local.headers.len()),
            ("http://127.0.0.1:8080/v1/x", 0)
        );
    }

    #[test]
    fn a_request_carries_the_key_marked_as_secret() {
        let pairs = [
            ("OPENAI_API_KEY", "sk-canary"),
            ("OPENAI_ORG_ID", "org-1"),
            ("OPENAI_PROJECT_ID", "p-1"),
        ];
        let request = config(&pairs).post("/x").unwrap();
        assert!(request.headers["authorization"].is_sensitive());
        assert_eq!(
            (
                &request.headers["openai-organization"],
                &request.headers["openai-project"]
            ),
            (&"org-1".parse().unwrap(), &"p-1".parse().unwrap())
        );
    }

    #[test]
    fn a_query_stays_behind_the_path_and_out_of_sight() {
        let config = config(&[("OPENAI_BASE_URL", "https://user:pass@h:1/v1?key=abcdef")]);
        assert_eq!(config.url("/x").unwrap(), "https://user:pass@h:1/v1/x?key=abcdef");
        assert_eq!(config.shown_url(), "https://h:1/v1");
    }

    #[test]
    fn azure_takes_its_own_names_and_a_key_before_a_token() {
        let azure = |pairs: &[(&str, &str)]| {
            Config::azure_from_lookup(|name| {
                let found = pairs.iter().find(|(key, _)| *key == name);
                found.map(|(_, value)| (*value).to_owned())
            })
        };
        let endpoint = ("AZURE_OPENAI_ENDPOINT", "https://r.openai.azure.com/");
        let both = azure(&[
            endpoint,
            ("AZURE_OPENAI_API_KEY", "k1"),
            ("AZURE_OPENAI_AD_TOKEN", "t1"),
        ]);
        let request = both.post(&both.path("/x", "dep")).unwrap();
        assert_eq!(request.url, "https://r.openai.azure.com/openai/v1/x");
        assert_eq!(
            (&request.headers["api-key"], request.headers.len()),
            (&"k1".parse().unwrap(), 1)
        );
        assert!(request.headers["api-key"].is_sensitive());

        let token = azure(&[
            endpoint,
            ("AZURE_OPENAI_AD_TOKEN", "t1"),
            ("OPENAI_API_VERSION", "2024-10-21"),
        ]);
        let request = token.post(&token.path("/x", "my dep")).unwrap();
        assert_eq!(
            request.url,
            "https://r.openai.azure.com/openai/deployments/my%20dep/x?api-version=2024-10-21"
        );
        assert_eq!(request.headers["authorization"], "Bearer t1");

        let nobody = azure(&[("OPENAI_API_KEY", "sk-openai"), endpoint]);
        let error = nobody.post("/x").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Authentication);
        assert!(error.to_string().contains("AZURE_OPENAI_API_KEY"), "{error}");
        let nowhere = azure(&[("AZURE_OPENAI_API_KEY", "k1")]).post("/x").unwrap_err();
        assert_eq!(nowhere.kind(), ErrorKind::Config);
        assert!(nowhere.to_string().contains("AZURE_OPENAI_ENDPOINT"), "{nowhere}");
    }

    #[test]
    fn a_base_url_without_a_scheme_is_explained() {
        let error = config(&[("OPENAI_BASE_URL", "localhost:8080/v1")])
            .post("/x")
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.to_string().contains("`localhost:8080/v1` has no scheme"));
    }
}
