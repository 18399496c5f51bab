//! How long a chain of sixty steps takes to compile, beside one of a single step.
//!
//! `cargo bench -p cadena-core --bench compile_time` writes a package with each into the target directory and builds them. The first run
//! also builds cadena-core there.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark may panic, and prints what it found"
)]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

fn main() {
    // `cargo test --benches` only asks whether it starts.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("compile_time");
    package(&folder);
    write(&folder, 1);
    build(&folder);
    for steps in [1, 10, 60] {
        let fastest = (0..3).map(|_| {
            write(&folder, steps);
            build(&folder)
        });
        println!(
            "{steps:>3} steps: {:.2} s",
            fastest.min().unwrap_or_default().as_secs_f64()
        );
    }
}

fn package(folder: &Path) {
    std::fs::create_dir_all(folder.join("src")).unwrap();
    let core = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let manifest = format!(
        "[package]\nname = \"compile-time\"\nedition = \"2024\"\n\n[dependencies]\ncadena-core = {{ path = {core:?} }}\n\
         futures = {{ version = \"0.3\", features = [\"executor\"] }}\n\n[workspace]\n"
    );
    std::fs::write(folder.join("Cargo.toml"), manifest).unwrap();
    // The same versions as everywhere, and no registry is asked.
    std::fs::copy(core.join("../../Cargo.lock"), folder.join("Cargo.lock")).unwrap();
}

/// A program with a chain of so many functions, each of a type of its own.
fn write(folder: &Path, steps: usize) {
    let steps: Vec<_> = (0..steps)
        .map(|n| format!("        lambda(|n: u64| n + {n})"))
        .collect();
    let program = format!(
        "use cadena_core::{{Chain, RunnableExt, lambda}};\n\nfn main() {{\n    let chain = Chain::new(lambda(|n: u64| n)) |\n{};\n    \
         println!(\"{{:?}}\", futures::executor::block_on(chain.invoke(1u64)));\n}}\n",
        steps.join(" |\n")
    );
    std::fs::write(folder.join("src/main.rs"), program).unwrap();
}

fn build(folder: &Path) -> Duration {
    let start = Instant::now();
    let built = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--offline"])
        .current_dir(folder)
        .env("CARGO_TARGET_DIR", folder.join("target"))
        .status()
        .unwrap();
    assert!(built.success());
    start.elapsed()
}
