//! Streams: what passes through a hook passes chunk by chunk.

use super::*;

async fn chunks(step: &Chain<String, AIMessage>, config: RunConfig) -> Vec<AIMessageChunk> {
    step.stream_with("one two three", config).try_collect().await.unwrap()
}

#[tokio::test]
async fn chunks_pass_through_hooks_as_they_are_with_their_logprobs() {
    // A run that somebody sees takes its id before it begins.
    let alone = chunks(&ask(), config().listener(UsageTracker::new().listener())).await;
    let log = Log::new();
    let hooks = hook(Marks("outer", Arc::clone(&log))).hook(Arc::new(Marks("inner", Arc::clone(&log))));
    let hooked = chunks(&ask(), hooks).await;
    assert_eq!(hooked, alone);
    assert_eq!(hooked.len(), 5);
    assert!(hooked[0].logprobs().is_some());
    assert_eq!(
        log.lines(),
        ["enter outer", "enter inner", "leave inner", "leave outer"]
    );
}

/// Says when it is dropped before its end.
struct OnDrop(Arc<Log>);

impl Drop for OnDrop {
    fn drop(&mut self) {
        self.0.0.lock().unwrap().push("dropped".to_owned());
    }
}

/// Notes each chunk as it comes, and the whole at the end.
struct Reads(Arc<Log>);

#[async_trait]
impl StepHook for Reads {
    async fn around(&self, call: &StepCall, next: Next<'_>) -> Result<StepOutput> {
        let _guard = OnDrop(Arc::clone(&self.0));
        assert!(call.is_streamed());
        let note = |line: String| self.0.0.lock().unwrap().push(line);
        let output = next
            .run_each(|chunk| note(chunk.downcast_ref::<AIMessageChunk>().unwrap().text().into_owned()))
            .await?;
        note(format!("whole {}", output.downcast_ref::<AIMessage>().unwrap().text()));
        Ok(output)
    }
}

#[tokio::test]
async fn a_hook_sees_each_chunk_before_the_caller_and_the_whole_at_the_end() {
    let log = Log::new();
    let mut stream = ask().stream_with("a b", hook(Reads(Arc::clone(&log))));
    assert!(log.lines().is_empty(), "nothing happens before the stream is polled");
    stream.next().await.unwrap().unwrap();
    assert_eq!(log.lines(), ["a "]);
    stream.next().await.unwrap().unwrap();
    assert_eq!(log.lines(), ["a ", "b"]);
    assert_eq!(stream.count().await, 2);
    assert_eq!(log.lines(), ["a ", "b", "", "", "whole a b", "dropped"]);
}

#[tokio::test]
async fn a_dropped_stream_drops_the_future_of_the_hook() {
    let log = Log::new();
    let mut stream = ask().stream_with("a b", hook(Reads(Arc::clone(&log))));
    stream.next().await.unwrap().unwrap();
    drop(stream);
    assert_eq!(log.lines(), ["a ", "dropped"]);
}

/// Waits for the step among other things, with a poll of its own.
struct Selects;

#[async_trait]
impl StepHook for Selects {
    async fn around(&self, _: &StepCall, next: Next<'_>) -> Result<StepOutput> {
        let mut all: futures::stream::FuturesUnordered<_> = [next.run()].into_iter().collect();
        all.next().await.unwrap()
    }
}

#[tokio::test]
async fn chunks_pass_through_a_hook_that_polls_only_what_woke_up() {
    let step = ask().pipe(StrOutputParser);
    let chunks: Vec<String> = step.stream_with("a b c", hook(Selects)).try_collect().await.unwrap();
    assert_eq!(chunks.concat(), "a b c");
}

#[tokio::test]
async fn of_two_calls_at_once_one_goes_on() {
    struct Hedge;
    #[async_trait]
    impl StepHook for Hedge {
        async fn around(&self, _: &StepCall, next: Next<'_>) -> Result<StepOutput> {
            let (first, second) = futures::join!(next.run(), next.run());
            assert_eq!(second.unwrap_err().kind(), ErrorKind::Config);
            first
        }
    }
    let chunks: Vec<String> = say().stream_with("a b", hook(Hedge)).try_collect().await.unwrap();
    assert_eq!(chunks.concat(), "a b");
    assert_eq!(say().invoke_with("a b", hook(Hedge)).await.unwrap(), "a b");
}

#[tokio::test]
async fn a_tool_that_could_begin_early_gets_its_whole_input_under_a_hook() {
    let log = Log::new();
    let chain = say() | Shout::default();
    let chunks: Vec<String> = chain
        .stream_with("a b", config().hook(Arc::<Log>::clone(&log)))
        .try_collect()
        .await
        .unwrap();
    assert_eq!(chunks, ["A B"]);
    assert_eq!(log.lines(), ["seq:step:2/EchoModel", "seq:step:4/shout"]);
}

#[tokio::test]
async fn the_same_hook_given_twice_stands_around_a_step_once() {
    let log = Log::new();
    let config = config().hook(Arc::<Log>::clone(&log));
    let fixed = say().with_config(config.clone());
    fixed.invoke_with("hi", config).await.unwrap();
    assert_eq!(log.lines().len(), 1);
}
