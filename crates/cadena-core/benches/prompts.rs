//! The cost of filling templates, and of the schema that an answer must have.
//!
//! `cargo bench -p cadena-core --features schemars --bench prompts` prints the time and the allocations.

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

#[cfg(feature = "schemars")]
mod schema {
    //! The schema of a struct with fifty fields, as a model is asked for it.

    use cadena_core::{ChatModelExt, EchoModel, StructuredMethod, parameters_of, schemars};
    use divan::black_box;
    use serde_json::Value;

    macro_rules! wide {
        ($($field:ident: $type:ty),* $(,)?) => {
            /// A struct with fifty fields.
            #[derive(serde::Deserialize, schemars::JsonSchema)]
            #[allow(dead_code, reason = "only its schema is wanted")]
            struct Wide {
                $(
                    /// Its content.
                    $field: $type,
                )*
            }
        };
    }

    wide! {
        a0: String, b0: u32, c0: Option<f64>, d0: Vec<String>, e0: bool,
        a1: String, b1: u32, c1: Option<f64>, d1: Vec<String>, e1: bool,
        a2: String, b2: u32, c2: Option<f64>, d2: Vec<String>, e2: bool,
        a3: String, b3: u32, c3: Option<f64>, d3: Vec<String>, e3: bool,
        a4: String, b4: u32, c4: Option<f64>, d4: Vec<String>, e4: bool,
        a5: String, b5: u32, c5: Option<f64>, d5: Vec<String>, e5: bool,
        a6: String, b6: u32, c6: Option<f64>, d6: Vec<String>, e6: bool,
        a7: String, b7: u32, c7: Option<f64>, d7: Vec<String>, e7: bool,
        a8: String, b8: u32, c8: Option<f64>, d8: Vec<String>, e8: bool,
        a9: String, b9: u32, c9: Option<f64>, d9: Vec<String>, e9: bool,
    }

    #[divan::bench]
    fn of_fifty_fields() -> Value {
        parameters_of::<Wide>()
    }

    #[divan::bench]
    fn of_fifty_fields_strict_in_a_step() -> bool {
        let step = EchoModel::new().with_structured_output::<Wide>();
        black_box(step.method(StructuredMethod::JsonSchema)).options().is_ok()
    }
}
