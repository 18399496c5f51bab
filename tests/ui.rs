//! Compiler messages that we wrote: a wrong chain must say what is wrong with it.

#![allow(clippy::print_stderr, reason = "a skipped test says so loudly")]

use std::process::Command;

/// The compiler whose words surround ours in `ui/*.stderr`; another one words its own part differently.
const COMPILER: &str = "rustc 1.95.";

#[test]
fn a_wrong_chain_is_explained_by_the_compiler() {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let version = Command::new(rustc)
        .arg("--version")
        .output()
        .map(|output| output.stdout)
        .unwrap_or_default();
    let version = String::from_utf8_lossy(&version);
    if !version.starts_with(COMPILER) {
        eprintln!("COMPILER MESSAGES SKIPPED: they are recorded for {COMPILER}x, and this is {version}");
        return;
    }
    trybuild::TestCases::new().compile_fail("ui/*.rs");
}
