use cadena::{Streamable, prompt};

#[derive(Clone, serde::Serialize, Streamable)]
struct Joke {
    topic: String,
}

fn main() {
    let _ = prompt!(Joke, "Tell a joke about {topic.");
    let _ = prompt!(Joke, "Answer with {}.");
}
