//! The differences between models, in one table that can be read and switched off.

use std::fmt;

/// A rule about models of certain names.
///
/// The names are compared without `ft:`, without the text before a `/`, and in lower case, so that a rule holds for a model
/// of a gateway as well.
///
/// # Examples
///
/// ```
/// use cadena_openai::ModelRule;
///
/// assert!(ModelRule::DeveloperRole.applies_to("o3-mini"));
/// assert!(!ModelRule::DeveloperRole.applies_to("gpt-4o-mini"));
/// assert_eq!(ModelRule::DeveloperRole.models(), "o1*, o3*, … (o and a digit)");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ModelRule {
    /// `max_tokens` goes out as `max_completion_tokens`. Switch it off for a server that knows only the older name.
    MaxCompletionTokens,
    /// System messages go out with the role `developer`.
    DeveloperRole,
    /// A temperature of 1 is sent where none is set.
    DefaultTemperature,
    /// Sampling options that a reasoning model rejects are unsupported: see [`OnUnsupported`](cadena_core::OnUnsupported).
    ReasoningSampling,
    /// The Responses API is asked, where [`Endpoint::Auto`](crate::Endpoint::Auto) leaves it to the request: Chat Completions does not have the model.
    ResponsesOnly,
    /// Messages that OpenAI's schema of Chat Completions does not have are refused before they are sent: an image in the answer of a tool, a
    /// role that it does not know, an answer whose sound has no id. [`InvalidInput`](cadena_core::ErrorKind::InvalidInput) names the message.
    ///
    /// It holds where OpenAI or Azure is asked; other servers take more, and get what was said. A part's words, such as the format of a
    /// sound, are left to the server.
    PartsByRole,
    /// Members of an answer and of its calls that OpenAI's schema does not have, such as `reasoning_details` or the `extra_content` of a call, are
    /// kept and not sent: OpenAI refuses them.
    ///
    /// It holds where OpenAI or Azure is asked; other servers get back what came, as they sign it and may refuse a conversation without it.
    KnownMembers,
}

impl ModelRule {
    /// Every rule.
    pub const ALL: [Self; 7] = [
        Self::MaxCompletionTokens,
        Self::DeveloperRole,
        Self::DefaultTemperature,
        Self::ReasoningSampling,
        Self::ResponsesOnly,
        Self::PartsByRole,
        Self::KnownMembers,
    ];

    /// Describes the models of the rule for a reader.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_openai::ModelRule;
    ///
    /// assert_eq!(ModelRule::DefaultTemperature.models(), "o1*");
    /// ```
    #[must_use]
    pub fn models(self) -> &'static str {
        self.row().models
    }

    /// Describes the rule for a reader.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_openai::ModelRule;
    ///
    /// assert_eq!(ModelRule::DefaultTemperature.does(), "`temperature` is sent as 1 where it is not set");
    /// ```
    #[must_use]
    pub fn does(self) -> &'static str {
        self.row().does
    }

    /// Whether it is about a model of this name.
    ///
    /// Models from `gpt-5.1` on reason only if they are asked to, so [`ReasoningSampling`](Self::ReasoningSampling) is about them only where
    /// a `reasoning_effort` other than `none` is set.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_openai::ModelRule;
    ///
    /// assert!(ModelRule::ReasoningSampling.applies_to("openai/gpt-5-mini"));
    /// assert!(!ModelRule::ReasoningSampling.applies_to("gpt-5-chat-latest"));
    /// ```
    #[must_use]
    pub fn applies_to(self, model: &str) -> bool {
        (self.row().applies_to)(&plain(model))
    }

    /// The table.
    fn row(self) -> Row {
        match self {
            Self::MaxCompletionTokens => Row {
                models: "all",
                does: "`max_tokens` is sent as `max_completion_tokens`",
                applies_to: |_| true,
            },
            Self::DeveloperRole => Row {
                models: "o1*, o3*, … (o and a digit)",
                does: "the system role is sent as `developer`",
                applies_to: is_o_series,
            },
            Self::DefaultTemperature => Row {
                models: "o1*",
                does: "`temperature` is sent as 1 where it is not set",
                applies_to: |name| name.starts_with("o1"),
            },
            Self::ReasoningSampling => Row {
                models: "o and a digit; gpt-5, gpt-5-*; gpt-5.1 and later with an effort; none with `chat` in its name",
                does: "`temperature` and `top_p` other than 1, penalties other than 0, `logprobs`, `top_logprobs`, `logit_bias` are unsupported",
                applies_to: can_reason,
            },
            Self::ResponsesOnly => Row {
                models: "o and a digit or gpt-5, with `-pro`; codex, deep-research or computer-use in the name",
                does: "the Responses API is asked",
                applies_to: |name| {
                    let has = |word: &&str| name.contains(*word);
                    has(&"-pro") && can_reason(name) || ["codex", "deep-research", "computer-use"].iter().any(has)
                },
            },
            Self::PartsByRole => Row {
                models: "all of OpenAI and Azure",
                does: "parts and roles that Chat Completions does not have are refused",
                applies_to: |_| true,
            },
            Self::KnownMembers => Row {
                models: "all of OpenAI and Azure",
                does: "members of answers and calls that Chat Completions does not have are not sent",
                applies_to: |_| true,
            },
        }
    }
}

/// The row of the table about a rule.
struct Row {
    models: &'static str,
    does: &'static str,
    /// Whether it is about a model, by its [`plain`] name.
    applies_to: fn(&str) -> bool,
}

/// Whether a model reasons before it answers, so that it rejects sampling options.
pub(crate) fn reasons(model: &str, effort: Option<&str>) -> bool {
    let name = plain(model);
    let told_to = effort.is_some_and(|effort| effort != "none");
    is_o_series(&name)
        || match gpt_5(&name) {
            Some(later) if later.starts_with('.') => told_to,
            Some(_) => effort != Some("none"),
            None => false,
        }
}

/// The name as OpenAI writes it, without what a gateway or a fine-tuning put before it.
fn plain(model: &str) -> String {
    let name = model.rsplit('/').next().unwrap_or(model);
    name.strip_prefix("ft:").unwrap_or(name).to_lowercase()
}

/// Whether a model reasons, or does if it is asked to.
fn can_reason(name: &str) -> bool {
    is_o_series(name) || gpt_5(name).is_some()
}

fn is_o_series(name: &str) -> bool {
    name.strip_prefix('o')
        .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
}

/// The text after `gpt-5` in the name of a model that can reason.
fn gpt_5(name: &str) -> Option<&str> {
    name.strip_prefix("gpt-5")
        .filter(|rest| rest.is_empty() || rest.starts_with(['-', '.', ':']))
        .filter(|rest| !rest.contains("chat"))
}

/// Which rules are on. `Display` prints the table.
///
/// # Examples
///
/// ```
/// use cadena_openai::{ChatOpenAI, ModelRule, ModelRules};
///
/// // An old server that does not know `max_completion_tokens`.
/// let rules = ModelRules::all().without(ModelRule::MaxCompletionTokens);
/// assert!(!rules.has(ModelRule::MaxCompletionTokens));
/// let llm = ChatOpenAI::new("small").with_model_rules(rules);
/// assert!(llm.model_rules().to_string().contains("off"));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ModelRules {
    on: [bool; ModelRule::ALL.len()],
}

impl ModelRules {
    /// Returns every rule, which is the default.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_openai::{ModelRule, ModelRules};
    ///
    /// assert_eq!(ModelRules::all().iter().count(), ModelRule::ALL.len());
    /// ```
    #[must_use]
    pub fn all() -> Self {
        Self {
            on: [true; ModelRule::ALL.len()],
        }
    }

    /// Returns no rule: options and roles go out as they were set.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_openai::ModelRules;
    ///
    /// assert_eq!(ModelRules::none().iter().count(), 0);
    /// ```
    #[must_use]
    pub fn none() -> Self {
        Self {
            on: [false; ModelRule::ALL.len()],
        }
    }

    /// Returns the rules without one.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_openai::{ModelRule, ModelRules};
    ///
    /// // A gateway to OpenAI that takes images in answers of tools.
    /// let rules = ModelRules::all().without(ModelRule::PartsByRole);
    /// assert!(!rules.has(ModelRule::PartsByRole));
    /// ```
    #[must_use]
    pub fn without(mut self, rule: ModelRule) -> Self {
        for (on, one) in self.on.iter_mut().zip(ModelRule::ALL) {
            *on &= one != rule;
        }
        self
    }

    /// Returns the rules and one more.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_openai::{ModelRule, ModelRules};
    ///
    /// let rules = ModelRules::none().with(ModelRule::DeveloperRole);
    /// assert!(rules.iter().eq([ModelRule::DeveloperRole]));
    /// ```
    #[must_use]
    pub fn with(mut self, rule: ModelRule) -> Self {
        for (on, one) in self.on.iter_mut().zip(ModelRule::ALL) {
            *on |= one == rule;
        }
        self
    }

    /// Whether a rule is on.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_openai::{ModelRule, ModelRules};
    ///
    /// assert!(ModelRules::default().has(ModelRule::DeveloperRole));
    /// ```
    #[must_use]
    pub fn has(&self, rule: ModelRule) -> bool {
        self.iter().any(|one| one == rule)
    }

    /// Returns the rules that are on.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_openai::{ModelRule, ModelRules};
    ///
    /// let rules = ModelRules::none().with(ModelRule::DeveloperRole);
    /// assert_eq!(rules.iter().collect::<Vec<_>>(), [ModelRule::DeveloperRole]);
    /// ```
    pub fn iter(&self) -> impl Iterator<Item = ModelRule> {
        self.on
            .into_iter()
            .zip(ModelRule::ALL)
            .filter_map(|(on, rule)| on.then_some(rule))
    }

    /// Whether a rule is on and about this model.
    pub(crate) fn apply(&self, rule: ModelRule, model: &str) -> bool {
        self.has(rule) && rule.applies_to(model)
    }
}

impl Default for ModelRules {
    fn default() -> Self {
        Self::all()
    }
}

impl fmt::Display for ModelRules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for rule in ModelRule::ALL {
            let state = if self.has(rule) { "on" } else { "off" };
            writeln!(f, "{rule:?} ({state}): {}: {}", rule.models(), rule.does())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reasoning_model_is_known_by_its_name_and_effort() {
        for model in [
            "o1",
            "o3-mini",
            "gpt-5",
            "GPT-5-mini",
            "ft:gpt-5:org",
            "openai/gpt-5-nano",
        ] {
            assert!(reasons(model, None), "{model}");
        }
        for model in ["gpt-4o", "gpt-5-chat-latest", "gpt-5.1", "gpt-50", "olmo-2", "omni"] {
            assert!(!reasons(model, None), "{model}");
        }
        assert!(reasons("gpt-5.2", Some("high")) && !reasons("gpt-5.2", Some("none")));
    }

    #[test]
    fn the_table_names_every_rule_once() {
        insta::assert_snapshot!(ModelRules::all().without(ModelRule::DefaultTemperature), @r"
        MaxCompletionTokens (on): all: `max_tokens` is sent as `max_completion_tokens`
        DeveloperRole (on): o1*, o3*, … (o and a digit): the system role is sent as `developer`
        DefaultTemperature (off): o1*: `temperature` is sent as 1 where it is not set
        ReasoningSampling (on): o and a digit; gpt-5, gpt-5-*; gpt-5.1 and later with an effort; none with `chat` in its name: `temperature` and `top_p` other than 1, penalties other than 0, `logprobs`, `top_logprobs`, `logit_bias` are unsupported
        ResponsesOnly (on): o and a digit or gpt-5, with `-pro`; codex, deep-research or computer-use in the name: the Responses API is asked
        PartsByRole (on): all of OpenAI and Azure: parts and roles that Chat Completions does not have are refused
        KnownMembers (on): all of OpenAI and Azure: members of answers and calls that Chat Completions does not have are not sent
        ");
    }
}
