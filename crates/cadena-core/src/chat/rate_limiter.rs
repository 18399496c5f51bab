//! How often a model may be asked.

mod bucket;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use self::bucket::Bucket;
use crate::{Error, ErrorKind, Result, timer};

const MINUTE: Duration = Duration::from_secs(60);

/// How often models may be asked: requests per time, and tokens per minute if that is limited too.
///
/// Give it to a model by [`with_rate_limiter`](crate::ChatModelExt::with_rate_limiter). Clones share the limit: give one to all models of an account. A limiter begins full, so
/// the first request never waits; then requests leave in the order in which they came, each at the exact moment that the limit allows. Nothing polls.
///
/// A call that is dropped or cancelled while it waits takes nothing. If the wait does not fit into the time that the call has, the call fails at once.
/// Waiting needs a tokio runtime with time enabled.
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
    /// Held by the one that waits for the limit; the others wait for it, first come, first served.
    turn: tokio::sync::Mutex<()>,
    state: Mutex<State>,
}

#[derive(Clone)]
struct State {
    requests: Bucket,
    tokens: Option<Bucket>,
    waiting: Cost,
}

/// What one request takes, or several.
#[derive(Clone, Copy, Default)]
struct Cost {
    requests: u64,
    tokens: u64,
}

impl RateLimiter {
    /// This many requests in each period, evenly spaced; 0 counts as 1.
    pub fn new(requests: u32, period: Duration) -> Self {
        Self::of(State {
            requests: Bucket::new(requests.into(), period, 1),
            tokens: None,
            waiting: Cost::default(),
        })
    }

    /// This many requests per second, evenly spaced; 0 counts as 1.
    pub fn per_second(requests: u32) -> Self {
        Self::new(requests, Duration::from_secs(1))
    }

    /// This many requests per minute, evenly spaced; 0 counts as 1.
    pub fn per_minute(requests: u32) -> Self {
        Self::new(requests, MINUTE)
    }

    /// Sets how many requests may leave at once after a pause; default: 1. The limiter counts anew.
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

    /// Limits tokens too; default: they are not limited. A minute's tokens may leave at once. The limiter counts anew.
    ///
    /// A request counts with an [estimate](crate::count_tokens_approximately) of its messages and with its `max_tokens`; when the answer says what it used,
    /// that counts instead. A request that is larger than the limit leaves when the limiter is full.
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

    /// Whether a request must say how many tokens it takes.
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
            // Once, unless an answer took more tokens than it was counted with.
            timer::sleep(wait).await?;
        }
    }

    /// Takes a place behind those who wait, if there is time for that.
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

    /// Puts what was really used in the place of what was expected.
    pub(super) fn settle(&self, expected: u64, used: u64) {
        if let Some(tokens) = &mut self.lock().tokens {
            tokens.correct(Instant::now(), expected, used);
        }
    }

    /// Every change is whole before the lock is released, so that a panic elsewhere spoils nothing.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The same limits, with nothing used and nobody waiting.
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

/// A place among those who wait, given up when the call leaves or is dropped.
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
