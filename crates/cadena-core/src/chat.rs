//! Chat models: the trait that a provider writes, and what every model gets from it.

mod model;
pub use model::ChatModel;
mod request;
pub use request::ChatRequest;
mod bind;
pub use bind::{Bind, Bound, CloneableModel};
mod ext;
pub use ext::ChatModelExt;
mod cache;
pub use cache::{CacheKey, ChatCache, InMemoryCache};
mod cached;
pub use cached::Cached;
mod rate_limiter;
pub use rate_limiter::RateLimiter;
mod rate_limited;
pub use rate_limited::RateLimited;
mod echo;
pub use echo::EchoModel;
mod all_choices;
pub use all_choices::AllChoices;
mod forward;
mod report;
mod unsupported;
pub use unsupported::OnUnsupported;
