//! Steps that hold no other step: they are made of a function, or pass on what comes in.

pub(in crate::runnable) mod lambda;
pub use lambda::{IntoLambda, Lambda, lambda, lambda_kind};
mod lambda_in;
pub use lambda_in::{LambdaIn, lambda_in};
mod generator;
pub use generator::{Generator, generator, stream_fn};
mod passthrough;
pub use passthrough::{Passthrough, passthrough};
