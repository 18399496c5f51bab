//! The events of a call as a stream.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures::stream::{BoxStream, Stream, StreamExt};

use super::event_queue::EventQueue;
use super::layers::enter_stream;
use super::{EventFilter, Listener, RunConfig, RunContext, RunEvent, RunInfo};
use crate::{Error, Result, Runnable};

/// The events of one call, as they happen; [`RunnableExt::stream_events`](crate::RunnableExt::stream_events) makes one.
///
/// The call runs while the stream is polled, and only then: no task runs it. Nothing happens before the first poll, and dropping
/// the stream cancels the call. If the call fails, each run that failed has an error event, and the error itself is the last item.
///
/// # Back-pressure
///
/// Events wait in a buffer, and the call is polled only when the buffer is empty. One poll of a call may emit many events, so at
/// [`capacity`](Self::capacity) events no run starts, no step is asked for its next chunk and no [`emit_custom`](RunContext::emit_custom) returns, until there is room.
/// Work in progress still comes through: of each run that is open at that moment at most one chunk and its end. So the buffer never holds more than
/// its capacity, and three more events for each open run.
///
/// # Examples
///
/// ```
/// use cadena_core::{lambda, EchoModel, PromptValue, RunEvent, RunnableExt, StrOutputParser};
/// use futures::TryStreamExt;
///
/// # futures::executor::block_on(async {
/// let chain = lambda(|text: String| PromptValue::from(text)) | EchoModel::new() | StrOutputParser;
/// let mut events = chain.stream_events("to be");
/// let mut words = Vec::new();
/// while let Some(event) = events.try_next().await? {
///     if let Some(chunk) = event.message_chunk() {
///         words.push(chunk.text().into_owned());
///     }
/// }
/// assert_eq!(words.concat(), "to be");
/// # Ok::<_, cadena_core::Error>(()) }).unwrap();
/// ```
#[must_use = "a stream does nothing until it is polled"]
pub struct EventStream {
    call: Call,
    queue: Arc<EventQueue>,
    /// The last item, after the events that are still to be read.
    error: Option<Error>,
    filter: EventFilter,
    capacity: usize,
}

enum Call {
    Waiting(Box<Begin>),
    Running(BoxStream<'static, Result<()>>),
    Over,
}

type Begin = dyn FnOnce(Arc<dyn Listener>, Arc<EventQueue>) -> BoxStream<'static, Result<()>> + Send;

impl EventStream {
    /// The number of events that wait at most, if the caller does not set it.
    pub const DEFAULT_CAPACITY: usize = 64;

    pub(crate) fn new<R: Runnable + ?Sized>(step: &R, input: R::Input, config: RunConfig) -> Self {
        let step = dyn_clone::clone_box(step);
        let begin = move |listener, queue| {
            let cx = RunContext::new(config.listener(listener)).with_queue(queue);
            let chunks = enter_stream(&*step, input, cx);
            chunks.map(|chunk| chunk.map(drop)).boxed()
        };
        Self {
            call: Call::Waiting(Box::new(begin)),
            queue: Arc::new(EventQueue::new(Self::DEFAULT_CAPACITY)),
            error: None,
            filter: EventFilter::new(),
            capacity: Self::DEFAULT_CAPACITY,
        }
    }

    /// Yields only the events that pass the filter; default: all. Set it before the first poll.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{EchoModel, EventFilter, RunKind, RunnableExt, StrOutputParser};
    /// use futures::TryStreamExt;
    ///
    /// # futures::executor::block_on(async {
    /// let parsers = EventFilter::new().include_kind(RunKind::Parser);
    /// let events: Vec<_> = (EchoModel::new() | StrOutputParser).stream_events("hi").only(parsers).try_collect().await?;
    /// assert!(events.iter().all(|event| event.run().name == "StrOutputParser"));
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    pub fn only(mut self, filter: EventFilter) -> Self {
        self.filter = filter;
        self
    }

    /// Sets the number of events that wait at most, at least 1; default: [`DEFAULT_CAPACITY`](Self::DEFAULT_CAPACITY). Set it before the
    /// first poll.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{EchoModel, RunnableExt};
    /// use futures::TryStreamExt;
    ///
    /// # futures::executor::block_on(async {
    /// let events: Vec<_> = EchoModel::new().stream_events("hi").capacity(1).try_collect().await?;
    /// assert!(events.len() > 2); // a start, chunks and an end, one by one
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    pub fn capacity(mut self, events: usize) -> Self {
        self.capacity = events;
        self
    }

    fn begin(&mut self, begin: Box<Begin>) {
        self.queue = Arc::new(EventQueue::new(self.capacity));
        let listener = Writer {
            queue: Arc::clone(&self.queue),
            filter: std::mem::take(&mut self.filter),
        };
        self.call = Call::Running(begin(Arc::new(listener), Arc::clone(&self.queue)));
    }
}

impl Stream for EventStream {
    type Item = Result<RunEvent>;

    fn poll_next(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        loop {
            if let Some(event) = this.queue.pop() {
                return Poll::Ready(Some(Ok(event)));
            }
            match std::mem::replace(&mut this.call, Call::Over) {
                Call::Waiting(begin) => this.begin(begin),
                Call::Over => return Poll::Ready(this.error.take().map(Err)),
                Call::Running(mut chunks) => match chunks.poll_next_unpin(task) {
                    Poll::Ready(Some(Ok(()))) => this.call = Call::Running(chunks),
                    // Dropping the rest of the call ends the runs that are still open: their events come first.
                    Poll::Ready(Some(Err(error))) => this.error = Some(error),
                    Poll::Ready(None) => {}
                    Poll::Pending => {
                        this.call = Call::Running(chunks);
                        return this.queue.poll_pop(task).map(|event| Some(Ok(event)));
                    }
                },
            }
        }
    }
}

impl Drop for EventStream {
    fn drop(&mut self) {
        self.queue.close();
    }
}

impl fmt::Debug for EventStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.call {
            Call::Waiting(_) => "waiting",
            Call::Running(_) => "running",
            Call::Over => "over",
        };
        f.debug_struct("EventStream")
            .field("call", &state)
            .field("filter", &self.filter)
            .field("capacity", &self.capacity)
            .finish_non_exhaustive()
    }
}

/// Puts the events that pass the filter into the queue.
struct Writer {
    queue: Arc<EventQueue>,
    filter: EventFilter,
}

impl Listener for Writer {
    fn on_event(&self, event: &RunEvent) {
        if self.filter.accepts(event) {
            self.queue.push(event.clone());
        }
    }

    fn wants_run(&self, run: &RunInfo) -> bool {
        self.filter.accepts_run(run)
    }

    fn wants_tokens(&self, run: &RunInfo) -> bool {
        self.filter.accepts_run(run)
    }
}
