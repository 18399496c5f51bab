//! Trimming: what is kept is an end of the conversation, fits, and is the most that fits.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use cadena_core::{
    ChatPromptTemplate, EchoModel, Message, MessageCounter, MessageKind, MessagesPlaceholder, RunnableExt,
    TokenCounter, TrimMessages, TrimStrategy, WordCounter, dict, per_message, trim_messages,
};
use proptest::collection::vec;
use proptest::prelude::*;

fn message() -> impl Strategy<Value = Message> {
    let words = vec("[a-c]{1,3}|\n", 0..6).prop_map(|words| words.join(" "));
    (prop_oneof![Just("human"), Just("ai"), Just("system")], words)
        .prop_map(|(role, text)| Message::from_role(role, text).unwrap())
}

fn is_end(kept: &[Message], all: &[Message], strategy: TrimStrategy) -> bool {
    match strategy {
        TrimStrategy::First => all.starts_with(kept),
        _ => all.ends_with(kept),
    }
}

proptest! {
    #[test]
    fn what_is_kept_is_the_longest_end_that_fits(
        history in vec(message(), 0..12),
        budget in 0..20usize,
        first in any::<bool>(),
    ) {
        let strategy = if first { TrimStrategy::First } else { TrimStrategy::Last };
        let trim = TrimMessages::new(budget, WordCounter).strategy(strategy);
        let kept = trim_messages(history.clone(), &trim).unwrap();
        prop_assert!(is_end(&kept, &history, strategy));
        prop_assert!(WordCounter.count(&kept) <= budget);
        if kept.len() < history.len() {
            let more = kept.len() + 1;
            let longer = if first { &history[..more] } else { &history[history.len() - more..] };
            prop_assert!(WordCounter.count(longer) > budget);
        }
    }

    #[test]
    fn a_counter_of_lists_and_one_of_messages_keep_the_same(
        history in vec(message(), 0..12),
        budget in 0..20usize,
        partial in any::<bool>(),
        include_system in any::<bool>(),
    ) {
        let options = |trim: TrimMessages| {
            trim.allow_partial(partial).include_system(include_system).start_on([MessageKind::Human, MessageKind::AI])
        };
        let list = options(TrimMessages::new(budget, |messages: &[Message]| WordCounter.count(messages)));
        let each = options(TrimMessages::new(budget, per_message(|message: &Message| WordCounter.count(std::slice::from_ref(message)))));
        prop_assert_eq!(trim_messages(history.clone(), &list).unwrap(), trim_messages(history, &each).unwrap());
    }

    #[test]
    fn a_part_of_a_message_never_exceeds_the_budget(
        history in vec(message(), 0..12),
        budget in 0..20usize,
        first in any::<bool>(),
    ) {
        let strategy = if first { TrimStrategy::First } else { TrimStrategy::Last };
        let trim = TrimMessages::new(budget, WordCounter).strategy(strategy).allow_partial(true);
        let kept = trim_messages(history.clone(), &trim).unwrap();
        prop_assert!(WordCounter.count(&kept) <= budget);
        let whole = trim_messages(history, &trim.clone().allow_partial(false)).unwrap();
        prop_assert!(kept.len() >= whole.len());
    }
}

#[test]
fn a_list_counter_is_asked_a_logarithmic_number_of_times() {
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&calls);
    let counter = move |messages: &[Message]| {
        counted.fetch_add(1, Ordering::Relaxed);
        messages.len()
    };
    let history: Vec<Message> = (0..10_000).map(|number| format!("message {number}").into()).collect();
    let kept = trim_messages(history, &TrimMessages::new(4_321, counter)).unwrap();
    assert_eq!((kept.len(), kept[0].text().as_ref()), (4_321, "message 5679"));
    assert!(
        calls.load(Ordering::Relaxed) <= 16,
        "{} calls",
        calls.load(Ordering::Relaxed)
    );
}

#[test]
fn a_message_counter_stops_at_the_first_message_that_does_not_fit() {
    let seen = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&seen);
    let counter = per_message(move |_: &Message| {
        counted.fetch_add(1, Ordering::Relaxed);
        1
    });
    let history: Vec<Message> = (0..10_000).map(|number| format!("message {number}").into()).collect();
    assert_eq!(
        trim_messages(history, &TrimMessages::new(20, counter)).unwrap().len(),
        20
    );
    assert_eq!(seen.load(Ordering::Relaxed), 21);
}

#[tokio::test]
async fn a_trimmer_stands_between_a_prompt_and_a_model() {
    let prompt = ChatPromptTemplate::new().placeholder(MessagesPlaceholder::new("history"));
    let chain = prompt | TrimMessages::new(1, MessageCounter) | EchoModel::new();
    let answer = chain
        .invoke(dict! {"history": vec![Message::from("first"), Message::from("last")]})
        .await
        .unwrap();
    assert_eq!(answer.text(), "last");
}

#[tokio::test]
async fn a_wrong_combination_is_an_error_of_the_step() {
    let trim = TrimMessages::new(1, MessageCounter)
        .strategy(TrimStrategy::First)
        .include_system(true);
    let error = trim.invoke("hi").await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "invalid input: `include_system` needs the strategy `last` (in step `trim_messages`)"
    );
}
