//! Spans of a chain, exported to an OpenTelemetry collector.
//!
//! Run it with `cargo run --features otel --example otel`; a collector listens at `OTEL_EXPORTER_OTLP_ENDPOINT`, by default
//! `http://localhost:4318`, as Jaeger and the OpenTelemetry Collector do. It prints a joke and sends three spans for it: the chain, the
//! prompt, the model with its tokens.

use std::error::Error;

use cadena::prelude::*;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig as _};
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::instrument::WithSubscriber as _;
use tracing_subscriber::layer::SubscriberExt as _;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let endpoint = std::env::var("OTEL_EXPORTER_OTLP_ENDPOINT").unwrap_or_else(|_| "http://localhost:4318".to_owned());
    let model = cadena_examples::model()?; // or `ChatOpenAI::new("gpt-4o-mini")`
    println!("{}", joke(model, &endpoint, RunConfig::new()).await?);
    Ok(())
}

/// Asks for a joke and exports the spans. Prompts and answers are in them only if the config says so.
pub(crate) async fn joke(model: impl ChatModel, endpoint: &str, config: RunConfig) -> Result<String, Box<dyn Error>> {
    // The exporter's HTTP client takes the process's TLS provider, and does not start without one. An error says that there is one.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let exporter = SpanExporter::builder()
        .with_http()
        .with_protocol(Protocol::HttpJson)
        .with_endpoint(format!("{endpoint}/v1/traces"))
        .build()?;
    let provider = SdkTracerProvider::builder().with_batch_exporter(exporter).build();
    let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("cadena"));
    let subscriber = tracing_subscriber::registry().with(layer);

    let prompt = ChatPromptTemplate::new().human("Write a joke about {topic} in one short sentence.")?;
    let chain = (prompt.pipe(model) | StrOutputParser).named("jokes");

    // A program with one subscriber says `subscriber.init()` at its start instead.
    let joke = chain.invoke_with(dict! {"topic": "bears"}, config);
    let joke = joke.with_subscriber(subscriber).await;
    // The last spans go out before the program ends, also after an error.
    provider.shutdown()?;
    Ok(joke?)
}
