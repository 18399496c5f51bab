use cadena::lambda;

fn main() {
    let _ = lambda(|n: i32| n + 1) | lambda(|text: String| text.len());
}
