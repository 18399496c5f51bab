//! How long each part of a call may take.

use std::time::Duration;

/// The timers of a client, all on by default.
///
/// How long connecting may take belongs to the transport
/// ([`ReqwestTransport::with_connect_timeout`](crate::ReqwestTransport::with_connect_timeout)).
///
/// # Examples
///
/// ```
/// use cadena_http::Timers;
/// use std::time::Duration;
///
/// let timers = Timers::default().idle(Duration::from_secs(30)).total(Duration::from_secs(300));
/// assert_eq!(timers.first_event, Duration::from_secs(120));
/// assert_eq!(timers.total, Some(Duration::from_secs(300)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Timers {
    /// From sending a request to the first event of its stream: 120 s. Each try has its own.
    ///
    /// Then [`ErrorKind::Timeout`](cadena_core::ErrorKind::Timeout), or [`ErrorKind::Stalled`](cadena_core::ErrorKind::Stalled) if
    /// the stream was open already. Neither is retried: the server may be at work.
    pub first_event: Duration,
    /// From one event of a stream to the next: 120 s. Only events with data count, comments do not; the time that the consumer takes
    /// does not count either.
    ///
    /// Then [`ErrorKind::Stalled`](cadena_core::ErrorKind::Stalled).
    pub idle: Duration,
    /// From one piece of a streamed answer to the next: 600 s. A piece is text, reasoning, part of a call, a refusal, log
    /// probabilities, usage or a finish reason; events with empty deltas, with a role only or without choices do not count. The time that
    /// the consumer takes does not count. `Duration::MAX` switches it off.
    ///
    /// It ends a stream that is kept alive and never comes to anything. A reasoning model may think for minutes while its server
    /// sends empty events, so it gets as long as a whole answer ([`answer`](Self::answer)); [`idle`](Self::idle) ends a stream without
    /// any events much earlier. Then [`ErrorKind::Stalled`](cadena_core::ErrorKind::Stalled).
    pub progress: Duration,
    /// From sending a request to the end of a whole (not streamed) answer: 600 s. Each try has its own.
    ///
    /// Longer than the others, as nothing arrives until a model has finished. Then
    /// [`ErrorKind::Timeout`](cadena_core::ErrorKind::Timeout), not retried.
    pub answer: Duration,
    /// For a whole call with all its tries, pauses and events; none by default. A call's own deadline may be earlier
    /// ([`CallOptions::deadline`](crate::CallOptions::deadline)).
    pub total: Option<Duration>,
    /// For the body of a failed answer: 10 s. The error is made of the part that has arrived by then.
    pub error_body: Duration,
    /// How long [`SseStream::drain`](crate::SseStream::drain) waits for the end of a body: 100 ms.
    pub drain: Duration,
}

impl Timers {
    /// Sets [`first_event`](Self::first_event).
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::time::Duration;
    /// let timers = cadena_http::Timers::default().first_event(Duration::from_secs(9));
    /// assert_eq!(timers.first_event.as_secs(), 9);
    /// ```
    #[must_use]
    pub fn first_event(mut self, time: Duration) -> Self {
        self.first_event = time;
        self
    }

    /// Sets [`idle`](Self::idle).
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::time::Duration;
    /// assert_eq!(cadena_http::Timers::default().idle(Duration::from_secs(9)).idle.as_secs(), 9);
    /// ```
    #[must_use]
    pub fn idle(mut self, time: Duration) -> Self {
        self.idle = time;
        self
    }

    /// Sets [`progress`](Self::progress).
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::time::Duration;
    /// let timers = cadena_http::Timers::default().progress(Duration::from_secs(9));
    /// assert_eq!(timers.progress.as_secs(), 9);
    /// ```
    #[must_use]
    pub fn progress(mut self, time: Duration) -> Self {
        self.progress = time;
        self
    }

    /// Sets [`answer`](Self::answer).
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::time::Duration;
    /// assert_eq!(cadena_http::Timers::default().answer(Duration::from_secs(9)).answer.as_secs(), 9);
    /// ```
    #[must_use]
    pub fn answer(mut self, time: Duration) -> Self {
        self.answer = time;
        self
    }

    /// Sets [`total`](Self::total); `None` takes it away.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::time::Duration;
    /// let timers = cadena_http::Timers::default().total(Duration::from_secs(9));
    /// assert_eq!(timers.total(None).total, None);
    /// ```
    #[must_use]
    pub fn total(mut self, time: impl Into<Option<Duration>>) -> Self {
        self.total = time.into();
        self
    }

    /// Sets [`error_body`](Self::error_body).
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::time::Duration;
    /// assert_eq!(cadena_http::Timers::default().error_body(Duration::ZERO).error_body.as_secs(), 0);
    /// ```
    #[must_use]
    pub fn error_body(mut self, time: Duration) -> Self {
        self.error_body = time;
        self
    }

    /// Sets [`drain`](Self::drain).
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::time::Duration;
    /// assert_eq!(cadena_http::Timers::default().drain(Duration::ZERO).drain.as_secs(), 0);
    /// ```
    #[must_use]
    pub fn drain(mut self, time: Duration) -> Self {
        self.drain = time;
        self
    }
}

impl Default for Timers {
    fn default() -> Self {
        Self {
            first_event: Duration::from_secs(120),
            idle: Duration::from_secs(120),
            progress: Duration::from_secs(600),
            answer: Duration::from_secs(600),
            total: None,
            error_body: Duration::from_secs(10),
            drain: Duration::from_millis(100),
        }
    }
}
