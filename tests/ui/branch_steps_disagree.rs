use cadena::lambda;
use cadena::runnables::branch;

fn main() {
    let _ = branch()
        .when(|n: &i32| *n > 0, lambda(|n: i32| n))
        .otherwise(lambda(|n: i32| n.to_string()));
}
