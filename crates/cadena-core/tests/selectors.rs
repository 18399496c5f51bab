//! Selectors of examples: what they choose, and how often they ask the embedding model.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use cadena_core::{
    ChatPromptTemplate, Dict, Embeddings, Error, ErrorKind, ExampleSelector, FewShotChatPromptTemplate, Result,
    RunnableExt, SemanticSimilarityExampleSelector, async_trait, dict,
};
use futures::executor::block_on;

/// Two letters are two dimensions. Counts its calls, fails the first so many, and waits once before each answer.
#[derive(Clone, Default)]
struct Letters {
    calls: Arc<AtomicUsize>,
    failures: usize,
    lost: usize,
}

#[async_trait]
impl Embeddings for Letters {
    async fn embed_documents(&self, texts: &[String]) -> Result<Vec<Vec<f32>>> {
        tokio::task::yield_now().await;
        if self.calls.fetch_add(1, Ordering::Relaxed) < self.failures {
            return Err(Error::new(ErrorKind::RateLimited, "slow down"));
        }
        let count = |text: &String, letter: char| text.matches(letter).count() as f32;
        let vectors = texts.iter().map(|text| vec![count(text, 'a'), count(text, 'b')]);
        Ok(vectors.skip(self.lost).collect())
    }

    async fn embed_query(&self, text: &str) -> Result<Vec<f32>> {
        let count = |letter: char| text.matches(letter).count() as f32;
        Ok(vec![count('a'), count('b')])
    }
}

fn examples(texts: &[&str]) -> Vec<Dict> {
    texts.iter().map(|text| dict! {"q": *text}).collect()
}

fn select(selector: &SemanticSimilarityExampleSelector, query: &str) -> Vec<String> {
    let chosen = block_on(selector.select(&dict! {"q": query})).unwrap();
    chosen
        .iter()
        .map(|example| example["q"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn the_nearest_examples_come_first_and_equal_ones_stay_in_order() {
    let selector = SemanticSimilarityExampleSelector::new(examples(&["b", "a", "aa", "ab"]), Letters::default()).k(3);
    assert_eq!(select(&selector, "a"), ["a", "aa", "ab"]);
    assert_eq!(select(&selector, "b"), ["b", "ab", "a"]);
}

#[test]
fn examples_are_embedded_once() {
    let model = Letters::default();
    let selector = SemanticSimilarityExampleSelector::new(examples(&["a", "b"]), model.clone());
    for query in ["a", "b", "ab"] {
        select(&selector, query);
    }
    assert_eq!(model.calls.load(Ordering::Relaxed), 1);
}

#[test]
fn a_failed_embedding_of_the_examples_is_tried_again() {
    let model = Letters {
        failures: 1,
        ..Letters::default()
    };
    let selector = SemanticSimilarityExampleSelector::new(examples(&["a"]), model);
    assert_eq!(block_on(selector.prepare()).unwrap_err().kind(), ErrorKind::RateLimited);
    assert_eq!(select(&selector, "a"), ["a"]);
}

#[test]
fn a_model_that_loses_a_vector_is_an_error_and_not_a_wrong_example() {
    let model = Letters {
        lost: 1,
        ..Letters::default()
    };
    let error = block_on(SemanticSimilarityExampleSelector::new(examples(&["a", "b"]), model).prepare()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "malformed response: the embedding model returned 1 vectors for 2 texts"
    );
}

#[test]
fn only_the_input_keys_are_compared() {
    let all = [dict! {"q": "a", "x": "bbb"}, dict! {"q": "b", "x": "aaa"}];
    let selector = SemanticSimilarityExampleSelector::new(all, Letters::default())
        .k(1)
        .input_keys(["q"]);
    assert_eq!(select(&selector, "a"), ["a"]);
    let error = block_on(selector.select(&dict! {"x": "a"})).unwrap_err();
    assert_eq!(error.to_string(), "invalid input: the input has no `q` to compare");
}

#[test]
fn a_prompt_with_a_selector_that_waits_is_invoked_and_not_formatted() {
    let example = ChatPromptTemplate::from_messages([("human", "{q}")]).unwrap();
    let selector = SemanticSimilarityExampleSelector::new(examples(&["a", "b"]), Letters::default()).k(1);
    let shown = FewShotChatPromptTemplate::new(example).with_selector(selector);
    let inner = ChatPromptTemplate::new() + shown;
    let prompt = ChatPromptTemplate::from_messages([inner])
        .unwrap()
        .human("{q}")
        .unwrap();

    let error = prompt.format(&dict! {"q": "b"}).unwrap_err();
    assert_eq!(
        error.to_string(),
        "unsupported: the examples are chosen by a selector that waits; invoke the prompt instead of formatting it"
    );
    let filled = block_on(prompt.invoke(dict! {"q": "b"})).unwrap();
    let texts: Vec<_> = filled
        .messages
        .iter()
        .map(|message| message.text().into_owned())
        .collect();
    assert_eq!(texts, ["b", "b"]);
}
