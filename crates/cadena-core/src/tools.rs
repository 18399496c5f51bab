//! Tools: functions that a model may call, their description for the model, and the step that runs the calls.

mod tool;
pub use tool::Tool;
mod any;
pub use any::AnyTool;
mod function;
pub use function::tool_fn;
mod list;
pub use list::IntoTools;
pub(crate) use list::{known_names, unique};
mod output;
pub use output::{IntoToolOutput, ToolOutput};
mod on_error;
pub use on_error::OnToolError;
mod context;
pub use context::{FromToolContext, ToolContext};
mod step;
pub use step::ToolStep;
mod node;
pub use node::{ToolNode, tool_node};
mod bind;
pub use bind::{BindTools, ToolOptions};
#[cfg(feature = "schemars")]
mod schema;
#[cfg(feature = "schemars")]
pub(crate) use schema::described_schema_of;
#[cfg(feature = "schemars")]
pub use schema::parameters_of;
mod fallible;
pub use fallible::Fallible;
mod arguments;
pub(crate) mod convert;
mod limit;
pub(crate) mod strict;
pub use convert::{convert_to_openai_function, convert_to_openai_tool};
