//! A model that says what a test wrote.

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use cadena_core::{
    AIMessage, AIMessageChunk, ChatModel, ChatRequest, ChunkStream, Error, ErrorKind, Logprobs, ModelProfile,
    RunContext, TokenLogprob, impl_pipe,
};
use futures::stream::{self, StreamExt};
use serde_json::{Value, json};

/// A model that says what a test wrote, answer by answer, and remembers what it was asked.
///
/// An answer streams word by word; each word is a token with a log probability when `logprobs` is asked for. Clones share
/// the script and the memory. A request beyond the script is an error.
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
/// assert_eq!(model.invoke("?").await?.text(), "two");
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
    pause: Duration,
    number: Number,
}

/// Which of the program's scripts it is.
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
    /// A model with an empty script.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an answer, which streams word by word and ends with the finish reason `stop`.
    #[must_use]
    pub fn say(self, text: &str) -> Self {
        let words = text.split_inclusive(' ').map(|word| {
            let token = TokenLogprob::new(word, -0.1);
            AIMessageChunk::new(word).with_logprobs(Logprobs::content(vec![token]))
        });
        let end = AIMessageChunk::new("").with_finish_reason("stop");
        self.chunks(words.chain([end]))
    }

    /// Adds an answer of these chunks, as they are.
    #[must_use]
    pub fn chunks(self, chunks: impl IntoIterator<Item = AIMessageChunk>) -> Self {
        self.scene(Scene {
            chunks: chunks.into_iter().collect(),
            fault: None,
        })
    }

    /// Adds an error in the place of an answer.
    #[must_use]
    pub fn fail(self, error: impl FnOnce() -> Error + Send + 'static) -> Self {
        self.scene(Scene {
            chunks: Vec::new(),
            fault: Some(Box::new(error)),
        })
    }

    /// Adds an answer that breaks off: these chunks, then the error.
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

    /// Waits before every chunk, on tokio's clock.
    #[must_use]
    pub fn with_pause(self, pause: Duration) -> Self {
        self.lock().pause = pause;
        self
    }

    /// What the model was asked so far, in order.
    #[must_use]
    pub fn requests(&self) -> Vec<ChatRequest> {
        self.lock().requests.clone()
    }

    /// How many answers are left in the script.
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
            .with_logprobs(true)
            .with_tools(true)
    }

    /// Two scripts never share a cached answer; clones of one do.
    fn cache_identity(&self) -> Value {
        json!({"provider": "scripted", "script": self.lock().number.0})
    }

    fn stream_chat(&self, request: ChatRequest, _cx: RunContext) -> ChunkStream<AIMessage> {
        let model = self.clone();
        let chunks = async move {
            let wants_logprobs = request.options.logprobs == Some(true);
            let (scene, pause) = {
                let mut state = model.lock();
                state.requests.push(request);
                (state.script.pop_front(), state.pause)
            };
            let scene = scene.unwrap_or_else(|| Scene {
                chunks: Vec::new(),
                fault: Some(Box::new(script_is_over)),
            });
            let chunks = scene.chunks.into_iter().map(move |mut chunk| {
                if !wants_logprobs {
                    chunk.response_metadata.logprobs = None;
                }
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
