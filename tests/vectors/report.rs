//! Counts outcomes and prints them.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::process::ExitCode;

use crate::departures::General;

/// The outcome of a case.
pub(crate) enum Outcome {
    /// LangChain's result.
    Passed,
    /// Another result, listed as a departure.
    Departed,
    /// It asks for what does not exist yet.
    Open(&'static str),
    /// Another result, and how it differs.
    Failed(String),
}

/// The outcomes of all operations, in the order in which they ran.
#[derive(Default)]
pub(crate) struct Report {
    ops: Vec<OpReport>,
}

#[derive(Default)]
struct OpReport {
    name: String,
    passed: usize,
    departed: usize,
    failures: Vec<(String, String)>,
    /// Cases of an operation that is not implemented.
    open: usize,
    /// Cases that ask for what does not exist yet, by what it is.
    waiting: BTreeMap<&'static str, usize>,
}

impl OpReport {
    fn total(&self) -> usize {
        self.passed + self.departed + self.failures.len() + self.waiting()
    }
}

impl OpReport {
    fn waiting(&self) -> usize {
        self.waiting.values().sum()
    }
}

impl Report {
    pub(crate) fn open(&mut self, op: &str, cases: usize) {
        self.ops.push(OpReport {
            name: op.to_owned(),
            open: cases,
            ..OpReport::default()
        });
    }

    pub(crate) fn add(&mut self, op: &str, case: &str, outcome: Outcome) {
        if self.ops.last().is_none_or(|last| last.name != op) {
            self.ops.push(OpReport {
                name: op.to_owned(),
                ..OpReport::default()
            });
        }
        let Some(report) = self.ops.last_mut() else { return };
        match outcome {
            Outcome::Passed => report.passed += 1,
            Outcome::Departed => report.departed += 1,
            Outcome::Open(what) => *report.waiting.entry(what).or_default() += 1,
            Outcome::Failed(difference) => report.failures.push((case.to_owned(), difference)),
        }
    }

    /// One line per operation, the failing cases, the sums.
    pub(crate) fn write(&self, out: &mut impl Write, general: &[General]) -> io::Result<ExitCode> {
        for op in &self.ops {
            if op.open > 0 {
                writeln!(out, "{}: not implemented ({} cases)", op.name, op.open)?;
                continue;
            }
            write!(out, "{}: {}/{}", op.name, op.passed, op.total())?;
            if op.departed > 0 {
                write!(out, ", {} departures", op.departed)?;
            }
            for (what, count) in &op.waiting {
                write!(out, ", {count} open ({what})")?;
            }
            writeln!(out)?;
            for every_case in general.iter().filter(|general| general.op == op.name) {
                writeln!(out, "  in every case: {}", every_case.instead)?;
            }
        }
        for op in &self.ops {
            for (case, difference) in &op.failures {
                writeln!(out, "\nFAILED {}/{case}\n  {difference}", op.name)?;
            }
        }
        let sum = |count: fn(&OpReport) -> usize| self.ops.iter().map(count).sum::<usize>();
        let (passed, departed) = (sum(|op| op.passed), sum(|op| op.departed));
        let (failed, open) = (sum(|op| op.failures.len()), sum(|op| op.open + op.waiting()));
        let total = passed + departed + failed + open;
        writeln!(
            out,
            "\n{total} cases: {passed} as LangChain, {departed} departures, {failed} failed, {open} open"
        )?;
        writeln!(out, "{passed} passed, {failed} failed")?;
        Ok(if failed == 0 {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        })
    }
}
