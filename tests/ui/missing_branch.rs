use cadena::parallel;

fn main() {
    let _ = parallel! {};
}
