//! Conversations in a file: what is read back, by whom, and what many writers leave.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, in its helpers too"
)]

mod support;

use std::process::{Command, Stdio};

use cadena_core::{
    AIMessage, AIMessageChunk, Bind, ChatMessageHistory, ChatOptions, EchoModel, ErrorKind, HumanMessage, Logprobs,
    Message, RunConfig, RunnableExt, SESSION_ID, SystemMessage, TokenLogprob, ToolMessage, UsageMetadata,
};
use cadena_sqlite::SqliteChatMessageHistory;
use support::Folder;

fn answer() -> AIMessage {
    let tokens = vec![TokenLogprob::new("Ma", -0.1), TokenLogprob::new("drid", -1.0 / 3.0)];
    let mut message = AIMessage::from(
        AIMessageChunk::new("Madrid")
            .with_logprobs(Logprobs::content(tokens))
            .with_finish_reason("stop")
            .with_usage(UsageMetadata::new(9, 2)),
    );
    message.id = Some("run-1".to_owned());
    message
}

#[tokio::test]
async fn every_message_comes_back_as_it_was_also_after_a_restart() {
    let folder = Folder::new();
    let messages: Vec<Message> = vec![
        SystemMessage::new("Be brief.").into(),
        HumanMessage::new("¿Capital? 🐻 \0 '; DROP TABLE message_store; --").into(),
        answer().into(),
        ToolMessage::new("3", "call_1").into(),
        Message::from(("critic", "Too long.")),
    ];
    let history = SqliteChatMessageHistory::open(folder.path()).await.unwrap();
    history.append("a", messages.clone()).await.unwrap();
    history.append("b", vec!["hi".into()]).await.unwrap();
    assert_eq!(history.messages("a").await.unwrap(), messages);
    drop(history);

    let history = SqliteChatMessageHistory::open(folder.path()).await.unwrap();
    assert_eq!(history.messages("a").await.unwrap(), messages);
    assert_eq!(history.sessions().await.unwrap(), ["a", "b"]);
    history.clear("a").await.unwrap();
    assert!(history.messages("a").await.unwrap().is_empty());
    assert_eq!(history.messages("b").await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_chain_remembers_across_restarts_with_logprobs() {
    let folder = Folder::new();
    for turn in 1..=3 {
        let model = EchoModel::new().bind(ChatOptions::new().logprobs(true));
        let chat = model.with_message_history(SqliteChatMessageHistory::open(folder.path()).await.unwrap());
        let session = RunConfig::new().set(SESSION_ID, "s".to_owned());
        chat.invoke_with(format!("turn {turn}"), session).await.unwrap();
    }
    let history = SqliteChatMessageHistory::open(folder.path()).await.unwrap();
    let messages = history.messages("s").await.unwrap();
    assert_eq!(messages.len(), 6);
    let logprobs = messages[5].as_ai().unwrap().logprobs().unwrap();
    assert_eq!(logprobs.tokens().count(), 2);
}

/// A file as LangChain's `SQLChatMessageHistory` makes it: its table, and rows that its `message_to_dict` wrote.
#[tokio::test]
async fn a_database_of_langchain_is_read_and_continued() {
    let folder = Folder::new();
    let sqlite = rusqlite::Connection::open(folder.path()).unwrap();
    sqlite
        .execute_batch(
            r#"CREATE TABLE message_store (id INTEGER NOT NULL, session_id TEXT, message TEXT, PRIMARY KEY (id));
            INSERT INTO message_store (session_id, message) VALUES
            ('s', '{"type": "human", "data": {"content": "hi", "additional_kwargs": {}, "response_metadata": {}, "type": "human", "name": null, "id": null, "example": false}}'),
            ('s', '{"type": "ai", "data": {"content": "Hello!", "additional_kwargs": {}, "response_metadata": {"logprobs": {"content": [{"token": "Hello!", "bytes": null, "logprob": -0.25, "top_logprobs": []}], "refusal": null}}, "type": "ai", "name": null, "id": "run-1", "example": false, "tool_calls": [], "invalid_tool_calls": [], "usage_metadata": null}}');"#,
        )
        .unwrap();
    let history = SqliteChatMessageHistory::open(folder.path()).await.unwrap();
    let read = history.messages("s").await.unwrap();
    assert_eq!((read[0].text(), read[1].text()), ("hi".into(), "Hello!".into()));
    assert_eq!(read[1].as_ai().unwrap().logprobs().unwrap().tokens().count(), 1);

    history.append("s", vec!["more".into()]).await.unwrap();
    let (id, session, stored): (i64, String, String) = sqlite
        .query_row(
            "SELECT id, session_id, message FROM message_store ORDER BY id DESC",
            [],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )
        .unwrap();
    assert_eq!((id, session.as_str()), (3, "s"));
    let stored: serde_json::Value = serde_json::from_str(&stored).unwrap();
    assert_eq!(
        (&stored["type"], &stored["data"]["content"]),
        (&"human".into(), &"more".into())
    );
}

/// Writes turns of three messages, each of which says which turn it belongs to.
async fn write_turns(history: &SqliteChatMessageHistory, writer: &str, turns: usize) {
    for turn in 0..turns {
        let text = format!("{writer}:{turn}");
        let messages = vec![
            HumanMessage::new(text.as_str()).into(),
            AIMessage::new(text.as_str()).into(),
            ToolMessage::new(text.as_str(), "call").into(),
        ];
        history.append("s", messages).await.unwrap();
    }
}

/// Nothing is lost, turns stay together, and those of one writer are in their order.
async fn check(history: &SqliteChatMessageHistory, writers: &[String], turns: usize) {
    let messages = history.messages("s").await.unwrap();
    assert_eq!(messages.len(), writers.len() * turns * 3);
    let mut next = std::collections::HashMap::new();
    for turn in messages.chunks(3) {
        assert!(turn.iter().all(|message| message.text() == turn[0].text()));
        assert_eq!(
            turn.iter().map(Message::kind).collect::<Vec<_>>(),
            ["human", "ai", "tool"]
        );
        let text = turn[0].text();
        let (writer, number) = text.split_once(':').unwrap();
        let expected: &mut usize = next.entry(writer.to_owned()).or_default();
        assert_eq!(number, expected.to_string());
        *expected += 1;
    }
    assert!(writers.iter().all(|writer| next[writer] == turns));
}

#[tokio::test(flavor = "multi_thread")]
async fn many_tasks_over_clones_and_handles_of_their_own_lose_nothing() {
    let folder = Folder::new();
    let shared = SqliteChatMessageHistory::open(folder.path()).await.unwrap();
    let mut tasks = Vec::new();
    let writers: Vec<_> = (0..8).map(|n| format!("w{n}")).collect();
    for (n, writer) in writers.iter().cloned().enumerate() {
        let (shared, path) = (shared.clone(), folder.path());
        tasks.push(tokio::spawn(async move {
            let history = match n % 2 {
                0 => shared,
                _ => SqliteChatMessageHistory::open(path).await.unwrap(),
            };
            write_turns(&history, &writer, 20).await;
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    check(&shared, &writers, 20).await;
}

const WRITER: &str = "CADENA_TEST_WRITER";
const FILE: &str = "CADENA_TEST_FILE";

/// The other processes of the test below are this test binary, running this test with a name and a file.
#[tokio::test]
async fn one_of_several_processes_writes() {
    if let (Ok(writer), Ok(file)) = (std::env::var(WRITER), std::env::var(FILE)) {
        let history = SqliteChatMessageHistory::open(file).await.unwrap();
        write_turns(&history, &writer, 20).await;
    }
}

#[tokio::test]
async fn several_processes_that_begin_with_no_file_lose_nothing() {
    let folder = Folder::new();
    let writers: Vec<_> = (0..4).map(|n| format!("p{n}")).collect();
    let start = |writer: &String| {
        Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "one_of_several_processes_writes"])
            .env(WRITER, writer)
            .env(FILE, folder.path())
            .stdout(Stdio::null())
            .spawn()
            .unwrap()
    };
    let processes: Vec<_> = writers.iter().map(start).collect();
    for mut process in processes {
        assert!(process.wait().unwrap().success());
    }
    check(
        &SqliteChatMessageHistory::open(folder.path()).await.unwrap(),
        &writers,
        20,
    )
    .await;
}

#[tokio::test]
async fn a_future_that_is_dropped_leaves_whole_turns_and_a_working_handle() {
    let folder = Folder::new();
    let history = SqliteChatMessageHistory::open(folder.path()).await.unwrap();
    for _ in 0..20 {
        let turn = vec!["a".into(), "b".into()];
        let mut append = Box::pin(history.append("s", turn));
        let _ = futures::poll!(&mut append);
        drop(append);
    }
    history.append("s", vec!["end".into(), "end".into()]).await.unwrap();
    let messages = history.messages("s").await.unwrap();
    assert_eq!(messages.len() % 2, 0);
    assert!(
        messages
            .chunks(2)
            .rev()
            .skip(1)
            .all(|turn| turn[0].text() == "a" && turn[1].text() == "b")
    );
}

#[tokio::test]
async fn a_row_that_is_no_message_is_named() {
    let folder = Folder::new();
    let history = SqliteChatMessageHistory::open(folder.path()).await.unwrap();
    history.append("s", vec!["hi".into()]).await.unwrap();
    let sqlite = rusqlite::Connection::open(folder.path()).unwrap();
    for broken in ["{\"type\": \"human\"", "{\"type\": \"alien\", \"data\": {}}", ""] {
        sqlite.execute("DELETE FROM message_store WHERE id > 1", []).unwrap();
        sqlite
            .execute(
                "INSERT INTO message_store (session_id, message) VALUES ('s', ?1)",
                [broken],
            )
            .unwrap();
        let error = history.messages("s").await.unwrap_err();
        assert_eq!(
            (error.kind(), error.detail()),
            (ErrorKind::Decode, "row 2 of `message_store` is not a message")
        );
    }
}
