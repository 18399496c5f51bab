use cadena::tool;

/// Adds two numbers.
#[tool]
async fn add(&self, a: i64) -> i64 {
    a
}

fn main() {}
