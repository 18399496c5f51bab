//! Options whose names are one edit from the name of a known option.

use super::{ChatOptions, EXTRA_BODY, HEADERS, QUERY, TIMEOUT};
use crate::{Error, ErrorKind, Result};

/// Other options of servers, each one edit from the name of a known option.
const REAL: [&str; 2] = ["mode", "models"];

/// The shortest name that is compared: too many shorter names are one edit apart.
const SHORTEST: usize = 4;

/// The shortest name in which another letter in one place is a slip: `top_k` is not a misspelt `top_p`.
const SHORTEST_REPLACED: usize = 6;

impl ChatOptions {
    /// Refuses an option whose name is one edit from a name in `known`.
    ///
    /// An edit is a missing, additional or wrong letter, or two letters that changed places. A provider calls this method before it sends, with the
    /// names of its own options. [`check`](Self::check) does the same with the names that every provider has, and so does reading options from
    /// JSON. Other unknown names pass, since servers have further options.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](ErrorKind::InvalidInput) names the option, and its hint names the known one.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::ChatOptions;
    ///
    /// let error = ChatOptions::new().extra("service_tir", "flex").check_names(&["service_tier"]).unwrap_err();
    /// assert_eq!(error.hint(), Some("write `service_tier`"));
    /// assert!(ChatOptions::new().extra("guided_json", "{}").check_names(&["service_tier"]).is_ok());
    /// ```
    pub fn check_names(&self, known: &[&str]) -> Result<()> {
        let names = self.extra.iter().map(|(name, _)| name.as_str());
        let mut names = names.chain(self.unset.iter().map(String::as_str));
        names.try_for_each(|name| match meant(name, known) {
            Some(meant) => Err(misspelt(name, meant)),
            None => Ok(()),
        })
    }

    /// Refuses names that are one edit from an option of every provider.
    pub(super) fn check_typed_names(&self) -> Result<()> {
        macro_rules! names {
            ($($field:ident: $($name:literal)+,)*) => {
                [$($($name,)+)* TIMEOUT, HEADERS, QUERY, EXTRA_BODY]
            };
        }
        self.check_names(&with_wire_names!(names))
    }
}

fn misspelt(name: &str, meant: &str) -> Error {
    let detail = format!("`{name}` is not an option that is known");
    Error::new(ErrorKind::InvalidInput, detail).with_hint(format!("write `{meant}`"))
}

/// Returns the known name that an unknown name is a slip of.
fn meant<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    if name.len() < SHORTEST || REAL.contains(&name) || known.contains(&name) {
        return None;
    }
    let mut known = known.iter().copied().filter(|known| known.len() >= SHORTEST);
    known.find(|known| match edit(name.as_bytes(), known.as_bytes()) {
        Some(Edit::Replaced) => known.len() >= SHORTEST_REPLACED,
        Some(Edit::Other) => true,
        None => false,
    })
}

enum Edit {
    /// Another letter in one place.
    Replaced,
    Other,
}

/// Returns the edit between two names, if one edit is enough.
fn edit(name: &[u8], known: &[u8]) -> Option<Edit> {
    if name.len().abs_diff(known.len()) > 1 {
        return None;
    }
    let same = name.iter().zip(known).take_while(|(a, b)| a == b).count();
    let (name, known) = (name.get(same..)?, known.get(same..)?);
    match (name, known) {
        ([], []) => None,
        ([_, name @ ..], [_, known @ ..]) if name == known => Some(Edit::Replaced),
        ([a, b, name @ ..], [c, d, known @ ..]) if a == d && b == c && name == known => Some(Edit::Other),
        ([_, name @ ..], known) if name == known => Some(Edit::Other),
        (name, [_, known @ ..]) if name == known => Some(Edit::Other),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(name: &str, expect: Option<&str>) {
        let hint = expect.map(|known| format!("write `{known}`"));
        let options = ChatOptions::new().extra(name, 1);
        let error = options.check().err();
        assert_eq!(error.as_ref().and_then(Error::hint), hint.as_deref(), "{name}");
        // The same name in JSON: as an option, in an object of options, and as an option to remove.
        for json in [json!({name: 1}), json!({"extra_body": {name: 1}}), json!({name: null})] {
            let error = ChatOptions::try_from(json).err();
            assert_eq!(error.as_ref().and_then(Error::hint), hint.as_deref(), "{name}");
        }
    }

    #[test]
    fn a_name_one_edit_from_a_known_one_is_refused_with_that_name() {
        for (name, known) in [
            ("temperatur", "temperature"),
            ("temperatture", "temperature"),
            ("temperature_", "temperature"),
            ("tempereture", "temperature"),
            ("tempreature", "temperature"),
            ("max_token", "max_tokens"),
            ("max-tokens", "max_tokens"),
            ("max_completion_token", "max_completion_tokens"),
            ("max_ouput_tokens", "max_output_tokens"),
            ("stops", "stop"),
            ("sotp", "stop"),
            ("seeed", "seed"),
            ("topp", "top_p"),
            ("modle", "model"),
            ("tool", "tools"),
            ("logprob", "logprobs"),
            ("top_logprob", "top_logprobs"),
            ("tool_choices", "tool_choice"),
            ("respons_format", "response_format"),
            ("frequency_penality", "frequency_penalty"),
            ("extra_header", "extra_headers"),
            ("timout", "timeout"),
        ] {
            check(name, Some(known));
        }
    }

    #[test]
    fn the_options_of_servers_and_names_that_mean_something_else_pass() {
        for name in [
            "top_k",
            "top_a",
            "min_p",
            "tfs_z",
            "typical_p",
            "min_tokens",
            "models",
            "mode",
            "step",
            "need",
            "m",
            "sed",
            "repetition_penalty",
            "n_probs",
            "guided_json",
            "safe_prompt",
            "store",
            "user",
            "audio",
            "",
        ] {
            check(name, None);
        }
    }

    #[test]
    fn a_known_name_is_never_a_slip_of_another_one() {
        check("n", None);
        let both = ChatOptions::new().extra("tiers", 1);
        assert!(both.check_names(&["tier", "tiers"]).is_ok());
        assert_eq!(
            both.check_names(&["tier"]).unwrap_err().detail(),
            "`tiers` is not an option that is known"
        );
    }
}
