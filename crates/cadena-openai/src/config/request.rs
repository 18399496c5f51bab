//! The request of a call: address, key and headers, after the settings are checked.

use cadena_core::{ChatOptions, Error, ErrorKind, Extra, Result};
use cadena_http::HttpRequest;
use http::{HeaderName, HeaderValue, Method, header};
use serde_json::Value;

use super::{Config, Source, Sources, query, source};
use crate::azure::API_KEY;

impl Config {
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

    /// Adds the headers and the parameters of the address that the options of one request have, in place of those of the same name.
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

    pub(super) fn url(&self, path: &str) -> Result<String> {
        let base_url = self.base();
        if !base_url.starts_with("http://") && !base_url.starts_with("https://") {
            let detail = format!("the base URL `{}` has no scheme", self.shown_url());
            let hint = match self.azure {
                None => "write it as in `http://127.0.0.1:8080/v1` (OPENAI_BASE_URL or `with_base_url`)",
                Some(_) => "write it as in `https://name.openai.azure.com` (AZURE_OPENAI_ENDPOINT or `with_endpoint`)",
            };
            return Err(Error::new(ErrorKind::Config, detail).with_hint(hint));
        }
        // Some gateways want a query, which follows the path.
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
}

fn header_value(name: &str, value: &str) -> Result<HeaderValue> {
    HeaderValue::from_str(value).map_err(|error| {
        let detail = format!("the value of `{name}` holds a character that no header may hold");
        Error::new(ErrorKind::Config, detail).with_source(error)
    })
}
