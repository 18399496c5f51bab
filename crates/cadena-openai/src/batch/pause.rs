//! A wait that is an error where there is no runtime to wait in.

use std::time::Duration;

use cadena_core::{Error, ErrorKind, Result};

/// Waits.
pub(super) async fn pause(time: Duration) -> Result<()> {
    if tokio::runtime::Handle::try_current().is_err() {
        let error = Error::new(ErrorKind::Config, "a wait needs tokio's timers");
        return Err(error.with_hint("run it in a tokio runtime with its time driver on"));
    }
    tokio::time::sleep(time).await;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_outside_of_a_runtime_is_an_error() {
        let error = futures::executor::block_on(pause(Duration::ZERO)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
    }
}
