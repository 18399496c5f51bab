//! What describes a model: who it is, what it can do, and the options that are bound to it. Data; the models are in `chat`.

mod profile;
pub use profile::ModelProfile;
mod options;
pub use options::{ChatOptions, IntoToolChoice, OptionName, ToolChoice};
mod unsupported;
pub use unsupported::OnUnsupported;
mod setup;
pub use setup::ModelSetup;
