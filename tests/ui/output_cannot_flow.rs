use cadena::lambda;

struct Weather;

fn main() {
    let _ = lambda(|_: i32| Weather);
}
