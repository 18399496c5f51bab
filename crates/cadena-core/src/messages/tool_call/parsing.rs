//! The options of [`parse_tool_call`](super::parse_tool_call).

/// The options of [`parse_tool_call`](super::parse_tool_call): whole or growing arguments, strict or lenient JSON, with or without the id.
///
/// # Examples
///
/// ```
/// use cadena_core::messages::{ToolCallParsing, parse_tool_call};
/// use serde_json::json;
///
/// let raw = json!({"id": "c1", "function": {"name": "add", "arguments": "{\"a\": 1, \"b\""}});
/// let call = parse_tool_call(&raw, ToolCallParsing::new().partial(true))?;
/// assert_eq!(call.map(|call| call.args), json!({"a": 1}).as_object().cloned());
/// # Ok::<_, cadena_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ToolCallParsing {
    /// Whether the arguments may be cut off: for showing a call while it grows, never for running it. Default: no.
    pub partial: bool,
    /// Whether control characters in strings must be escaped, as JSON requires and models forget. Default: no.
    pub strict: bool,
    /// Whether the call keeps its id. Default: yes.
    pub return_id: bool,
}

impl ToolCallParsing {
    /// Returns the defaults: whole arguments, unescaped line ends in strings allowed, with the id.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::messages::ToolCallParsing;
    ///
    /// let parsing = ToolCallParsing::new();
    /// assert_eq!((parsing.partial, parsing.strict, parsing.return_id), (false, false, true));
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self {
            partial: false,
            strict: false,
            return_id: true,
        }
    }

    /// Sets whether the arguments may be cut off.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::messages::{ToolCallParsing, parse_tool_call};
    /// use serde_json::json;
    ///
    /// let raw = json!({"function": {"name": "add", "arguments": "{\"a\": 1, \"b\""}});
    /// let call = parse_tool_call(&raw, ToolCallParsing::new().partial(true))?;
    /// assert_eq!(call.map(|call| call.args.len()), Some(1));
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    #[must_use]
    pub fn partial(mut self, partial: bool) -> Self {
        self.partial = partial;
        self
    }

    /// Sets whether control characters in strings must be escaped.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::messages::{ToolCallParsing, parse_tool_call};
    /// use serde_json::json;
    ///
    /// let raw = json!({"function": {"name": "say", "arguments": "{\"text\": \"a\nb\"}"}});
    /// assert!(parse_tool_call(&raw, ToolCallParsing::new()).is_ok());
    /// assert!(parse_tool_call(&raw, ToolCallParsing::new().strict(true)).is_err());
    /// ```
    #[must_use]
    pub fn strict(mut self, strict: bool) -> Self {
        self.strict = strict;
        self
    }

    /// Sets whether the call keeps its id.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::messages::{ToolCallParsing, parse_tool_call};
    /// use serde_json::json;
    ///
    /// let raw = json!({"id": "c1", "function": {"name": "now", "arguments": "{}"}});
    /// let call = parse_tool_call(&raw, ToolCallParsing::new().return_id(false))?;
    /// assert_eq!(call.and_then(|call| call.id), None);
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    #[must_use]
    pub fn return_id(mut self, return_id: bool) -> Self {
        self.return_id = return_id;
        self
    }
}

impl Default for ToolCallParsing {
    fn default() -> Self {
        Self::new()
    }
}
