//! The call of a tool with its limits: a panic and a timeout become errors.

use std::future::Future;
use std::time::Duration;

use crate::runnable::caught_future;
use crate::{Error, ErrorKind, Result, timer};

pub(super) async fn limited<T>(limit: Option<Duration>, future: impl Future<Output = Result<T>>) -> Result<T> {
    let caught = caught_future(future);
    let Some(limit) = limit else {
        return caught.await;
    };
    timer::check()?;
    tokio::time::timeout(limit, caught).await.unwrap_or_else(|_| {
        let detail = format!("it took longer than {limit:?}");
        Err(Error::new(ErrorKind::Timeout, detail))
    })
}
