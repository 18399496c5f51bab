//! The CPU time of a call over a real socket, beside a hand-written reader: `cargo bench -p cadena-openai --bench loopback`.
//!
//! A process of its own plays the server, and each measurement is a process of its own, so that the time is that of the client alone:
//! user and system time of all its threads. `raw` is reqwest, a splitter of lines and the least typed structs, which borrow from the
//! event. The rows are repeated in turns, and the table shows the median of each row and its ratio to `raw` of the same case.
//!
//! `-- --reps 5` repeats more often, `-- --case plain` runs the cases with that word in their names.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a benchmark prints, and fails by panicking"
)]

mod cadena;
mod case;
mod raw;
mod server;

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use case::{CASES, Case};

/// The readers that are compared; the first is the baseline.
const READERS: [&str; 4] = ["raw", "cadena", "cadena, unread", "cadena, chain"];

fn main() {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["--serve"] => server::serve(),
        ["--measure", reader, case, port] => measure(reader, case, port),
        options => compare(options),
    }
}

/// Runs one reader on one case, as a process of its own, and prints microseconds of CPU per unit and the kilobytes that it held at most.
fn measure(reader: &str, case: &str, port: &str) {
    let case = CASES.iter().find(|known| known.name == case).unwrap();
    let url = format!("http://127.0.0.1:{port}/v1");
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let (seconds, units) = runtime.block_on(async {
        match reader {
            "raw" => case.run(|model| raw::Raw::new(&url, model), raw::Raw::ask).await,
            "cadena" => case.run(|model| cadena::model(&url, model), cadena::read).await,
            "cadena, unread" => case.run(|model| cadena::model(&url, model), cadena::leave_unread).await,
            _ => case.run(|model| cadena::chain(&url, model), cadena::run_chain).await,
        }
    });
    println!("{} {}", seconds * 1e6 / units as f64, resident());
    // Idle connections and their tasks are not waited for.
    std::process::exit(0);
}

/// The most memory that the process has held, in kilobytes. Linux reports it; elsewhere it is 0.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok())
        .unwrap_or(0)
}

/// Plays the cases in turns and prints the table.
fn compare(options: &[&str]) {
    let value = |name: &str| options.windows(2).find(|pair| pair[0] == name).map(|pair| pair[1]);
    let repetitions: usize = value("--reps").map_or(3, |number| number.parse().unwrap());
    let wanted = value("--case").unwrap_or_default();

    let mut server = Server::start();
    println!("| case | reader | CPU µs per unit | × raw | resident MB |");
    println!("|---|---|---|---|---|");
    for case in CASES.iter().filter(|case| case.name.contains(wanted)) {
        let mut results = READERS.map(|_| Vec::new());
        for _ in 0..repetitions {
            for (reader, results) in READERS.iter().zip(&mut results) {
                results.push(server.measure(reader, case));
            }
        }
        let medians = results.map(median);
        for (reader, (micros, kilobytes)) in READERS.iter().zip(medians) {
            let (ratio, megabytes) = (micros / medians[0].0, kilobytes / 1024.0);
            println!(
                "| {} | {reader} | {micros:.2} | {ratio:.2} | {megabytes:.1} |",
                case.name
            );
        }
    }
    server.stop();
}

fn median(mut results: Vec<(f64, f64)>) -> (f64, f64) {
    results.sort_by(|a, b| a.0.total_cmp(&b.0));
    results[results.len() / 2]
}

/// The server in a process of its own.
struct Server {
    process: Child,
    port: String,
}

impl Server {
    fn start() -> Self {
        let mut process = this(&["--serve"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut port = String::new();
        BufReader::new(process.stdout.take().unwrap())
            .read_line(&mut port)
            .unwrap();
        Self {
            process,
            port: port.trim().to_owned(),
        }
    }

    fn measure(&mut self, reader: &str, case: &Case) -> (f64, f64) {
        let output = this(&["--measure", reader, case.name, &self.port])
            .stderr(Stdio::inherit())
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let (micros, kilobytes) = text.trim().split_once(' ').unwrap();
        (micros.parse().unwrap(), kilobytes.parse().unwrap())
    }

    fn stop(mut self) {
        drop(self.process.stdin.take());
        self.process.wait().unwrap();
    }
}

fn this(arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(arguments);
    command
}
