//! [`StrOutputParser`]: the text of an answer.

use async_trait::async_trait;
use futures::stream::StreamExt;

use crate::{AIMessage, ChunkStream, Result, RunContext, RunKind, Runnable, StepInfo, StreamMode, impl_pipe};

/// Takes the text of a model's answer, piece by piece as it comes.
///
/// # Examples
///
/// ```
/// use cadena_core::{EchoModel, RunnableExt, StrOutputParser};
/// use futures::TryStreamExt;
///
/// # futures::executor::block_on(async {
/// let chain = EchoModel::new() | StrOutputParser;
/// assert_eq!(chain.invoke("hello there").await?, "hello there");
/// assert_eq!(chain.stream("hello there").try_collect::<Vec<_>>().await?, ["hello ", "there", "", ""]);
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[must_use = "steps do nothing until they are invoked"]
pub struct StrOutputParser;

#[async_trait]
impl Runnable for StrOutputParser {
    type Input = AIMessage;
    type Output = String;

    fn describe(&self) -> StepInfo<'_> {
        StepInfo::new("StrOutputParser")
            .kind(RunKind::Parser)
            .streaming(StreamMode::PassesThrough)
    }

    async fn run(&self, input: AIMessage, _cx: RunContext) -> Result<String> {
        Ok(input.content.into_text())
    }

    fn run_transform(&self, input: ChunkStream<AIMessage>, _cx: RunContext) -> ChunkStream<String> {
        input.map(|chunk| Ok(chunk?.content.into_text())).boxed()
    }
}

impl_pipe!(StrOutputParser);
