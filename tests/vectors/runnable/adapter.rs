//! A typed step between Python's values: it converts what goes in and comes out, and has no run of its own.

use std::sync::Arc;

use cadena_core::{
    ChunkStream, Result, RunContext, RunKind, Runnable, RunnableExt, StepInfo, Streamable, async_trait, fold,
};
use futures::{StreamExt, stream};

use super::py::{Py, PyChunk};

type Chunk<T> = <T as Streamable>::Chunk;

pub(super) struct Adapter<R: Runnable> {
    step: Arc<R>,
    whole: Convert<Py, R::Input>,
    /// Where the step can begin before its input is complete.
    piece: Option<Convert<PyChunk, Chunk<R::Input>>>,
    out: Convert<Chunk<R::Output>, Option<PyChunk>>,
}

type Convert<From, To> = Arc<dyn Fn(From) -> Result<To> + Send + Sync>;

impl<R: Runnable> Adapter<R> {
    /// A step that waits for its whole input.
    pub(super) fn waiting(
        step: R,
        whole: impl Fn(Py) -> Result<R::Input> + Send + Sync + 'static,
        out: impl Fn(Chunk<R::Output>) -> Result<Option<PyChunk>> + Send + Sync + 'static,
    ) -> Self {
        Self {
            step: Arc::new(step),
            whole: Arc::new(whole),
            piece: None,
            out: Arc::new(out),
        }
    }

    /// A step that takes pieces.
    pub(super) fn through(
        step: R,
        whole: impl Fn(Py) -> Result<R::Input> + Send + Sync + 'static,
        piece: impl Fn(PyChunk) -> Result<Chunk<R::Input>> + Send + Sync + 'static,
        out: impl Fn(Chunk<R::Output>) -> Result<Option<PyChunk>> + Send + Sync + 'static,
    ) -> Self {
        Self {
            piece: Some(Arc::new(piece)),
            ..Self::waiting(step, whole, out)
        }
    }
}

impl<R: Runnable<Input = Py>> Adapter<R> {
    /// A step that takes Python's values, whole or in pieces, and gives another type.
    pub(super) fn output(
        step: R,
        out: impl Fn(Chunk<R::Output>) -> Result<Option<PyChunk>> + Send + Sync + 'static,
    ) -> Self {
        Self::through(step, Ok, Ok, out)
    }
}

#[async_trait]
impl<R: Runnable> Runnable for Adapter<R> {
    type Input = Py;
    type Output = Py;

    fn describe(&self) -> StepInfo<'_> {
        StepInfo::new(self.step.name())
            .kind(RunKind::Transparent)
            .streaming_with(|| self.step.streaming())
            .graph(|| self.step.graph())
    }

    async fn run(&self, input: Py, cx: RunContext) -> Result<Py> {
        let output = self.step.invoke_in((self.whole)(input)?, &cx).await?;
        match (self.out)(output.into_chunk())? {
            Some(chunk) => Py::from_chunk(chunk),
            None => Ok(Py(serde_json::Value::Null)),
        }
    }

    fn run_stream(&self, input: Py, cx: RunContext) -> ChunkStream<Py> {
        match (self.whole)(input) {
            Ok(input) => self.converted(self.step.stream_in(input, &cx)),
            Err(error) => stream::once(std::future::ready(Err(error))).boxed(),
        }
    }

    fn run_transform(&self, input: ChunkStream<Py>, cx: RunContext) -> ChunkStream<Py> {
        if let Some(piece) = self.piece.clone() {
            let input = input.map(move |chunk| chunk.and_then(&*piece)).boxed();
            return self.converted(self.step.transform_in(input, &cx));
        }
        let this = self.clone();
        let output = async move {
            match fold::<Py>(input).await {
                Ok(Some(input)) => this.run_stream(input, cx),
                Ok(None) => stream::empty().boxed(),
                Err(error) => stream::once(std::future::ready(Err(error))).boxed(),
            }
        };
        stream::once(output).flatten().boxed()
    }
}

impl<R: Runnable> Adapter<R> {
    fn converted(&self, output: ChunkStream<R::Output>) -> ChunkStream<Py> {
        let out = Arc::clone(&self.out);
        let chunks = output.map(move |chunk| chunk.and_then(&*out).transpose());
        chunks.filter_map(std::future::ready).boxed()
    }
}

impl<R: Runnable> Clone for Adapter<R> {
    fn clone(&self) -> Self {
        Self {
            step: Arc::clone(&self.step),
            whole: Arc::clone(&self.whole),
            piece: self.piece.clone(),
            out: Arc::clone(&self.out),
        }
    }
}
