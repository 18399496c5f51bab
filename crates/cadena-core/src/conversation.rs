//! Steps that make a conversation shorter: they filter it, merge runs of messages, or trim it to a budget of tokens.

mod filter;
pub use filter::{FilterMessages, filter_messages};
mod runs;
pub use runs::{MergeMessageRuns, merge_message_runs};
mod trim;
pub use trim::{TrimMessages, TrimStrategy, trim_messages};
