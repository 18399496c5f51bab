//! A batch with a progress bar: results come as they are ready.
//!
//! Run it with `cargo run --features progress --example progress`. It shows a bar while the answers come, then prints them in their order.

use std::io::Write;
use std::process::ExitCode;

use cadena::{ChatModel, ChatPromptTemplate, Result, RunnableExt, StrOutputParser, dict};
use cadena_examples::failed_to_write;
use futures::StreamExt;
use indicatif::ProgressBar;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let mut out = std::io::stdout();
    cadena_examples::finish(match cadena_examples::model(&mut out) {
        Ok(model) => run(model, &ProgressBar::no_length(), &mut out).await,
        Err(error) => Err(error),
    })
}

/// Asks for several texts at once and moves the bar with each one that is ready.
pub(crate) async fn run(model: impl ChatModel, bar: &ProgressBar, out: &mut (dyn Write + Send)) -> Result<()> {
    let prompt = ChatPromptTemplate::new().human("Write a {what} about bears in one short sentence.")?;
    let chain = prompt | model | StrOutputParser;
    let wanted = ["joke", "poem"];

    bar.set_length(wanted.len() as u64);
    let mut texts = vec![String::new(); wanted.len()];
    let mut results = chain.batch_as_completed(wanted.map(|what| dict! {"what": what}));
    while let Some((index, text)) = results.next().await {
        bar.inc(1);
        if let Some(place) = texts.get_mut(index) {
            // One that failed does not stop the others.
            *place = text.unwrap_or_else(|error| error.to_string());
        }
    }
    bar.finish_and_clear();

    for (what, text) in wanted.iter().zip(texts) {
        writeln!(out, "{what}: {text}").map_err(failed_to_write)?;
    }
    Ok(())
}
