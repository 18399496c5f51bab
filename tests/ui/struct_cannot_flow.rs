use cadena::lambda;

#[derive(Clone)]
struct Weather;

fn main() {
    let _ = lambda(|_: Weather| 1);
}
