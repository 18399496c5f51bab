//! The removal of keys from what a server says.

use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;
use http::{HeaderMap, HeaderName};

use crate::secret::MASK;
use crate::{Request, Secret};

/// Shorter values are placeholders such as `none` or `EMPTY`: masking them would only damage texts.
const SHORTEST: usize = 6;

/// The query parameters that carry keys.
const SECRET_PARAMETERS: [&str; 8] = [
    "access_token",
    "api-key",
    "api_key",
    "apikey",
    "key",
    "sig",
    "signature",
    "token",
];

/// Masks known secrets in text that comes from elsewhere: a server may echo the key in its error.
///
/// [`Redactor::of`] knows what a request carried. [`HttpClient`](crate::HttpClient) applies it to every failed answer before the
/// classifier sees it, and a stream gives its own by [`EventStream::redactor`](crate::EventStream::redactor).
///
/// # Examples
///
/// ```
/// use cadena_http::{Redactor, Secret};
///
/// let redactor = Redactor::new().with_secret(&Secret::new("sk-abcdef"));
/// assert_eq!(redactor.redact("Incorrect API key: sk-abcdef."), "Incorrect API key: ***.");
/// ```
#[derive(Clone, Default)]
pub struct Redactor {
    secrets: Vec<Secret>,
}

impl Redactor {
    /// Knows no secret yet.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(cadena_http::Redactor::new().redact("text"), "text");
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Collects the secrets of a request: its sensitive headers, and the password and keys in its address.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_http::{Redactor, Request};
    ///
    /// let redactor = Redactor::of(&Request::get("http://user:passw0rd@localhost/v1?key=abcdef"));
    /// assert_eq!(redactor.redact("passw0rd and abcdef"), "*** and ***");
    /// ```
    #[must_use]
    pub fn of(request: &Request) -> Self {
        let mut redactor = Self::new();
        for (name, value) in &request.headers {
            if value.is_sensitive() || is_secret_header(name) {
                let text = String::from_utf8_lossy(value.as_bytes());
                let text = text.split_once(' ').map_or(&*text, |(_scheme, key)| key);
                redactor.add(text);
            }
        }
        let (_, rest) = request.url.split_once("://").unwrap_or_default();
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        if let Some((user, _host)) = authority.rsplit_once('@') {
            redactor.add(user.split_once(':').map_or(user, |(_name, password)| password));
        }
        for (_, value) in secret_parameters(&request.url) {
            redactor.add(value);
        }
        redactor
    }

    /// Adds one more secret. Values shorter than six bytes are taken for placeholders and left alone.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_http::{Redactor, Secret};
    ///
    /// let redactor = Redactor::new().with_secret(&Secret::new("none"));
    /// assert_eq!(redactor.redact("there is none"), "there is none");
    /// ```
    #[must_use]
    pub fn with_secret(mut self, secret: &Secret) -> Self {
        self.add(secret.expose());
        self
    }

    /// The text with every known secret replaced by `***`; borrowed if there was none.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_http::{Redactor, Secret};
    ///
    /// let redactor = Redactor::new().with_secret(&Secret::new("abcdef"));
    /// assert_eq!(redactor.redact("abcdefabcdef"), "******");
    /// ```
    #[must_use]
    pub fn redact<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut text = Cow::Borrowed(text);
        for secret in &self.secrets {
            if text.contains(secret.expose()) {
                text = Cow::Owned(text.replace(secret.expose(), MASK));
            }
        }
        text
    }

    /// At most 200 characters of a text for an error message, on one line, without known secrets.
    ///
    /// # Examples
    ///
    /// ```
    /// let redactor = cadena_http::Redactor::new();
    /// assert_eq!(redactor.snippet(b"<html>\n  <body>"), "<html> <body>");
    /// assert_eq!(redactor.snippet(&[b'x'; 500]).chars().count(), 200);
    /// ```
    #[must_use]
    pub fn snippet(&self, text: &[u8]) -> String {
        // Enough for 200 characters and for a secret that the cut would otherwise leave half.
        let text = String::from_utf8_lossy(text.get(..16 * 1024).unwrap_or(text));
        let clean = self.redact(&text);
        let words: Vec<_> = clean.split_whitespace().collect();
        let line: String = words.join(" ").chars().filter(|c| !c.is_control()).collect();
        match line.char_indices().nth(200) {
            None => line,
            Some(_) => line.chars().take(199).chain(['…']).collect(),
        }
    }

    /// The bytes with every known secret replaced by `***`; shared and unchanged if there was none.
    pub(crate) fn redact_bytes(&self, bytes: Bytes) -> Bytes {
        let known = self
            .secrets
            .iter()
            .any(|secret| memchr::memmem::find(&bytes, secret.expose().as_bytes()).is_some());
        if known {
            self.redact(&String::from_utf8_lossy(&bytes)).into_owned().into()
        } else {
            bytes
        }
    }

    /// Replaces every byte of every known secret by `*`, so that nothing moves.
    pub(crate) fn mask_in_place(&self, bytes: &mut [u8]) {
        for secret in &self.secrets {
            let needle = secret.expose().as_bytes();
            let found: Vec<usize> = memchr::memmem::find_iter(bytes, needle).collect();
            for at in found {
                if let Some(place) = bytes.get_mut(at..at + needle.len()) {
                    place.fill(b'*');
                }
            }
        }
    }

    fn add(&mut self, secret: &str) {
        if secret.len() >= SHORTEST && !self.secrets.iter().any(|known| known.expose() == secret) {
            self.secrets.push(Secret::new(secret));
            // A secret that holds another one goes first, or its rest would stay.
            self.secrets
                .sort_by_key(|known| std::cmp::Reverse(known.expose().len()));
        }
    }
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Redactor({} secrets)", self.secrets.len())
    }
}

/// The names and values in an address's query that carry keys.
pub(crate) fn secret_parameters(url: &str) -> impl Iterator<Item = (&str, &str)> {
    let query = url.split_once('?').map_or("", |(_, query)| query);
    let query = query.split('#').next().unwrap_or_default();
    query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .filter(|(name, _)| SECRET_PARAMETERS.iter().any(|secret| name.eq_ignore_ascii_case(secret)))
}

/// Whether a header carries a key even if nobody marked its value.
fn is_secret_header(name: &HeaderName) -> bool {
    matches!(
        name.as_str(),
        "authorization" | "proxy-authorization" | "api-key" | "x-api-key" | "x-goog-api-key" | "cookie"
    )
}

/// Marks the headers that are known to carry keys, so that nothing below prints them.
pub(crate) fn mark_secret_headers(headers: &mut HeaderMap) {
    for (name, value) in headers.iter_mut() {
        if is_secret_header(name) {
            value.set_sensitive(true);
        }
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn nested_secrets_leave_no_rest() {
        let redactor = Redactor::new()
            .with_secret(&Secret::new("abcdef"))
            .with_secret(&Secret::new("abcdef-ghijkl"));
        assert_eq!(redactor.redact("x abcdef-ghijkl y"), "x *** y");
    }

    #[test]
    fn masking_in_place_moves_nothing() {
        let mut bytes = b"key=abcdef;abcdef".to_vec();
        Redactor::new()
            .with_secret(&Secret::new("abcdef"))
            .mask_in_place(&mut bytes);
        assert_eq!(bytes, b"key=******;******");
    }

    #[test]
    fn a_basic_or_bearer_scheme_is_no_part_of_the_secret() {
        let mut request = Request::get("http://localhost/");
        request
            .headers
            .insert("authorization", HeaderValue::from_static("Bearer abcdef"));
        assert_eq!(Redactor::of(&request).redact("Bearer abcdef"), "Bearer ***");
    }
}
