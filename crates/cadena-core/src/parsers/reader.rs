//! [`Reader`]: reads an answer that comes in pieces. A whole answer is one piece, so both agree by construction.

use std::collections::VecDeque;

use futures::stream::{self, StreamExt};

use crate::{AIMessage, AIMessageChunk, ChunkStream, Result, Streamable, merge_all};

/// The state of a parser within one answer.
pub(crate) trait Reader: Send + 'static {
    type Output: Streamable;

    /// Reads a piece, and puts the chunks that it completes into `out`.
    fn push(&mut self, chunk: AIMessageChunk, out: &mut Chunks<Self::Output>) -> Result<()>;

    /// Reads the end of the answer.
    fn finish(self, out: &mut Chunks<Self::Output>) -> Result<()>;
}

pub(crate) type Chunks<T> = VecDeque<<T as Streamable>::Chunk>;

/// Reads a whole answer: the fold of its stream. `None` if the stream is empty.
pub(super) fn read_whole<R: Reader>(mut reader: R, answer: AIMessageChunk) -> Result<Option<R::Output>> {
    let mut out = Chunks::<R::Output>::new();
    reader.push(answer, &mut out)?;
    reader.finish(&mut out)?;
    merge_all(out)?.map(R::Output::from_chunk).transpose()
}

/// Reads an answer piece by piece.
pub(crate) fn read_stream<R: Reader>(reader: R, input: ChunkStream<AIMessage>) -> ChunkStream<R::Output> {
    struct State<R: Reader> {
        input: ChunkStream<AIMessage>,
        reader: Option<R>,
        begun: bool,
        out: Chunks<R::Output>,
        error: Option<crate::Error>,
    }
    let state = State {
        input,
        reader: Some(reader),
        begun: false,
        out: Chunks::<R::Output>::new(),
        error: None,
    };
    let next = async |mut state: State<R>| {
        loop {
            if let Some(chunk) = state.out.pop_front() {
                return Some((Ok(chunk), state));
            }
            if let Some(error) = state.error.take() {
                return Some((Err(error), state));
            }
            let mut reader = state.reader.take()?;
            let result = match state.input.next().await {
                Some(Ok(chunk)) => {
                    state.begun = true;
                    let result = reader.push(chunk, &mut state.out);
                    if result.is_ok() {
                        state.reader = Some(reader);
                    }
                    result
                }
                Some(Err(error)) => Err(error),
                None if state.begun => reader.finish(&mut state.out),
                None => Ok(()),
            };
            state.error = result.err();
        }
    };
    stream::unfold(state, next).boxed()
}

/// Writes `impl Runnable` for a parser that makes a reader, and the methods that every parser has.
macro_rules! parser {
    ($type:ident $(<$param:ident: $($bound:path),+>)?, $output:ty, |$this:ident| $reader:expr, $none:expr) => {
        impl $(<$param: $($bound +)+>)? $type $(<$param>)? {
            /// Reads a text as the answer of a model.
            ///
            /// # Examples
            ///
            /// ```
            /// use cadena_core::{ErrorKind, JsonOutputParser};
            ///
            /// let parser = JsonOutputParser::new();
            /// assert_eq!(parser.parse("[1, 2]")?, serde_json::json!([1, 2]));
            /// assert_eq!(parser.parse("one and two").unwrap_err().kind(), ErrorKind::Parse);
            /// # Ok::<_, cadena_core::Error>(())
            /// ```
            ///
            /// # Errors
            ///
            /// [`ErrorKind::Parse`](crate::ErrorKind::Parse) if the text does not have the expected form; the source of the error, an
            /// [`UnparsedAnswer`](crate::UnparsedAnswer), has the text.
            pub fn parse(&self, text: impl Into<String>) -> $crate::Result<$output> {
                self.parse_message($crate::AIMessage::new(text.into()))
            }

            /// Reads the answer of a model.
            ///
            /// # Examples
            ///
            /// ```
            /// use cadena_core::{AIMessage, JsonOutputParser};
            ///
            /// let value = JsonOutputParser::new().parse_message(AIMessage::new("[1, 2]"))?;
            /// assert_eq!(value, serde_json::json!([1, 2]));
            /// # Ok::<_, cadena_core::Error>(())
            /// ```
            ///
            /// # Errors
            ///
            /// As [`parse`](Self::parse).
            pub fn parse_message(&self, message: $crate::AIMessage) -> $crate::Result<$output> {
                let $this = self;
                $crate::parsers::reader::read_whole($reader, message.into())?.map_or_else(|| $none, Ok)
            }
        }

        #[async_trait::async_trait]
        impl $(<$param: $($bound +)+>)? $crate::Runnable for $type $(<$param>)? {
            type Input = $crate::AIMessage;
            type Output = $output;

            fn describe(&self) -> $crate::StepInfo<'_> {
                $crate::StepInfo::new(stringify!($type)).kind($crate::RunKind::Parser).streaming($crate::StreamMode::PassesThrough)
            }

            async fn run(&self, input: $crate::AIMessage, _cx: $crate::RunContext) -> $crate::Result<$output> {
                self.parse_message(input)
            }

            fn run_transform(
                &self,
                input: $crate::ChunkStream<$crate::AIMessage>,
                _cx: $crate::RunContext,
            ) -> $crate::ChunkStream<$output> {
                let $this = self;
                $crate::parsers::reader::read_stream($reader, input)
            }
        }
    };
}

pub(super) use parser;
