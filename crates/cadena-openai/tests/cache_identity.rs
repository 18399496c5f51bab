//! A cache distinguishes calls by every setting that changes who answers, what is asked or what is kept of it, and nothing else.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use std::collections::BTreeSet;

use cadena_core::{Bind, CacheKey, ChatModel, ChatOptions, ChatRequest};
use cadena_http::Timers;
use cadena_openai::{ChatOpenAI, ModelRules};
use http::{HeaderName, HeaderValue};

fn model() -> ChatOpenAI {
    ChatOpenAI::new("gpt-4o-mini").with_base_url("http://one/v1")
}

fn key(model: &impl ChatModel) -> CacheKey {
    CacheKey::new(model, &ChatRequest::new("hi")).unwrap()
}

#[test]
fn clients_that_ask_somebody_else_have_other_keys() {
    let header =
        |model: ChatOpenAI| model.with_header(HeaderName::from_static("x-variant"), HeaderValue::from_static("turbo"));
    let keys = BTreeSet::from([
        key(&model()),
        key(&ChatOpenAI::new("gpt-4o").with_base_url("http://one/v1")),
        key(&model().with_base_url("http://two/v1")),
        key(&model().with_base_url("http://one/v1?api-version=2")),
        key(&model().with_organization("org")),
        key(&model().with_project("project")),
        key(&model().with_options(ChatOptions::new().seed(1))),
        key(&header(model())),
    ]);
    assert_eq!(keys.len(), 8);
    assert_eq!(
        key(&model().with_options(ChatOptions::new().seed(1))),
        key(&model().bind(ChatOptions::new().seed(1)))
    );
}

#[test]
fn models_that_send_something_else_or_keep_more_of_the_answer_have_other_keys() {
    let keys = BTreeSet::from([
        key(&model()),
        key(&model().with_reasoning_sent_back(true)),
        key(&model().with_model_rules(ModelRules::none())),
        key(&model().with_response_headers(true)),
    ]);
    assert_eq!(keys.len(), 4);
}

#[test]
fn keys_and_timers_do_not_count() {
    assert_eq!(key(&model().with_api_key("a")), key(&model().with_api_key("b")));
    assert_eq!(key(&model().with_timers(Timers::default())), key(&model()));
}
