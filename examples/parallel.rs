//! Two questions at once, combined by a third step.
//!
//! Run it with `cargo run --example parallel`. It prints a joke and a poem about bears, asked for at the same time.

use cadena::prelude::*;

#[tokio::main(flavor = "current_thread")]
async fn main() -> cadena::Result<()> {
    let model = cadena_examples::model()?; // or `ChatOpenAI::new("gpt-4o-mini")`
    let joke = ChatPromptTemplate::new().human("Write a joke about {topic} in one short sentence.")?;
    let poem = ChatPromptTemplate::new().human("Write a poem about {topic} in one short sentence.")?;
    let both = parallel! {
        "joke": joke | model.clone() | StrOutputParser,
        "poem": poem | model | StrOutputParser,
    };
    let combine = lambda(|both: Dict| {
        let (joke, poem): (String, String) = (both.read("joke")?, both.read("poem")?);
        Ok::<_, cadena::Error>(format!("JOKE: {joke}\nPOEM: {poem}"))
    });

    let text = (both | combine).invoke(dict! {"topic": "bears"}).await?;
    println!("{text}");
    Ok(())
}
