use cadena::{Bind, EchoModel};

fn main() {
    let _ = EchoModel::new().bind(("temperature", 0.5));
}
