//! Binding tools to a model.

use serde_json::Value;

use super::{IntoTools, known_names, unique};
use crate::{Bound, ChatOptions, Error, ErrorKind, IntoToolChoice, OptionName, Result, ToChatModel, ToolChoice};

/// Options of [`BindTools::bind_tools_with`]: how a model may call the tools.
///
/// # Examples
///
/// ```
/// use cadena_core::{ToolChoice, ToolOptions};
///
/// let options = ToolOptions::new().tool_choice("any").strict(true).parallel_tool_calls(false);
/// assert_eq!(options.tool_choice, Some(ToolChoice::Required));
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct ToolOptions {
    /// Whether the model may, must or must not call a tool, or which one; default: the provider's, which lets the model decide.
    pub tool_choice: Option<ToolChoice>,
    /// Whether the provider makes the arguments fit the schema exactly; default: the provider's.
    pub strict: Option<bool>,
    /// Whether the model may call several tools at once; default: the provider's.
    pub parallel_tool_calls: Option<bool>,
    /// Whether a choice that was bound before is removed.
    no_choice: bool,
}

impl ToolOptions {
    /// Makes options that set nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::ToolOptions;
    ///
    /// let options = ToolOptions::new();
    /// assert_eq!((options.tool_choice, options.strict, options.parallel_tool_calls), (None, None, None));
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets [`tool_choice`](Self#structfield.tool_choice): a [`ToolChoice`], its word or the name of a tool, or whether a tool must be called.
    /// `false` removes a choice that was bound before, so that none is sent.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{ToolChoice, ToolOptions};
    ///
    /// let options = ToolOptions::new().tool_choice("now"); // the name of a tool
    /// assert_eq!(options.tool_choice, Some(ToolChoice::Name("now".into())));
    /// assert_eq!(options.tool_choice(false).tool_choice, None);
    /// ```
    #[must_use]
    pub fn tool_choice(mut self, choice: impl IntoToolChoice) -> Self {
        self.tool_choice = choice.into_tool_choice();
        self.no_choice = self.tool_choice.is_none();
        self
    }

    /// Sets [`strict`](Self#structfield.strict).
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::ToolOptions;
    ///
    /// assert_eq!(ToolOptions::new().strict(true).strict, Some(true));
    /// ```
    #[must_use]
    pub fn strict(mut self, strict: bool) -> Self {
        self.strict = Some(strict);
        self
    }

    /// Sets [`parallel_tool_calls`](Self#structfield.parallel_tool_calls).
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::ToolOptions;
    ///
    /// assert_eq!(ToolOptions::new().parallel_tool_calls(false).parallel_tool_calls, Some(false));
    /// ```
    #[must_use]
    pub fn parallel_tool_calls(mut self, parallel: bool) -> Self {
        self.parallel_tool_calls = Some(parallel);
        self
    }
}

/// Gives tools to a model. Every [chat model and wrapper of chat models](ToChatModel) has it.
///
/// # Examples
///
/// ```
/// use cadena_core::{tool_fn, Bind, BindTools, ChatModel, ChatOptions, EchoModel, ToolContext, ToolOptions};
/// use serde_json::{Value, json};
///
/// let now = || tool_fn("now", "Tells the time.", json!({"type": "object"}), |_: Value, _: ToolContext| async {
///     Ok("12:00")
/// });
/// let model = EchoModel::new().bind(ChatOptions::new().logprobs(true));
///
/// // What was bound before stays.
/// let options = model.bind_tools((now(),))?.bound_options();
/// assert_eq!(options.logprobs, Some(true));
/// assert_eq!(options.tools.unwrap_or_default()[0]["function"]["name"], "now");
///
/// let error = model.bind_tools_with((now(),), ToolOptions::new().tool_choice("later")).unwrap_err();
/// assert_eq!(error.detail(), "the tool choice `later` is not one of the tools: `now`");
/// # Ok::<_, cadena_core::Error>(())
/// ```
pub trait BindTools: ToChatModel {
    /// Lets the model call these tools. They replace tools that were bound before; every other option stays.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{tool_fn, BindTools, ChatModel, EchoModel, ToolContext};
    /// use serde_json::{Value, json};
    ///
    /// let now = tool_fn("now", "Tells the time.", json!({"type": "object"}), |_: Value, _: ToolContext| async { Ok("12:00") });
    /// let options = EchoModel::new().bind_tools((now,))?.bound_options();
    /// assert_eq!(options.tools.unwrap_or_default()[0]["function"]["name"], "now");
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidInput`] if two tools have one name.
    fn bind_tools(&self, tools: impl IntoTools) -> Result<Bound<Self::Model>> {
        self.bind_tools_with(tools, ToolOptions::default())
    }

    /// Lets the model call these tools as [`bind_tools`](Self::bind_tools) does, with options.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{tool_fn, BindTools, ChatModel, EchoModel, ToolContext, ToolOptions};
    /// use serde_json::{Value, json};
    ///
    /// let now = tool_fn("now", "Tells the time.", json!({"type": "object"}), |_: Value, _: ToolContext| async { Ok("12:00") });
    /// let bound = EchoModel::new().bind_tools_with((now,), ToolOptions::new().parallel_tool_calls(false))?;
    /// assert_eq!(bound.bound_options().parallel_tool_calls, Some(false));
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`bind_tools`](Self::bind_tools); [`ErrorKind::InvalidInput`] if the choice names a tool that is not in the list; [`ErrorKind::Unsupported`] for a schema that strict mode
    /// cannot express.
    fn bind_tools_with(&self, tools: impl IntoTools, options: ToolOptions) -> Result<Bound<Self::Model>> {
        let tools = unique(tools)?;
        let described = tools.iter().map(|tool| tool.to_openai(options.strict));
        let mut bound = ChatOptions::new().tools(described.collect::<Result<Vec<Value>>>()?);
        if let Some(choice) = options.tool_choice {
            if let ToolChoice::Name(name) = &choice
                && !tools.iter().any(|tool| tool.name() == name)
            {
                let detail = format!(
                    "the tool choice `{name}` is not one of the tools: {}",
                    known_names(&tools)
                );
                return Err(Error::new(ErrorKind::InvalidInput, detail));
            }
            bound = bound.tool_choice(choice);
        } else if options.no_choice {
            bound = bound.without(OptionName::ToolChoice);
        }
        bound.parallel_tool_calls = options.parallel_tool_calls;
        Ok(Bound::new(self.to_chat_model(), bound))
    }
}

impl<M: ToChatModel> BindTools for M {}
