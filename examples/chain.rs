//! A chain: a prompt, a model, a parser; whole and token by token.
//!
//! Run it with `cargo run --example chain`. It prints a joke about bears, then the same joke as its tokens arrive.

use cadena::prelude::*;

#[tokio::main(flavor = "current_thread")]
async fn main() -> cadena::Result<()> {
    let model = cadena_examples::model()?; // or `ChatOpenAI::new("gpt-4o-mini")`
    let prompt = ChatPromptTemplate::from_messages([
        ("system", "You answer in one short sentence."),
        ("human", "Tell me a joke about {topic}."),
    ])?;
    let chain = prompt | model | StrOutputParser;

    let joke = chain.invoke(dict! {"topic": "bears"}).await?;
    println!("{joke}");

    let mut pieces = chain.stream(dict! {"topic": "bears"});
    while let Some(piece) = pieces.try_next().await? {
        print!("{piece}|");
    }
    println!();
    Ok(())
}
