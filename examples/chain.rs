//! A chain: a prompt, a model, a parser; whole and token by token.
//!
//! Run it with `cargo run --example chain`. It prints a joke about bears, then the same joke as its tokens arrive.

use std::io::Write;
use std::process::ExitCode;

use cadena::{ChatModel, ChatPromptTemplate, Result, RunnableExt, StrOutputParser, dict};
use cadena_examples::failed_to_write;
use futures::TryStreamExt;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let mut out = std::io::stdout();
    cadena_examples::finish(match cadena_examples::model(&mut out) {
        Ok(model) => run(model, &mut out).await,
        Err(error) => Err(error),
    })
}

/// Asks for a joke twice, whole and in chunks.
pub(crate) async fn run(model: impl ChatModel, out: &mut (dyn Write + Send)) -> Result<()> {
    let prompt = ChatPromptTemplate::from_messages([
        ("system", "You answer in one short sentence."),
        ("human", "Tell me a joke about {topic}."),
    ])?;
    let chain = prompt | model | StrOutputParser;

    let joke = chain.invoke(dict! {"topic": "bears"}).await?;
    writeln!(out, "{joke}").map_err(failed_to_write)?;

    let mut pieces = chain.stream(dict! {"topic": "bears"});
    while let Some(piece) = pieces.try_next().await? {
        write!(out, "{piece}|").map_err(failed_to_write)?;
    }
    writeln!(out).map_err(failed_to_write)
}
