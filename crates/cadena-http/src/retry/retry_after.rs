//! How long a server asks to wait.

use std::time::{Duration, SystemTime};

use http::HeaderMap;

/// Reads how long a server asks to wait: `retry-after-ms`, else `Retry-After` in seconds, fractions of them, or as an HTTP date.
///
/// Returns `None` if there is no such header, or if its value makes no sense: not a number, infinite, negative, zero or past.
/// [`RetryPolicy::max_retry_after`](crate::RetryPolicy::max_retry_after) decides which wait is too long.
///
/// # Examples
///
/// ```
/// use cadena_http::retry_after;
/// use http::{HeaderMap, HeaderValue, header};
/// use std::time::{Duration, SystemTime};
///
/// let headers = HeaderMap::from_iter([(header::RETRY_AFTER, HeaderValue::from_static("1.5"))]);
/// assert_eq!(retry_after(&headers, SystemTime::now()), Some(Duration::from_millis(1500)));
/// ```
#[must_use]
pub fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = |name| Some(headers.get(name)?.to_str().ok()?.trim());
    let millis = text("retry-after-ms")
        .and_then(|text| text.parse::<f64>().ok())
        .and_then(|ms| seconds(ms / 1000.0));
    millis.or_else(|| {
        let text = text("retry-after")?;
        match text.parse::<f64>() {
            Ok(number) => seconds(number),
            Err(_) => httpdate::parse_http_date(text)
                .ok()?
                .duration_since(now)
                .ok()
                .filter(|wait| !wait.is_zero()),
        }
    })
}

fn seconds(number: f64) -> Option<Duration> {
    // Positive and finite, but beyond what a duration holds: the longest one means the same.
    let wait = || Duration::try_from_secs_f64(number).unwrap_or(Duration::MAX);
    (number.is_finite() && number > 0.0)
        .then(wait)
        .filter(|wait| !wait.is_zero())
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    #[track_caller]
    fn check(pairs: &[(&'static str, &'static str)], expected: Option<Duration>) {
        let headers = pairs
            .iter()
            .map(|(k, v)| (HeaderName::from_static(k), HeaderValue::from_static(v)))
            .collect();
        // Sun, 06 Nov 1994 08:49:37 GMT
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
        assert_eq!(retry_after(&headers, now), expected, "{pairs:?}");
    }

    #[test]
    fn waits_are_read_in_all_their_forms() {
        check(&[], None);
        check(&[("retry-after", "2")], Some(Duration::from_secs(2)));
        check(&[("retry-after", " 1.5 ")], Some(Duration::from_millis(1500)));
        check(
            &[("retry-after", "Sun, 06 Nov 1994 08:49:57 GMT")],
            Some(Duration::from_secs(20)),
        );
        check(
            &[("retry-after-ms", "250"), ("retry-after", "9")],
            Some(Duration::from_millis(250)),
        );
        check(
            &[("retry-after-ms", "soon"), ("retry-after", "9")],
            Some(Duration::from_secs(9)),
        );
        check(&[("retry-after", "86400")], Some(Duration::from_secs(86_400)));
        check(&[("retry-after", "1e300")], Some(Duration::MAX));
    }

    #[test]
    fn nonsense_is_no_wait() {
        for text in [
            "nan", "NaN", "inf", "-inf", "infinity", "1e400", "-5", "0", "-0", "1e-30", "soon", "", "\u{1}",
        ] {
            let Ok(value) = HeaderValue::from_str(text) else {
                continue;
            };
            let headers = HeaderMap::from_iter([(http::header::RETRY_AFTER, value)]);
            assert_eq!(retry_after(&headers, SystemTime::now()), None, "{text}");
        }
        check(&[("retry-after", "Sun, 06 Nov 1994 08:49:36 GMT")], None);
        check(&[("retry-after", "Sun, 06 Nov 1994 08:49:37 GMT")], None);
    }
}
