//! The cases: how many tokens, with or without log probabilities, streamed or whole, how many at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::future::join_all;

/// One row of the table.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) tokens: usize,
    pub(crate) top: bool,
    pub(crate) stream: bool,
    pub(crate) requests: usize,
    pub(crate) at_once: usize,
    /// Whether time is counted per request instead of per token.
    pub(crate) per_request: bool,
}

const STREAM: Case = Case {
    name: "",
    tokens: 200,
    top: false,
    stream: true,
    requests: 1,
    at_once: 1,
    per_request: false,
};

pub(crate) const CASES: [Case; 6] = [
    Case {
        name: "200 plain chunks",
        requests: 300,
        ..STREAM
    },
    Case {
        name: "200 plain chunks, 64 at once",
        requests: 1_280,
        at_once: 64,
        ..STREAM
    },
    Case {
        name: "2,000 chunks, top five",
        tokens: 2_000,
        top: true,
        requests: 30,
        ..STREAM
    },
    Case {
        name: "20,000 chunks, top five",
        tokens: 20_000,
        top: true,
        requests: 2,
        ..STREAM
    },
    Case {
        name: "invoke, 500 tokens, top five, 8 at once",
        tokens: 500,
        top: true,
        stream: false,
        requests: 240,
        at_once: 8,
        ..STREAM
    },
    Case {
        name: "one token, streamed: per request",
        tokens: 1,
        requests: 3_000,
        per_request: true,
        ..STREAM
    },
];

/// The request of a case, as a model's name tells the server.
#[derive(Clone, Copy)]
pub(crate) struct Wanted {
    pub(crate) tokens: usize,
    pub(crate) top: bool,
    pub(crate) stream: bool,
}

/// The part of one answer that a reader has read, so that none can be fast by leaving something out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) text: usize,
    /// `None` if the reader leaves log probabilities unread.
    pub(crate) tokens: Option<usize>,
}

impl Case {
    fn wanted(&self) -> Wanted {
        Wanted {
            tokens: self.tokens,
            top: self.top,
            stream: self.stream,
        }
    }

    /// Plays the case. Returns the seconds of CPU time of this process, and how many units it had.
    pub(crate) async fn run<C, F>(
        &self,
        client: impl Fn(Wanted) -> C,
        ask: impl Fn(Arc<C>, Wanted) -> F + Copy,
    ) -> (f64, usize)
    where
        C: Send + Sync + 'static,
        F: Future<Output = Seen> + Send + 'static,
    {
        // A first request opens the connection and faults the code in.
        let small = Wanted {
            tokens: 8,
            ..self.wanted()
        };
        check(ask(Arc::new(client(small)), small).await, small);

        let wanted = self.wanted();
        let client = Arc::new(client(wanted));
        let next = Arc::new(AtomicUsize::new(0));
        let before = cpu();
        let total = self.requests;
        let tasks = (0..self.at_once).map(|_| {
            let (client, next) = (Arc::clone(&client), Arc::clone(&next));
            let one = move || ask(Arc::clone(&client), wanted);
            async move {
                while next.fetch_add(1, Ordering::Relaxed) < total {
                    check(one().await, wanted);
                }
            }
        });
        join_all(tasks).await;
        let seconds = cpu() - before;
        (seconds, if self.per_request { total } else { total * self.tokens })
    }
}

fn check(seen: Seen, wanted: Wanted) {
    assert_eq!(seen.text, 5 * wanted.tokens, "the length of the text");
    if let Some(tokens) = seen.tokens {
        assert_eq!(
            tokens,
            if wanted.top { 6 * wanted.tokens } else { 0 },
            "tokens and their alternatives"
        );
    }
}

/// The CPU time that the process has used, in seconds.
fn cpu() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}
