use cadena::{EchoModel, TypedOutputParser};

#[derive(serde::Deserialize)]
struct Weather;

fn main() {
    let _ = EchoModel::new() | TypedOutputParser::<Weather>::new();
}
