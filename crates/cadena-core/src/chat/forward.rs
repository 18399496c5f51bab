//! Boxes and shared pointers of models are models: each method calls the model inside.

use std::borrow::Cow;
use std::sync::Arc;

use async_trait::async_trait;
use serde_json::Value;

use super::{ChatModel, ChatRequest, Composition};
use crate::{AIMessage, ChatOptions, Choices, ChunkStream, ModelProfile, Result, RunContext};

dyn_clone::clone_trait_object!(ChatModel);

macro_rules! forward {
    ($pointer:ident) => {
        #[deny(
            clippy::missing_trait_methods,
            reason = "a pointer that forgets a method would change what it holds"
        )]
        #[async_trait]
        impl ChatModel for $pointer<dyn ChatModel> {
            fn profile(&self) -> ModelProfile {
                (**self).profile()
            }

            fn name(&self) -> Cow<'_, str> {
                (**self).name()
            }

            fn bound_options(&self) -> ChatOptions {
                (**self).bound_options()
            }

            fn composition(&self) -> Option<Composition<'_>> {
                (**self).composition()
            }

            fn cache_identity(&self) -> Value {
                (**self).cache_identity()
            }

            fn cache_identity_in(&self, cx: &RunContext) -> Result<Value> {
                (**self).cache_identity_in(cx)
            }

            fn stream_chat(&self, request: ChatRequest, cx: RunContext) -> ChunkStream<AIMessage> {
                (**self).stream_chat(request, cx)
            }

            async fn chat(&self, request: ChatRequest, cx: RunContext) -> Result<AIMessage> {
                (**self).chat(request, cx).await
            }

            fn stream_choices(&self, request: ChatRequest, cx: RunContext) -> ChunkStream<Choices> {
                (**self).stream_choices(request, cx)
            }

            async fn choices(&self, request: ChatRequest, cx: RunContext) -> Result<Choices> {
                (**self).choices(request, cx).await
            }
        }
    };
}

forward!(Box);
forward!(Arc);
