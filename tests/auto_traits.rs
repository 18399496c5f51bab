//! The promises of public types: they cross threads and print themselves, and steps can be cloned.

use std::fmt::Debug;

use cadena::agents::{Agent, AgentChunk, AgentOutput, AgentPart, PartialConversation};
use cadena::batch::{BatchFile, BatchProgress, BatchResults, DEFAULT_BATCH_CONCURRENCY};
use cadena::chat::{
    AllChoices, Bound, CacheKey, Cached, Choices, ChoicesChunk, InMemoryCache, ModelSetup, OnUnsupported, OptionName,
    RateLimited, RateLimiter, ToolChoice,
};
use cadena::graph::{Edge, Graph, MermaidOptions, Node};
use cadena::history::{HistoryKeys, InMemoryChatMessageHistory, MessageHistory};
use cadena::messages::{
    AlignedToken, Alignment, ContentBlock, Logprobs, ResponseMetadata, TokenLogprob, UsageMetadata,
};
use cadena::parsers::{
    JsonDiffOutputParser, JsonOutputParser, JsonPatch, OutputFixingParser, PatchOperation, RetryOutputParser,
    StrOutputParser, UnparsedAnswer, Xml, XmlChunk, XmlOutputParser,
};
use cadena::run::{
    ConfigKey, EventFilter, Journal, Listeners, ModelCall, RandomIds, RunConfig, RunContext, RunEvent, RunId, RunInfo,
    SequentialIds, StepOutput, UsageTracker,
};
use cadena::runnables::{
    Alternatives, Assign, BoxRunnable, Branch, Chain, ConfigurableStep, Configured, Dict, DictChunk, FallbackErrors,
    Fallbacks, GaveUp, Generator, Lambda, LambdaIn, Named, OneStep, Or, Outputs, OutputsChunk, Parallel, Passthrough,
    Pick, Retry, RetryBudget, RetryOptions, RetryPause, Route, Router, RouterInput, Timeout, WithListeners,
};
use cadena::structured::{FieldConfidence, JsonConfidence, Refusal};
use cadena::tools::{ToolContext, ToolNode, ToolOutput};
use cadena::{
    AIMessage, AIMessageChunk, AnyTool, ChatOptions, ChatRequest, EchoModel, Error, ErrorKind, Message, ModelProfile,
    PromptValue,
};

/// A value that any thread may read, and that prints itself.
fn shared<T: Send + Sync + Debug + 'static>() {}

/// A value that moves to the thread that polls it.
fn sent<T: Send + 'static>() {}

/// A step: every branch and every task has a clone.
fn step<T: Clone + Send + Sync + Debug + 'static>() {}

#[test]
fn steps_are_cloned_shared_and_printed() {
    type Text = Lambda<String, String>;
    step::<Agent>();
    step::<AllChoices<EchoModel>>();
    step::<Alternatives<Or<OneStep<Text>, OneStep<Text>>>>();
    step::<Assign<Parallel<Dict, Dict>>>();
    step::<Bound<EchoModel>>();
    step::<Branch<String, String>>();
    step::<Cached<EchoModel>>();
    step::<Chain<String, String>>();
    step::<ConfigurableStep<Text, u32>>();
    step::<Configured<Text>>();
    step::<EchoModel>();
    step::<Fallbacks<Or<OneStep<Text>, OneStep<Text>>>>();
    step::<Generator<String, String>>();
    step::<JsonDiffOutputParser>();
    step::<JsonOutputParser>();
    step::<Text>();
    step::<LambdaIn<String, String>>();
    step::<MessageHistory<EchoModel>>();
    step::<Named<Text>>();
    step::<Parallel<String, Dict>>();
    step::<Passthrough<String>>();
    step::<Pick<Dict, String>>();
    step::<RateLimited<EchoModel>>();
    step::<Retry<Text>>();
    step::<Route<String, String>>();
    step::<Router<String, String>>();
    step::<StrOutputParser>();
    step::<Timeout<Text>>();
    step::<ToolNode>();
    step::<WithListeners<Text>>();
    step::<XmlOutputParser>();
    sent::<BoxRunnable<String, String>>();
    sent::<OutputFixingParser<String>>();
    sent::<RetryOutputParser<String>>();
}

#[test]
fn data_crosses_threads_and_prints_itself() {
    shared::<AIMessage>();
    shared::<AIMessageChunk>();
    shared::<AgentChunk>();
    shared::<AgentOutput>();
    shared::<AgentPart>();
    shared::<AlignedToken<'static>>();
    shared::<Alignment<'static>>();
    shared::<AnyTool>();
    shared::<BatchFile>();
    shared::<BatchProgress>();
    sent::<BatchResults<String>>();
    shared::<CacheKey>();
    shared::<ChatOptions>();
    shared::<ChatRequest>();
    shared::<Choices>();
    shared::<ChoicesChunk>();
    shared::<ContentBlock>();
    shared::<Dict>();
    sent::<DictChunk>();
    shared::<Edge>();
    shared::<Error>();
    shared::<ErrorKind>();
    shared::<EventFilter>();
    shared::<FallbackErrors>();
    shared::<FieldConfidence>();
    shared::<GaveUp>();
    shared::<Graph>();
    shared::<HistoryKeys>();
    shared::<InMemoryCache>();
    shared::<InMemoryChatMessageHistory>();
    shared::<Journal>();
    shared::<JsonConfidence>();
    shared::<JsonPatch>();
    shared::<Listeners>();
    shared::<Logprobs>();
    shared::<MermaidOptions>();
    shared::<Message>();
    shared::<ModelCall<'static>>();
    shared::<ModelProfile>();
    shared::<ModelSetup>();
    shared::<Node>();
    shared::<OnUnsupported>();
    shared::<OptionName>();
    shared::<Outputs<String>>();
    shared::<OutputsChunk<String>>();
    shared::<PartialConversation>();
    shared::<PatchOperation>();
    shared::<PromptValue>();
    shared::<RandomIds>();
    shared::<RateLimiter>();
    shared::<Refusal>();
    shared::<ResponseMetadata>();
    shared::<RetryBudget>();
    shared::<RetryOptions>();
    shared::<RetryPause>();
    shared::<RouterInput<String>>();
    shared::<RunConfig>();
    shared::<RunContext>();
    shared::<RunEvent>();
    shared::<RunId>();
    shared::<RunInfo>();
    shared::<SequentialIds>();
    sent::<StepOutput>();
    shared::<TokenLogprob>();
    shared::<ToolChoice>();
    shared::<ToolContext>();
    shared::<ToolOutput>();
    shared::<UnparsedAnswer>();
    shared::<UsageMetadata>();
    shared::<UsageTracker>();
    shared::<Xml>();
    shared::<XmlChunk>();
    shared::<ConfigKey<u32>>();
}

#[test]
fn an_error_is_one_word_wide() {
    assert_eq!(size_of::<Error>(), size_of::<usize>());
}

#[test]
fn a_batch_runs_sixteen_inputs_at_once_by_default() {
    assert_eq!(DEFAULT_BATCH_CONCURRENCY, 16);
}
