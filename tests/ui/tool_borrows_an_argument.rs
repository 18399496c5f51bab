use cadena::tool;

/// Tells the weather.
#[tool]
async fn weather(place: &str) -> String {
    place.to_owned()
}

fn main() {}
