use cadena::{lambda, parallel};

fn main() {
    let _ = parallel((lambda(|n: i32| n), lambda(|text: String| text)));
}
