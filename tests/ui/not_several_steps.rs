use cadena::{lambda, parallel};

fn main() {
    let _ = parallel::<i32, _>(lambda(|n: i32| n));
}
