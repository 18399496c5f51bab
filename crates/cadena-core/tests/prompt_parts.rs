//! The parts of a prompt: elements of a conversation, contents, blocks, and the choice of examples by length.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use cadena_core::{
    BlockTemplate, ChatPromptTemplate, ContentTemplate, ErrorKind, ExampleSelector, FewShotChatPromptTemplate,
    IntoMessageTemplate, JsonTemplate, LengthExampleSelector, Message, MessageTemplate, MessagesPlaceholder, Template,
    TemplateFormat, dict,
};
use futures::executor::block_on;
use serde_json::{Value, json};

const FORMAT: TemplateFormat = TemplateFormat::FString;

fn element(part: impl IntoMessageTemplate) -> MessageTemplate {
    part.into_message_template(FORMAT).unwrap()
}

#[test]
fn every_form_of_an_element_becomes_its_variant() {
    assert!(matches!(element("Why {what}?"), MessageTemplate::Role { role, .. } if role == "human"));
    assert!(matches!(element(("system", "Be {how}.")), MessageTemplate::Role { role, .. } if role == "system"));
    assert!(
        matches!(element(json!({"role": "ai", "content": "4"})), MessageTemplate::Role { role, .. } if role == "ai")
    );
    assert!(matches!(element(("placeholder", "{history}")), MessageTemplate::Placeholder(place) if place.optional));
    let required = element(("placeholder", json!(["{history}", false])));
    assert!(matches!(required, MessageTemplate::Placeholder(place) if !place.optional));
    assert!(matches!(
        element(MessagesPlaceholder::new("history")),
        MessageTemplate::Placeholder(_)
    ));
    assert!(matches!(element(Message::from("{hi}")), MessageTemplate::Message(_)));
    assert!(matches!(element(ChatPromptTemplate::new()), MessageTemplate::Prompt(_)));
    let examples = FewShotChatPromptTemplate::new(ChatPromptTemplate::new());
    assert!(matches!(element(examples), MessageTemplate::FewShot(_)));

    let error = ("critic", "No.").into_message_template(FORMAT).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Template);
}

#[test]
fn a_prompt_inside_a_prompt_keeps_its_partials_and_gives_way_to_the_input() {
    let persona = ChatPromptTemplate::new()
        .system("You are a {role}.")
        .unwrap()
        .partial("role", "poet");
    let prompt = ChatPromptTemplate::from_messages([element(persona), element(Message::from("{hi}"))]).unwrap();
    let first = |input| prompt.format(&input).unwrap().messages[0].text().into_owned();
    assert!(prompt.input_variables().is_empty());
    assert_eq!(first(dict! {}), "You are a poet.");
    assert_eq!(first(dict! {"role": "critic"}), "You are a critic.");
    assert_eq!(prompt.format(&dict! {}).unwrap().messages[1].text(), "{hi}");
}

#[test]
fn a_content_is_a_text_or_a_list_of_blocks_and_nothing_else() {
    let text = ContentTemplate::parse("Why {what}?".into(), FORMAT).unwrap();
    assert_eq!(text, Template::parse("Why {what}?").unwrap().into());
    let blocks = json!(["{a}", {"type": "image_url", "image_url": {"url": "{b}", "detail": "{c}"}}, {"type": "x", "y": ["{d}"]}]);
    let blocks = ContentTemplate::parse(blocks, FORMAT).unwrap();
    assert_eq!(blocks.variables(), ["a", "b", "c", "d"]);
    assert_eq!(
        ContentTemplate::parse(7.into(), FORMAT).unwrap_err().kind(),
        ErrorKind::Template
    );
}

#[test]
fn keys_of_a_block_are_no_templates_and_its_texts_are() {
    let block = BlockTemplate::parse(
        json!({"type": "document", "{key}": {"title": "{title}", "pages": 3}}),
        FORMAT,
    )
    .unwrap();
    assert_eq!(block.variables(), ["title"]);
    let BlockTemplate::Json(json) = &block else {
        panic!("not JSON")
    };
    let copy: JsonTemplate = json.clone();
    assert_eq!(copy, *json);

    let content = ContentTemplate::Blocks(vec![block]);
    let prompt = ChatPromptTemplate::from_messages([MessageTemplate::chat("critic", content)]).unwrap();
    let filled = prompt.format(&dict! {"title": "A tale"}).unwrap();
    let content: Value = serde_json::to_value(filled.messages[0].content()).unwrap();
    assert_eq!(
        content,
        json!([{"type": "document", "{key}": {"title": "A tale", "pages": 3}}])
    );
}

#[test]
fn an_image_from_a_file_is_refused() {
    let image = json!({"type": "image_url", "image_url": {"path": "/etc/passwd"}});
    let error = BlockTemplate::parse(image, FORMAT).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Template);
    assert!(error.detail().contains("would let the input read files"));
}

#[test]
fn examples_are_taken_in_order_until_one_does_not_fit_beside_the_input() {
    let examples = || [dict! {"q": "one two"}, dict! {"q": "a b c d"}, dict! {"q": "x"}];
    let template = Template::parse("{q}").unwrap();
    for (max_length, input, expected) in [
        (2, "", 0),
        (3, "i", 1),
        (6, "i", 1),
        (7, "i", 2),
        (8, "i", 3),
        (8, "i j", 2),
    ] {
        let selector = LengthExampleSelector::new(examples(), &template, max_length).unwrap();
        let chosen = block_on(selector.select(&dict! {"input": input})).unwrap();
        assert_eq!(chosen, examples()[..expected], "{max_length} words beside `{input}`");
    }
    let error = LengthExampleSelector::new([dict! {"other": 1}], &template, 3).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
}
