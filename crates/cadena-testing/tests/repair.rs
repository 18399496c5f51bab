//! A model is asked again when its answer cannot be read, and nothing that it said is lost.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use cadena_core::{
    AIMessage, ChatPromptTemplate, Error, ErrorKind, JsonOutputParser, OutputParserExt, RunConfig, RunnableExt,
    StrOutputParser, TypedOutputParser, UnparsedAnswer, UsageTracker, dict,
};
use cadena_testing::ScriptedModel;
use futures::executor::block_on;
use serde_json::json;

#[test]
fn a_retry_prompt_holds_the_conversation_the_answer_and_the_error() {
    let model = ScriptedModel::new().say("[1, \"two\"]").say("[1, 2]");
    let parser = TypedOutputParser::<Vec<u8>>::new();
    let chain = ChatPromptTemplate::from_messages([("system", "You count."), ("human", "To {n}.")]).unwrap()
        | parser
            .with_retry_prompt(model.clone())
            .with_instructions("Only numbers.");
    let usage = UsageTracker::new();
    let config = RunConfig::new().listener(usage.listener());
    assert_eq!(block_on(chain.invoke_with(dict! {"n": "two"}, config)).unwrap(), [1, 2]);
    assert_eq!(usage.calls(), 2);

    let requests = model.requests();
    assert_eq!(requests.len(), 2);
    let said = requests[1].messages.iter();
    let said: Vec<_> = said
        .map(|message| (message.kind(), message.text().into_owned()))
        .collect();
    let complaint = "This answer could not be read: `/1`: expected u8, got \"two\".\n\n\
                     Only numbers.\n\nWrite the whole answer again, correctly, and nothing else.";
    let expect = [
        ("system", "You count."),
        ("human", "To two."),
        ("ai", "[1, \"two\"]"),
        ("human", complaint),
    ];
    assert_eq!(said, expect.map(|(kind, text)| (kind, text.to_owned())));
}

#[test]
fn the_last_error_keeps_the_first_answer() {
    let model = ScriptedModel::new().say("first").say("second").say("third");
    let chain = JsonOutputParser::new().with_retry_prompt(model.clone()).max_retries(2);
    let error = block_on(chain.invoke("?")).unwrap_err();
    assert_eq!(
        error.detail(),
        "expected a value at line 1 column 1, got \"first\"; asked again 2 times, \
         and at last: expected a value at line 1 column 1, got \"third\""
    );
    assert_eq!(error.downcast_source_ref().map(UnparsedAnswer::text), Some("first"));
    assert_eq!(error.partial().unwrap().text(), "first");
    assert_eq!(model.requests().len(), 3);
}

#[test]
fn an_error_of_the_model_keeps_its_kind_and_the_first_answer() {
    let model = ScriptedModel::new().fail(|| Error::from(ErrorKind::RateLimited));
    let parser = JsonOutputParser::new().with_fixing_model(model);
    let error = block_on(parser.invoke(AIMessage::new("first"))).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::RateLimited);
    assert_eq!(error.partial().unwrap().text(), "first");
}

#[test]
fn what_can_be_read_is_not_asked_for_again() {
    let fixer = ScriptedModel::new();
    let chain = ScriptedModel::new().say("[1]") | JsonOutputParser::new().with_fixing_model(fixer.clone());
    assert_eq!(block_on(chain.invoke("?")).unwrap(), json!([1]));
    let never = JsonOutputParser::new().with_fixing_model(fixer.clone()).max_retries(0);
    assert!(block_on(never.invoke(AIMessage::new("no"))).is_err());
    let text = StrOutputParser.with_fixing_model(fixer.clone());
    assert_eq!(block_on(text.invoke(AIMessage::new("no"))).unwrap(), "no");
    assert!(fixer.requests().is_empty());
}
