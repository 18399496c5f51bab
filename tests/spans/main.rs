//! Spans: what the example `otel` sends to a collector, and how spans nest whatever runs at the same time.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

mod collector;
mod nesting;
#[path = "../../examples/otel.rs"]
#[allow(dead_code, clippy::print_stdout, reason = "the example's `main` is not called")]
mod otel;

use cadena::RunConfig;
use collector::{Collector, Span};

async fn exported(config: RunConfig) -> Vec<Span> {
    let collector = Collector::start();
    let model = cadena_examples::replay().unwrap();
    otel::joke(model, &collector.endpoint, config).await.unwrap();
    collector.spans()
}

fn find<'a>(spans: &'a [Span], name: &str) -> &'a Span {
    spans.iter().find(|span| span.name() == name).unwrap()
}

#[tokio::test]
async fn a_collector_gets_the_chain_and_inside_it_the_model_with_its_tokens() {
    let spans = exported(RunConfig::new()).await;
    let workflow = find(&spans, "invoke_workflow jokes");
    let chat = find(&spans, "chat gpt-4o-mini");
    assert_eq!(workflow.text("/parentSpanId"), "");
    for inner in ["ChatPromptTemplate", "chat gpt-4o-mini", "StrOutputParser"] {
        assert_eq!(
            find(&spans, inner).text("/parentSpanId"),
            workflow.text("/spanId"),
            "{inner}"
        );
        assert_eq!(
            find(&spans, inner).text("/traceId"),
            workflow.text("/traceId"),
            "{inner}"
        );
    }
    assert_eq!(spans.len(), 4);

    let expected = [
        ("gen_ai.operation.name", "chat"),
        ("gen_ai.provider.name", "openai"),
        ("gen_ai.request.model", "gpt-4o-mini"),
        ("gen_ai.request.temperature", "0.0"),
        ("gen_ai.request.seed", "7"),
        ("gen_ai.request.max_tokens", "24"),
        ("gen_ai.response.model", "SmolLM2-135M-Instruct"),
        ("gen_ai.response.finish_reasons", "[\"length\"]"),
        ("gen_ai.usage.input_tokens", "40"),
        ("gen_ai.usage.output_tokens", "24"),
    ];
    for (key, value) in expected {
        assert_eq!(chat.attribute(key).as_deref(), Some(value), "{key}");
    }
    assert!(
        chat.attribute("gen_ai.response.id")
            .is_some_and(|id| id.starts_with("chatcmpl-"))
    );
    assert_eq!(chat.field("/kind"), 3); // a client's
    assert_eq!(
        workflow.attribute("gen_ai.operation.name").as_deref(),
        Some("invoke_workflow")
    );
}

#[tokio::test]
async fn prompts_and_answers_are_exported_only_when_asked_for() {
    let silent = exported(RunConfig::new()).await;
    assert!(
        silent
            .iter()
            .all(|span| !span.all().contains("bears") && !span.all().contains("messages"))
    );

    let told = exported(RunConfig::new().trace_content(true)).await;
    let chat = find(&told, "chat gpt-4o-mini");
    assert_eq!(
        chat.attribute("gen_ai.input.messages").unwrap(),
        r#"[{"role":"user","parts":[{"type":"text","content":"Write a joke about bears in one short sentence."}]}]"#
    );
    let answer: serde_json::Value = serde_json::from_str(&chat.attribute("gen_ai.output.messages").unwrap()).unwrap();
    assert_eq!(answer.pointer("/0/role").unwrap(), "assistant");
    assert_eq!(answer.pointer("/0/parts/0/type").unwrap(), "text");
}
