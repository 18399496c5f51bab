//! The macros of cadena: they write the impls of tools, of types that flow through chains, and of prompts whose variables the compiler checks.
//!
//! - [`tool`] on an async function makes a tool that a model may call.
//! - [`derive(Streamable)`](macro@Streamable) on a type lets its values flow through chains.
//! - [`prompt!`] and [`chat_prompt!`] make prompts for an input of your type.
//!
//! A program uses them through the crate `cadena`, which re-exports them; the code that they write names that crate too. A crate that depends on `cadena-core` alone sets
//! `crate = "cadena_core"`.
//!
//! ```
//! use cadena::prelude::*;
//!
//! #[derive(Clone, serde::Serialize, Streamable)]
//! struct Joke {
//!     topic: String,
//! }
//!
//! # futures::executor::block_on(async {
//! let chain = prompt!(Joke, "Tell a joke about {topic}.") | EchoModel::new() | StrOutputParser;
//! assert_eq!(chain.invoke(Joke { topic: "bears".to_owned() }).await?, "Tell a joke about bears.");
//! # Ok::<_, cadena::Error>(()) }).unwrap();
//! ```

mod krate;
mod prompt;
mod streamable;
mod tool;

use proc_macro::TokenStream;

/// Makes a tool of an async function: the model reads its name, its doc comment, and a schema of its arguments with their doc comments.
///
/// The name of the function becomes a value, which is a [`Tool`](https://docs.rs/cadena/latest/cadena/trait.Tool.html): give it to `bind_tools`, `tool_node` or `agent`. Its arguments become a struct: those of
/// `get_weather` are `GetWeatherArgs`. The function itself is `get_weather::function`.
///
/// An argument's type is `Deserialize` and `JsonSchema`; `Option` may be left out. It takes these attributes:
///
/// - a doc comment describes it to the model;
/// - `#[default]` or `#[default(5)]` sets the value for a call in which the model leaves the argument out;
/// - `#[inject]` takes the argument from the run, and hides it from the model: a `ToolContext`, a `RunContext`, or an `Arc<T>` that the caller gave to
///   `RunConfig::inject`;
/// - `#[serde(…)]` and `#[schemars(…)]` go to the field of the struct: `#[serde(rename = "town")]`.
///
/// The function returns anything with a JSON form, a `ToolOutput` with an artifact beside the content, or a `Result` of these with any error. A
/// type whose name ends in `Result` is taken for a `Result`.
///
/// The attribute takes `name = "…"`, `description = "…"` instead of the doc comment, `return_direct`, `on_error = Show`, `Hide` or `Stop`,
/// `timeout = Duration::from_secs(5)`, and `crate = "cadena_core"` for a crate that depends on that alone.
///
/// # Examples
///
/// ```
/// use cadena::{AnyTool, RunnableExt, tool};
/// use cadena::messages::ToolCall;
/// use serde_json::json;
///
/// /// Tells the weather of a city.
/// #[tool]
/// async fn get_weather(
///     /// The city, in English.
///     city: String,
///     /// How many days ahead.
///     #[default(1)]
///     days: u8,
/// ) -> Result<String, std::fmt::Error> {
///     Ok(format!("sunny in {city} for {days} days"))
/// }
///
/// # futures::executor::block_on(async {
/// let weather = AnyTool::from(get_weather);
/// assert_eq!(weather.description(), "Tells the weather of a city.");
/// let schema = &weather.to_openai(None)?["function"]["parameters"];
/// assert_eq!(schema["properties"]["city"], json!({"type": "string", "description": "The city, in English."}));
/// assert_eq!(schema["required"], json!(["city"]));
///
/// let args = json!({"city": "Madrid"}).as_object().cloned().unwrap_or_default();
/// let answer = weather.invoke(ToolCall::new("get_weather", args, "call_1")).await?;
/// assert_eq!(answer.text(), "sunny in Madrid for 1 days");
/// # Ok::<_, cadena::Error>(()) }).unwrap();
/// ```
#[proc_macro_attribute]
pub fn tool(attribute: TokenStream, function: TokenStream) -> TokenStream {
    finish(tool::expand(attribute.into(), function.into()))
}

/// Lets a type flow through chains as one chunk: a later chunk replaces an earlier one.
///
/// The type must also be `Serialize` and `Clone`. A crate that depends on the core alone writes `#[streamable(crate = "cadena_core")]`.
///
/// # Examples
///
/// ```
/// use cadena::{RunnableExt, Streamable, lambda};
///
/// #[derive(Clone, serde::Serialize, Streamable)]
/// struct Weather {
///     degrees: i32,
/// }
///
/// # futures::executor::block_on(async {
/// let warmer = lambda(|weather: Weather| Weather { degrees: weather.degrees + 1 });
/// assert_eq!(warmer.invoke(Weather { degrees: 20 }).await?.degrees, 21);
/// # Ok::<_, cadena::Error>(()) }).unwrap();
/// ```
#[proc_macro_derive(Streamable, attributes(streamable))]
pub fn derive_streamable(input: TokenStream) -> TokenStream {
    finish(streamable::expand(input.into()))
}

/// Makes a prompt of one text for an input of your type; the variables are fields, checked at compile time.
///
/// The prompt is a step from the type to a `PromptValue`. For a variable without a field the compiler reports the missing field. A crate that
/// depends on the core alone writes `prompt!(crate = "cadena_core", Joke, "…")`.
///
/// # Examples
///
/// ```
/// use cadena::{EchoModel, RunnableExt, StrOutputParser, Streamable, prompt};
///
/// #[derive(Clone, serde::Serialize, Streamable)]
/// struct Joke {
///     topic: String,
/// }
///
/// # futures::executor::block_on(async {
/// let chain = prompt!(Joke, "Tell a joke about {topic}.") | EchoModel::new() | StrOutputParser;
/// assert_eq!(chain.invoke(Joke { topic: "bears".to_owned() }).await?, "Tell a joke about bears.");
/// # Ok::<_, cadena::Error>(()) }).unwrap();
/// ```
///
/// ```compile_fail
/// use cadena::{Streamable, prompt};
///
/// #[derive(Clone, serde::Serialize, Streamable)]
/// struct Joke {
///     topic: String,
/// }
///
/// let wrong = prompt!(Joke, "Tell a joke about {topics}."); // no field `topics` on type `&Joke`
/// ```
#[proc_macro]
pub fn prompt(input: TokenStream) -> TokenStream {
    finish(prompt::expand_one(input.into()))
}

/// Makes a prompt of several messages for an input of your type; the variables are fields, checked at compile time.
///
/// It differs from [`prompt!`] in the role before each text: `human` or `user`, `ai` or `assistant`, `system`, and `placeholder` for messages that the input holds.
///
/// # Examples
///
/// ```
/// use cadena::{Message, RunnableExt, Streamable, chat_prompt};
///
/// #[derive(Clone, serde::Serialize, Streamable)]
/// struct Question {
///     language: &'static str,
///     history: Vec<Message>,
///     question: String,
/// }
///
/// # futures::executor::block_on(async {
/// let prompt = chat_prompt!(Question, [
///     ("system", "You answer in {language}."),
///     ("placeholder", "{history}"),
///     ("human", "{question}"),
/// ]);
/// let input = Question { language: "Spanish", history: vec!["hi".into()], question: "How are you?".to_owned() };
/// let filled = prompt.invoke(input).await?;
/// assert_eq!(filled.messages.len(), 3);
/// assert_eq!(filled.messages[0].text(), "You answer in Spanish.");
/// # Ok::<_, cadena::Error>(()) }).unwrap();
/// ```
#[proc_macro]
pub fn chat_prompt(input: TokenStream) -> TokenStream {
    finish(prompt::expand_chat(input.into()))
}

fn finish(expanded: syn::Result<proc_macro2::TokenStream>) -> TokenStream {
    expanded.unwrap_or_else(syn::Error::into_compile_error).into()
}
