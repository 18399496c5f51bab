//! The id that a sum of chunks keeps.

/// The prefix of the ids that the framework sets on the chunks and messages of a run.
pub(crate) const RUN_PREFIX: &str = "lc_run-";

/// The prefix of every id that is not the provider's.
pub(crate) const AUTO_PREFIX: &str = "lc_";

/// Keeps the better id: a provider's id before a run's, a run's before another automatic one, the left one of two equally good ones.
pub(crate) fn keep_better(left: &mut Option<String>, right: Option<String>) {
    fn rank(id: &str) -> u8 {
        if !id.starts_with(AUTO_PREFIX) {
            2
        } else if id.starts_with(RUN_PREFIX) {
            1
        } else {
            0
        }
    }
    let Some(right) = right.filter(|id| !id.is_empty()) else {
        return;
    };
    let better = left
        .as_deref()
        .filter(|id| !id.is_empty())
        .is_none_or(|left| rank(&right) > rank(left));
    if better {
        *left = Some(right);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_id_outranks_a_run_id_and_a_run_id_any_other() {
        let sum = |left: Option<&str>, right: &str| {
            let mut id = left.map(str::to_owned);
            keep_better(&mut id, Some(right.to_owned()));
            id.unwrap()
        };
        assert_eq!(sum(Some("lc_run--1"), "chatcmpl-1"), "chatcmpl-1");
        assert_eq!(sum(Some("chatcmpl-1"), "chatcmpl-2"), "chatcmpl-1");
        assert_eq!(sum(Some("lc_1"), "lc_run--1"), "lc_run--1");
        assert_eq!(sum(Some("lc_1"), "lc_2"), "lc_1");
        assert_eq!(sum(Some(""), "lc_2"), "lc_2");
        assert_eq!(sum(None, "lc_2"), "lc_2");
    }
}
