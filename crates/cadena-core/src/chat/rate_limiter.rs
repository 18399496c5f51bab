//! [`RateLimiter`]: a limit on how often models are called.

mod bucket;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use self::bucket::Bucket;
use crate::{Error, ErrorKind, Result, timer};

const MINUTE: Duration = Duration::from_secs(60);

/// A limit on how often models are called: requests per period, and optionally tokens per minute.
///
/// Set it on a model by [`with_rate_limiter`](crate::ChatModelExt::with_rate_limiter). Clones share the limit: set clones of one limiter on all
/// models of an account. A limiter begins full, so the first request never waits; then requests leave in the order in which they came, each at the
/// exact moment that the limit allows. The limiter does not poll.
///
/// A call that is dropped or cancelled while it waits uses nothing of the limit. If the wait does not fit into the time that the call has, the call
/// fails at once. Waiting needs a tokio runtime with time enabled.
///
/// # Examples
///
/// ```
/// use cadena_core::{ChatModelExt, EchoModel, RateLimiter, RunnableExt};
/// use std::time::Duration;
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
/// let model = EchoModel::new().with_rate_limiter(RateLimiter::per_second(2));
/// let start = tokio::time::Instant::now();
/// model.batch(["one", "two", "three"]).await;
/// assert_eq!(start.elapsed(), Duration::from_secs(1));
/// # });
/// ```
#[derive(Clone)]
#[must_use = "a limiter limits nothing until it is given to a model"]
pub struct RateLimiter {
    shared: Arc<Shared>,
}

struct Shared {
    /// The lock of the call that waits for the limit; the other calls wait for the lock, first come, first served.
    turn: tokio::sync::Mutex<()>,
    state: Mutex<State>,
}

#[derive(Clone)]
struct State {
    requests: Bucket,
    tokens: Option<Bucket>,
    waiting: Cost,
}

/// The cost of one request or of several together.
#[derive(Clone, Copy, Default)]
struct Cost {
    requests: u64,
    tokens: u64,
}

impl RateLimiter {
    /// Makes a limiter of this many requests in each period, evenly spaced; 0 counts as 1.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{ChatModelExt, EchoModel, RateLimiter, RunnableExt};
    /// use std::time::Duration;
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
    /// let model = EchoModel::new().with_rate_limiter(RateLimiter::new(2, Duration::from_secs(10)));
    /// let start = tokio::time::Instant::now();
    /// model.batch(["one", "two"]).await;
    /// assert_eq!(start.elapsed(), Duration::from_secs(5));
    /// # });
    /// ```
    pub fn new(requests: u32, period: Duration) -> Self {
        Self::of(State {
            requests: Bucket::new(requests.into(), period, 1),
            tokens: None,
            waiting: Cost::default(),
        })
    }

    /// Makes a limiter of this many requests per second, evenly spaced; 0 counts as 1.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{ChatModelExt, EchoModel, RateLimiter, RunnableExt};
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
    /// let model = EchoModel::new().with_rate_limiter(RateLimiter::per_second(4));
    /// let start = tokio::time::Instant::now();
    /// model.batch(["one", "two"]).await;
    /// assert_eq!(start.elapsed().as_millis(), 250);
    /// # });
    /// ```
    pub fn per_second(requests: u32) -> Self {
        Self::new(requests, Duration::from_secs(1))
    }

    /// Makes a limiter of this many requests per minute, evenly spaced; 0 counts as 1.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{ChatModelExt, EchoModel, RateLimiter, RunnableExt};
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
    /// let model = EchoModel::new().with_rate_limiter(RateLimiter::per_minute(30));
    /// let start = tokio::time::Instant::now();
    /// model.batch(["one", "two"]).await;
    /// assert_eq!(start.elapsed().as_secs(), 2);
    /// # });
    /// ```
    pub fn per_minute(requests: u32) -> Self {
        Self::new(requests, MINUTE)
    }

    /// Sets how many requests may leave at once after a pause; default: 1.
    ///
    /// The new limiter begins full, and shares nothing with clones of the old one.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{ChatModelExt, EchoModel, RateLimiter, RunnableExt};
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
    /// let model = EchoModel::new().with_rate_limiter(RateLimiter::per_minute(60).burst(3));
    /// let start = tokio::time::Instant::now();
    /// model.batch(["one", "two", "three", "four"]).await;
    /// assert_eq!(start.elapsed().as_secs(), 1); // for the fourth one only
    /// # });
    /// ```
    pub fn burst(self, requests: u32) -> Self {
        let mut state = self.lock().fresh();
        state.requests = state.requests.with_capacity(requests.into());
        Self::of(state)
    }

    /// Sets how many tokens may leave per minute; default: no limit.
    ///
    /// The tokens of a minute may leave at once. The limiter counts a request as an [estimate](crate::count_tokens_approximately) of its messages
    /// plus its `max_tokens`; when the answer reports its usage, that number counts instead. A request that is larger than the limit leaves when
    /// the limiter is full. The new limiter begins full, and shares nothing with clones of the old one.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{ChatModelExt, EchoModel, RateLimiter, RunnableExt};
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
    /// let model = EchoModel::new().with_rate_limiter(RateLimiter::per_second(100).tokens_per_minute(1));
    /// let start = tokio::time::Instant::now();
    /// model.invoke("one").await?; // leaves at once, although it takes more than one token
    /// model.invoke("two").await?;
    /// assert!(start.elapsed().as_secs() >= 60);
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    pub fn tokens_per_minute(self, tokens: u32) -> Self {
        let mut state = self.lock().fresh();
        state.tokens = Some(Bucket::new(tokens.into(), MINUTE, tokens.into()));
        Self::of(state)
    }

    fn of(state: State) -> Self {
        Self {
            shared: Arc::new(Shared {
                turn: tokio::sync::Mutex::default(),
                state: Mutex::new(state),
            }),
        }
    }

    /// Returns whether the limiter counts the tokens of a request.
    pub(super) fn counts_tokens(&self) -> bool {
        self.lock().tokens.is_some()
    }

    /// Waits until a request may leave.
    pub(super) async fn acquire(&self, tokens: u64, deadline: Option<Instant>) -> Result<()> {
        let cost = Cost { requests: 1, tokens };
        let _place = self.queue(cost, deadline)?;
        let _turn = self.shared.turn.lock().await;
        loop {
            let now = Instant::now();
            let wait = {
                let mut state = self.lock();
                let wait = state.wait(now, Cost::default(), cost);
                if wait.is_zero() {
                    state.take(now, cost);
                    return Ok(());
                }
                wait
            };
            // The loop sleeps once, unless an answer used more tokens than the limiter had counted for it.
            timer::sleep(wait).await?;
        }
    }

    /// Takes the last place among the waiting calls, if the call has the time to wait.
    fn queue(&self, cost: Cost, deadline: Option<Instant>) -> Result<Place<'_>> {
        let now = Instant::now();
        let mut state = self.lock();
        let wait = state.wait(now, state.waiting, cost);
        if let Some(left) = deadline.map(|deadline| deadline.saturating_duration_since(now))
            && wait > left
        {
            let detail = format!("the rate limiter would hold the call back for {wait:?}, and it has {left:?} left");
            let hint = "raise `RunConfig::timeout`, or ask less often";
            return Err(Error::new(ErrorKind::RateLimited, detail)
                .with_hint(hint)
                .with_retry_after(wait));
        }
        state.waiting.requests += cost.requests;
        state.waiting.tokens = state.waiting.tokens.saturating_add(cost.tokens);
        Ok(Place { limiter: self, cost })
    }

    /// Replaces the expected tokens of a request by the tokens that the answer used.
    pub(super) fn settle(&self, expected: u64, used: u64) {
        if let Some(tokens) = &mut self.lock().tokens {
            tokens.correct(Instant::now(), expected, used);
        }
    }

    /// Locks the state. Every change is whole before the lock is released, so a panic elsewhere spoils nothing.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Returns the same limits, full and with no call waiting.
    fn fresh(&self) -> Self {
        Self {
            requests: self.requests.fresh(),
            tokens: self.tokens.as_ref().map(Bucket::fresh),
            waiting: Cost::default(),
        }
    }

    fn wait(&self, now: Instant, before: Cost, cost: Cost) -> Duration {
        let requests = self.requests.wait(now, before.requests, cost.requests);
        let tokens = self.tokens.as_ref();
        requests.max(tokens.map_or(Duration::ZERO, |tokens| tokens.wait(now, before.tokens, cost.tokens)))
    }

    fn take(&mut self, now: Instant, cost: Cost) {
        self.requests.take(now, cost.requests);
        if let Some(tokens) = &mut self.tokens {
            tokens.take(now, cost.tokens);
        }
    }
}

/// A place among the waiting calls, released when the call leaves or is dropped.
struct Place<'a> {
    limiter: &'a RateLimiter,
    cost: Cost,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let waiting = &mut self.limiter.lock().waiting;
        waiting.requests = waiting.requests.saturating_sub(self.cost.requests);
        waiting.tokens = waiting.tokens.saturating_sub(self.cost.tokens);
    }
}

impl fmt::Debug for RateLimiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.lock();
        f.debug_struct("RateLimiter")
            .field("requests", &state.requests)
            .field("tokens", &state.tokens)
            .field("waiting", &state.waiting.requests)
            .finish()
    }
}
