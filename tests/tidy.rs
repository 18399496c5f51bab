//! Rules that every file of the repository keeps.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

#[path = "tidy/examples.rs"]
mod examples;
#[path = "tidy/layers.rs"]
mod layers;
#[path = "tidy/words.rs"]
mod words;

use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Every file below a folder that is ours: no build output, no hidden folders.
fn files(folder: &Path, ending: &str, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && !name.starts_with('.') && name != "target" && name != "wip" {
            files(&path, ending, found);
        } else if name.ends_with(ending) {
            found.push(path);
        }
    }
}

fn all(ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    files(&root(), ending, &mut found);
    found
}

#[track_caller]
fn assert_none(what: &str, offenders: Vec<String>) {
    assert!(offenders.is_empty(), "{what}:\n{}", offenders.join("\n"));
}

#[test]
fn every_rust_file_says_first_what_it_is_for() {
    let offenders = all(".rs")
        .into_iter()
        .filter(|path| !path.components().any(|part| part.as_os_str() == "ui"));
    let offenders = offenders.filter(|path| {
        let text = fs::read_to_string(path).unwrap();
        !text.starts_with("//!") && !text.starts_with("#![doc")
    });
    assert_none(
        "files without a `//!` line",
        offenders.map(|path| path.display().to_string()).collect(),
    );
}

#[test]
fn no_file_holds_more_than_500_lines_of_code() {
    let code = |path: &Path| {
        let text = fs::read_to_string(path).unwrap();
        let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap().to_owned();
        text.lines()
            .map(str::trim)
            .filter(|line| !line.is_empty() && !line.starts_with("//"))
            .count()
    };
    let offenders = all(".rs").into_iter().filter(|path| code(path) > 500);
    assert_none(
        "files to split by noun",
        offenders.map(|path| path.display().to_string()).collect(),
    );
}

#[test]
fn no_snapshot_waits_for_review() {
    let mut waiting = all(".snap.new");
    waiting.extend(all(".pending-snap"));
    assert_none(
        "snapshots to review",
        waiting.iter().map(|path| path.display().to_string()).collect(),
    );
}

#[test]
fn no_doc_example_is_ignored() {
    let mut texts = all(".rs");
    texts.extend(all(".md"));
    let fence = ["```", "ignore"].concat();
    let offenders = texts
        .into_iter()
        .filter(|path| fs::read_to_string(path).unwrap().contains(&fence));
    assert_none(
        "files with an example that never runs",
        offenders.map(|path| path.display().to_string()).collect(),
    );
}

#[test]
fn the_readme_shows_a_program_by_line_40_and_fits_150_lines() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let program_ends = readme
        .lines()
        .skip_while(|line| *line != "```rust")
        .position(|line| line == "```")
        .unwrap();
    assert!(program_ends <= 40, "the program ends in line {program_ends}");
    assert!(readme.lines().count() <= 150);
}

#[test]
fn the_root_of_the_facade_has_at_most_45_names() {
    let facade = fs::read_to_string(root().join("crates/cadena/src/lib.rs")).unwrap();
    let uses = facade
        .split("pub use ")
        .skip(1)
        .map(|used| used.split(';').next().unwrap());
    // Modules are doors of their own; a name and the macro of the same name are one.
    let modules = [
        "http",
        "json",
        "merge",
        "messages",
        "openai",
        "schemars",
        "sqlite",
        "__private",
    ];
    let mut names: Vec<_> = uses
        .flat_map(|used| {
            let list = used.rsplit_once("::").map_or(used, |(_, last)| last);
            let list = used
                .split_once('{')
                .map_or(list, |(_, list)| list.trim_end_matches('}'));
            list.split(',')
                .map(|name| name.rsplit(' ').next().unwrap().trim())
                .filter(|name| !name.is_empty())
        })
        .filter(|name| !modules.contains(name))
        .collect();
    names.sort_unstable();
    names.dedup();
    assert!(
        names.contains(&"RunnableExt") && names.len() <= 45,
        "{}: {names:?}",
        names.len()
    );
}

#[test]
fn every_example_is_listed_with_one_line() {
    let list = fs::read_to_string(root().join("examples/README.md")).unwrap();
    let mut examples = Vec::new();
    files(&root().join("examples"), ".rs", &mut examples);
    let names = examples
        .iter()
        .map(|path| path.file_stem().unwrap().to_string_lossy().into_owned());
    let missing =
        names.filter(|name| name != "lib" && name != "output" && !list.contains(&format!("--example {name}`")));
    assert_none("examples that examples/README.md does not list", missing.collect());
}
