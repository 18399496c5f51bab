//! Templates of each format, filled in.

use cadena_core::{Dict, PromptTemplate, RunnableExt, TemplateFormat};
use futures::executor::block_on;

use crate::case::{Case, Results, check};

fn fill(case: &Case, format: TemplateFormat) -> Results {
    let input: Dict = serde_json::from_str(case.section("input").unwrap_or("{}")).unwrap();
    let template = PromptTemplate::from_template_as(case.input("template"), format);
    match template.and_then(|template| block_on(template.invoke(input))) {
        Ok(prompt) => vec![("text", prompt.messages[0].text().into_owned())],
        Err(error) => vec![("error", format!("{}: {}", error.kind(), error.detail()))],
    }
}

#[test]
fn every_fstring_is_filled_in() {
    check("prompts/fstring", &["text", "error"], |case| {
        fill(case, TemplateFormat::FString)
    });
}

#[test]
fn every_mustache_template_is_filled_in() {
    check("prompts/mustache", &["text", "error"], |case| {
        fill(case, TemplateFormat::Mustache)
    });
}

#[cfg(feature = "minijinja")]
#[test]
fn every_jinja_template_is_filled_in() {
    check("prompts/jinja", &["text", "error"], |case| {
        fill(case, TemplateFormat::Jinja2)
    });
}
