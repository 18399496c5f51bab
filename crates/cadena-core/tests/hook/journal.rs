//! A journal: an interrupted chain goes on where it was, and no step runs twice.

use super::*;
use cadena_core::Journal;

/// A place to write that outlives the journal, as a file does.
#[derive(Clone, Default)]
struct Disk(Arc<Mutex<Vec<u8>>>);

impl Disk {
    fn journal(&self) -> Journal {
        let written = self.0.lock().unwrap().clone();
        Journal::read(&*written).unwrap().write_to(self.clone())
    }
}

impl std::io::Write for Disk {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Lets so many calls through and hangs in the next one, as a machine that is switched off.
struct Crash(AtomicUsize);

#[async_trait]
impl StepHook for Crash {
    async fn around(&self, _: &StepCall, next: Next<'_>) -> Result<StepOutput> {
        if self.0.fetch_sub(1, Ordering::Relaxed) == 0 {
            self.0.store(0, Ordering::Relaxed);
            std::future::pending::<()>().await;
        }
        next.run().await
    }
}

/// Models and tools after and beside each other: eleven calls.
fn work(shout: &Shout) -> Chain<String, String> {
    let both = parallel! {"a": say() | shout.clone(), "b": say()};
    let join =
        lambda(|both: cadena_core::Dict| Ok::<_, Error>(vec![both.read::<String>("a")?, both.read::<String>("b")?]));
    let each = (say() | shout.clone()).map();
    let glue = lambda(|texts: Vec<String>| texts.join("+"));
    let choice = branch()
        .when_step(say() | lambda(|text: String| text.contains('+')), shout.clone())
        .otherwise(say());
    say() | both | join | each | glue | choice | say()
}

const CALLS: usize = 11;

async fn crash_and_resume(streamed: bool) {
    let expected = work(&Shout::default()).invoke("one two").await.unwrap();
    for finished in 0..=CALLS {
        let disk = Disk::default();
        let shout = Shout::default();
        let usage = UsageTracker::new();
        let chain = work(&shout);
        let config = || config().listener(usage.listener()).hook(Arc::new(disk.journal()));
        let run = |config: RunConfig| {
            let chain = chain.clone();
            async move {
                if streamed {
                    fold::<String>(chain.stream_with("one two", config))
                        .await
                        .map(Option::unwrap)
                } else {
                    chain.invoke_with("one two", config).await
                }
            }
        };

        let crash = Arc::new(Crash(AtomicUsize::new(finished)));
        let first = tokio::time::timeout(Duration::from_secs(1), run(config().hook(crash))).await;
        assert_eq!(first.is_ok(), finished == CALLS);
        let lines = disk.0.lock().unwrap().iter().filter(|byte| **byte == b'\n').count();
        assert_eq!(lines, finished);

        assert_eq!(run(config()).await.unwrap(), expected);
        let calls = usage.calls() + shout.calls.load(Ordering::Relaxed) as u64;
        assert_eq!(calls, CALLS as u64, "interrupted after {finished} calls");
    }
}

#[tokio::test(start_paused = true)]
async fn every_step_runs_once_wherever_the_chain_was_interrupted() {
    crash_and_resume(false).await;
}

#[tokio::test(start_paused = true)]
async fn every_step_runs_once_wherever_the_stream_was_interrupted() {
    crash_and_resume(true).await;
}

#[tokio::test]
async fn a_replayed_answer_has_all_that_the_model_gave() {
    let disk = Disk::default();
    let once = || config().hook(Arc::new(disk.journal()));
    let first = ask().invoke_with("one two", once()).await.unwrap();
    let again = ask().invoke_with("one two", once()).await.unwrap();
    assert_eq!(again, first);
    assert_eq!(again.logprobs().unwrap().tokens().count(), 2);
    assert!(again.usage_metadata.is_some());
}

#[tokio::test]
async fn a_changed_input_is_an_error_and_not_an_old_answer() {
    let disk = Disk::default();
    let once = || config().hook(Arc::new(disk.journal()));
    say().invoke_with("one", once()).await.unwrap();
    let error = say().invoke_with("two", once()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert_eq!(
        error.detail(),
        "the journal has `seq:step:2/EchoModel` with another input"
    );
}

#[tokio::test]
async fn a_line_that_was_cut_off_is_called_again_and_a_broken_one_is_an_error() {
    let path = std::env::temp_dir().join(format!("cadena-journal-{}.jsonl", std::process::id()));
    let usage = UsageTracker::new();
    let config = || {
        config()
            .listener(usage.listener())
            .hook(Arc::new(Journal::open(&path).unwrap()))
    };
    let chain = say() | say();
    chain.invoke_with("one", config()).await.unwrap();
    let whole = std::fs::read(&path).unwrap();
    let first = whole.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    for cut in [0, 1, first - 1, first, first + 1, whole.len() - 1, whole.len()] {
        std::fs::write(&path, &whole[..cut]).unwrap();
        let before = usage.calls();
        chain.invoke_with("one", config()).await.unwrap();
        let kept = whole[..cut].iter().filter(|byte| **byte == b'\n').count() as u64;
        assert_eq!(usage.calls() - before, 2 - kept);
        assert_eq!(Journal::open(&path).unwrap().len(), 2);
    }
    std::fs::write(&path, "{\"step\": 1}\n").unwrap();
    let error = Journal::open(&path).unwrap_err();
    assert_eq!(
        error.to_string(),
        "invalid configuration: line 1 of the journal is no step"
    );
    std::fs::remove_file(&path).unwrap();
}
