use cadena::tool;

#[derive(serde::Deserialize)]
struct Place(String);

/// Tells the weather.
#[tool]
async fn weather(place: Place) -> String {
    place.0
}

fn main() {}
