//! Data that describe a model: its profile and the options that are bound to it. The models themselves are in `chat`.

mod profile;
pub use profile::ModelProfile;
mod options;
pub use options::{ChatOptions, IntoToolChoice, OptionName, ToolChoice};
mod unsupported;
pub use unsupported::OnUnsupported;
mod setup;
pub use setup::ModelSetup;
