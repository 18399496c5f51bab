use cadena::runnables::RetryOptions;
use cadena::{Bind, ChatOptions, RunnableExt, lambda};

fn main() {
    let step = lambda(|text: String| text).with_retry(RetryOptions::new());
    let _ = step.bind(ChatOptions::new().temperature(0.5));
}
