//! A process that is killed in the middle of its batch, again and again.

use std::collections::HashSet;
use std::fs::OpenOptions;
use std::io::Write;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::*;

const INPUTS: i32 = 200;
/// Tells the test below that it is the process to be killed, and in which folder it works.
const FOLDER: &str = "CADENA_TEST_KILLED_IN";

/// Long enough that a kill can come in the middle of a write.
fn answer(n: i32) -> String {
    format!("{n} ").repeat(if n % 7 == 0 { 50_000 } else { 20 })
}

/// Answers after two milliseconds, and writes down every call.
fn logged_step(calls: PathBuf) -> Lambda<i32, String> {
    lambda(move |n: i32| {
        let mut log = OpenOptions::new().append(true).create(true).open(&calls).unwrap();
        log.write_all(format!("{n}\n").as_bytes()).unwrap();
        async move {
            tokio::time::sleep(Duration::from_millis(2)).await;
            answer(n)
        }
    })
}

/// The work of the process that is killed. Run as a test by itself, it finds that no parent started it.
#[tokio::test]
async fn a_child_runs_the_batch_of_its_folder() {
    let Some(folder) = std::env::var_os(FOLDER).map(PathBuf::from) else {
        return;
    };
    let step = logged_step(folder.join("calls"));
    let config = RunConfig::new().max_concurrency(4);
    let batch = step.batch_resumable_with(0..INPUTS, folder.join("batch"), config);
    batch
        .try_for_each(|(_, output)| async { output.map(drop) })
        .await
        .unwrap();
}

fn spawn(folder: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "killed::a_child_runs_the_batch_of_its_folder"])
        .env(FOLDER, folder)
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

fn length(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |metadata| metadata.len())
}

/// The inputs in whole lines of the file.
fn written(path: &Path) -> Vec<i32> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
    let index = |line: &str| line.strip_prefix("{\"index\":")?.split(',').next()?.parse().ok();
    whole.lines().map(|line| index(line).unwrap()).collect()
}

/// The calls of one run, in order.
fn take_calls(path: &Path) -> Vec<i32> {
    let calls = std::fs::read_to_string(path).unwrap_or_default();
    drop(std::fs::remove_file(path));
    calls.lines().map(|line| line.parse().unwrap()).collect()
}

#[tokio::test]
async fn a_killed_process_goes_on_and_calls_nothing_twice() {
    let folder = Temporary::new();
    std::fs::create_dir(&folder.0).unwrap();
    let (batch, calls) = (folder.0.join("batch"), folder.0.join("calls"));
    let mut kills = 0;
    let status = loop {
        let before: HashSet<i32> = written(&batch).into_iter().collect();
        // A little more each time, down to the byte, so that the kills come at other moments of a line.
        let until = length(&batch) + 3000 + 70_001 * kills;
        let mut child = spawn(&folder.0);
        let status = loop {
            if let Some(status) = child.try_wait().unwrap() {
                break Some(status);
            }
            if length(&batch) >= until {
                child.kill().unwrap();
                child.wait().unwrap();
                break None;
            }
            std::thread::sleep(Duration::from_micros(200));
        };
        let called = take_calls(&calls);
        let again: Vec<_> = called.iter().filter(|n| before.contains(n)).collect();
        assert!(again.is_empty(), "called although their lines were written: {again:?}");
        assert_eq!(
            called.iter().collect::<HashSet<_>>().len(),
            called.len(),
            "each input once in a run"
        );
        match status {
            Some(status) => break status,
            None => kills += 1,
        }
    };
    assert!(status.success());
    assert!(kills >= 4, "only {kills} kills: the batch was too fast for this test");

    let mut done = written(&batch);
    done.sort_unstable();
    assert_eq!(done, (0..INPUTS).collect::<Vec<_>>(), "every input has one line");
    let uninterrupted = folder.0.join("uninterrupted");
    let step = logged_step(calls);
    step.batch_resumable(0..INPUTS, &uninterrupted)
        .try_for_each(|_| async { Ok(()) })
        .await
        .unwrap();
    assert_eq!(texts(&batch), texts(&uninterrupted));
    std::fs::remove_dir_all(&folder.0).unwrap();
}

fn texts(path: &Path) -> Vec<(usize, String)> {
    let results = BatchFile::new(path).results::<String>().unwrap();
    let mut texts: Vec<_> = results
        .map(|result| result.unwrap())
        .map(|(index, text)| (index, text.unwrap()))
        .collect();
    texts.sort_unstable();
    texts
}
