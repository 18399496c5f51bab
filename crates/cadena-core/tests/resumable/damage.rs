//! Files as a crash, a full disk or an editor leaves them.

use super::*;

/// The file of three finished inputs.
async fn finished() -> String {
    let file = Temporary::new();
    run(&Doubler::default().step(), 0..3, &file.0).await.unwrap();
    file.text()
}

#[tokio::test]
async fn a_file_cut_at_any_byte_goes_on_from_its_whole_lines() {
    let whole = finished().await;
    for cut in 0..=whole.len() {
        let file = Temporary::with(&whole[..cut]);
        let step = Doubler::default();
        run(&step.step(), 0..3, &file.0).await.unwrap();
        // A line without its end is whole.
        let done = whole[..cut].matches('}').count() as i32;
        assert_eq!(step.calls(), (done..3).collect::<Vec<_>>(), "cut at byte {cut}");
        assert_eq!(file.text(), whole, "cut at byte {cut}");
    }
}

#[tokio::test]
async fn zeros_that_the_file_system_never_filled_are_cut_off() {
    let whole = finished().await;
    let file = Temporary::with(whole.clone() + "\0\0\0\0");
    assert_eq!(run(&Doubler::default().step(), 0..3, &file.0).await.unwrap(), 0);
    assert_eq!(file.text(), whole);
}

#[tokio::test]
async fn a_reader_leaves_a_torn_line_alone() {
    let whole = finished().await;
    let file = Temporary::with(&whole[..whole.len() - 5]);
    assert_eq!(outputs(&file.0), [(0, 0), (1, 2)]);
    assert_eq!(file.text(), whole[..whole.len() - 5]);
}

#[track_caller]
fn check(error: &Error, kind: ErrorKind, detail: &str) {
    assert_eq!(error.kind(), kind, "{error}");
    assert!(error.detail().contains(detail), "{error}");
}

#[tokio::test]
async fn a_corrupt_line_in_the_middle_is_an_error_with_its_number() {
    let whole = finished().await;
    let lines: Vec<_> = whole.lines().collect();
    let corrupt = [
        lines[1].replace(':', ";"),
        lines[1].replace("\"output\":2", "\"other\":2"),
        lines[1].replace("\"output\":2", "\"output\":2,\"error\":{\"kind\":\"server\"}"),
        lines[1][..lines[1].len() - 3].to_owned(),
        "\0\0\0".to_owned(),
        String::new(),
        "{\"index\":-1}".to_owned(),
    ];
    for line in corrupt {
        let text = format!("{}\n{line}\n{}\n", lines[0], lines[2]);
        let file = Temporary::with(&text);
        let step = Doubler::default();
        let error = run(&step.step(), 0..3, &file.0).await.unwrap_err();
        check(&error, ErrorKind::Config, "line 2 of `");
        check(
            &BatchFile::new(&file.0).progress().unwrap_err(),
            ErrorKind::Config,
            "line 2 of `",
        );
        assert_eq!(
            (file.text(), step.calls()),
            (text, vec![]),
            "nothing is touched, nothing is called"
        );
    }
}

#[tokio::test]
async fn a_file_that_is_none_of_ours_is_not_touched() {
    for text in [
        "a note without a line end",
        "a note\n",
        "{\"name\": \"x\"}",
        "[1, 2]\n{\"index\":",
    ] {
        let file = Temporary::with(text);
        let error = run(&Doubler::default().step(), 0..3, &file.0).await.unwrap_err();
        check(&error, ErrorKind::Config, "line 1 of `");
        assert_eq!(file.text(), text);
    }
}

#[tokio::test]
async fn an_output_of_another_type_is_an_error_with_its_line() {
    let file = Temporary::with(finished().await);
    let mut results = BatchFile::new(&file.0).results::<String>().unwrap();
    check(&results.next().unwrap().unwrap_err(), ErrorKind::Config, "line 1 of `");
    assert!(results.next().is_none());
}

#[tokio::test]
async fn two_inputs_of_one_index_are_noticed() {
    let whole = finished().await;
    let file =
        Temporary::with(whole.clone() + &whole.lines().next().unwrap().replace("\"input\":\"", "\"input\":\"1") + "\n");
    let error = run(&Doubler::default().step(), 0..3, &file.0).await.unwrap_err();
    check(&error, ErrorKind::Config, "line 4 of `");
}

#[tokio::test]
async fn a_wild_index_takes_no_memory_and_is_noticed() {
    let file = Temporary::with("{\"index\":18446744073709551615,\"input\":\"00\",\"output\":1}\n");
    let error = run(&Doubler::default().step(), 0..3, &file.0).await.unwrap_err();
    check(
        &error,
        ErrorKind::InvalidInput,
        "has a result of input 18446744073709551614",
    );
}

#[tokio::test]
async fn a_place_that_cannot_be_written_is_an_error() {
    let nowhere = std::env::temp_dir().join("no-such-folder").join("batch.jsonl");
    let error = run(&Doubler::default().step(), 0..3, nowhere.as_path())
        .await
        .unwrap_err();
    check(&error, ErrorKind::Config, "cannot be opened");
    let error = run(&Doubler::default().step(), 0..3, std::env::temp_dir())
        .await
        .unwrap_err();
    check(&error, ErrorKind::Config, "cannot be opened");
}
