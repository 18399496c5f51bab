//! Compares cadena with results recorded from LangChain, operation by operation.
//!
//! `cargo test -p cadena-tests --test vectors` runs the cases in `vectors/data`; words after `--` choose operations or
//! `operation/case` by a part of their name. `CADENA_VECTORS=/an/absolute/path` reads another folder of the same form. The
//! run fails if a case of an implemented operation fails, or the example of a kind of departures; what is not implemented, an operation or a part
//! of one, is listed and left open.

mod cases;
mod compare;
mod departures;
mod errors;
mod ops;
mod report;

mod blocks;
mod config;
mod history;
mod json;
mod kinds;
mod merge;
mod messages;
mod openai;
mod parsers;
mod prompts;
mod runnable;
mod structured;
mod tool_calls;
mod tools;

use std::any::Any;
use std::cell::RefCell;
use std::io::{self, Write};
use std::panic::{self, AssertUnwindSafe};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use cases::{Case, Suite};
use departures::{Departures, Kind};
use errors::CaseError;
use ops::Op;
use report::{Outcome, Report};

fn main() -> io::Result<ExitCode> {
    let filters: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    if std::env::args().any(|arg| arg == "--list") {
        writeln!(io::stdout(), "vectors: test")?;
        return Ok(ExitCode::SUCCESS);
    }
    let home = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors");
    let bundled = home.join("data");
    let folder = std::env::var_os("CADENA_VECTORS").map_or_else(|| bundled.clone(), PathBuf::from);
    let departures = Departures::read(&home.join("departures.json"), &bundled)?;

    silence_panics();
    let mut report = Report::default();
    for suite in Suite::read_all(&folder)? {
        let Some(op) = ops::find(&suite.op) else {
            report.open(&suite.op, suite.cases.len());
            continue;
        };
        for case in &suite.cases {
            let name = format!("{}/{}", suite.op, case.name);
            if filters.is_empty() || filters.iter().any(|filter| name.contains(filter)) {
                report.add(&suite.op, &case.name, judge(op, case, &departures));
            }
        }
    }
    for kind in departures.kinds() {
        let name = format!("departures/{}", kind.kind);
        if folder == bundled && (filters.is_empty() || filters.iter().any(|filter| name.contains(filter))) {
            report.add("departures", &kind.kind, judge_kind(kind));
        }
    }
    if folder == bundled && filters.is_empty() {
        for name in departures.unused() {
            report.add("departures", &name, Outcome::Failed("there is no such case".to_owned()));
        }
    }
    report.write(&mut io::stdout().lock(), departures.general())
}

fn judge(op: &Op, case: &Case, departures: &Departures) -> Outcome {
    let result = match panic::catch_unwind(AssertUnwindSafe(|| (op.run)(&case.args))) {
        Ok(result) => result,
        Err(payload) => return Outcome::Failed(panic_message(&*payload)),
    };
    if let Some(what) = result.as_ref().err().and_then(CaseError::is_open) {
        return Outcome::Open(what);
    }
    let difference = case.difference(op, &result);
    match (departures.find(op.name, case), difference) {
        (None, None) => Outcome::Passed,
        (None, Some(difference)) => Outcome::Failed(difference),
        (Some(_), None) => Outcome::Failed("departure no longer needed: the result is LangChain's".to_owned()),
        (Some(departure), Some(_)) => match departure.difference(op, &result) {
            None => Outcome::Departed,
            Some(difference) => Outcome::Failed(format!("not what the departure says: {difference}")),
        },
    }
}

/// Whether the example of a kind of departures is what the list says.
fn judge_kind(kind: &Kind) -> Outcome {
    let Some(op) = ops::find(&kind.op) else {
        return Outcome::Failed(format!("there is no operation `{}`", kind.op));
    };
    match panic::catch_unwind(AssertUnwindSafe(|| (op.run)(&kind.args))) {
        Err(payload) => Outcome::Failed(panic_message(&*payload)),
        Ok(result) => match kind.departure.difference(op, &result) {
            None => Outcome::Departed,
            Some(difference) => Outcome::Failed(difference),
        },
    }
}

thread_local! {
    static PANIC_PLACE: RefCell<String> = const { RefCell::new(String::new()) };
}

/// A panic is a line of the report, not a backtrace in the middle of it.
fn silence_panics() {
    panic::set_hook(Box::new(|info| {
        let place = info.location().map(ToString::to_string).unwrap_or_default();
        PANIC_PLACE.with_borrow_mut(|slot| *slot = place);
    }));
}

fn panic_message(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<String>().map(String::as_str);
    let text = text
        .or_else(|| payload.downcast_ref::<&str>().copied())
        .unwrap_or("(no message)");
    format!("panicked at {}: {text}", PANIC_PLACE.with_borrow(String::clone))
}
