//! The cost of filling templates.
//!
//! `cargo bench -p cadena-core --bench prompts` prints the time and the allocations.

use cadena_core::{ChatPromptTemplate, Dict, Template, TemplateFormat, dict};
use divan::{AllocProfiler, Bencher, black_box};

#[global_allocator]
static ALLOCATIONS: AllocProfiler = AllocProfiler::system();

const MESSAGES: usize = 20;

fn main() {
    divan::main();
}

fn input() -> Dict {
    dict! {"role": "poet", "topic": "bears", "count": 3}
}

fn prompt(format: TemplateFormat, text: &str) -> Option<ChatPromptTemplate> {
    let roles = ["human", "ai"].iter().cycle().take(MESSAGES);
    let prompt = ChatPromptTemplate::new().with_format(format);
    roles
        .into_iter()
        .try_fold(prompt, |prompt, role| prompt.message(role, text))
        .ok()
}

#[divan::bench]
fn twenty_messages(bencher: Bencher<'_, '_>) {
    let prompt = prompt(
        TemplateFormat::FString,
        "You are a {role}: say {count} words about {topic}, and no more.",
    );
    let input = input();
    bencher.bench(|| prompt.as_ref().map(|prompt| prompt.format(black_box(&input))));
}

#[divan::bench]
fn twenty_mustache_messages(bencher: Bencher<'_, '_>) {
    let text = "You are a {{role}}: say {{count}} words about {{topic}}, and no more.";
    let prompt = prompt(TemplateFormat::Mustache, text);
    let input = input();
    bencher.bench(|| prompt.as_ref().map(|prompt| prompt.format(black_box(&input))));
}

#[divan::bench]
fn parse_one_text() -> Option<Template> {
    Template::parse(black_box(
        "You are a {role}: say {count} words about {topic}, and no more.",
    ))
    .ok()
}
