//! Examples that the examples' package does not build by default, by the function that they are made of.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

#[path = "../examples/progress.rs"]
#[allow(dead_code, clippy::print_stdout, reason = "the example's `main` is not called")]
mod progress;

#[tokio::test]
async fn progress_moves_its_bar_and_returns_the_answers_in_order() {
    let bar = indicatif::ProgressBar::hidden();
    let texts = progress::ask(cadena_examples::replay().unwrap(), &bar).await.unwrap();
    assert_eq!((bar.length(), bar.position()), (Some(2), 2));
    assert!(bar.is_finished());
    insta::with_settings!({omit_expression => true, prepend_module_to_snapshot => false}, {
        insta::assert_snapshot!("progress", texts.join("\n"));
    });
}
