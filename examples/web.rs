//! A web server that sends an answer on, token by token, as server-sent events.
//!
//! Run it with `cargo run --features web --example web` and ask it with `curl -N http://127.0.0.1:3000/joke/bears`. Each piece of the joke is an
//! event. A client that goes away stops the request to the model.

use std::convert::Infallible;
use std::error::Error;

use axum::Router;
use axum::extract::{Path, State};
use axum::response::sse::{Event, Sse};
use axum::routing::get;
use cadena::prelude::*;
use futures::Stream;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let model = cadena_examples::model()?; // or `ChatOpenAI::new("gpt-4o-mini")`
    let app = router(model)?;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    println!("Ask with: curl -N http://127.0.0.1:3000/joke/bears");
    Ok(axum::serve(listener, app).await?)
}

/// The server's one page: `/joke/{topic}`.
pub(crate) fn router(model: impl ChatModel) -> cadena::Result<Router> {
    let prompt = ChatPromptTemplate::from_messages([
        ("system", "You answer in one short sentence."),
        ("human", "Tell me a joke about {topic}."),
    ])?;
    let chain = prompt | model | StrOutputParser;
    Ok(Router::new().route("/joke/{topic}", get(joke)).with_state(chain))
}

/// The stream of the chain is `'static`: it is the response, and ends when the client goes.
async fn joke(
    State(chain): State<Chain<Dict, String>>,
    Path(topic): Path<String>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let pieces = chain.stream(dict! {"topic": topic});
    Sse::new(pieces.map(|piece| {
        Ok(match piece {
            Ok(piece) => Event::default().data(piece),
            Err(error) => Event::default().event("error").data(error.to_string()),
        })
    }))
}
