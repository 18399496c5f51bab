//! Many prompts that can wait a day, at half the price: submitted, taken up again after a restart, and read with log probabilities.
//!
//! Run it with `cargo run --example batch`. What must survive a restart is kept in a small file, so with a key you may stop it while it
//! waits and run it again. It prints how sure the model is of each answer, and what went wrong with the request that was refused.

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use cadena::{ChatOpenAI, ChatOptions, Logprobs, Result};
use cadena_examples::{failed_to_write, load, save};
use futures::TryStreamExt;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let mut out = std::io::stdout();
    // A replayed job and a real one have nothing in common.
    let mode = if cadena_examples::is_live() { "live" } else { "replay" };
    let kept = std::env::temp_dir().join(format!("cadena-example-batch-{mode}.json"));
    let ended = async { run(cadena_examples::batch_model(&mut out)?, &kept, &mut out).await };
    cadena_examples::finish(ended.await)
}

const REVIEWS: [&str; 3] = [
    "The pears were ripe and the driver was kind.",
    "Half of the pears were rotten.",
    "A review that the content filter refuses.",
];

/// Submits what has not been submitted, then waits for it and reads it.
pub(crate) async fn run(llm: ChatOpenAI, kept: &Path, out: &mut (dyn Write + Send)) -> Result<()> {
    let llm = llm.with_options(ChatOptions::new().logprobs(true));
    let rows = REVIEWS.iter().enumerate();
    let rows = rows.map(|(n, text)| (format!("review-{n}"), format!("Positive? Answer yes or no: {text}")));

    // A handle that has begun goes on; one that is complete passes all rows over and costs nothing.
    let mut handle = load(kept)?;
    let path = kept.to_owned();
    let submission = llm.batch_job().on_batch(move |handle| save(&path, handle));
    submission.submit(&mut handle, rows).await?;

    // From here on nothing but the stored handle is needed: this could be another process, tomorrow.
    let job = llm.batch_job_from(load(kept)?);
    let status = job.status().await?;
    writeln!(out, "{} of {} answered", status.completed(), status.total()).map_err(failed_to_write)?;
    let mut results = job.results();
    while let Some((id, answer)) = results.try_next().await? {
        match answer {
            Ok(message) => {
                let sum = |all: &Logprobs| all.tokens().map(|token| token.logprob).sum();
                let sure: f64 = message.logprobs().map_or(f64::NAN, sum);
                writeln!(out, "{id}: {} (probability {:.2})", message.text(), sure.exp())
            }
            Err(error) => writeln!(out, "{id}: {error}"),
        }
        .map_err(failed_to_write)?;
    }
    std::fs::remove_file(kept).map_err(failed_to_write)
}
