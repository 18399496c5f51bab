//! A model whose answers a test writes.

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use cadena_core::{
    AIMessage, AIMessageChunk, ChatModel, ChatRequest, ChunkStream, Error, ErrorKind, Logprobs, ModelProfile,
    RunContext, TokenLogprob, ToolCallChunk, impl_pipe,
};
use futures::stream::{self, StreamExt};
use serde_json::{Value, json};

/// A model whose answers a test writes, one after the other; it remembers the requests.
///
/// An answer streams word by word; each word is a token with a log probability if `logprobs` is asked for. Clones share
/// the script and the memory. A request after the last answer is an error.
///
/// The script is deterministic: the n-th answer has the id `scripted-n`, and the calls of tools count `call_1`, `call_2` and so on, so a snapshot of messages is the
/// same each time. Ids of runs, which events show, come from the config of the call: [`SequentialIds`](cadena_core::SequentialIds) counts them.
///
/// # Examples
///
/// ```
/// use cadena_core::{Error, ErrorKind, RunnableExt};
/// use cadena_testing::ScriptedModel;
///
/// # futures::executor::block_on(async {
/// let model = ScriptedModel::new().say("one").fail(|| Error::from(ErrorKind::RateLimited)).say("two");
/// assert_eq!(model.invoke("?").await?.text(), "one");
/// assert_eq!(model.invoke("?").await.unwrap_err().kind(), ErrorKind::RateLimited);
///
/// let second = model.invoke("?").await?;
/// assert_eq!((second.text().as_ref(), second.id.as_deref()), ("two", Some("scripted-3"))); // the error was the second answer
/// assert!(model.invoke("?").await.is_err()); // the script is over
/// # Ok::<_, Error>(()) }).unwrap();
/// ```
#[derive(Clone, Default)]
pub struct ScriptedModel {
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    script: VecDeque<Scene>,
    requests: Vec<ChatRequest>,
    /// How many calls of tools the script has.
    calls: usize,
    pause: Duration,
    number: Number,
}

/// The number of the script in the program.
struct Number(u64);

impl Default for Number {
    fn default() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

type Fault = Box<dyn FnOnce() -> Error + Send>;

/// One answer: its chunks, then perhaps an error.
struct Scene {
    chunks: Vec<AIMessageChunk>,
    fault: Option<Fault>,
}

impl ScriptedModel {
    /// Makes a model with an empty script.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::RunnableExt;
    /// use cadena_testing::ScriptedModel;
    ///
    /// # futures::executor::block_on(async {
    /// assert_eq!(ScriptedModel::new().remaining(), 0);
    /// assert!(ScriptedModel::new().invoke("Hi").await.is_err()); // the script is over
    /// # });
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an answer, which streams word by word and ends with the finish reason `stop`.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::RunnableExt;
    /// use cadena_testing::ScriptedModel;
    ///
    /// # futures::executor::block_on(async {
    /// let answer = ScriptedModel::new().say("Hello there.").invoke("Hi").await?;
    /// assert_eq!(answer.text(), "Hello there.");
    /// assert_eq!(answer.response_metadata.finish_reason.as_deref(), Some("stop"));
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    #[must_use]
    pub fn say(self, text: &str) -> Self {
        let words = text.split_inclusive(' ').map(|word| {
            let token = TokenLogprob::new(word, -0.1);
            AIMessageChunk::new(word).with_logprobs(Logprobs::content(vec![token]))
        });
        let end = AIMessageChunk::new("").with_finish_reason("stop");
        self.chunks(words.chain([end]))
    }

    /// Adds an answer that calls a tool with these arguments, a JSON object.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::RunnableExt;
    /// use cadena_testing::ScriptedModel;
    /// use serde_json::json;
    ///
    /// # futures::executor::block_on(async {
    /// let answer = ScriptedModel::new().call("weather", json!({"city": "Oslo"})).invoke("How is Oslo?").await?;
    /// assert_eq!(answer.tool_calls[0].args["city"], "Oslo");
    /// assert_eq!(answer.tool_calls[0].id.as_deref(), Some("call_1"));
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    #[must_use]
    pub fn call(self, name: &str, args: Value) -> Self {
        self.calls([(name, args)])
    }

    /// Adds an answer that calls several tools at once. Arguments that are no JSON object make an invalid call.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::RunnableExt;
    /// use cadena_testing::ScriptedModel;
    /// use serde_json::json;
    ///
    /// # futures::executor::block_on(async {
    /// let cities = ["Oslo", "Madrid"].map(|city| ("weather", json!({"city": city})));
    /// let answer = ScriptedModel::new().calls(cities).invoke("Which is warmer?").await?;
    /// assert_eq!(answer.tool_calls.len(), 2);
    /// assert_eq!(answer.tool_calls[1].id.as_deref(), Some("call_2"));
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    #[must_use]
    pub fn calls<'a>(self, calls: impl IntoIterator<Item = (&'a str, Value)>) -> Self {
        let before = self.lock().calls;
        let mut chunks: Vec<_> = (0_i64..)
            .zip(before + 1..)
            .zip(calls)
            .map(|((index, number), (name, args))| {
                let call = ToolCallChunk::new(index)
                    .with_name(name)
                    .with_id(format!("call_{number}"));
                AIMessageChunk::new("").with_tool_call_chunk(call.with_args(args.to_string()))
            })
            .collect();
        self.lock().calls += chunks.len();
        chunks.push(AIMessageChunk::new("").with_finish_reason("tool_calls"));
        self.chunks(chunks)
    }

    /// Adds an answer of these chunks. They stay as they are; chunks without an id get the id of the answer.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{AIMessageChunk, RunnableExt, UsageMetadata};
    /// use cadena_testing::ScriptedModel;
    ///
    /// # futures::executor::block_on(async {
    /// let chunks = [AIMessageChunk::new("Hi").with_usage(UsageMetadata::new(3, 1))];
    /// let answer = ScriptedModel::new().chunks(chunks).invoke("Hello").await?;
    /// assert_eq!(answer.usage_metadata.map(|usage| usage.total_tokens), Some(4));
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    #[must_use]
    pub fn chunks(self, chunks: impl IntoIterator<Item = AIMessageChunk>) -> Self {
        self.scene(Scene {
            chunks: chunks.into_iter().collect(),
            fault: None,
        })
    }

    /// Adds an error in place of an answer.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{Error, ErrorKind, RunnableExt};
    /// use cadena_testing::ScriptedModel;
    ///
    /// # futures::executor::block_on(async {
    /// let model = ScriptedModel::new().fail(|| Error::from(ErrorKind::RateLimited));
    /// assert_eq!(model.invoke("Hi").await.unwrap_err().kind(), ErrorKind::RateLimited);
    /// # });
    /// ```
    #[must_use]
    pub fn fail(self, error: impl FnOnce() -> Error + Send + 'static) -> Self {
        self.scene(Scene {
            chunks: Vec::new(),
            fault: Some(Box::new(error)),
        })
    }

    /// Adds an answer that breaks off: these chunks, then the error.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{AIMessageChunk, Error, ErrorKind, RunnableExt};
    /// use cadena_testing::ScriptedModel;
    /// use futures::TryStreamExt;
    ///
    /// # futures::executor::block_on(async {
    /// let model = ScriptedModel::new().break_off([AIMessageChunk::new("Once ")], || Error::from(ErrorKind::Connect));
    /// let mut chunks = model.stream("Tell a story.");
    /// assert_eq!(chunks.try_next().await?.map(|chunk| chunk.text().into_owned()), Some("Once ".to_owned()));
    /// assert_eq!(chunks.try_next().await.unwrap_err().kind(), ErrorKind::Connect);
    /// # Ok::<_, Error>(()) }).unwrap();
    /// ```
    #[must_use]
    pub fn break_off(
        self,
        chunks: impl IntoIterator<Item = AIMessageChunk>,
        error: impl FnOnce() -> Error + Send + 'static,
    ) -> Self {
        self.scene(Scene {
            chunks: chunks.into_iter().collect(),
            fault: Some(Box::new(error)),
        })
    }

    /// Makes the model wait before every chunk, on tokio's clock; default: no wait. Under tokio's paused clock a test takes no time.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use cadena_core::{ErrorKind, RunConfig, RunnableExt};
    /// use cadena_testing::ScriptedModel;
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(async {
    /// let model = ScriptedModel::new().say("too late").with_pause(Duration::from_secs(60));
    /// let error = model.invoke_with("?", RunConfig::new().timeout(Duration::from_secs(5))).await.unwrap_err();
    /// assert_eq!(error.kind(), ErrorKind::Timeout);
    /// # });
    /// ```
    #[must_use]
    pub fn with_pause(self, pause: Duration) -> Self {
        self.lock().pause = pause;
        self
    }

    /// Returns the requests so far, in order, with the options of each.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{Bind, ChatOptions, RunnableExt};
    /// use cadena_testing::ScriptedModel;
    ///
    /// # futures::executor::block_on(async {
    /// let model = ScriptedModel::new().say("7");
    /// model.bind(ChatOptions::new().seed(1)).invoke("A number?").await?;
    /// assert_eq!(model.requests()[0].last_text(), "A number?");
    /// assert_eq!(model.requests()[0].options.seed, Some(1));
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    #[must_use]
    pub fn requests(&self) -> Vec<ChatRequest> {
        self.lock().requests.clone()
    }

    /// Returns how many answers are left in the script.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_testing::ScriptedModel;
    ///
    /// assert_eq!(ScriptedModel::new().say("one").say("two").remaining(), 2);
    /// ```
    #[must_use]
    pub fn remaining(&self) -> usize {
        self.lock().script.len()
    }

    fn scene(self, scene: Scene) -> Self {
        self.lock().script.push_back(scene);
        self
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ChatModel for ScriptedModel {
    fn profile(&self) -> ModelProfile {
        ModelProfile::new("scripted", "scripted-1")
            .with_all_options()
            .with_logprobs(true)
            .with_tools(true)
    }

    /// Two scripts never share a cached answer; clones of one script do.
    fn cache_identity(&self) -> Value {
        json!({"provider": "scripted", "script": self.lock().number.0})
    }

    fn stream_chat(&self, request: ChatRequest, _cx: RunContext) -> ChunkStream<AIMessage> {
        let model = self.clone();
        let chunks = async move {
            let wants_logprobs = request.options.logprobs == Some(true);
            let (scene, pause, id) = {
                let mut state = model.lock();
                state.requests.push(request);
                let id = format!("scripted-{}", state.requests.len());
                (state.script.pop_front(), state.pause, id)
            };
            let scene = scene.unwrap_or_else(|| Scene {
                chunks: Vec::new(),
                fault: Some(Box::new(script_is_over)),
            });
            let chunks = scene.chunks.into_iter().map(move |mut chunk| {
                if !wants_logprobs {
                    chunk.response_metadata.logprobs = None;
                }
                chunk.id.get_or_insert_with(|| id.clone());
                Ok(chunk)
            });
            let fault = scene.fault.map(|fault| Err(fault()));
            stream::iter(chunks.chain(fault)).then(move |item| async move {
                if !pause.is_zero() {
                    tokio::time::sleep(pause).await;
                }
                item
            })
        };
        stream::once(chunks).flatten().boxed()
    }
}

fn script_is_over() -> Error {
    Error::new(ErrorKind::Config, "the script of the `ScriptedModel` is over").with_hint("give it another `say`")
}

impl_pipe!(ScriptedModel);

impl fmt::Debug for ScriptedModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.lock();
        f.debug_struct("ScriptedModel")
            .field("remaining", &state.script.len())
            .field("requests", &state.requests.len())
            .finish_non_exhaustive()
    }
}
