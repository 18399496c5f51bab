use cadena::Streamable;

#[derive(Clone, serde::Serialize, Streamable)]
struct Weather<'a> {
    place: &'a str,
}

fn main() {}
