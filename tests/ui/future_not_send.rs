use cadena::lambda;

fn main() {
    let _ = lambda(|n: i32| async move {
        let shared = std::rc::Rc::new(n);
        std::future::ready(()).await;
        *shared
    });
}
