//! The layers of cadena-core: which of its modules may import which.

#![allow(clippy::indexing_slicing, reason = "a test fails by panicking, in its helpers too")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use super::{assert_none, files, root};

/// The floors, lowest first. A module imports from its own floor and from those below.
const FLOORS: &[(&str, &[&str])] = &[
    (
        "data",
        &["hash", "id", "error", "json", "merge", "streamable", "dict", "messages"],
    ),
    ("descriptions and streams", &["stream", "timer", "graph", "model"]),
    ("calls", &["run", "runnable", "history"]),
    ("steps", &["conversation", "embeddings", "prompts", "parsers"]),
    ("models and tools", &["chat", "tools", "structured"]),
    ("agents", &["agent"]),
];

/// Pairs that import each other, with the reason.
const MUTUAL: [((&str, &str), &str); 3] = [
    (
        ("chat", "structured"),
        "the extension of models has `with_structured_output`, which is a step around a model",
    ),
    (
        ("error", "messages"),
        "an error carries the part of the answer that arrived",
    ),
    (
        ("run", "runnable"),
        "a call runs a step, and a step is called with the context of its run",
    ),
];

/// A file that re-exports names of a module above it, so that their public path stays. It uses none of them.
const DOORS: [(&str, &str); 1] = [("messages.rs", "conversation")];

/// One module uses a name of another.
struct Arrow {
    from: String,
    to: String,
    /// File, line and name.
    place: String,
}

/// A word or a sign, with its line.
type Token<'a> = (usize, &'a str);

/// Where the names of the crate are.
struct Names {
    modules: BTreeSet<String>,
    /// Names at the root of the crate, and macros, each with its module; none for names of other crates.
    homes: BTreeMap<String, Option<String>>,
}

/// The words and signs of a file, without comments and without its tests.
fn tokens(text: &str) -> Vec<Token<'_>> {
    let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
    let mut tokens = Vec::new();
    for (index, line) in code.lines().enumerate() {
        let mut rest = line.split("//").next().unwrap();
        while let Some(first) = rest.chars().next() {
            let length = match first {
                _ if first.is_alphanumeric() || first == '_' => rest
                    .find(|c: char| !c.is_alphanumeric() && c != '_')
                    .unwrap_or(rest.len()),
                ':' if rest.starts_with("::") => 2,
                _ => first.len_utf8(),
            };
            let (token, behind) = rest.split_at(length);
            if !token.trim().is_empty() {
                tokens.push((index + 1, token));
            }
            rest = behind;
        }
    }
    tokens
}

fn is_word(token: &str) -> bool {
    token.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// Reads a path, or a tree of paths in braces, and returns the index after it.
fn paths(tokens: &[Token<'_>], mut at: usize, before: &[String], found: &mut Vec<(usize, Vec<String>)>) -> usize {
    let token = |at: usize| tokens.get(at).map_or("", |(_, token)| *token);
    if token(at) == "{" {
        at += 1;
        while !matches!(token(at), "}" | "") {
            at = match token(at) {
                "," => at + 1,
                _ => paths(tokens, at, before, found),
            };
        }
        return at + 1;
    }
    let mut path = before.to_vec();
    path.push(token(at).to_owned());
    if token(at + 1) == "::" && (is_word(token(at + 2)) || token(at + 2) == "{") {
        return paths(tokens, at + 2, &path, found);
    }
    found.push((tokens.get(at).map_or(0, |(line, _)| *line), path));
    if token(at + 1) == "as" { at + 3 } else { at + 1 }
}

/// The paths that begin with `crate` or `super`, from the root of the crate.
fn paths_in_crate(tokens: &[Token<'_>], module: &[String]) -> Vec<(usize, Vec<String>)> {
    let token = |at: usize| tokens.get(at).map_or("", |(_, token)| *token);
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let begins = matches!(token(at), "crate" | "super") && token(at + 1) == "::";
        if !begins || (at > 0 && token(at - 1) == "::") {
            at += 1;
            continue;
        }
        let mut base = match token(at) {
            "crate" => &[],
            _ => &module[..module.len() - 1],
        };
        at += 2;
        while token(at) == "super" && token(at + 1) == "::" {
            base = &base[..base.len() - 1];
            at += 2;
        }
        at = paths(tokens, at, base, &mut found);
    }
    found
}

/// Reads the root of the crate: its modules, and the names that it exports from each.
fn names(root: &str) -> Names {
    let tokens = tokens(root);
    let token = |at: usize| tokens.get(at).map_or("", |(_, token)| *token);
    let modules: BTreeSet<_> = (0..tokens.len())
        .filter(|at| token(*at) == "mod" && token(at + 2) == ";")
        .map(|at| token(at + 1).to_owned())
        .collect();
    let mut homes = BTreeMap::from([("__private".to_owned(), None)]);
    for at in (0..tokens.len()).filter(|at| token(*at) == "pub" && token(at + 1) == "use") {
        let mut exported = Vec::new();
        paths(&tokens, at + 2, &[], &mut exported);
        for (_, path) in exported {
            let home = path.first().filter(|first| modules.contains(*first));
            homes.entry(path.last().unwrap().clone()).or_insert(home.cloned());
        }
    }
    Names { modules, homes }
}

/// The files of the crate: the module of each, and its text.
fn sources() -> Vec<(Vec<String>, String)> {
    let folder = root().join("crates/cadena-core/src");
    let mut found = Vec::new();
    files(&folder, ".rs", &mut found);
    found.sort();
    let module = |path: &std::path::Path| -> Vec<String> {
        let inside = path.strip_prefix(&folder).unwrap().with_extension("");
        inside.iter().map(|part| part.to_string_lossy().into_owned()).collect()
    };
    found
        .iter()
        .map(|path| (module(path), fs::read_to_string(path).unwrap()))
        .filter(|(module, _)| module.last().is_some_and(|name| name != "tests"))
        .collect()
}

/// Every use of one module's names in another.
fn arrows() -> Vec<Arrow> {
    let sources = sources();
    let (_, text) = sources.iter().find(|(module, _)| module[..] == ["lib"]).unwrap();
    let mut names = names(text);
    for (module, text) in &sources {
        let tokens = tokens(text);
        for pair in tokens.windows(3).filter(|tokens| tokens[0].1 == "macro_rules") {
            names
                .homes
                .entry(pair[2].1.to_owned())
                .or_insert(Some(module[0].clone()));
        }
    }
    let mut arrows = Vec::new();
    let mut unknown = Vec::new();
    for (module, text) in sources.iter().filter(|(module, _)| module[..] != ["lib"]) {
        let file = format!("{}.rs", module.join("/"));
        for (line, path) in paths_in_crate(&tokens(text), module) {
            let place = format!("crates/cadena-core/src/{file}:{line}: {}", path.join("::"));
            let to = match names.homes.get(&path[0]) {
                _ if names.modules.contains(&path[0]) => path[0].clone(),
                Some(Some(home)) => home.clone(),
                Some(None) => continue,
                None => {
                    unknown.push(place);
                    continue;
                }
            };
            let from = module[0].clone();
            if from != to && !DOORS.contains(&(file.as_str(), to.as_str())) {
                arrows.push(Arrow { from, to, place });
            }
        }
    }
    assert_none("names of unknown modules", unknown);
    arrows
}

#[test]
fn every_form_of_a_path_is_read() {
    let text = "
        use crate::{Error, json::{self, tree as t}, run::RunKind};
        pub(in crate::run) fn f() -> super::super::Graph { $crate::dict!(crate::merge::<u8>) }
        /// crate::nothing
        #[cfg(test)]\nmod tests { use crate::agent; }";
    let module = ["run", "span", "content"].map(str::to_owned);
    let found: Vec<_> = paths_in_crate(&tokens(text), &module)
        .into_iter()
        .map(|(line, path)| format!("{line} {}", path.join("::")))
        .collect();
    assert_eq!(
        found,
        [
            "2 Error",
            "2 json::self",
            "2 json::tree",
            "2 run::RunKind",
            "3 run",
            "3 run::Graph",
            "3 dict",
            "3 merge"
        ]
    );
}

#[test]
fn no_module_of_core_imports_from_a_floor_above_its_own() {
    let floor = |module: &str| FLOORS.iter().position(|(_, modules)| modules.contains(&module));
    let without_floor: Vec<_> = sources()
        .iter()
        .filter(|(module, _)| module[..] != ["lib"] && floor(&module[0]).is_none())
        .map(|(module, _)| module.join("/"))
        .collect();
    assert_none("modules that stand on no floor", without_floor);
    let name = |floor: Option<usize>| floor.map_or("", |floor| FLOORS[floor].0);
    let up = arrows()
        .into_iter()
        .filter(|arrow| floor(&arrow.from) < floor(&arrow.to));
    let up = up.map(|Arrow { from, to, place }| {
        let (below, above) = (name(floor(&from)), name(floor(&to)));
        format!("{place}: `{from}` ({below}) imports from `{to}` ({above})")
    });
    assert_none("imports that point up", up.collect());
}

#[test]
fn only_three_pairs_of_modules_of_core_import_each_other() {
    let arrows = arrows();
    let all: BTreeSet<_> = arrows
        .iter()
        .map(|arrow| (arrow.from.as_str(), arrow.to.as_str()))
        .collect();
    let pairs: BTreeSet<_> = all
        .iter()
        .copied()
        .filter(|(from, to)| from < to && all.contains(&(to, from)))
        .collect();
    let known = MUTUAL.map(|(pair, _)| pair);
    let new = pairs.iter().filter(|pair| !known.contains(pair)).flat_map(|pair| {
        let both = arrows.iter().filter(move |arrow| {
            let (from, to) = (arrow.from.as_str(), arrow.to.as_str());
            *pair == (from, to) || *pair == (to, from)
        });
        both.map(|arrow| format!("{}: `{}` imports from `{}`", arrow.place, arrow.from, arrow.to))
    });
    assert_none("pairs of modules that import each other", new.collect());
    let untied = known.iter().filter(|pair| !pairs.contains(pair));
    assert_none(
        "pairs that no longer import each other",
        untied.map(|pair| format!("{pair:?}")).collect(),
    );
}
