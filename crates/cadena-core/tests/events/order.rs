//! Which events come, and in which order.

use cadena_core::{
    Dict, EchoModel, PromptValue, RunEvent, RunnableExt, StrOutputParser, dict, generator, lambda, parallel,
};
use futures::{StreamExt, TryStreamExt};
use serde_json::{Value, json};

use crate::{config, line, lines, model, prompt};

#[tokio::test]
async fn a_prompt_a_model_and_a_parser_interleave_as_they_work() {
    let chain = prompt() | model() | StrOutputParser;
    let events = chain.stream_events_with(dict! {"words": "to be"}, config());
    let events: Vec<_> = events.try_collect().await.unwrap();
    insta::assert_snapshot!(lines(&events), @r"
    start RunnableSequence
      start ChatPromptTemplate seq:step:1
      end ChatPromptTemplate seq:step:1
      start EchoModel seq:step:2
      chunk EchoModel seq:step:2
      start StrOutputParser seq:step:3
      chunk StrOutputParser seq:step:3
    chunk RunnableSequence
      chunk EchoModel seq:step:2
      chunk StrOutputParser seq:step:3
    chunk RunnableSequence
      chunk EchoModel seq:step:2
      chunk StrOutputParser seq:step:3
    chunk RunnableSequence
      chunk EchoModel seq:step:2
      chunk StrOutputParser seq:step:3
    chunk RunnableSequence
      end EchoModel seq:step:2
      end StrOutputParser seq:step:3
    end RunnableSequence
    ");
}

#[tokio::test]
async fn a_step_says_its_input_once_and_its_end_repeats_it() {
    let chain = lambda(|n: i32| n + 1) | lambda(|n: i32| n * 2);
    let events: Vec<_> = chain.stream_events(20).try_collect().await.unwrap();
    let said = |event: &RunEvent| match event {
        RunEvent::Start { run, input, .. } => Some(json!([run.parents.len(), input])),
        RunEvent::End { run, input, output } => Some(json!([run.parents.len(), input, output])),
        _ => None,
    };
    let said: Vec<Value> = events.iter().filter_map(said).collect();
    assert_eq!(
        Value::from(said),
        json!([[0, 20], [1, 20], [1, 20, 21], [1, 21], [1, 21, 42], [0, null, 42]])
    );
}

#[tokio::test]
async fn a_step_that_passes_chunks_through_says_its_input_at_the_end() {
    let chain = model() | generator::<cadena_core::AIMessage, _, _>(|chunks| chunks) | StrOutputParser;
    let events: Vec<_> = chain.stream_events("a b").try_collect().await.unwrap();
    let parser = |event: &&RunEvent| event.run().name == "StrOutputParser";
    let parser: Vec<_> = events.iter().filter(parser).collect();
    assert!(matches!(parser.first(), Some(RunEvent::Start { input: None, .. })));
    let Some(RunEvent::End { input: Some(input), .. }) = parser.last() else {
        panic!("{}", lines(&events));
    };
    assert_eq!(input["content"], "a b");
}

#[tokio::test]
async fn branches_beside_each_other_have_their_key_as_a_tag() {
    let both = parallel! {"one": lambda(|n: i32| n + 1), "two": lambda(|n: i32| n + 2)};
    let events: Vec<_> = both
        .stream_events_with(1, config().tag("mine"))
        .try_collect()
        .await
        .unwrap();
    insta::assert_snapshot!(lines(&events), @r"
    start RunnableParallel<one,two> mine
      start RunnableLambda mine map:key:one
      chunk RunnableLambda mine map:key:one
    chunk RunnableParallel<one,two> mine
      start RunnableLambda mine map:key:two
      chunk RunnableLambda mine map:key:two
    chunk RunnableParallel<one,two> mine
      end RunnableLambda mine map:key:one
      end RunnableLambda mine map:key:two
    end RunnableParallel<one,two> mine
    ");
}

#[tokio::test]
async fn each_element_of_a_list_has_a_run() {
    let each = lambda(|n: i32| n + 1).map();
    let events: Vec<_> = each
        .stream_events_with(vec![1, 2], config())
        .try_collect()
        .await
        .unwrap();
    insta::assert_snapshot!(lines(&events), @r"
    start RunnableEach<RunnableLambda>
      start RunnableLambda map:item:1
      end RunnableLambda map:item:1
    chunk RunnableEach<RunnableLambda>
      start RunnableLambda map:item:2
      end RunnableLambda map:item:2
    chunk RunnableEach<RunnableLambda>
    end RunnableEach<RunnableLambda>
    ");
}

#[tokio::test]
async fn inputs_that_are_false_or_empty_are_said() {
    for input in [
        json!(0),
        json!(""),
        json!(false),
        json!([]),
        json!({}),
        json!({"input": ""}),
    ] {
        let step = lambda(|value: Value| value);
        let events: Vec<_> = step.stream_events(input.clone()).try_collect().await.unwrap();
        assert_eq!(events[0].to_langchain_json()["data"], json!({"input": input}));
        assert_eq!(events[2].to_langchain_json()["data"], json!({"output": input}));
    }
}

#[tokio::test]
async fn the_runs_around_are_told_from_the_outermost_in() {
    let inner = (lambda(|text: String| PromptValue::from(text)) | EchoModel::new() | StrOutputParser).named("inner");
    let chain = inner | lambda(|text: String| text.len());
    let events: Vec<_> = chain.stream_events("a").try_collect().await.unwrap();
    let mut begun = Vec::new();
    for event in &events {
        if let RunEvent::Start { run, .. } = event {
            assert!(
                run.parents.iter().all(|parent| begun.contains(parent)),
                "{}",
                line(event)
            );
            begun.push(run.id);
        }
    }
    assert_eq!(begun.len(), 6);
}

#[tokio::test]
async fn nothing_happens_before_the_first_poll() {
    let calls = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let counted = std::sync::Arc::clone(&calls);
    let step = lambda(move |input: Dict| {
        counted.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        input
    });
    let log = std::sync::Arc::new(crate::Log::default());
    let config = config().listener(std::sync::Arc::<crate::Log>::clone(&log));
    drop(step.stream_events_with(dict! {}, config.clone()));
    drop(step.stream_with(dict! {}, config.clone()));
    assert_eq!(log.lines(), "");
    let mut events = step.stream_events_with(dict! {}, config);
    events.next().await.unwrap().unwrap();
    assert_eq!(calls.load(std::sync::atomic::Ordering::Relaxed), 1);
}
