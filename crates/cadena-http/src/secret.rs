//! Keys that never print.

use std::fmt;
use std::sync::Arc;

use cadena_core::{Error, ErrorKind, Result};
use http::{HeaderMap, HeaderName, HeaderValue};

/// The text that replaces a secret.
pub(crate) const MASK: &str = "***";

/// An API key or another text that must not be printed, logged or stored.
///
/// `Debug` and `Display` print `***`; there is no `Serialize`. Clones share one allocation.
///
/// # Examples
///
/// ```
/// use cadena_http::Secret;
///
/// let key = Secret::new("sk-abcdef");
/// assert_eq!(format!("{key} {key:?}"), "*** ***");
/// assert_eq!(key.expose(), "sk-abcdef");
/// assert!(key.bearer()?.is_sensitive());
/// # Ok::<_, cadena_core::Error>(())
/// ```
#[derive(Clone)]
pub struct Secret(Arc<str>);

impl Secret {
    /// Wraps a secret text.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(cadena_http::Secret::new("sk-abcdef").to_string(), "***");
    /// ```
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into().into())
    }

    /// Reads a secret from an environment variable; white space around it is cut off.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::ErrorKind;
    /// use cadena_http::Secret;
    ///
    /// let error = Secret::from_env("CADENA_NO_SUCH_KEY").unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::Config);
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] if the variable is missing, empty or not Unicode: set it.
    pub fn from_env(name: &str) -> Result<Self> {
        let problem = match std::env::var(name) {
            Ok(text) if text.trim().is_empty() => "is empty",
            Ok(text) => return Ok(Self::new(text.trim())),
            Err(std::env::VarError::NotPresent) => "is not set",
            // The error's own text would print the value.
            Err(std::env::VarError::NotUnicode(_)) => "is not Unicode",
        };
        Err(Error::new(
            ErrorKind::Config,
            format!("the environment variable `{name}` {problem}"),
        ))
    }

    /// Returns the text itself, which is not masked any more.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(cadena_http::Secret::new("sk-abcdef").expose(), "sk-abcdef");
    /// ```
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Returns the secret as the value of a header, marked as sensitive.
    ///
    /// # Examples
    ///
    /// ```
    /// let value = cadena_http::Secret::new("abcdef").header_value()?;
    /// assert_eq!(format!("{value:?}"), "Sensitive");
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] if it holds a line break, as a key does that was read from a file, or another character that no header
    /// may hold.
    pub fn header_value(&self) -> Result<HeaderValue> {
        sensitive(&self.0)
    }

    /// Returns the value of an `authorization` header, `Bearer` and the secret, marked as sensitive.
    ///
    /// # Examples
    ///
    /// ```
    /// let value = cadena_http::Secret::new("abcdef").bearer()?;
    /// assert_eq!(value.to_str().unwrap(), "Bearer abcdef");
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`header_value`](Self::header_value).
    pub fn bearer(&self) -> Result<HeaderValue> {
        sensitive(&format!("Bearer {}", self.0))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

fn sensitive(text: &str) -> Result<HeaderValue> {
    // The source is left out: its text is fixed today, but nothing promises that it stays without the value.
    let mut value = HeaderValue::from_str(text).map_err(|_| unfit(text))?;
    value.set_sensitive(true);
    Ok(value)
}

/// why a header cannot hold a secret, without the secret.
fn unfit(text: &str) -> Error {
    let error = |detail: &'static str| Error::new(ErrorKind::Config, detail);
    let bare = text.trim_end();
    match bare.len() < text.len() && HeaderValue::from_str(bare).is_ok() {
        true => error("the key ends in a line break").with_hint("cut it off before you give it, as `key.trim()` does"),
        false if text.contains(['\n', '\r']) => {
            error("the key holds a line break").with_hint("give one line: the key alone")
        }
        false => {
            error("the key holds a character that no header may hold").with_hint("give the key as the server issued it")
        }
    }
}

/// Whether a header carries a key even if nobody marked its value.
pub(crate) fn is_secret_header(name: &HeaderName) -> bool {
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
    use super::*;

    #[test]
    fn a_secret_with_a_line_break_is_a_configuration_error() {
        let error = Secret::new("abc\ndef").bearer().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(!format!("{error} {error:?}").contains("abc"));
    }

    #[test]
    fn an_error_about_a_secret_names_what_is_wrong_with_it_and_the_cure() {
        for (secret, said) in [
            ("abcdef\n", "the key ends in a line break; cut it off"),
            ("abcdef \r\n", "the key ends in a line break; cut it off"),
            ("abc\ndef", "the key holds a line break; give one line"),
            ("abc\ndef\n", "the key holds a line break; give one line"),
            (
                "abc\0",
                "the key holds a character that no header may hold; give the key",
            ),
        ] {
            for error in [Secret::new(secret).bearer(), Secret::new(secret).header_value()] {
                let error = error.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::Config);
                assert!(error.to_string().contains(said), "{error}");
            }
        }
    }
}
