//! Some keys of many.

use std::collections::HashSet;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use async_trait::async_trait;
use futures::stream::{self, StreamExt};
use indexmap::IndexSet;
use serde_json::Value;

use super::{DictLike, Runnable, RunnableExt, StepInfo};
use crate::{
    ChunkStream, Dict, DictChunk, Error, ErrorKind, Result, RunContext, StreamMode, Streamable, ValueChunk, impl_pipe,
};

/// Makes the step that picks one key of its input, or several: the output is a [`Value`] for one key, a [`Dict`] for several.
///
/// A key that is missing is an error that names those that are there; [`optional`](Pick::optional) makes it `None`.
/// [`RunnableExt::pick`](crate::RunnableExt::pick) appends it to a step.
///
/// It passes through: pieces of these keys go on as they arrive. That a key is missing is known when the input ends.
///
/// # Examples
///
/// ```
/// use cadena_core::{dict, pick, Dict, RunnableExt};
///
/// # futures::executor::block_on(async {
/// let input = dict! {"a": 1, "b": 2, "c": 3};
/// assert_eq!(pick::<Dict, _>("a").invoke(input.clone()).await?, 1);
/// assert_eq!(pick::<Dict, _>(["a", "c"]).invoke(input.clone()).await?, dict! {"a": 1, "c": 3});
///
/// let error = pick::<Dict, _>("z").invoke(input.clone()).await.unwrap_err();
/// assert_eq!(error.detail(), "the key `z` is missing; there are `a`, `b`, `c`");
/// assert_eq!(pick::<Dict, _>("z").optional().invoke(input).await?, None);
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
#[must_use = "steps do nothing until they are invoked"]
pub fn pick<I: DictLike, K: PickKeys>(keys: K) -> Pick<I, K::Output> {
    Pick {
        keys: keys.into_keys().into(),
        types: PhantomData,
    }
}

/// The step that takes keys out of its input; [`pick`] makes one.
///
/// # Examples
///
/// ```
/// use cadena_core::{Dict, Pick, RunnableExt, dict, pick};
/// use serde_json::Value;
///
/// # futures::executor::block_on(async {
/// let a: Pick<Dict, Value> = pick("a");
/// assert_eq!(a.invoke(dict! {"a": 1, "b": 2}).await?, 1);
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
#[must_use = "steps do nothing until they are invoked"]
#[doc(alias = "RunnablePick")]
pub struct Pick<I, O> {
    keys: Arc<[String]>,
    types: PhantomData<fn(I) -> O>,
}

impl<I: DictLike, O: Picked> Pick<I, O> {
    /// Lets keys be missing: of several keys the output holds those that are there, and it is `None` if none is there.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{dict, pick, Dict, RunnableExt};
    ///
    /// # futures::executor::block_on(async {
    /// let some = pick::<Dict, _>(["a", "z"]).optional();
    /// assert_eq!(some.invoke(dict! {"a": 1}).await?, Some(dict! {"a": 1}));
    /// assert_eq!(some.invoke(dict! {"b": 1}).await?, None);
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    pub fn optional(self) -> Pick<I, Option<O>> {
        Pick {
            keys: self.keys,
            types: PhantomData,
        }
    }
}

/// The keys that [`pick`] takes: one, or an array or `Vec` of several.
///
/// # Examples
///
/// ```
/// use cadena_core::PickKeys;
///
/// assert_eq!("a".into_keys(), ["a"]);
/// assert_eq!(["a", "b"].into_keys(), ["a", "b"]);
/// assert_eq!(vec!["a".to_owned()].into_keys(), ["a"]);
/// ```
pub trait PickKeys {
    /// The type of the output: a [`Value`], or a [`Dict`] of several keys.
    type Output: Picked;

    /// The keys.
    fn into_keys(self) -> Vec<String>;
}

impl PickKeys for &str {
    type Output = Value;
    fn into_keys(self) -> Vec<String> {
        vec![self.to_owned()]
    }
}

impl PickKeys for String {
    type Output = Value;
    fn into_keys(self) -> Vec<String> {
        vec![self]
    }
}

impl<K: Into<String>, const N: usize> PickKeys for [K; N] {
    type Output = Dict;
    fn into_keys(self) -> Vec<String> {
        self.into_iter().map(Into::into).collect()
    }
}

impl<K: Into<String>> PickKeys for Vec<K> {
    type Output = Dict;
    fn into_keys(self) -> Vec<String> {
        self.into_iter().map(Into::into).collect()
    }
}

/// An output of [`pick`]: a [`Value`] for one key, a [`Dict`] for several, an `Option` where they may be missing.
///
/// # Examples
///
/// ```
/// use cadena_core::{Dict, Pick, Picked, RunnableExt, dict, pick};
///
/// fn lenient<O: Picked>(step: Pick<Dict, O>) -> Pick<Dict, Option<O>> {
///     step.optional()
/// }
///
/// # futures::executor::block_on(async {
/// assert_eq!(lenient(pick("z")).invoke(dict! {"a": 1}).await?, None);
/// assert_eq!(lenient(pick(["a", "z"])).invoke(dict! {"a": 1}).await?, Some(dict! {"a": 1}));
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
pub trait Picked: Streamable + private::Sealed {
    /// Whether every key must be there.
    #[doc(hidden)]
    const STRICT: bool;

    /// The picked values; `None` if there are none.
    #[doc(hidden)]
    fn of(found: Dict) -> Option<Self>;

    /// Pieces of the picked values, of which there are some.
    #[doc(hidden)]
    fn piece_of(found: DictChunk) -> Option<Self::Chunk>;

    /// The chunk of a stream in which no key came.
    #[doc(hidden)]
    fn nothing() -> Option<Self::Chunk>;
}

mod private {
    pub trait Sealed {}
    impl Sealed for serde_json::Value {}
    impl Sealed for crate::Dict {}
    impl<T: Sealed> Sealed for Option<T> {}
}

impl Picked for Value {
    const STRICT: bool = true;

    fn of(found: Dict) -> Option<Self> {
        found.into_map().into_iter().next().map(|(_, value)| value)
    }

    fn piece_of(found: DictChunk) -> Option<ValueChunk> {
        found.into_iter().next().map(|(_, piece)| piece)
    }

    fn nothing() -> Option<ValueChunk> {
        None
    }
}

impl Picked for Dict {
    const STRICT: bool = true;

    fn of(found: Dict) -> Option<Self> {
        Some(found).filter(|found| !found.is_empty())
    }

    fn piece_of(found: DictChunk) -> Option<DictChunk> {
        Some(found).filter(|found| !found.is_empty())
    }

    fn nothing() -> Option<DictChunk> {
        Some(DictChunk::default())
    }
}

impl<T: Picked> Picked for Option<T> {
    const STRICT: bool = false;

    fn of(found: Dict) -> Option<Self> {
        Some(T::of(found))
    }

    fn piece_of(found: DictChunk) -> Option<Option<T::Chunk>> {
        T::piece_of(found).map(Some)
    }

    fn nothing() -> Option<Option<T::Chunk>> {
        Some(None)
    }
}

fn missing<'a>(missing: impl Iterator<Item = &'a String>, known: impl Iterator<Item = String>) -> Option<Error> {
    let missing: Vec<_> = missing.map(|key| format!("`{key}`")).collect();
    let what = match missing.as_slice() {
        [] => return None,
        [key] => format!("the key {key} is missing"),
        keys => format!("the keys {} are missing", keys.join(", ")),
    };
    let known: Vec<_> = known.collect();
    let detail = match known.as_slice() {
        [] => format!("{what}; there are none"),
        known => format!("{what}; there are {}", known.join(", ")),
    };
    Some(Error::new(ErrorKind::InvalidInput, detail))
}

#[async_trait]
impl<I: DictLike, O: Picked> Runnable for Pick<I, O> {
    type Input = I;
    type Output = O;

    fn describe(&self) -> StepInfo<'_> {
        StepInfo::of(self)
            .name_with(|| format!("RunnablePick<{}>", self.keys.join(",")))
            .streaming(StreamMode::PassesThrough)
    }

    async fn run(&self, input: I, _cx: RunContext) -> Result<O> {
        let mut input = input.into_dict()?;
        if O::STRICT {
            let absent = self.keys.iter().filter(|key| !input.contains_key(*key));
            if let Some(error) = missing(absent, input.keys().map(|key| format!("`{key}`"))) {
                return Err(error);
            }
        }
        let found = self.keys.iter().filter_map(|key| input.remove_entry(key)).collect();
        O::of(found)
            .or_else(O::empty)
            .ok_or_else(|| Error::new(ErrorKind::Config, "`pick` was given no key"))
    }

    fn run_stream(&self, input: I, cx: RunContext) -> ChunkStream<O> {
        self.run_transform(stream::once(std::future::ready(Ok(input.into_chunk()))).boxed(), cx)
    }

    fn run_transform(&self, input: ChunkStream<I>, _cx: RunContext) -> ChunkStream<O> {
        let state = Picking::<I> {
            input,
            name: self.name().into_owned(),
            keys: Arc::clone(&self.keys),
            came: HashSet::new(),
            others: IndexSet::new(),
            any_input: false,
        };
        stream::unfold(Some(state), |state| async { state?.next::<O>().await }).boxed()
    }
}

/// The state of a stream of picked pieces.
struct Picking<I: DictLike> {
    input: ChunkStream<I>,
    name: String,
    keys: Arc<[String]>,
    /// Which of the keys came so far, and which others.
    came: HashSet<String>,
    others: IndexSet<String>,
    any_input: bool,
}

impl<I: DictLike> Picking<I> {
    async fn next<O: Picked>(mut self) -> Option<(Result<O::Chunk>, Option<Self>)> {
        while let Some(chunk) = self.input.next().await {
            self.any_input = true;
            match chunk.and_then(I::pieces).map(|pieces| self.take::<O>(pieces)) {
                Ok(Some(piece)) => return Some((Ok(piece), Some(self))),
                Ok(None) => {}
                Err(error) => return Some((Err(error.in_step(self.name)), None)),
            }
        }
        self.end::<O>().map(|last| (last, None))
    }

    fn take<O: Picked>(&mut self, pieces: DictChunk) -> Option<O::Chunk> {
        let mut found = DictChunk::default();
        for (key, piece) in pieces {
            if self.keys.contains(&key) {
                if !self.came.contains(&key) {
                    self.came.insert(key.clone());
                }
                found.insert(key, piece);
            } else if O::STRICT && !self.others.contains(&key) {
                self.others.insert(key); // Only the error of a missing key names them.
            }
        }
        if found.is_empty() { None } else { O::piece_of(found) }
    }

    fn end<O: Picked>(self) -> Option<Result<O::Chunk>> {
        if !self.any_input {
            return None; // An input without chunks makes an output without chunks.
        }
        if O::STRICT {
            let absent = self.keys.iter().filter(|key| !self.came.contains(*key));
            let known = self.keys.iter().filter(|key| self.came.contains(*key));
            let known = known.chain(&self.others).map(|key| format!("`{key}`"));
            if let Some(error) = missing(absent, known) {
                return Some(Err(error.in_step(self.name)));
            }
        }
        if self.came.is_empty() {
            O::nothing().map(Ok)
        } else {
            None
        }
    }
}

impl_pipe!(Pick<I, O>, for <I: DictLike, O: Picked>);

impl<I, O> Clone for Pick<I, O> {
    fn clone(&self) -> Self {
        Self {
            keys: Arc::clone(&self.keys),
            types: PhantomData,
        }
    }
}

impl<I, O> fmt::Debug for Pick<I, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Pick").field(&self.keys).finish()
    }
}
