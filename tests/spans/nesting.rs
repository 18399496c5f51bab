//! Spans as a subscriber sees them: they nest in their runs, end with them, and report how they failed.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use cadena::runnables::stream_fn;
use cadena::{
    AIMessage, Bind, Chain, ChatOptions, Dict, EchoModel, Error, ErrorKind, PromptValue, Result, RunConfig,
    RunnableExt, StrOutputParser, lambda, parallel,
};
use futures::{StreamExt, TryStreamExt};
use tracing::field::{Field, Visit};
use tracing::instrument::WithSubscriber;
use tracing::span::{Attributes, Id, Record};
use tracing::{Instrument, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;

/// The fields of a span, and whether it is closed.
#[derive(Clone, Debug, Default)]
struct Seen {
    parent: Option<usize>,
    fields: BTreeMap<String, String>,
    closed: bool,
}

impl Seen {
    fn name(&self) -> &str {
        self.fields.get("otel.name").map_or("", String::as_str)
    }

    fn field(&self, name: &str) -> &str {
        self.fields.get(name).map_or("", String::as_str)
    }
}

#[derive(Clone, Default)]
struct Spans(Arc<Mutex<Vec<Seen>>>);

/// The place of a span in the list. A registry gives the number of a closed span again.
#[derive(Clone, Copy)]
struct Place(usize);

impl Spans {
    fn subscriber(&self) -> impl Subscriber + Send + Sync + 'static {
        tracing_subscriber::registry().with(self.clone())
    }

    /// Each span with those around it, outermost first.
    fn paths(&self) -> Vec<String> {
        let spans = self.0.lock().unwrap();
        let path = |seen: &Seen| {
            let around = std::iter::successors(Some(seen), |seen| spans.get(seen.parent?));
            let mut names: Vec<_> = around.map(Seen::name).collect();
            names.reverse();
            names.join(" > ")
        };
        let mut paths: Vec<_> = spans.iter().map(path).collect();
        paths.sort();
        paths
    }

    fn find(&self, name: &str) -> Seen {
        let spans = self.0.lock().unwrap();
        spans.iter().find(|seen| seen.name() == name).unwrap().clone()
    }

    fn open(&self) -> usize {
        self.0.lock().unwrap().iter().filter(|seen| !seen.closed).count()
    }
}

struct Fields<'a>(&'a mut BTreeMap<String, String>);

impl Visit for Fields<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name().to_owned(), value.to_owned());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        self.0.insert(field.name().to_owned(), format!("{value:?}"));
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Spans {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, cx: Context<'_, S>) {
        let span = cx.span(id).unwrap();
        let parent = span
            .parent()
            .map(|parent| parent.extensions().get::<Place>().unwrap().0);
        let mut seen = Seen {
            parent,
            ..Seen::default()
        };
        attributes.record(&mut Fields(&mut seen.fields));
        let name = || attributes.metadata().name().to_owned();
        seen.fields.entry("otel.name".to_owned()).or_insert_with(name);
        let mut spans = self.0.lock().unwrap();
        span.extensions_mut().insert(Place(spans.len()));
        spans.push(seen);
    }

    fn on_record(&self, id: &Id, record: &Record<'_>, cx: Context<'_, S>) {
        let place = *cx.span(id).unwrap().extensions().get::<Place>().unwrap();
        let mut spans = self.0.lock().unwrap();
        record.record(&mut Fields(&mut spans.get_mut(place.0).unwrap().fields));
    }

    fn on_close(&self, id: Id, cx: Context<'_, S>) {
        let place = *cx.span(&id).unwrap().extensions().get::<Place>().unwrap();
        self.0.lock().unwrap().get_mut(place.0).unwrap().closed = true;
    }
}

fn ask() -> Chain<String, AIMessage> {
    lambda(|text: String| async move {
        tokio::task::yield_now().await;
        PromptValue::from(text)
    })
    .pipe(EchoModel::new().bind(ChatOptions::new().temperature(0.5).stop(["z"])))
}

fn both() -> Chain<String, Dict> {
    Chain::new(parallel! {"a": ask().named("ask a") | StrOutputParser, "b": ask().named("ask b") | StrOutputParser})
}

#[tokio::test]
async fn spans_nest_as_runs_do_and_branches_do_not_mix_whole_and_streamed() {
    let expected = [
        "web request",
        "web request > invoke_workflow RunnableSequence",
        "web request > invoke_workflow RunnableSequence > RunnableParallel<a,b>",
    ];
    for streamed in [false, true] {
        let spans = Spans::default();
        async {
            let request = async {
                if streamed {
                    cadena::fold::<Dict>(both().stream("x y")).await.unwrap();
                } else {
                    both().invoke("x y").await.unwrap();
                }
            };
            request.instrument(tracing::info_span!("web request")).await;
        }
        .with_subscriber(spans.subscriber())
        .await;
        let paths = spans.paths();
        assert_eq!(paths[..3], expected);
        for branch in ["ask a", "ask b"] {
            let model = format!("{} > RunnableSequence > {branch} > chat echo-1", expected[2]);
            assert!(paths.contains(&model), "{streamed} {paths:#?}");
        }
        assert_eq!(paths.len(), 13);
        assert_eq!(spans.open(), 0);
    }
}

#[tokio::test]
async fn a_model_says_what_it_was_asked_and_what_it_used_also_in_a_stream() {
    for streamed in [false, true] {
        let spans = Spans::default();
        async {
            if streamed {
                ask().stream("x y").try_collect::<Vec<_>>().await.unwrap();
            } else {
                ask().invoke("x y").await.unwrap();
            }
        }
        .with_subscriber(spans.subscriber())
        .await;
        let chat = spans.find("chat echo-1");
        assert_eq!(chat.field("gen_ai.provider.name"), "echo");
        assert_eq!(chat.field("gen_ai.request.temperature"), "0.5");
        assert_eq!(chat.field("gen_ai.request.stop_sequences"), "[\"z\"]");
        assert_eq!(chat.field("gen_ai.usage.input_tokens"), "2");
        assert_eq!(chat.field("gen_ai.usage.output_tokens"), "2");
        assert_eq!(chat.field("gen_ai.response.finish_reasons"), "[\"stop\"]");
        assert!(!format!("{chat:?}").contains("x y"));
    }
}

#[tokio::test]
async fn content_is_there_when_asked_for_whole_and_streamed() {
    for streamed in [false, true] {
        let spans = Spans::default();
        async {
            let config = RunConfig::new().trace_content(true);
            if streamed {
                ask().stream_with("x y", config).try_collect::<Vec<_>>().await.unwrap();
            } else {
                ask().invoke_with("x y", config).await.unwrap();
            }
        }
        .with_subscriber(spans.subscriber())
        .await;
        let chat = spans.find("chat echo-1");
        let text = r#""parts":[{"type":"text","content":"x y"}]"#;
        assert_eq!(
            chat.field("gen_ai.input.messages"),
            format!(r#"[{{"role":"user",{text}}}]"#)
        );
        assert_eq!(
            chat.field("gen_ai.output.messages"),
            format!(r#"[{{"role":"assistant",{text},"finish_reason":"stop"}}]"#)
        );
    }
}

#[tokio::test]
async fn an_error_is_in_the_span_of_its_step_and_of_those_around_it() {
    for streamed in [false, true] {
        let spans = Spans::default();
        let bad = lambda(|_: AIMessage| Err::<String, _>(Error::new(ErrorKind::RateLimited, "too much")));
        let chain = ask() | bad.named("bad");
        let error = async {
            if streamed {
                chain.stream("x").try_collect::<Vec<_>>().await.unwrap_err()
            } else {
                chain.invoke("x").await.unwrap_err()
            }
        }
        .with_subscriber(spans.subscriber())
        .await;
        for name in ["bad", "invoke_workflow RunnableSequence"] {
            let span = spans.find(name);
            assert_eq!(span.field("error.type"), "RateLimited", "{streamed} {name}");
            assert_eq!(span.field("otel.status_code"), "ERROR");
            assert_eq!(span.field("otel.status_description"), error.to_string());
        }
        assert_eq!(spans.find("chat echo-1").field("error.type"), "");
    }
}

#[tokio::test]
async fn a_dropped_run_ends_its_spans() {
    let spans = Spans::default();
    async {
        let slow = stream_fn::<String, String, _>(|_| {
            futures::stream::once(async { Ok("first".to_owned()) }).chain(futures::stream::pending::<Result<String>>())
        });
        let mut stream = slow.stream("x");
        stream.next().await.unwrap().unwrap();
        assert_eq!(spans.open(), 1);
        drop(stream);
        assert_eq!(spans.open(), 0);

        let never = lambda(|_: String| std::future::pending::<String>());
        let call = never.invoke("x");
        let mut call = Box::pin(call);
        assert!(futures::poll!(call.as_mut()).is_pending());
        assert_eq!(spans.open(), 1);
        drop(call);
        assert_eq!(spans.open(), 0);
    }
    .with_subscriber(spans.subscriber())
    .await;
}
