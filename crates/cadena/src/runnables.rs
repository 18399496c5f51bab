//! Runnables: the contract of a step, and the types of the steps that combine other steps.
//!
//! An implementor writes [`Runnable`]; every runnable has the methods of [`RunnableExt`]. `|` returns a [`Chain`]. The other types
//! here are returned by a function or a method that is named after them: [`parallel()`] makes a [`Parallel`],
//! [`with_retry`](RunnableExt::with_retry) a [`Retry`].

pub use cadena_core::{
    Accepts, Alternatives, Assign, BoxRunnable, Branch, CanClone, Chain, ChunkStream, ConfigurableStep, Configured,
    Dict, DictChunk, DictLike, FallbackErrors, Fallbacks, GaveUp, Generator, IntoInput, IntoLambda, IntoParallel,
    Lambda, LambdaIn, Map, Named, OneStep, Or, Outputs, OutputsChunk, Parallel, ParallelBranch, Passthrough, Pick,
    PickKeys, Picked, Retry, RetryBudget, RetryOptions, RetryPause, Route, Router, RouterInput, Runnable, RunnableExt,
    SendSync, StepInfo, StepList, Steps, Streamable, Timeout, ValueChunk, Whole, WithListeners, assign, branch, dict,
    flow_whole, fold, generator, impl_pipe, lambda, lambda_in, lambda_kind, merge_all, parallel, passthrough, pick,
    route_fn, router, stream_fn, try_route_fn,
};
#[cfg(feature = "macros")]
pub use cadena_macros::Streamable;
