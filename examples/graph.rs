//! What a chain looks like, and whether its tokens reach the end.
//!
//! Run it with `cargo run --example graph`. It prints a chain over documents as text and as a Mermaid flowchart, then which step
//! would hold the tokens back. No model is called.

use std::io::Write;
use std::process::ExitCode;

use cadena::{
    AIMessage, ChatModel, ChatPromptTemplate, EchoModel, Result, StrOutputParser, lambda, parallel, passthrough,
};
use cadena_examples::failed_to_write;

fn main() -> ExitCode {
    cadena_examples::finish(run(EchoModel::new(), &mut std::io::stdout()))
}

/// Draws a chain over documents.
pub(crate) fn run(model: impl ChatModel + Clone, out: &mut (dyn Write + Send)) -> Result<()> {
    let retriever = lambda(|question: String| format!("a document about {question}")).named("retriever");
    let prompt = ChatPromptTemplate::from_messages([("system", "Use only this: {context}"), ("human", "{question}")])?;
    let found = parallel! {"context": retriever, "question": passthrough::<String>()} | prompt;

    let chain = found.clone() | model.clone() | StrOutputParser;
    let graph = chain.graph();
    writeln!(out, "{graph}\n").map_err(failed_to_write)?;
    writeln!(out, "{}", graph.to_mermaid()).map_err(failed_to_write)?;
    writeln!(out, "Tokens reach the end: {}", graph.streams()).map_err(failed_to_write)?;

    // A function waits for the whole answer: the chain still works, but its answer comes in one piece.
    let text = lambda(|answer: AIMessage| answer.text().into_owned()).named("text_of_answer");
    let graph = (found | model | text).graph();
    let names: Vec<_> = graph.waits_at().iter().map(|node| node.name.as_str()).collect();
    let (streams, names) = (graph.streams(), names.join(", "));
    writeln!(out, "With a function at the end: {streams}, because of {names}").map_err(failed_to_write)
}
