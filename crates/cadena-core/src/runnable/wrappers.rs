//! Steps around another step: they change how it is called, and pass everything else on.

mod configured;
pub use configured::Configured;
mod named;
pub use named::Named;
mod listeners;
pub use listeners::{Listeners, WithListeners};
mod retry;
pub use retry::{GaveUp, Retry, RetryBudget, RetryOptions, RetryPause};
mod fallbacks;
pub use fallbacks::{FallbackErrors, Fallbacks};
mod timeout;
pub use timeout::Timeout;
mod message_history;
pub use message_history::{MessageHistory, Remembers};
mod configurable;
pub use configurable::{Alternatives, ConfigurableStep, SendSync};
mod step_list;
pub use step_list::{OneStep, Or, StepList, Steps};
mod around;
mod rewrap;
pub(crate) use rewrap::Rewrap;
