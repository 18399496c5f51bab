use cadena::{Streamable, chat_prompt};

#[derive(Clone, serde::Serialize, Streamable)]
struct Joke {
    topic: String,
}

fn main() {
    let _ = chat_prompt!(Joke, [
        ("system", "You are {mood}."),
        ("human", "Tell a joke about {topic}."),
    ]);
}
