use cadena::lambda;

fn main() {
    let shared = std::rc::Rc::new(1);
    let _ = lambda(move |n: i32| n + *shared);
}
