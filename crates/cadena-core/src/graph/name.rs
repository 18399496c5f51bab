//! Names for readers: short types, and a unique name for each node.

use std::any::type_name;
use std::collections::{HashMap, HashSet};

/// `alloc::vec::Vec<alloc::string::String>` is `Vec<String>`.
pub(crate) fn short_type<T: ?Sized>() -> String {
    shortened(type_name::<T>())
}

/// Drops the path in front of every name in a type.
fn shortened(full: &str) -> String {
    let mut short = String::with_capacity(full.len());
    let mut segment = 0; // Where the last name begins in `short`.
    let mut rest = full;
    while let Some(character) = rest.chars().next() {
        if let Some(behind) = rest.strip_prefix("::") {
            short.truncate(segment);
            rest = behind;
            continue;
        }
        short.push(character);
        if !(character.is_alphanumeric() || matches!(character, '_' | '{' | '}')) {
            segment = short.len();
        }
        rest = rest.get(character.len_utf8()..).unwrap_or_default();
    }
    short
}

/// `RunnablePassthrough` is `Passthrough`.
pub(crate) fn without_prefix(name: &str) -> &str {
    match name.strip_prefix("Runnable") {
        Some(rest) if !rest.is_empty() => rest,
        _ => name,
    }
}

/// Makes names unique: those that occur more than once get a number.
pub(super) fn unique<'a>(names: impl Iterator<Item = &'a str> + Clone) -> Vec<String> {
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for name in names.clone() {
        *counts.entry(name).or_default() += 1;
    }
    let mut taken: HashSet<String> = counts
        .iter()
        .filter(|(_, count)| **count == 1)
        .map(|(name, _)| (*name).to_owned())
        .collect();
    let mut numbers: HashMap<&str, usize> = HashMap::new();
    let mut numbered = |name: &'a str| {
        if counts.get(name) == Some(&1) {
            return name.to_owned();
        }
        let number = numbers.entry(name).or_default();
        loop {
            *number += 1;
            let candidate = format!("{name}_{number}");
            if taken.insert(candidate.clone()) {
                return candidate;
            }
        }
    };
    names.map(&mut numbered).collect()
}

#[cfg(test)]
mod tests {
    use super::{short_type, shortened, unique};

    #[test]
    fn types_lose_their_paths_and_keep_their_arguments() {
        assert_eq!(short_type::<Vec<String>>(), "Vec<String>");
        assert_eq!(
            short_type::<(Option<crate::AIMessage>, [u8; 2])>(),
            "(Option<AIMessage>, [u8; 2])"
        );
        assert_eq!(
            short_type::<std::collections::BTreeMap<String, Vec<u8>>>(),
            "BTreeMap<String, Vec<u8>>"
        );
        assert_eq!(shortened("&'static dyn a::B<C = d::e::F>"), "&'static dyn B<C = F>");
        assert_eq!(shortened("a::b::{{closure}}"), "{{closure}}");
    }

    #[test]
    fn a_number_that_is_a_name_already_is_left_out() {
        assert_eq!(unique(["a", "a", "a_1", "b"].into_iter()), ["a_2", "a_3", "a_1", "b"]);
        assert_eq!(
            unique(["a", "a", "a_1", "a_1"].into_iter()),
            ["a_1", "a_2", "a_1_1", "a_1_2"]
        );
    }
}
