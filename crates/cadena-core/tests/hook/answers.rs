//! A hook may answer, change, fail and call again; these tests combine that with retries, fallbacks and limits.

use super::*;

#[tokio::test]
async fn a_hook_answers_without_a_call() {
    let usage = UsageTracker::new();
    let config = || hook(Answers("from the hook")).listener(usage.listener());
    assert_eq!(say().invoke_with("hi", config()).await.unwrap(), "from the hook");
    let chunks: Vec<_> = ask().stream_with("hi", config()).try_collect().await.unwrap();
    assert_eq!(chunks.len(), 1);
    assert_eq!(chunks[0].text(), "from the hook");
    assert_eq!(chunks[0].chunk_position, Some(ChunkPosition::Last));
    assert_eq!(usage.calls(), 0);
}

#[tokio::test]
async fn an_answer_of_a_hook_is_one_run_with_a_start_and_an_end() {
    #[derive(Default)]
    struct Runs(Mutex<Vec<String>>);
    impl Listener for Runs {
        fn on_event(&self, event: &RunEvent) {
            let line = match event {
                RunEvent::Start { run, .. } => format!("start {}", run.name),
                RunEvent::End { run, output, .. } => format!("end {} {}", run.name, output["content"]),
                _ => return,
            };
            self.0.lock().unwrap().push(line);
        }
    }
    let runs = Arc::new(Runs::default());
    let config = hook(Answers("yes")).listener(Arc::<Runs>::clone(&runs));
    EchoModel::new().invoke_with("hi", config).await.unwrap();
    assert_eq!(*runs.0.lock().unwrap(), ["start EchoModel", "end EchoModel \"yes\""]);
}

/// Answers for one step only.
struct Cached;

#[async_trait]
impl StepHook for Cached {
    async fn around(&self, call: &StepCall, next: Next<'_>) -> Result<StepOutput> {
        match call.step() {
            "cached" => Ok(StepOutput::new(AIMessage::new("yes"))),
            _ => next.run().await,
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_takes_no_permit() {
    let cx = RunContext::new(hook(Cached).max_concurrency(1));
    let mut open = EchoModel::new().stream_in("a b", &cx);
    open.next().await.unwrap().unwrap(); // It has the only permit until its last chunk.
    let (echo, cached) = (EchoModel::new(), EchoModel::new().named("cached"));
    assert_eq!(cached.invoke_in("hi", &cx).await.unwrap().text(), "yes");
    let waits = tokio::time::timeout(Duration::from_secs(1), echo.invoke_in("hi", &cx));
    assert!(waits.await.is_err());
}

/// Adds to every text, with or without holding it back.
struct Changes {
    holds: bool,
}

#[async_trait]
impl StepHook for Changes {
    async fn around(&self, _: &StepCall, next: Next<'_>) -> Result<StepOutput> {
        let output = if self.holds {
            next.run_whole().await?
        } else {
            next.run().await?
        };
        let mut message = output.downcast_ref::<AIMessage>().unwrap().clone();
        message.content = format!("{}!", message.text()).into();
        Ok(StepOutput::new(message))
    }
}

#[tokio::test]
async fn a_hook_that_holds_an_output_back_may_change_it() {
    let seen = Log::new();
    let config = || hook(Changes { holds: true });
    assert_eq!(say().invoke_with("a b", config()).await.unwrap(), "a b!");
    let chunks: Vec<_> = ask()
        .stream_with("a b", config().hook(Arc::<Log>::clone(&seen)))
        .try_collect()
        .await
        .unwrap();
    assert_eq!(chunks.len(), 1);
    assert_eq!(chunks[0].text(), "a b!");
    assert_eq!(seen.lines().len(), 1);
}

#[tokio::test]
async fn an_output_that_has_gone_on_cannot_be_changed_whole_or_streamed() {
    let config = || hook(Changes { holds: false });
    let whole = say().invoke_with("a b", config()).await.unwrap_err();
    let streamed = say()
        .stream_with("a b", config())
        .try_collect::<Vec<_>>()
        .await
        .unwrap_err();
    assert_eq!(
        whole.to_string(),
        "invalid configuration: a hook changed an output that had gone on to the caller (in step `EchoModel`); \
         call `Next::run_whole` in it"
    );
    assert_eq!(streamed.to_string(), whole.to_string());
}

struct Fails(ErrorKind);

#[async_trait]
impl StepHook for Fails {
    async fn around(&self, call: &StepCall, next: Next<'_>) -> Result<StepOutput> {
        match call.step() {
            "bad" => Err(Error::new(self.0, "the hook says no")),
            _ => next.run().await,
        }
    }
}

#[tokio::test]
async fn an_error_of_a_hook_is_one_of_the_step_and_meets_the_fallback() {
    let bad = || {
        lambda(|text: String| PromptValue::from(text))
            .pipe(EchoModel::new().named("bad"))
            .pipe(StrOutputParser)
    };
    let config = || hook(Fails(ErrorKind::RateLimited));
    let whole = bad().invoke_with("hi", config()).await.unwrap_err();
    assert_eq!(whole.to_string(), "rate limited: the hook says no (in step `bad`)");
    let streamed = bad()
        .stream_with("hi", config())
        .try_collect::<Vec<_>>()
        .await
        .unwrap_err();
    assert_eq!(streamed.to_string(), whole.to_string());
    let either = bad().with_fallbacks([say()]);
    assert_eq!(either.invoke_with("hi", config()).await.unwrap(), "hi");
    let chunks: Vec<_> = either.stream_with("a b", config()).try_collect().await.unwrap();
    assert_eq!(chunks.concat(), "a b");
}

/// Gives one chunk, then fails, a number of times; then answers.
#[derive(Clone, Default)]
struct Flaky {
    calls: Arc<AtomicUsize>,
    chunk_first: bool,
}

impl ChatModel for Flaky {
    fn profile(&self) -> ModelProfile {
        ModelProfile::new("test", "flaky").with_all_options()
    }

    fn stream_chat(&self, _: ChatRequest, _: RunContext) -> ChunkStream<AIMessage> {
        let server = || Err(Error::from(ErrorKind::Server));
        let items = match (self.calls.fetch_add(1, Ordering::Relaxed), self.chunk_first) {
            (0, true) => vec![Ok(AIMessageChunk::new("half")), server()],
            (0, false) => vec![server()],
            _ => vec![Ok(AIMessageChunk::new("who")), Ok(AIMessageChunk::new("le"))],
        };
        futures::stream::iter(items).boxed()
    }
}

/// Calls again without asking whether it may.
struct Again;

#[async_trait]
impl StepHook for Again {
    async fn around(&self, _: &StepCall, next: Next<'_>) -> Result<StepOutput> {
        match next.run().await {
            Err(_) => next.run().await,
            output => output,
        }
    }
}

#[tokio::test]
async fn a_hook_calls_again_until_something_has_gone_on() {
    let chunks: Vec<_> = Flaky::default()
        .stream_with("?", hook(Again))
        .try_collect()
        .await
        .unwrap();
    let text: String = chunks.iter().map(|chunk| chunk.text().into_owned()).collect();
    assert_eq!(text, "whole");

    let late = Flaky {
        chunk_first: true,
        ..Flaky::default()
    };
    assert_eq!(late.invoke_with("?", hook(Again)).await.unwrap().text(), "whole");
    let late = Flaky {
        chunk_first: true,
        ..Flaky::default()
    };
    let mut stream = late.stream_with("?", hook(Again));
    assert_eq!(stream.next().await.unwrap().unwrap().text(), "half");
    assert_eq!(stream.next().await.unwrap().unwrap_err().kind(), ErrorKind::Config);
    assert!(stream.next().await.is_none());
    assert_eq!(late.calls.load(Ordering::Relaxed), 1);
}

#[tokio::test(start_paused = true)]
async fn a_retry_around_a_step_calls_the_hook_for_each_attempt() {
    let log = Log::new();
    let step = Flaky::default().with_retry(RetryOptions::new());
    step.invoke_with("?", config().hook(Arc::<Log>::clone(&log)))
        .await
        .unwrap();
    assert_eq!(log.lines(), ["Flaky", "retry:attempt:2/Flaky"]);
}

/// A text that serde writes and does not read.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
struct Written(String);

cadena_core::flow_whole!(Written);

/// A retriever whose output nobody can read back.
#[derive(Clone)]
struct Opaque;

#[async_trait]
impl Runnable for Opaque {
    type Input = String;
    type Output = Written;

    fn describe(&self) -> StepInfo<'_> {
        StepInfo::of(self).kind(RunKind::Retriever)
    }

    async fn run(&self, input: String, _: RunContext) -> Result<Written> {
        Ok(Written(input))
    }
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_back_says_what_to_write() {
    let error = Opaque.invoke_with("hi", hook(Answers("yes"))).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "unsupported: a value of `hook::answers::Written` cannot be read back from JSON (in step `Opaque`); \
         derive `Deserialize` for a type of `flow_whole!`, write `Streamable::from_json`, or add the type by `Journal::reads`"
    );
    let error = EchoModel::new().invoke_with("hi", hook(Typed)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    let typed = Opaque.invoke_with("hi", hook(Typed)).await.unwrap();
    assert_eq!(typed, Written("typed".to_owned()));
}

/// Answers with a value of the type that the retriever returns.
struct Typed;

#[async_trait]
impl StepHook for Typed {
    async fn around(&self, _: &StepCall, _: Next<'_>) -> Result<StepOutput> {
        Ok(StepOutput::new(Written("typed".to_owned())))
    }
}

#[tokio::test]
async fn a_hook_is_told_what_is_asked() {
    struct Asked;
    #[async_trait]
    impl StepHook for Asked {
        async fn around(&self, call: &StepCall, next: Next<'_>) -> Result<StepOutput> {
            assert_eq!(call.kind(), RunKind::ChatModel);
            assert_eq!(call.input()?["messages"][0]["content"], "secret");
            assert_eq!(call.input_as::<PromptValue>().unwrap().messages.len(), 1);
            assert_eq!(call.model().unwrap().to_json()["options"]["logprobs"], true);
            assert!(!format!("{call:?}").contains("secret"));
            assert_eq!(call.run().tags, ["tagged", "seq:step:2"]);
            next.run().await
        }
    }
    say().invoke_with("secret", hook(Asked).tag("tagged")).await.unwrap();
}
