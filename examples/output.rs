//! The output of the examples as a user sees it: each program is run without a key.

#![allow(missing_docs, reason = "a test has no documentation for others")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking, in its helpers too"
)]

use std::path::PathBuf;
use std::process::Command;
use std::{env, fs};

/// Runs an example and returns its output.
///
/// Cargo builds the examples of a package before it runs the package's tests; `cargo test -p cadena-examples --test output` alone does not.
#[track_caller]
fn output(name: &str) -> String {
    let test = env::current_exe().unwrap();
    let program = test.parent().unwrap().parent().unwrap().join("examples").join(name);
    // A folder of its own, so that two runs at once do not share a file.
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::create_dir_all(&folder).unwrap();
    let run = Command::new(&program)
        .env_remove("OPENAI_API_KEY")
        .env_remove("OPENAI_BASE_URL")
        .env_remove("OPENAI_API_BASE")
        .env_remove(cadena_examples::RECORD_TO)
        .env("TMPDIR", &folder)
        .output();
    let Ok(run) = run else {
        panic!(
            "{} is not built: `cargo build -p cadena-examples --examples`",
            program.display()
        )
    };
    assert!(
        run.status.success(),
        "{name} failed: {}",
        String::from_utf8_lossy(&run.stderr)
    );
    String::from_utf8(run.stdout).unwrap()
}

/// Compares an output with the file of that name in `tests/snapshots`.
macro_rules! assert_in_file {
    ($name:literal, $output:expr) => {
        insta::with_settings!({omit_expression => true, prepend_module_to_snapshot => false, snapshot_path => "../tests/snapshots"}, {
            insta::assert_snapshot!($name, $output);
        });
    };
}

#[test]
fn logprobs_prints_five_tokens_and_then_the_growing_list() {
    assert_in_file!("logprobs", output("logprobs"));
}

#[test]
fn chain_prints_the_same_joke_whole_and_in_pieces() {
    let output = output("chain");
    let (_, jokes) = output.split_once("\n\n").unwrap();
    let (whole, pieces) = jokes.trim_end().rsplit_once('\n').unwrap();
    assert_eq!(whole, pieces.replace('|', ""));
    assert_in_file!("chain", output);
}

#[test]
fn parallel_prints_both_answers() {
    assert_in_file!("parallel", output("parallel"));
}

#[test]
fn graph_prints_a_picture_and_names_the_step_that_holds_tokens_back() {
    assert_in_file!("graph", output("graph"));
}

#[test]
fn events_prints_the_runs_and_the_first_tokens() {
    assert_in_file!("events", output("events"));
}

#[test]
fn custom_provider_invokes_streams_and_batches() {
    insta::assert_snapshot!(output("custom_provider"), @r"
    invoke: desserts stressed 
    bound, piped, streamed: desserts 
    batch: evil 
    batch: rats 
    ");
}

#[test]
fn history_remembers_the_session_and_asks_the_same_once() {
    insta::assert_snapshot!(output("history"), @r"
    ann: I am Ann. -> You said: I am Ann. (model asked 1 times)
    ann: Who am I? -> You said: I am Ann. Who am I? (model asked 2 times)
    bob: I am Ann. -> You said: I am Ann. (model asked 2 times)
    ");
}

#[test]
fn tools_prints_the_answers_of_the_tools_and_then_the_models() {
    insta::assert_snapshot!(output("tools"), @r#"
    [human] How much warmer is Madrid than Oslo, and than Atlantis?
    calling temperature with {"city":"Madrid"}
    calling temperature with {"city":"Oslo"}
    calling temperature with {"city":"Atlantis"}
    [tool] 31
    [tool] 14
    [tool] the tool failed: no weather station in Atlantis
    calling subtract with {"a":31,"b":14}
    [tool] 17
    Madrid is 17 degrees warmer than Oslo; of Atlantis nothing is known.
    "#);
}

#[test]
fn structured_prints_the_growing_order_and_the_probability_of_each_part() {
    insta::assert_snapshot!(output("structured"), @r#"
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

#[test]
fn batch_prints_the_answers_and_the_error_of_one_request() {
    insta::assert_snapshot!(output("batch"), @r"
    Replaying a batch job that was written by hand; set OPENAI_API_KEY to submit one.

    1 of 3 answered
    review-1: No (probability 0.99)
    review-0: Yes (probability 0.98)
    review-2: content filtered: The prompt was flagged. (status 400, code `content_filter`, request `req_2`); the server's filter refused it: change the prompt
    ");
}
