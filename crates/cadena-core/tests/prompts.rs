//! Properties of templates: texts survive, values are data, adding is joining.

use cadena_core::{ChatPromptTemplate, Dict, FewShotPromptTemplate, PromptTemplate, Template, TemplateFormat, dict};
use proptest::prelude::*;

proptest! {
    #[test]
    fn an_escaped_text_is_what_it_was(text in "[{}a:! \\n]{0,20}|\\PC{0,20}") {
        let template = Template::parse(Template::escape(&text)).unwrap();
        prop_assert_eq!(template.format(&Dict::new()).unwrap(), text);
        prop_assert!(template.variables().is_empty());
    }

    #[test]
    fn values_are_never_expanded(value in "[{}a#/&.! ]{0,20}") {
        let input = dict! {"a": value.clone(), "b": "secret"};
        let text = Template::parse("<{a}>").unwrap().format(&input).unwrap();
        prop_assert_eq!(text, format!("<{value}>"));
        let text = Template::parse_as("<{{{a}}}>", TemplateFormat::Mustache).unwrap().format(&input).unwrap();
        prop_assert_eq!(text, format!("<{value}>"));
    }

    #[test]
    fn examples_are_never_expanded(value in "[{}x]{0,20}") {
        let prompt = FewShotPromptTemplate::new(Template::parse("<{q}>").unwrap(), Template::parse("{x}").unwrap())
            .with_examples([dict! {"q": value.clone()}]);
        prop_assert_eq!(prompt.format(&dict! {"x": "!"}).unwrap(), format!("<{value}>\n\n!"));
    }

    #[test]
    fn no_template_panics(text in "[{}a-c:!#/^&=.<>+0-9 \\n]{0,30}", mustache in any::<bool>()) {
        let format = if mustache { TemplateFormat::Mustache } else { TemplateFormat::FString };
        if let Ok(template) = Template::parse_as(text, format) {
            let _ = template.format(&dict! {"a": 1.5, "b": vec!["x", "y"], "c": "é"});
        }
    }

    #[test]
    fn the_sum_of_two_templates_renders_both(left in "[a{x} ]{0,8}", right in "[a{x} ]{0,8}") {
        let parse = |text: &String| PromptTemplate::from_template(text.as_str());
        if let (Ok(left), Ok(right)) = (parse(&left), parse(&right)) {
            let input = dict! {"x": "1", "xx": "2", "a": "3", " ": "4", "ax": "5", "xa": "6"};
            if let (Ok(a), Ok(b)) = (left.format(&input), right.format(&input)) {
                prop_assert_eq!((left + right).format(&input).unwrap(), a + &b);
            }
        }
    }
}

#[test]
fn lists_inside_lists_have_a_limit() {
    let items = vec![vec![0u8; 1]; 1000];
    let open = "{{#l}}".repeat(4);
    let template = format!("{open}{}{}", "x".repeat(100), "{{/l}}".repeat(4));
    let template = Template::parse_as(template, TemplateFormat::Mustache).unwrap();
    let items: serde_json::Value = items.iter().map(|_| serde_json::json!({"a": 1})).collect();
    let error = template.format(&dict! {"l": items}).unwrap_err();
    assert_eq!(error.kind(), cadena_core::ErrorKind::LimitExceeded);
}

#[test]
fn templates_in_two_formats_add_up() {
    let left = PromptTemplate::from_template("{a} ").unwrap();
    let right = PromptTemplate::from_template_as("{{a}}", TemplateFormat::Mustache).unwrap();
    let sum = left + right;
    assert_eq!(sum.format(&dict! {"a": "x"}).unwrap(), "x x");
    assert_eq!(sum.input_variables(), ["a"]);
}

#[test]
fn an_error_names_the_message_and_the_column() {
    let error = ChatPromptTemplate::from_messages([("human", "fine"), ("ai", "not {fine")]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "invalid template: message 2: column 5: a `{` without its `}`; write `{{` for a brace"
    );
    let prompt = ChatPromptTemplate::new().human("{x:.2f}").unwrap();
    let error = prompt.format(&dict! {"x": "a secret"}).unwrap_err();
    assert_eq!(
        error.to_string(),
        "invalid template: message 1 (`human`): `x`: the value is a text, and `f` is for numbers"
    );
}

#[test]
fn what_the_caller_says_wins_over_what_was_filled_in() {
    let inner = ChatPromptTemplate::new()
        .human("{a}{b}{c}")
        .unwrap()
        .partial("a", 1)
        .partial("b", 1)
        .partial("c", 1);
    let outer = ChatPromptTemplate::from_messages([inner])
        .unwrap()
        .partial("a", 2)
        .partial("b", 2);
    let filled = outer.format(&dict! {"a": 3}).unwrap();
    assert_eq!(filled.messages[0].text(), "321");
}
