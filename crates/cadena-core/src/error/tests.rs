//! How errors print, and that they are small.

use std::sync::Arc;

use super::*;
use crate::AIMessageChunk;

#[test]
fn an_error_is_one_word_wide() {
    assert_eq!(size_of::<Error>(), size_of::<usize>());
}

#[test]
fn display_does_not_repeat_its_source() {
    let error = Error::new(ErrorKind::Decode, "the body is not JSON")
        .with_source("expected value at line 1")
        .in_step("model")
        .in_step("chain");
    assert_eq!(
        error.to_string(),
        "malformed response: the body is not JSON (in step `model`)"
    );
    assert_eq!(
        error.source().map(ToString::to_string).as_deref(),
        Some("expected value at line 1")
    );
}

#[test]
fn debug_does_not_print_the_partial_answer() {
    let error = Error::from(ErrorKind::Truncated).with_partial(AIMessageChunk::new("a secret"));
    assert!(!format!("{error:?} {error:#?}").contains("secret"));
}

#[test]
fn debug_withholds_a_text_that_may_quote_the_input_also_where_it_is_shared() {
    let error = Error::new(ErrorKind::Step, "the function panicked").with_source(Withheld::new("a secret"));
    let shared = Error::shared(&Arc::new(error));
    assert_eq!(shared.source().map(ToString::to_string).as_deref(), Some("a secret"));
    assert!(!format!("{shared:?} {shared:#?}").contains("secret"));
}

#[test]
fn debug_prints_the_line_and_the_causes_and_its_long_form_the_fields() {
    let inner = Error::new(ErrorKind::Connect, "refused").with_source("os error 111");
    let error = Error::new(ErrorKind::Server, "no answer")
        .with_hint("try again")
        .with_source(inner);
    assert_eq!(
        format!("{error:?}"),
        "server error: no answer; try again\n\nCaused by:\n    connection failed: refused\n    os error 111"
    );
    assert!(format!("{error:#?}").contains("kind: Server"));
}
