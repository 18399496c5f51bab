//! Where a setting comes from, so that an error about it names the variable or the method.

use cadena_core::{Error, ErrorKind, Result};

/// Where a setting comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Source {
    /// Nobody has set it.
    #[default]
    Default,
    /// An environment variable.
    Variable(&'static str),
    /// An environment variable that is set to nothing but blanks.
    Blank(&'static str),
    /// A method that the caller called.
    Method(&'static str),
}

/// The source of each setting of a client.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sources {
    pub(crate) base_url: Source,
    pub(crate) api_key: Source,
    pub(crate) organization: Source,
    pub(crate) project: Source,
    pub(crate) endpoint: Source,
    pub(crate) api_version: Source,
}

/// The name of a setting in an error, and the cures.
#[derive(Clone, Copy)]
pub(crate) struct Setting {
    pub(crate) name: &'static str,
    /// The cure if a variable is empty.
    pub(crate) of_variable: &'static str,
    /// The cure if a method was given an empty text.
    pub(crate) of_method: &'static str,
}

pub(crate) const API_KEY: Setting = Setting {
    name: "API key",
    of_variable: "set it to a key, or unset it; `without_api_key` asks a server that needs none",
    of_method: "give it a key; `without_api_key` asks a server that needs none",
};
pub(crate) const BASE_URL: Setting = Setting {
    name: "base URL",
    of_variable: "unset it to ask OpenAI, or set it to an address such as `http://127.0.0.1:8080/v1`",
    of_method: "leave the call out to ask OpenAI, or give it an address such as `http://127.0.0.1:8080/v1`",
};
pub(crate) const ORGANIZATION: Setting = Setting {
    name: "organization",
    of_variable: "unset it, or set it to an id such as `org-…`",
    of_method: "leave the call out, or give it an id such as `org-…`",
};
pub(crate) const PROJECT: Setting = Setting {
    name: "project",
    of_variable: "unset it, or set it to an id such as `proj_…`",
    of_method: "leave the call out, or give it an id such as `proj_…`",
};
pub(crate) const ENDPOINT: Setting = Setting {
    name: "endpoint",
    of_variable: "set it to the address of the resource, such as `https://name.openai.azure.com`",
    of_method: "give it the address of the resource, such as `https://name.openai.azure.com`",
};
pub(crate) const API_VERSION: Setting = Setting {
    name: "API version",
    of_variable: "unset it, or set it to a version such as `2024-10-21`",
    of_method: "give it `None`, or a version such as `2024-10-21`",
};

impl Source {
    /// Fails if a setting is empty, or is more than one line. The value is in no error: it may be a secret.
    pub(crate) fn check(self, setting: Setting, value: &str) -> Result<()> {
        let Setting {
            name,
            of_variable,
            of_method,
        } = setting;
        let is_blank = value.trim().is_empty();
        let (detail, hint) = match self {
            Self::Blank(variable) => (format!("the environment variable `{variable}` is empty"), of_variable),
            Self::Method(method) if is_blank => (format!("`{method}` was given an empty {name}"), of_method),
            _ if !value.contains(['\n', '\r']) => return Ok(()),
            Self::Variable(variable) => (
                format!("the environment variable `{variable}` holds a line break"),
                "set it to one line",
            ),
            Self::Method(method) => (
                format!("`{method}` was given a line break within the {name}"),
                "give it one line, as `trim()` makes it",
            ),
            Self::Default => return Ok(()),
        };
        Err(Error::new(ErrorKind::Config, detail).with_hint(hint))
    }
}
