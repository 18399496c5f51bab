//! The macros of cadena: [`tool`] on a function, [`derive(Streamable)`](macro@Streamable) on a type.
//!
//! Programs use them through the crate `cadena`, which names them all; the code that they write names that crate too.

mod krate;
mod streamable;
mod tool;

use proc_macro::TokenStream;

/// Makes a tool of an async function: its name, its doc comment for the model, a schema from its arguments and their doc comments.
///
/// The function becomes a value of its name, which is a [`Tool`](https://docs.rs/cadena/latest/cadena/trait.Tool.html): give it to `bind_tools`, `tool_node` or `agent`. Its arguments become a struct: those of
/// `get_weather` are `GetWeatherArgs`. The function itself is `get_weather::function`.
///
/// An argument's type is `Deserialize` and `JsonSchema`; `Option` may be left out. It takes these attributes:
///
/// - a doc comment describes it to the model;
/// - `#[default]` or `#[default(5)]` says what it is when the model leaves it out;
/// - `#[inject]` takes it from the run instead of the model, which does not see it: a `ToolContext`, a `RunContext`, or an `Arc<T>` that `RunConfig::inject`
///   gives;
/// - `#[serde(…)]` and `#[schemars(…)]` go to the field of the struct: `#[serde(rename = "town")]`.
///
/// The function gives anything with a JSON form, a `ToolOutput` to keep an artifact beside it, or a `Result` of these with any error. A
/// type whose name ends in `Result` is one.
///
/// The attribute takes `name = "…"`, `description = "…"` instead of the doc comment, `return_direct`, `on_error = Show`, `Hide` or `Stop`,
/// `timeout = Duration::from_secs(5)`, and `crate = "cadena_core"` for a crate that depends on that alone.
///
/// # Examples
///
/// ```
/// use cadena::{AnyTool, RunnableExt, ToolCall, tool};
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

/// Lets a type flow through chains in one piece: a later piece replaces an earlier one.
///
/// The type is also `Serialize` and `Clone`. `#[streamable(crate = "cadena_core")]` is for a crate that depends on that alone.
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

fn finish(expanded: syn::Result<proc_macro2::TokenStream>) -> TokenStream {
    expanded.unwrap_or_else(syn::Error::into_compile_error).into()
}
