//! A row of `tests/payloads`: what a server sent, and what must come of it.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a helper of tests fails as a test does"
)]

use std::path::Path;

use cadena_core::{Error, ErrorKind};
use serde_json::Value;

/// One file, read.
#[derive(Debug, Default)]
pub(crate) struct Payload {
    /// Folder and name.
    pub(crate) name: String,
    pub(crate) options: Value,
    pub(crate) responses: bool,
    pub(crate) events: Option<String>,
    pub(crate) body: Option<String>,
    pub(crate) status: Option<u16>,
    pub(crate) content_type: Option<String>,
    message: Option<Value>,
    error: Option<Expected>,
    partial: Option<Value>,
}

/// The error that must come.
#[derive(Debug)]
struct Expected {
    kind: String,
    retryable: Option<bool>,
    lines: Vec<String>,
}

impl Payload {
    /// Every row, by name.
    pub(crate) fn all() -> Vec<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/payloads");
        let entries = |folder: &Path| -> Vec<_> {
            let entries = std::fs::read_dir(folder).unwrap();
            let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
            paths.sort();
            paths
        };
        let folders = entries(&root).into_iter().filter(|path| path.is_dir());
        let files = folders.flat_map(|folder| entries(&folder));
        files
            .filter(|path| path.extension().is_some_and(|extension| extension == "txt"))
            .map(|path| {
                let name = path.strip_prefix(&root).unwrap().with_extension("");
                Self::read(name.to_str().unwrap(), &std::fs::read_to_string(&path).unwrap())
            })
            .collect()
    }

    #[track_caller]
    fn read(name: &str, text: &str) -> Self {
        let mut row = Self {
            name: name.to_owned(),
            ..Self::default()
        };
        let note = text.split("\n> ").next().unwrap();
        assert!(
            note.starts_with("# "),
            "{name}: the first line says in a comment what the row is for"
        );
        for section in text.split("\n> ").skip(1) {
            let (head, lines) = section.split_once('\n').unwrap_or((section, ""));
            row.section(head, lines.trim_end_matches('\n'));
        }
        assert!(
            row.message.is_some() != row.error.is_some(),
            "{name}: a message or an error"
        );
        assert!(
            row.events.is_some() || row.body.is_some(),
            "{name}: what the server sends"
        );
        row
    }

    #[track_caller]
    fn section(&mut self, head: &str, lines: &str) {
        let (word, rest) = head.split_once(' ').unwrap_or((head, ""));
        let json = |text: &str| -> Value {
            serde_json::from_str(text).unwrap_or_else(|error| panic!("{}: `{word}`: {error}", self.name))
        };
        match word {
            "options" => self.options = json(rest),
            "api" => self.responses = rest == "responses",
            "events" => {
                let mut events: String = lines.lines().filter(|line| !line.is_empty()).map(framed).collect();
                if rest != "cut" && !self.responses {
                    events.push_str("data: [DONE]\n\n");
                }
                self.events = Some(events);
            }
            "body" => self.body = Some(lines.replace('\n', "")),
            "status" => {
                self.status = Some(rest.parse().unwrap());
                self.body = Some(lines.replace('\n', ""));
            }
            "type" => self.content_type = Some(rest.to_owned()),
            "message" => self.message = Some(json(lines)),
            "error" => {
                let (kind, retryable) = rest.split_once(' ').unwrap_or((rest, ""));
                self.error = Some(Expected {
                    kind: kind.to_owned(),
                    retryable: (!retryable.is_empty()).then_some(retryable == "retryable"),
                    lines: lines.lines().map(str::to_owned).collect(),
                });
            }
            "partial" => self.partial = Some(json(lines)),
            other => panic!("{}: no section is called `{other}`", self.name),
        }
    }

    /// Whether the choice may be another one than the first.
    pub(crate) fn has_choices(&self) -> bool {
        [&self.body, &self.events]
            .into_iter()
            .flatten()
            .any(|text| text.contains(r#""index":$"#))
    }

    /// Whether a message must come, and no error.
    pub(crate) fn is_answer(&self) -> bool {
        self.message.is_some()
    }

    /// Holds what came against what must come.
    pub(crate) fn check(&self, played: &str, came: Result<Value, Error>) {
        let Self {
            name,
            message,
            error,
            partial,
            ..
        } = self;
        match (came, message, error) {
            (Ok(came), Some(expect), _) => {
                if let Err(differs) = contains(&came, expect, "") {
                    panic!("{name}, {played}: {differs}\nthe message: {came:#}");
                }
            }
            (Err(came), _, Some(expect)) => {
                let printed = printed(&came);
                assert_eq!(kind(came.kind()), expect.kind, "{name}, {played}: {printed}");
                if let Some(retryable) = expect.retryable {
                    assert_eq!(
                        came.is_retryable(),
                        retryable,
                        "{name}, {played}: is it retryable? {printed}"
                    );
                }
                for line in &expect.lines {
                    match line.strip_prefix('!') {
                        Some(never) => assert!(!printed.contains(never), "{name}, {played}: {printed}\nhas `{never}`"),
                        None => assert!(printed.contains(line), "{name}, {played}: {printed}\nlacks `{line}`"),
                    }
                }
                if let Some(expect) = partial {
                    let came = came.partial().map(|chunk| serde_json::to_value(chunk).unwrap());
                    let came = came.unwrap_or_else(|| panic!("{name}, {played}: the error has no partial answer"));
                    if let Err(differs) = contains(&came, expect, "") {
                        panic!("{name}, {played}: the partial answer: {differs}\n{came:#}");
                    }
                }
            }
            (Ok(came), None, _) => panic!("{name}, {played}: a message came in place of an error: {came:#}"),
            (Err(came), _, None) => panic!(
                "{name}, {played}: an error came in place of a message: {}",
                printed(&came)
            ),
        }
    }

    /// The same row for another choice than the first: without what stands on the first alone.
    pub(crate) fn of_other_choice(mut self) -> Self {
        let message = self.message.as_mut().and_then(Value::as_object_mut);
        if let Some(message) = message {
            message.remove("usage_metadata");
            if let Some(Value::Object(metadata)) = message.get_mut("response_metadata") {
                metadata.retain(|key, _| OF_CHOICES.contains(&key.as_str()));
            }
        }
        self
    }
}

/// Members of every choice.
const OF_CHOICES: [&str; 4] = ["logprobs", "finish_reason", "model_name", "id"];

/// An event as it is sent.
fn framed(line: &str) -> String {
    let is_field = ["data:", "event:", "id:", "retry:", ":"]
        .iter()
        .any(|field| line.starts_with(field));
    match is_field {
        // The name of an event stands on a line before its data.
        true if line.starts_with("event:") => format!("{line}\n"),
        true => format!("{line}\n\n"),
        false => format!("data: {line}\n\n"),
    }
}

fn kind(kind: ErrorKind) -> String {
    format!("{kind:?}")
}

fn printed(error: &Error) -> String {
    let causes = std::iter::successors(std::error::Error::source(error), |cause| cause.source());
    std::iter::once(error.to_string())
        .chain(causes.map(ToString::to_string))
        .collect::<Vec<_>>()
        .join("; caused by: ")
}

/// Whether everything that is expected is there; else where it is not.
fn contains(came: &Value, expect: &Value, at: &str) -> Result<(), String> {
    match (came, expect) {
        (Value::Object(came), Value::Object(expect)) => expect.iter().try_for_each(|(key, expect)| {
            let came = came.get(key).unwrap_or(&Value::Null);
            contains(came, expect, &format!("{at}/{key}"))
        }),
        (Value::Array(came), Value::Array(expect)) if came.len() == expect.len() => {
            let mut pairs = came.iter().zip(expect).enumerate();
            pairs.try_for_each(|(place, (came, expect))| contains(came, expect, &format!("{at}/{place}")))
        }
        (Value::Number(came), Value::Number(expect)) if came.as_f64() == expect.as_f64() => Ok(()),
        (came, expect) if came == expect => Ok(()),
        (came, expect) => Err(format!("at `{at}` stands {came} and not {expect}")),
    }
}
