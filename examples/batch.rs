//! Many prompts that can wait a day, at half the price: submitted, taken up again after a restart, and read with log probabilities.
//!
//! Run it with `cargo run --example batch`. The state that must survive a restart is kept in a small file, so with a key you may stop it
//! while it waits and run it again. It prints how sure the model is of each answer, and why one request was refused.

use std::path::Path;
use std::{env, fs, io};

use cadena::messages::Logprobs;
use cadena::openai::BatchJobHandle;
use cadena::prelude::*;
use cadena::{Error, ErrorKind};

const REVIEWS: [&str; 3] = [
    "The pears were ripe and the driver was kind.",
    "Half of the pears were rotten.",
    "A review that the content filter refuses.",
];

#[tokio::main(flavor = "current_thread")]
async fn main() -> cadena::Result<()> {
    let model = cadena_examples::batch_model()?; // or `ChatOpenAI::new("gpt-4o-mini")`
    let llm = model.with_options(ChatOptions::new().logprobs(true));
    let rows = REVIEWS.iter().enumerate();
    let rows = rows.map(|(n, text)| (format!("review-{n}"), format!("Positive? Answer yes or no: {text}")));

    // A handle that has begun goes on; one that is complete skips all rows and costs nothing.
    let file = env::temp_dir().join("cadena-example-batch.json");
    let mut handle = load(&file).map_err(unusable)?;
    let path = file.clone();
    let submission = llm
        .batch_job()
        .on_batch(move |handle| store(&path, handle).map_err(unusable));
    submission.submit(&mut handle, rows).await?;

    // From here on nothing but the stored handle is needed: this could be another process, tomorrow.
    let job = llm.batch_job_from(load(&file).map_err(unusable)?);
    let status = job.status().await?;
    println!("{} of {} answered", status.completed(), status.total());
    let mut results = job.results();
    while let Some((id, answer)) = results.try_next().await? {
        match answer {
            Ok(message) => {
                let sum = |all: &Logprobs| all.tokens().map(|token| token.logprob).sum();
                let sure: f64 = message.logprobs().map_or(f64::NAN, sum);
                println!("{id}: {} (probability {:.2})", message.text(), sure.exp());
            }
            Err(error) => println!("{id}: {error}"),
        }
    }
    fs::remove_file(file).map_err(unusable)
}

fn load(file: &Path) -> io::Result<BatchJobHandle> {
    match fs::read(file) {
        Ok(stored) => Ok(serde_json::from_slice(&stored)?),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(BatchJobHandle::new()),
        Err(error) => Err(error),
    }
}

fn store(file: &Path, handle: &BatchJobHandle) -> io::Result<()> {
    fs::write(file, serde_json::to_vec(handle)?)
}

fn unusable(error: io::Error) -> Error {
    Error::wrap(ErrorKind::Storage, "the file of the job's state cannot be used", error)
}
