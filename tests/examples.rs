//! The output of the examples, from the recording that they replay without a key.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

#[path = "../examples/batch.rs"]
#[allow(dead_code, reason = "the example's `main` is not called")]
mod batch;
#[path = "../examples/chain.rs"]
#[allow(dead_code, reason = "the example's `main` is not called")]
mod chain;
#[path = "../examples/custom_provider.rs"]
#[allow(dead_code, reason = "the example's `main` is not called")]
mod custom_provider;
#[path = "../examples/events.rs"]
#[allow(dead_code, reason = "the example's `main` is not called")]
mod events;
#[path = "../examples/graph.rs"]
#[allow(dead_code, reason = "the example's `main` is not called")]
mod graph;
#[path = "../examples/history.rs"]
#[allow(dead_code, reason = "the example's `main` is not called")]
mod history;
#[path = "../examples/logprobs.rs"]
#[allow(dead_code, reason = "the example's `main` is not called")]
mod logprobs;
#[path = "../examples/parallel.rs"]
#[allow(dead_code, reason = "the example's `main` is not called")]
mod parallel;
#[path = "../examples/progress.rs"]
#[allow(dead_code, reason = "the example's `main` is not called")]
mod progress;
#[path = "../examples/structured.rs"]
#[allow(dead_code, reason = "the example's `main` is not called")]
mod structured;
#[path = "../examples/tools.rs"]
#[allow(dead_code, reason = "the example's `main` is not called")]
mod tools;

fn text(out: Vec<u8>) -> String {
    String::from_utf8(out).unwrap()
}

#[tokio::test]
async fn logprobs_prints_five_tokens_and_then_the_growing_list() {
    let mut out = Vec::new();
    let model = cadena_examples::replay(&mut out).unwrap();
    logprobs::run(model, &mut out).await.unwrap();
    insta::with_settings!({omit_expression => true, prepend_module_to_snapshot => false}, {
        insta::assert_snapshot!("logprobs", text(out));
    });
}

#[tokio::test]
async fn chain_prints_the_same_joke_whole_and_in_pieces() {
    let mut out = Vec::new();
    let model = cadena_examples::replay(&mut Vec::new()).unwrap();
    chain::run(model, &mut out).await.unwrap();
    let out = text(out);
    let (whole, pieces) = out.trim_end().rsplit_once('\n').unwrap();
    assert_eq!(whole, pieces.replace('|', ""));
    insta::with_settings!({omit_expression => true, prepend_module_to_snapshot => false}, {
        insta::assert_snapshot!("chain", out);
    });
}

#[tokio::test]
async fn parallel_prints_both_answers() {
    let mut out = Vec::new();
    let model = cadena_examples::replay(&mut Vec::new()).unwrap();
    parallel::run(model, &mut out).await.unwrap();
    insta::with_settings!({omit_expression => true, prepend_module_to_snapshot => false}, {
        insta::assert_snapshot!("parallel", text(out));
    });
}

#[test]
fn graph_prints_a_picture_and_says_what_holds_tokens_back() {
    let mut out = Vec::new();
    graph::run(cadena::EchoModel::new(), &mut out).unwrap();
    insta::with_settings!({omit_expression => true, prepend_module_to_snapshot => false}, {
        insta::assert_snapshot!("graph", text(out));
    });
}

#[tokio::test]
async fn events_prints_what_happens_and_the_first_tokens() {
    let mut out = Vec::new();
    let model = cadena_examples::replay(&mut Vec::new()).unwrap();
    events::run(model, &mut out).await.unwrap();
    insta::with_settings!({omit_expression => true, prepend_module_to_snapshot => false}, {
        insta::assert_snapshot!("events", text(out));
    });
}

#[tokio::test]
async fn progress_moves_its_bar_and_prints_the_answers_in_order() {
    let mut out = Vec::new();
    let model = cadena_examples::replay(&mut Vec::new()).unwrap();
    let bar = indicatif::ProgressBar::hidden();
    progress::run(model, &bar, &mut out).await.unwrap();
    assert_eq!((bar.length(), bar.position()), (Some(2), 2));
    assert!(bar.is_finished());
    insta::with_settings!({omit_expression => true, prepend_module_to_snapshot => false}, {
        insta::assert_snapshot!("progress", text(out));
    });
}

#[tokio::test]
async fn custom_provider_invokes_streams_and_batches() {
    let mut out = Vec::new();
    custom_provider::run(&mut out).await.unwrap();
    insta::assert_snapshot!(text(out), @r"
    invoke: desserts stressed 
    bound, piped, streamed: desserts 
    batch: evil 
    batch: rats 
    ");
}

#[tokio::test]
async fn history_remembers_the_session_and_asks_the_same_once() {
    let mut out = Vec::new();
    history::run(&mut out).await.unwrap();
    insta::assert_snapshot!(text(out), @r"
    ann: I am Ann. -> You said: I am Ann. (model asked 1 times)
    ann: Who am I? -> You said: I am Ann. Who am I? (model asked 2 times)
    bob: I am Ann. -> You said: I am Ann. (model asked 2 times)
    ");
}

#[tokio::test]
async fn tools_prints_the_answers_of_the_tools_and_then_the_models() {
    let mut out = Vec::new();
    tools::run(cadena_examples::weather_script(), &mut out).await.unwrap();
    insta::assert_snapshot!(text(out), @r"
    [human] How much warmer is Madrid than Oslo, and than Atlantis?
    [tool] 31
    [tool] 14
    [tool] the tool failed: no weather station in Atlantis
    [tool] 17
    Madrid is 17 degrees warmer than Oslo; of Atlantis nothing is known.
    ");
}

#[tokio::test]
async fn structured_prints_the_growing_order_and_how_sure_each_part_is() {
    let mut out = Vec::new();
    structured::run(cadena_examples::order_script(), &mut out)
        .await
        .unwrap();
    insta::assert_snapshot!(text(out), @r#"
    {"item":""}
    {"item":"pear"}
    {"item":"pear","pieces":1}
    {"item":"pear","pieces":12}
    {"item":"pear","pieces":12,"city":""}
    {"item":"pear","pieces":12,"city":"Z"}
    {"item":"pear","pieces":12,"city":"Zürich"}
    {"item":"pear","pieces":12,"city":"Zürich"}
    12 of "pear" to Some("Zürich")
    /item: probability 0.98
    /pieces: probability 0.96
    /city: probability 0.54
    "#);
}

#[tokio::test(start_paused = true)]
async fn batch_prints_the_answers_and_the_error_of_one_request() {
    let mut out = Vec::new();
    let kept = std::env::temp_dir().join(format!("cadena-example-batch-{}.json", std::process::id()));
    batch::run(cadena_examples::replay_batch().unwrap(), &kept, &mut out)
        .await
        .unwrap();
    assert!(!kept.exists());
    insta::assert_snapshot!(text(out), @r"
    1 of 3 answered
    review-1: No (probability 0.99)
    review-0: Yes (probability 0.98)
    review-2: content filtered: The prompt was flagged. (status 400, code `content_filter`, request `req_2`); the server's filter refused it: change the prompt
    ");
}
