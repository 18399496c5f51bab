//! A record of finished steps, with which an interrupted chain goes on.

use std::any::TypeId;
use std::collections::HashMap;
use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Next, StepCall, StepHook, StepOutput};
use crate::hash::Fnv;
use crate::streamable::read_json;
use crate::{Error, ErrorKind, Result, Streamable};

/// A hook that records the steps that a chain has finished. If the chain runs again with the same journal, the journal answers for
/// these steps, and only the others are called.
///
/// One journal is for one call of one chain. A step is known by its [name](StepCall::name), so the chain and its input must be the same
/// again. An input that has changed is an error, and never gets the answer to another one. A step that failed or was cut off is
/// not in the journal and is called again.
///
/// A journal is in memory ([`new`](Self::new)), in a file ([`open`](Self::open)), or anywhere else ([`read`](Self::read), [`write_to`](Self::write_to)). It has one line of
/// JSON for each step, which is written before the chain goes on. It holds the answers of models, and checksums of inputs.
///
/// # Examples
///
/// ```
/// use std::sync::Arc;
/// use cadena_core::{lambda, EchoModel, Error, ErrorKind, Journal, RunConfig, RunnableExt, StrOutputParser, UsageTracker};
///
/// # futures::executor::block_on(async {
/// let path = std::env::temp_dir().join(format!("journal-{}.jsonl", std::process::id()));
/// let usage = UsageTracker::new();
/// let config = || Ok::<_, Error>(RunConfig::new().listener(usage.listener()).hook(Arc::new(Journal::open(&path)?)));
///
/// let crash = lambda(|_: String| Err::<String, _>(Error::from(ErrorKind::Server)));
/// let interrupted = EchoModel::new() | StrOutputParser | crash;
/// assert!(interrupted.invoke_with("hi", config()?).await.is_err());
///
/// let whole = EchoModel::new() | StrOutputParser | lambda(|text: String| text.to_uppercase());
/// assert_eq!(whole.invoke_with("hi", config()?).await?, "HI");
/// assert_eq!(usage.calls(), 1); // the model was asked once
/// # std::fs::remove_file(path).unwrap();
/// # Ok::<_, Error>(()) }).unwrap();
/// ```
#[derive(Default)]
pub struct Journal {
    entries: Mutex<HashMap<String, Entry>>,
    readers: HashMap<TypeId, fn(Value) -> Result<StepOutput>>,
    out: Mutex<Out>,
}

struct Entry {
    input: u64,
    output: Value,
}

#[derive(Default)]
enum Out {
    #[default]
    Nowhere,
    Writer(Box<dyn Write + Send>),
    File(File),
}

/// A line of the journal.
#[derive(Serialize, Deserialize)]
struct Line<'a> {
    step: std::borrow::Cow<'a, str>,
    input: u64,
    output: std::borrow::Cow<'a, Value>,
}

impl Journal {
    /// Makes an empty journal in memory.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::Arc;
    /// use cadena_core::{EchoModel, Journal, RunConfig, RunnableExt, UsageTracker};
    ///
    /// # futures::executor::block_on(async {
    /// let (journal, usage) = (Arc::new(Journal::new()), UsageTracker::new());
    /// for _ in 0..2 {
    ///     let config = RunConfig::new().hook(Arc::<Journal>::clone(&journal)).listener(&usage);
    ///     EchoModel::new().invoke_with("hi", config).await?;
    /// }
    /// assert_eq!(usage.calls(), 1); // the second answer is from the journal
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Opens the journal in a file, which is made if it does not exist. Each step is on the disk before the chain goes on.
    ///
    /// A last line that was cut off, for example by a crash, is removed.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::Arc;
    /// use cadena_core::{EchoModel, Journal, RunConfig, RunnableExt};
    ///
    /// # let path = std::env::temp_dir().join(format!("cadena-journal-open-{}.jsonl", std::process::id()));
    /// # futures::executor::block_on(async {
    /// let config = RunConfig::new().hook(Arc::new(Journal::open(&path)?));
    /// EchoModel::new().invoke_with("hi", config).await?;
    /// assert_eq!(Journal::open(&path)?.len(), 1); // the step is in the file
    /// # std::fs::remove_file(path).unwrap();
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    ///
    /// # Errors
    ///
    /// [`Config`](ErrorKind::Config) if the file cannot be opened or is not a journal: name another file.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let failed = |error| Error::new(ErrorKind::Config, "the journal cannot be opened").with_source(error);
        let options = OpenOptions::new().read(true).write(true).create(true).clone();
        let mut file = options.open(path).map_err(failed)?;
        let (journal, whole) = Self::parse(BufReader::new(&file))?;
        file.set_len(whole).map_err(failed)?;
        file.seek(SeekFrom::End(0)).map_err(failed)?;
        *lock(&journal.out) = Out::File(file);
        Ok(journal)
    }

    /// Reads the lines that an earlier journal wrote. A last line that was cut off is left out.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::Journal;
    ///
    /// let lines = "{\"step\":\"EchoModel\",\"input\":1,\"output\":{\"type\":\"ai\",\"content\":\"hi\"}}\n{\"step\":\"cut";
    /// assert_eq!(Journal::read(lines.as_bytes())?.len(), 1);
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Config`](ErrorKind::Config) if a line is not one of a journal, with its number.
    pub fn read(lines: impl BufRead) -> Result<Self> {
        Self::parse(lines).map(|(journal, _)| journal)
    }

    /// Writes each further step as a line. Before you append to the lines that [`read`](Self::read) read, remove a last line without its end.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::Arc;
    /// use cadena_core::{EchoModel, Journal, RunConfig, RunnableExt};
    ///
    /// # futures::executor::block_on(async {
    /// let (reader, writer) = std::io::pipe().unwrap();
    /// let config = RunConfig::new().hook(Arc::new(Journal::new().write_to(writer)));
    /// EchoModel::new().invoke_with("hi", config).await?;
    /// assert_eq!(Journal::read(std::io::BufReader::new(reader))?.len(), 1);
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    #[must_use]
    pub fn write_to(self, writer: impl Write + Send + 'static) -> Self {
        *lock(&self.out) = Out::Writer(Box::new(writer));
        self
    }

    /// Reads outputs of this type back; default: every type that [`Streamable::from_json`] reads.
    ///
    /// It is for types that [`Streamable::from_json`] cannot read, such as a list of a type of yours.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::{Journal, Result, RunConfig, RunContext, RunKind, Runnable, RunnableExt, StepInfo, async_trait};
    /// use std::sync::Arc;
    ///
    /// #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
    /// struct Page {
    ///     title: String,
    /// }
    ///
    /// #[derive(Clone)]
    /// struct Search;
    ///
    /// #[async_trait]
    /// impl Runnable for Search {
    ///     type Input = String;
    ///     type Output = Vec<Page>;
    ///
    ///     fn describe(&self) -> StepInfo<'_> {
    ///         StepInfo::of(self).kind(RunKind::Retriever)
    ///     }
    ///
    ///     async fn run(&self, query: String, _cx: RunContext) -> Result<Vec<Page>> {
    ///         Ok(vec![Page { title: format!("About {query}") }])
    ///     }
    /// }
    ///
    /// # futures::executor::block_on(async {
    /// let journal = Arc::new(Journal::new().reads::<Vec<Page>>());
    /// let config = || RunConfig::new().hook(Arc::<Journal>::clone(&journal));
    /// let found = Search.invoke_with("bears", config()).await?;
    /// assert_eq!(Search.invoke_with("bears", config()).await?, found); // from the journal
    /// assert_eq!(journal.len(), 1);
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    #[must_use]
    pub fn reads<T: Streamable + DeserializeOwned>(mut self) -> Self {
        self.readers
            .insert(TypeId::of::<T>(), |json| read_json::<T>(json).map(StepOutput::new));
        self
    }

    /// Returns the number of steps in the journal.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::Journal;
    ///
    /// let line = "{\"step\":\"EchoModel\",\"input\":1,\"output\":{\"type\":\"ai\",\"content\":\"hi\"}}\n";
    /// assert_eq!(Journal::read(line.as_bytes())?.len(), 1);
    /// assert_eq!(Journal::new().len(), 0);
    /// # Ok::<_, cadena_core::Error>(())
    /// ```
    #[must_use]
    pub fn len(&self) -> usize {
        lock(&self.entries).len()
    }

    /// Returns whether the journal has no step.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::Arc;
    /// use cadena_core::{EchoModel, Journal, RunConfig, RunnableExt};
    ///
    /// # futures::executor::block_on(async {
    /// let journal = Arc::new(Journal::new());
    /// assert!(journal.is_empty());
    /// EchoModel::new().invoke_with("hi", RunConfig::new().hook(Arc::<Journal>::clone(&journal))).await?;
    /// assert!(!journal.is_empty());
    /// # Ok::<_, cadena_core::Error>(()) }).unwrap();
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Reads lines. Returns the journal and the number of bytes of its whole lines.
    fn parse(mut lines: impl BufRead) -> Result<(Self, u64)> {
        let (mut entries, mut whole, mut line) = (HashMap::new(), 0, Vec::new());
        for number in 1.. {
            let bad = |what: &str| Error::new(ErrorKind::Config, format!("line {number} of the journal {what}"));
            line.clear();
            let read = lines.read_until(b'\n', &mut line);
            read.map_err(|error| bad("cannot be read").with_source(error))?;
            if line.last() != Some(&b'\n') {
                break; // The end, or a line that was cut off: its step is called again.
            }
            whole += u64::try_from(line.len()).unwrap_or(u64::MAX);
            let Line { step, input, output } =
                serde_json::from_slice(&line).map_err(|error| bad("is no step").with_source(error))?;
            let output = output.into_owned();
            entries.insert(step.into_owned(), Entry { input, output });
        }
        let journal = Self {
            entries: Mutex::new(entries),
            ..Self::default()
        };
        Ok((journal, whole))
    }

    fn find(&self, call: &StepCall, input: u64) -> Result<Option<StepOutput>> {
        match lock(&self.entries).get(call.name()) {
            None => Ok(None),
            Some(entry) if entry.input == input => {
                let output = entry.output.clone();
                match self.readers.get(&call.output()) {
                    Some(read) => read(output).map(Some),
                    None => Ok(Some(StepOutput::from_json(output))),
                }
            }
            Some(_) => {
                let detail = format!("the journal has `{}` with another input", call.name());
                let hint = "resume with the chain and the input that it was written with, or begin a new journal";
                Err(Error::new(ErrorKind::Config, detail).with_hint(hint))
            }
        }
    }

    fn add(&self, call: &StepCall, input: u64, output: Value) -> Result<()> {
        let line = Line {
            step: call.name().into(),
            input,
            output: std::borrow::Cow::Borrowed(&output),
        };
        let failed = |error| Error::new(ErrorKind::Step, "the journal cannot be written").with_source(error);
        let mut bytes = serde_json::to_vec(&line).map_err(|error| failed(error.into()))?;
        bytes.push(b'\n');
        match &mut *lock(&self.out) {
            Out::Nowhere => {}
            Out::Writer(writer) => {
                writer.write_all(&bytes).map_err(failed)?;
                writer.flush().map_err(failed)?;
            }
            Out::File(file) => {
                file.write_all(&bytes).map_err(failed)?;
                file.sync_data().map_err(failed)?;
            }
        }
        lock(&self.entries).insert(call.name().to_owned(), Entry { input, output });
        Ok(())
    }
}

#[async_trait]
impl StepHook for Journal {
    async fn around(&self, call: &StepCall, next: Next<'_>) -> Result<StepOutput> {
        let input = checksum(&call.input()?);
        if let Some(output) = self.find(call, input)? {
            return Ok(output);
        }
        let output = next.run().await?;
        self.add(call, input, output.to_json()?)?;
        Ok(output)
    }
}

/// Prints the number of steps: names and answers stay out of logs.
impl fmt::Debug for Journal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Journal")
            .field("steps", &self.len())
            .finish_non_exhaustive()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn checksum(value: &Value) -> u64 {
    Fnv::of(value.to_string().as_bytes())
}
