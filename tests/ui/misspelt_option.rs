use cadena::{Bind, ChatOptions, EchoModel};

fn main() {
    let _ = EchoModel::new().bind(ChatOptions::new().logprob(true));
}
