//! Sending with a key that is asked for.

use cadena_core::{ErrorKind, Result};
use cadena_http::HttpRequest;

use crate::config::Config;

/// Sends a request with a fresh key, if a function returns keys, and returns the request as it went out beside its answer.
///
/// A function may hold on to a token that the server no longer takes. So after the status 401 it is asked again, and the request is
/// sent once more if the key is another.
pub(crate) async fn send_with_key<T, F, Fut>(
    config: &Config,
    request: &HttpRequest,
    send: F,
) -> Result<(HttpRequest, T)>
where
    F: Fn(HttpRequest) -> Fut,
    Fut: Future<Output = Result<T>>,
{
    let Some(first) = config.authorize(request).await? else {
        let answer = send(request.clone()).await?;
        return Ok((request.clone(), answer));
    };
    let refused = match send(first.clone()).await {
        Err(error) if error.status() == Some(401) && error.kind() == ErrorKind::Authentication => error,
        outcome => return outcome.map(|answer| (first, answer)),
    };
    match config.authorize(request).await? {
        Some(second) if second.headers != first.headers => {
            let answer = send(second.clone()).await?;
            Ok((second, answer))
        }
        _ => Err(refused),
    }
}
