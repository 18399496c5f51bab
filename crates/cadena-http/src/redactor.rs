//! The removal of keys from texts that a server sends.

mod escapes;
mod find;

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use bytes::Bytes;

use crate::secret::{MASK, is_secret_header};
use crate::{HttpRequest, Secret};

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
/// Also masked are a secret that is written with the escapes of JSON (`\u0073k-…`, `\/`, once or several times), and any run of twelve or
/// more characters of one, as servers shorten keys in their errors.
///
/// [`Redactor::of`] knows what a request carried. [`HttpClient`](crate::HttpClient) applies it to every failed answer before the
/// classifier sees it, and a stream has one of its request: [`SseStream::redactor`](crate::SseStream::redactor).
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
    /// Makes a redactor that knows no secret.
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
    /// use cadena_http::{Redactor, HttpRequest};
    ///
    /// let redactor = Redactor::of(&HttpRequest::get("http://user:passw0rd@localhost/v1?key=abcdef"));
    /// assert_eq!(redactor.redact("passw0rd and abcdef"), "*** and ***");
    /// ```
    #[must_use]
    pub fn of(request: &HttpRequest) -> Self {
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

    /// Replaces every known secret in a text by `***`. The text is borrowed if it has no secret.
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
        let found = self.found(text.as_bytes());
        if found.is_empty() {
            return Cow::Borrowed(text);
        }
        let mut clean = String::with_capacity(text.len());
        let mut at = 0;
        for Range { start, end } in found {
            // A run of bytes may begin or end inside of a character.
            let start = (0..=start).rev().find(|&place| text.is_char_boundary(place));
            let end = (end..=text.len()).find(|&place| text.is_char_boundary(place));
            let (start, end) = (start.unwrap_or_default().max(at), end.unwrap_or(text.len()));
            clean.push_str(text.get(at..start).unwrap_or_default());
            clean.push_str(MASK);
            at = end;
        }
        clean.push_str(text.get(at..).unwrap_or_default());
        Cow::Owned(clean)
    }

    /// Where the secrets are, in order.
    fn found(&self, text: &[u8]) -> Vec<Range<usize>> {
        find::secrets(&self.secrets, text)
    }

    /// Returns at most 200 characters of a text for an error message, on one line, without known secrets.
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
        if self.found(&bytes).is_empty() {
            return bytes;
        }
        self.redact(&String::from_utf8_lossy(&bytes)).into_owned().into()
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
        // A server does not repeat the blanks around a key.
        let secret = secret.trim();
        if secret.len() >= SHORTEST && !self.secrets.iter().any(|known| known.expose() == secret) {
            self.secrets.push(Secret::new(secret));
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

    #[track_caller]
    fn check(text: &str, clean: &str) {
        const KEY: &str = "sk-proj/abcdefgh-0123";
        let redactor = Redactor::new().with_secret(&KEY.into());
        assert_eq!(redactor.redact(text), clean);
        let bytes = redactor.redact_bytes(text.to_owned().into());
        assert_eq!(bytes, clean);
    }

    #[test]
    fn a_key_is_masked_however_it_is_written_and_so_is_a_long_part_of_it() {
        check("wrong key sk-proj/abcdefgh-0123.", "wrong key ***.");
        check(r#"{"key":"\u0073k-proj\/abcdefgh-0123"}"#, r#"{"key":"***"}"#);
        check(r"\u0073\u006b\u002D\u0070roj\u002fabcdefgh-0123", "***");
        // JSON in a text of JSON.
        check(
            r#"{"raw":"{\"key\":\"sk-proj\\\/abcdefgh-0123\"}"}"#,
            r#"{"raw":"{\"key\":\"***\"}"}"#,
        );
        check(r"sk-proj\\u002fabcdefgh-0123", "***");
        // Twelve characters, and eleven.
        check("roj/abcdefgh", "***");
        check("roj/abcdefg", "roj/abcdefg");
        check("sk-proj/abcd… and …efgh-0123", "***… and …efgh-0123");
        check(r"\u0072oj\/abcdefgh is a part", "*** is a part");
        check("sk-proj/abcdefgh-0123sk-proj/abcdefgh-0123", "******");
        check(r"no key: \u00e9 \\ \", r"no key: \u00e9 \\ \");
    }

    #[test]
    fn a_secret_that_is_not_ascii_is_cut_between_characters() {
        let redactor = Redactor::new().with_secret(&"ééééééé".into());
        assert_eq!(redactor.redact("aééééééb ééééééé"), "a***b ***");
    }

    #[test]
    fn the_blanks_around_a_key_are_no_part_of_it() {
        let redactor = Redactor::new().with_secret(&" abcdef\n".into());
        assert_eq!(redactor.redact("abcdef"), "***");
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
        let mut request = HttpRequest::get("http://localhost/");
        request
            .headers
            .insert("authorization", HeaderValue::from_static("Bearer abcdef"));
        assert_eq!(Redactor::of(&request).redact("Bearer abcdef"), "Bearer ***");
    }
}
