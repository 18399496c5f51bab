//! The examples of public items: most have one, so that a reader sees how an item is used before reading what it does.

use std::collections::BTreeMap;
use std::fs;

use super::{assert_none, files, root};

/// The share of public items with an example that each crate keeps, in percent.
const CORE: usize = 85;
const OTHERS: usize = 95;

/// How many public items a file has, and how many of them have an example. Items hidden from the documentation do not count.
fn count(text: &str) -> (usize, usize) {
    let code = text.split("#[cfg(test)]\nmod tests").next().unwrap();
    let (mut items, mut with_example) = (0, 0);
    let (mut documented, mut example) = (false, false);
    for line in code.lines().map(str::trim) {
        if let Some(doc) = line.strip_prefix("///") {
            documented = true;
            example |= doc.trim_start().starts_with("```");
        } else if line.starts_with("#[doc(hidden)]") {
            documented = false;
        } else if !line.starts_with('#') {
            let item = line
                .strip_prefix("pub ")
                .map(|rest| rest.trim_start_matches("async ").trim_start_matches("const "));
            let kinds = ["fn ", "struct ", "enum ", "trait "];
            if documented && item.is_some_and(|item| kinds.iter().any(|kind| item.starts_with(kind))) {
                items += 1;
                with_example += usize::from(example);
            }
            (documented, example) = (false, false);
        }
    }
    (items, with_example)
}

#[test]
fn most_public_items_have_an_example() {
    let shown = "/// A.\n///\n/// ```\n/// ```\n#[must_use]\npub fn a() {}\n/// B.\npub struct B;\n";
    assert_eq!(count(shown), (2, 1));

    let mut crates: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    let mut paths = Vec::new();
    files(&root().join("crates"), ".rs", &mut paths);
    for path in paths {
        let inside = path.strip_prefix(root().join("crates")).unwrap();
        let mut parts = inside
            .components()
            .map(|part| part.as_os_str().to_string_lossy().into_owned());
        let name = parts.next().unwrap();
        if parts.next().as_deref() == Some("src") {
            let (items, with_example) = count(&fs::read_to_string(&path).unwrap());
            let sum = crates.entry(name).or_default();
            *sum = (sum.0 + items, sum.1 + with_example);
        }
    }
    assert!(crates["cadena-core"].0 > 500, "{crates:?}");
    let few = crates.into_iter().filter_map(|(name, (items, with_example))| {
        let wanted = if name == "cadena-core" { CORE } else { OTHERS };
        let line = format!("{name}: {with_example} of {items}, at least {wanted} %");
        (with_example * 100 < wanted * items).then_some(line)
    });
    assert_none("crates with too few examples", few.collect());
}
