//! Two questions at once, combined by a third step.
//!
//! Run it with `cargo run --example parallel`. It prints a joke and a poem about bears, asked for at the same time.

use std::io::Write;
use std::process::ExitCode;

use cadena::{ChatModel, ChatPromptTemplate, Dict, Result, RunnableExt, StrOutputParser, dict, lambda, parallel};
use cadena_examples::failed_to_write;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let mut out = std::io::stdout();
    cadena_examples::finish(match cadena_examples::model(&mut out) {
        Ok(model) => run(model, &mut out).await,
        Err(error) => Err(error),
    })
}

/// Asks for a joke and a poem, and puts them together.
pub(crate) async fn run(model: impl ChatModel + Clone, out: &mut (dyn Write + Send)) -> Result<()> {
    let ask = |what: &str| {
        let question = format!("Write a {what} about {{topic}} in one short sentence.");
        Ok::<_, cadena::Error>(ChatPromptTemplate::new().human(&question)? | model.clone() | StrOutputParser)
    };
    let both = parallel! {"joke": ask("joke")?, "poem": ask("poem")?};
    let combine = lambda(|both: Dict| {
        Ok::<_, cadena::Error>(format!(
            "JOKE: {}\nPOEM: {}",
            both.read::<String>("joke")?,
            both.read::<String>("poem")?
        ))
    });
    let chain = both | combine;

    let text = chain.invoke(dict! {"topic": "bears"}).await?;
    writeln!(out, "{text}").map_err(failed_to_write)
}
