use cadena::{agent, lambda};

fn main() {
    let _ = agent(lambda(|text: String| text), ());
}
