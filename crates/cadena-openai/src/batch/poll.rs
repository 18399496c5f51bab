//! Waiting for a batch: when to ask the server for its state again.

use std::fmt;
use std::time::Duration;

use cadena_core::Result;

use super::ids::{halves, hash};
use super::pause::pause;
use super::server::Server;
use super::status::Batch;

/// Asks for the state of batches, with growing pauses.
#[derive(Clone)]
pub(super) struct Poll {
    pub(super) server: Server,
    first: Duration,
    longest: Duration,
}

/// A pause of nothing would be a loop that does nothing else.
const SHORTEST: Duration = Duration::from_millis(1);

/// So many questions in a row may fail before a wait does: a day is long, and networks are not always there.
const LOST_IN_A_ROW: u32 = 20;

impl Poll {
    pub(super) fn new(server: Server) -> Self {
        Self {
            server,
            first: Duration::from_secs(5),
            longest: Duration::from_secs(60),
        }
    }

    pub(super) fn set_pauses(&mut self, first: Duration, longest: Duration) {
        (self.first, self.longest) = (first, longest);
    }

    /// Waits until a batch has ended.
    pub(super) async fn ended(&self, id: &str) -> Result<Batch> {
        let mut time = self.first;
        let mut lost = 0;
        loop {
            match self.server.batch(id).await {
                Ok(batch) if batch.status.is_final() => return Ok(batch),
                Ok(_) => lost = 0,
                Err(error) if lost >= LOST_IN_A_ROW || !error.is_retryable() => return Err(error),
                Err(_) => lost += 1,
            }
            time = time.min(self.longest);
            pause(spread(time, id).max(SHORTEST)).await?;
            time = time.saturating_mul(3) / 2;
        }
    }
}

impl fmt::Debug for Poll {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Poll")
            .field("first", &self.first)
            .field("longest", &self.longest)
            .finish_non_exhaustive()
    }
}

/// The pause, shortened by up to a quarter. The id decides, so that a test knows and two jobs differ.
fn spread(pause: Duration, id: &str) -> Duration {
    let [low, _] = halves(hash(id));
    let share = u32::try_from(low % 256).unwrap_or_default();
    pause.saturating_sub(pause / 1024 * share)
}
