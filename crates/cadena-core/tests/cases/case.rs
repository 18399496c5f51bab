//! A case in a file: a title, inputs and results, each in a section. `README.md` describes the format.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// With this variable set, results that differ are written into the files.
const UPDATE: &str = "CADENA_UPDATE_CASES";

pub(crate) struct Case {
    pub(crate) path: PathBuf,
    title: String,
    sections: Vec<(String, String)>,
}

/// A name and a text for each section of results.
pub(crate) type Results = Vec<(&'static str, String)>;

impl Case {
    fn read(path: PathBuf) -> Self {
        let file = fs::read_to_string(&path).unwrap();
        let mut parts = file.split("\n> ");
        let title = parts.next().unwrap_or_default().trim().to_owned();
        assert!(title.starts_with("# "), "{}: no title", path.display());
        let sections = parts.map(|part| {
            let (name, text) = part.split_once('\n').unwrap_or((part, ""));
            (name.to_owned(), text.strip_suffix('\n').unwrap_or(text).to_owned())
        });
        let sections = sections.collect();
        Self { path, title, sections }
    }

    pub(crate) fn section(&self, name: &str) -> Option<&str> {
        let section = self.sections.iter().find(|(known, _)| known == name);
        section.map(|(_, text)| text.as_str())
    }

    /// The text of a section of inputs.
    #[track_caller]
    pub(crate) fn input(&self, name: &str) -> &str {
        let missing = || panic!("{}: no section `> {name}`", self.path.display());
        self.section(name).unwrap_or_else(missing)
    }

    /// The inputs as they are, with these results.
    fn with(&self, results: &Results, names: &[&str]) -> String {
        let mut file = format!("{}\n", self.title);
        let inputs = self.sections.iter().filter(|(name, _)| !names.contains(&name.as_str()));
        let inputs = inputs.map(|(name, text)| (name.as_str(), text));
        for (name, text) in inputs.chain(results.iter().map(|(name, text)| (*name, text))) {
            let _ = write!(file, "\n> {name}\n{text}");
        }
        file.push('\n');
        file
    }
}

/// Compares every file below `tests/cases/FOLDER` with the results of `run`, in the sections with these names.
pub(crate) fn check(folder: &str, names: &[&str], run: impl Fn(&Case) -> Results) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases").join(folder);
    let mut files: Vec<_> = fs::read_dir(&root)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    assert!(!files.is_empty(), "{folder} has no cases");
    let mut failed = String::new();
    for path in files {
        let case = Case::read(path);
        let results = run(&case);
        let differs = |name: &&&str| !is_same(case.section(name), result(&results, name));
        let different: Vec<_> = names.iter().filter(differs).collect();
        if different.is_empty() {
            continue;
        }
        if std::env::var_os(UPDATE).is_some() {
            fs::write(&case.path, case.with(&results, names)).unwrap();
            continue;
        }
        let _ = writeln!(failed, "\n{}: {}", case.path.display(), case.title);
        for name in different {
            let _ = writeln!(failed, "> {name}");
            for (mark, text) in [("-", case.section(name)), ("+", result(&results, name))] {
                let lines = text.into_iter().flat_map(str::lines);
                lines.for_each(|line| failed.extend([mark, line, "\n"]));
            }
        }
    }
    assert!(
        failed.is_empty(),
        "{failed}\n`{UPDATE}=1` writes the lines with `+` into the files"
    );
}

fn result<'r>(results: &'r Results, name: &str) -> Option<&'r str> {
    let result = results.iter().find(|(known, _)| *known == name);
    result.map(|(_, text)| text.as_str())
}

/// JSON is compared as a value, so that a file may be written as it reads best.
fn is_same(written: Option<&str>, got: Option<&str>) -> bool {
    let value = |text: Option<&str>| serde_json::from_str::<Value>(text?).ok();
    written == got || (value(written).is_some() && value(written) == value(got))
}

/// Writes a value on one line, or on several if it is long.
pub(crate) fn json(value: &Value) -> String {
    let line = value.to_string();
    if line.len() <= 100 { line } else { format!("{value:#}") }
}
