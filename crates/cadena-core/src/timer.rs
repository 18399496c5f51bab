//! Waits on tokio's clock, which fail without a panic where there is no runtime.

use std::time::Duration;

use tokio::runtime::Handle;

use crate::{Error, ErrorKind, Result};

/// Waits, or returns an error outside a runtime.
pub(crate) async fn sleep(time: Duration) -> Result<()> {
    check()?;
    tokio::time::sleep(time).await;
    Ok(())
}

/// Returns an error if there is no runtime to wait in.
pub(crate) fn check() -> Result<()> {
    match Handle::try_current() {
        Ok(_) => Ok(()),
        Err(_) => {
            let error = Error::new(ErrorKind::Config, "a wait needs tokio's timers");
            Err(error.with_hint("run it in a tokio runtime with its time driver on"))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use futures::executor::block_on;

    use super::*;
    use crate::{ChatModelExt, EchoModel, RateLimiter, RetryOptions, RunConfig, RunnableExt, lambda};

    #[test]
    fn a_wait_outside_of_a_runtime_is_an_error_and_no_panic() {
        let error = block_on(sleep(Duration::from_millis(1))).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);

        let failing = lambda(|_: i32| Err::<i32, _>(Error::new(ErrorKind::Server, "it failed")));
        let error = block_on(failing.with_retry(RetryOptions::new()).invoke(1)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        // The error that made the wait necessary is kept as the source.
        assert!(
            error
                .source()
                .is_some_and(|source| source.to_string().contains("it failed"))
        );

        let step = lambda(|n: i32| n);
        let limited = step.invoke_with(1, RunConfig::new().timeout(Duration::from_secs(9)));
        assert_eq!(block_on(limited).unwrap_err().kind(), ErrorKind::Config);

        let model = EchoModel::new().with_rate_limiter(RateLimiter::per_second(1));
        assert!(block_on(model.invoke("one")).is_ok());
        assert_eq!(block_on(model.invoke("two")).unwrap_err().kind(), ErrorKind::Config);
    }
}
