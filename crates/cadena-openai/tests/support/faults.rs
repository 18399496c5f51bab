//! A server that plays the fault scripts of `faults/scripts.json`.

use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

/// The text of every right answer.
pub(crate) const TEXT: &str = "Hello, wörld 🦀! One two three.";

/// The steps of a server, and the outcome for its client.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Script {
    pub(crate) mode: String,
    steps: Vec<Step>,
    pub(crate) expect: Expect,
}

/// The outcome of a script; see `faults/README.md`.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Expect {
    pub(crate) outcome: String,
    pub(crate) kind: Option<String>,
    pub(crate) attempts: Option<[usize; 2]>,
    pub(crate) gap: Option<[f64; 2]>,
    pub(crate) needle: Option<String>,
    pub(crate) finish: Option<String>,
    pub(crate) within: Option<f64>,
    pub(crate) action: Option<String>,
    pub(crate) scheme: Option<String>,
    #[serde(default)]
    pub(crate) stall: bool,
    #[serde(default)]
    pub(crate) text_any: bool,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "op", rename_all = "lowercase")]
enum Step {
    Read,
    ReadSome,
    Send(Text),
    Chunk(Text),
    End,
    Ok,
    Status {
        code: u16,
        body: String,
        headers: BTreeMap<String, String>,
        ctype: String,
    },
    Sleep {
        s: f64,
    },
    Bytewise {
        text: String,
    },
    Drip {
        text: String,
        every: f64,
    },
    DripChunks {
        text: String,
        every: f64,
    },
    Flood {
        text: String,
        times: Option<usize>,
        total: Option<usize>,
        every: f64,
        chunked: bool,
    },
    Hold,
    Reset,
    Close,
    Attempts {
        lists: Vec<Vec<Self>>,
    },
    Blackhole,
    NoRun,
}

#[derive(Clone, Debug, Deserialize)]
struct Text {
    text: Option<String>,
    b64: Option<String>,
    times: Option<usize>,
}

impl Text {
    fn bytes(&self) -> Vec<u8> {
        match (&self.text, &self.b64) {
            (Some(text), _) => text.repeat(self.times.unwrap_or(1)).into_bytes(),
            (None, Some(coded)) => STANDARD.decode(coded).unwrap(),
            (None, None) => panic!("a step without its text"),
        }
    }
}

/// Every script by its name.
pub(crate) fn scripts() -> BTreeMap<String, Script> {
    serde_json::from_str(include_str!("../faults/scripts.json")).unwrap()
}

/// The requests that a server has seen.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    attempts: Mutex<Vec<Instant>>,
    requests: Mutex<Vec<String>>,
    /// How many connections the client has closed before their script was over.
    left: AtomicUsize,
    sends_stream: AtomicBool,
}

impl Seen {
    pub(crate) fn attempts(&self) -> Vec<Instant> {
        self.attempts.lock().unwrap().clone()
    }

    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }

    pub(crate) fn left(&self) -> usize {
        self.left.load(Ordering::SeqCst)
    }
}

/// A server that plays a script until it is dropped.
pub(crate) struct Player {
    /// `http://127.0.0.1:…`, without a path.
    pub(crate) url: String,
    pub(crate) seen: Arc<Seen>,
    task: JoinHandle<()>,
}

impl Player {
    /// `sink` is the address of a server of another origin.
    pub(crate) async fn start(script: &Script, sink: &str) -> Self {
        let seen = Arc::new(Seen::default());
        let (listener, connections) = match script.steps.as_slice() {
            [Step::Blackhole] => full().await,
            _ => (TcpListener::bind("127.0.0.1:0").await.unwrap(), Vec::new()),
        };
        let url = format!("http://{}", listener.local_addr().unwrap());
        let task = match script.steps.as_slice() {
            [Step::NoRun] => {
                drop(listener);
                tokio::spawn(async {})
            }
            [Step::Blackhole] => tokio::spawn(async move {
                let _held = (listener, connections);
                std::future::pending().await
            }),
            _ => tokio::spawn(serve(listener, script.clone(), sink.to_owned(), Arc::clone(&seen))),
        };
        Self { url, seen, task }
    }
}

impl Drop for Player {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A listener whose queue is full drops what knocks, as a firewall does.
async fn full() -> (TcpListener, Vec<TcpStream>) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    let connect = || timeout(Duration::from_millis(50), TcpStream::connect(address));
    let connected = futures::future::join_all((0..8).map(|_| connect())).await;
    let connected = connected.into_iter().filter_map(|connection| connection.ok()?.ok());
    (listener, connected.collect())
}

async fn serve(listener: TcpListener, script: Script, sink: String, seen: Arc<Seen>) {
    let mut playing = tokio::task::JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        stream.set_nodelay(true).unwrap();
        let (steps, sink, seen) = (script.steps.clone(), sink.clone(), Arc::clone(&seen));
        // Counted where it is accepted, so that attempts keep their order.
        let number = attempt(&seen);
        playing.spawn(async move {
            let mut scene = Scene { stream, sink, seen };
            // An error is a client that has gone.
            if scene.connection(steps, number).await.is_err() {
                scene.seen.left.fetch_add(1, Ordering::SeqCst);
            }
        });
    }
}

fn attempt(seen: &Seen) -> usize {
    let mut attempts = seen.attempts.lock().unwrap();
    attempts.push(Instant::now());
    attempts.len()
}

/// One connection.
struct Scene {
    stream: TcpStream,
    sink: String,
    seen: Arc<Seen>,
}

/// Whether the connection goes on.
type Played = io::Result<bool>;

impl Scene {
    /// Plays the script for the first request, and for each that follows on the same connection.
    async fn connection(&mut self, steps: Vec<Step>, mut number: usize) -> io::Result<()> {
        loop {
            for step in &steps {
                if !self.play(step, number).await? {
                    return Ok(());
                }
            }
            if self.stream.peek(&mut [0]).await? == 0 {
                return Ok(());
            }
            number = attempt(&self.seen);
        }
    }

    async fn play(&mut self, step: &Step, number: usize) -> Played {
        match step {
            Step::Attempts { lists } => {
                let list = lists.get(number - 1).or(lists.last()).unwrap();
                for step in list {
                    if !Box::pin(self.play(step, number)).await? {
                        return Ok(false);
                    }
                }
            }
            Step::Read => self.read().await?,
            Step::ReadSome => drop(self.stream.read(&mut [0; 100]).await?),
            Step::Send(text) => self.stream.write_all(&text.bytes()).await?,
            Step::Chunk(text) => self.chunk(&text.bytes()).await?,
            Step::End => self.stream.write_all(b"0\r\n\r\n").await?,
            Step::Ok => self.ok().await?,
            Step::Status {
                code,
                body,
                headers,
                ctype,
            } => {
                let headers: String = headers
                    .iter()
                    .map(|(name, value)| format!("{name}: {}\r\n", value.replace("@sink", &self.sink)))
                    .collect();
                self.answer(*code, &format!("{headers}content-type: {ctype}\r\n"), body)
                    .await?;
            }
            Step::Sleep { s } => sleep(Duration::from_secs_f64(*s)).await,
            Step::Bytewise { text } => {
                for byte in text.bytes() {
                    self.stream.write_all(&[byte]).await?;
                    tokio::task::yield_now().await;
                }
            }
            Step::Drip { text, every } => {
                for byte in text.bytes() {
                    self.stream.write_all(&[byte]).await?;
                    self.rest(*every).await?;
                }
            }
            Step::DripChunks { text, every } => {
                for byte in text.bytes() {
                    self.chunk(&[byte]).await?;
                    self.rest(*every).await?;
                }
            }
            Step::Flood {
                text,
                times,
                total,
                every,
                chunked,
            } => {
                let piece = text.repeat(times.unwrap_or(1)).into_bytes();
                let mut sent = 0;
                while total.is_none_or(|total| sent < total) {
                    match chunked {
                        true => self.chunk(&piece).await?,
                        false => self.stream.write_all(&piece).await?,
                    }
                    sent += piece.len();
                    self.rest(*every).await?;
                }
            }
            Step::Hold => {
                self.gone().await?;
            }
            Step::Reset => {
                #[allow(deprecated, reason = "a linger of zero does not block: it is what makes the reset")]
                self.stream.set_linger(Some(Duration::ZERO)).unwrap();
                return Ok(false);
            }
            Step::Close => return Ok(false),
            Step::Blackhole | Step::NoRun => panic!("{step:?} has no connection"),
        }
        Ok(true)
    }

    /// Reads one request, head and body.
    async fn read(&mut self) -> io::Result<()> {
        let mut text = Vec::new();
        let mut buffer = [0; 4096];
        loop {
            let read = self.stream.read(&mut buffer).await?;
            if read == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            text.extend_from_slice(buffer.get(..read).unwrap());
            let all = String::from_utf8_lossy(&text);
            let Some((head, body)) = all.split_once("\r\n\r\n") else {
                continue;
            };
            let length = head
                .lines()
                .find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
            if body.len() >= length.unwrap_or(0) {
                self.seen
                    .sends_stream
                    .store(body.contains("\"stream\":true"), Ordering::SeqCst);
                self.seen.requests.lock().unwrap().push(all.into_owned());
                return Ok(());
            }
        }
    }

    async fn chunk(&mut self, bytes: &[u8]) -> io::Result<()> {
        let size = format!("{:x}\r\n", bytes.len());
        self.stream.write_all(&[size.as_bytes(), bytes, b"\r\n"].concat()).await
    }

    /// A pause, which a client that leaves ends.
    async fn rest(&mut self, seconds: f64) -> io::Result<()> {
        if seconds == 0.0 {
            tokio::task::yield_now().await;
            return Ok(());
        }
        match timeout(Duration::from_secs_f64(seconds), self.gone()).await {
            Ok(gone) => gone,
            Err(_time) => Ok(()),
        }
    }

    /// Waits until the client closes the connection, which is an error for whoever still writes.
    async fn gone(&mut self) -> io::Result<()> {
        while self.stream.read(&mut [0; 1024]).await? > 0 {}
        Err(io::ErrorKind::ConnectionReset.into())
    }

    async fn ok(&mut self) -> io::Result<()> {
        let choice = |key: &str, content: serde_json::Value, finish: Option<&str>| json!({"id": "chatcmpl-fault", "model": "fault-model", "choices": [{"index": 0, key: content, "finish_reason": finish}]});
        if !self.seen.sends_stream.load(Ordering::SeqCst) {
            let message = json!({"role": "assistant", "content": TEXT});
            let body = choice("message", message, Some("stop")).to_string();
            return self.answer(200, "content-type: application/json\r\n", &body).await;
        }
        let text = choice("delta", json!({"content": TEXT}), None);
        let end = choice("delta", json!({}), Some("stop"));
        let body = format!("data: {text}\n\ndata: {end}\n\ndata: [DONE]\n\n");
        self.answer(200, "content-type: text/event-stream\r\n", &body).await
    }

    async fn answer(&mut self, code: u16, headers: &str, body: &str) -> io::Result<()> {
        let head = format!(
            "HTTP/1.1 {code} Played\r\ncontent-length: {}\r\n{headers}\r\n",
            body.len()
        );
        self.stream.write_all(format!("{head}{body}").as_bytes()).await
    }
}
