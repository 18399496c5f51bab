use cadena::{RunnableExt, lambda};
use cadena::runnables::RetryOptions;

fn main() {
    let step = lambda(|n: i32| n);
    let _ = step.clone().with_retry(3);
    let _ = step.with_retry(RetryOptions::new().max_attempt(3));
}
