//! A batch with a progress bar: results come as they are ready.
//!
//! Run it with `cargo run --features progress --example progress`. It shows a bar while the answers come, then prints them in their order.

use cadena::prelude::*;
use indicatif::ProgressBar;

#[tokio::main(flavor = "current_thread")]
async fn main() -> cadena::Result<()> {
    let model = cadena_examples::model()?; // or `ChatOpenAI::new("gpt-4o-mini")`
    for text in ask(model, &ProgressBar::no_length()).await? {
        println!("{text}");
    }
    Ok(())
}

/// Asks for several texts at once and moves the bar with each one that is ready.
pub(crate) async fn ask(model: impl ChatModel, bar: &ProgressBar) -> cadena::Result<Vec<String>> {
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

    let named = wanted.iter().zip(texts).map(|(what, text)| format!("{what}: {text}"));
    Ok(named.collect())
}
