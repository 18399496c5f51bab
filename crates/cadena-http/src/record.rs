//! Conversations with a server, written down and played back.

mod compare;
mod line;
mod recorder;
mod recording;
mod replay;

pub use recorder::Recorder;
pub use recording::Recording;
pub use replay::Replay;
