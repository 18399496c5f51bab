use cadena::tool;

/// Tells the weather.
#[tool(title = "weather")]
async fn weather() -> String {
    String::new()
}

fn main() {}
