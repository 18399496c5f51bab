//! The structure of a chain, and whether its tokens reach the end.
//!
//! Run it with `cargo run --example graph`. It prints a chain over documents as text and as a Mermaid flowchart, then which step
//! would hold the tokens back. No model is called.

use cadena::prelude::*;

fn main() -> cadena::Result<()> {
    let model = EchoModel::new();
    let retriever = lambda(|question: String| format!("a document about {question}")).named("retriever");
    let prompt = ChatPromptTemplate::from_messages([("system", "Use only this: {context}"), ("human", "{question}")])?;
    let found = parallel! {"context": retriever, "question": passthrough::<String>()} | prompt;

    let chain = found.clone() | model.clone() | StrOutputParser;
    let graph = chain.graph();
    println!("{graph}\n");
    println!("{}", graph.to_mermaid());
    println!("Tokens reach the end: {}", graph.streams());

    // A function waits for the whole answer: the chain still works, but its answer comes in one piece.
    let text = lambda(|answer: AIMessage| answer.text().into_owned()).named("text_of_answer");
    let graph = (found | model | text).graph();
    let names: Vec<_> = graph.waits_at().iter().map(|node| node.name.as_str()).collect();
    let (streams, names) = (graph.streams(), names.join(", "));
    println!("With a function at the end: {streams}, because of {names}");
    Ok(())
}
