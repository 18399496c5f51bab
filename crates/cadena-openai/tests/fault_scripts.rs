//! The fault scripts of `faults/scripts.json`, each played to a model over a real connection: see `faults/README.md`.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking, in its helpers too"
)]

#[path = "support/faults.rs"]
mod faults;

use std::time::Duration;

use cadena_core::{AIMessage, Error, ErrorKind, Result, RunnableExt, fold};
use cadena_http::{Limits, ReqwestTransport, RetryPolicy, Timers};
use cadena_openai::ChatOpenAI;
use faults::{Expect, Player, Script, TEXT, scripts};
use futures::StreamExt;
use tokio::time::{Instant, sleep, timeout};

/// A reset may meet a client that connects or one that writes already, so the number of attempts is not sure.
const RACY: [&str; 3] = ["accept_close", "accept_reset", "reset_once_then_ok"];

/// FIXME: choices that are no objects give an empty answer.
const WRONG: [&str; 1] = ["body_deep_nesting"];

/// Servers echo it.
const KEY: &str = "sk-LEAKCANARY";

#[tokio::test]
async fn every_fault_has_its_outcome() {
    let wanted = std::env::var("FAULT").ok();
    let plays: Vec<_> = scripts()
        .into_iter()
        .filter(|(name, _)| wanted.as_ref().is_none_or(|wanted| name.contains(wanted)))
        .filter(|(name, _)| wanted.is_some() || !WRONG.contains(&name.as_str()))
        .flat_map(|(name, script)| {
            let modes = match script.mode.as_str() {
                "both" => vec![false, true],
                mode => vec![mode == "stream"],
            };
            modes
                .into_iter()
                .map(move |streamed| (name.clone(), script.clone(), streamed))
        })
        .collect();
    assert!(!plays.is_empty(), "no script is called {wanted:?}");
    // Most of them wait: together they take as long as the slowest.
    let failed: Vec<String> = futures::stream::iter(plays)
        .map(|(name, script, streamed)| async move {
            let failed = play(&name, &script, streamed).await.err()?;
            Some(format!(
                "{name} ({}): {failed}",
                if streamed { "streamed" } else { "invoked" }
            ))
        })
        .buffer_unordered(24)
        .filter_map(std::future::ready)
        .collect()
        .await;
    assert!(
        failed.is_empty(),
        "{} scripts failed:\n{}",
        failed.len(),
        failed.join("\n")
    );
}

/// A model that asks this server.
fn model(url: &str, script: &Script) -> ChatOpenAI {
    let timers = match script.expect.outcome.as_str() {
        "error" if script.expect.stall => {
            let short = Duration::from_millis(700);
            Timers::default()
                .first_event(short)
                .idle(short)
                .answer(short)
                .progress(short)
        }
        _ => Timers::default(),
    };
    ChatOpenAI::new("fault-model")
        .with_transport(ReqwestTransport::new().with_connect_timeout(Duration::from_millis(300)))
        .with_base_url(format!("{url}/v1"))
        .with_api_key(KEY)
        .with_timers(timers)
        .with_limits(Limits::default().response(4 << 20).event(1 << 20))
        .with_http_retry(RetryPolicy::default().base_pause(Duration::from_millis(5)))
}

async fn play(name: &str, script: &Script, streamed: bool) -> std::result::Result<(), String> {
    let sink = Player::start(script, "").await;
    let player = Player::start(script, &sink.url).await;
    let expect = &script.expect;
    let url = match (name, expect.scheme.as_deref()) {
        ("dns_failure", _) => "http://no-such-host.invalid".to_owned(),
        (_, Some(scheme)) => player.url.replace("http:", &format!("{scheme}:")),
        _ => player.url.clone(),
    };
    let llm = model(&url, script);
    let within = Duration::from_secs_f64(expect.within.unwrap_or(10.0));
    let called = timeout(within, call(&llm, expect, streamed)).await;
    let came = called.map_err(|_| format!("not over within {within:?}"))?;
    check(expect, came)?;
    if expect.action.as_deref() == Some("break_after_3") {
        let waited = Instant::now();
        while player.seen.left() == 0 {
            if waited.elapsed() > Duration::from_secs(2) {
                return Err("the server does not see that the caller left".to_owned());
            }
            sleep(Duration::from_millis(10)).await;
        }
    }
    let attempts = player.seen.attempts();
    if let Some([least, most]) = expect.attempts
        && !(least..=most).contains(&attempts.len())
        && !RACY.contains(&name)
    {
        return Err(format!("{} attempts", attempts.len()));
    }
    if let (Some([shortest, longest]), [first, second, ..]) = (expect.gap, attempts.as_slice()) {
        let gap = second.duration_since(*first).as_secs_f64();
        if gap < shortest || gap > longest {
            return Err(format!("a gap of {gap} s"));
        }
    }
    match sink.seen.requests().iter().any(|request| request.contains(KEY)) {
        true => Err("the key travelled to another origin".to_owned()),
        false => Ok(()),
    }
}

/// The outcome of a call: a message, or `None` if the caller left.
async fn call(llm: &ChatOpenAI, expect: &Expect, streamed: bool) -> Result<Option<AIMessage>> {
    match expect.action.as_deref() {
        Some("break_after_3") => {
            let chunks: Vec<_> = llm.stream("hi").take(3).collect().await;
            for chunk in chunks {
                chunk?;
            }
            return Ok(None);
        }
        Some("two_calls") => {
            llm.invoke("hi").await?;
            // The server closes the idle connection meanwhile.
            sleep(Duration::from_millis(600)).await;
        }
        _ => {}
    }
    match streamed {
        true => fold::<AIMessage>(llm.stream("hi")).await,
        false => llm.invoke("hi").await.map(Some),
    }
}

fn check(expect: &Expect, came: Result<Option<AIMessage>>) -> std::result::Result<(), String> {
    match came {
        Ok(None) => Ok(()),
        Ok(Some(_)) if expect.outcome == "error" => Err("an answer where an error was due".to_owned()),
        Ok(Some(message)) if message.text() != TEXT && !expect.text_any => {
            Err(format!("the text {:?}", message.text()))
        }
        Ok(Some(message)) if expect.finish.is_some() && message.response_metadata.finish_reason != expect.finish => {
            Err(format!(
                "the finish reason {:?}",
                message.response_metadata.finish_reason
            ))
        }
        Ok(Some(_)) => Ok(()),
        Err(error) => {
            let shown = format!("{error} {error:?}");
            if shown.contains("LEAKCANARY") {
                return Err("the error shows the key".to_owned());
            }
            let is_right = expect.outcome != "ok"
                && expect.kind.as_deref().is_none_or(|kind| is_of(&error, kind))
                && expect.needle.as_deref().is_none_or(|needle| shown.contains(needle));
            if is_right { Ok(()) } else { Err(shown) }
        }
    }
}

/// Whether an error is of a kind as the scripts call it.
fn is_of(error: &Error, kind: &str) -> bool {
    let (of, detail) = (error.kind(), error.detail());
    match kind {
        "connect" | "connect_timeout" => of == ErrorKind::Connect && detail.starts_with("TCP"),
        "dns" => of == ErrorKind::Connect && detail.starts_with("DNS"),
        "tls" => of == ErrorKind::Connect && detail.starts_with("TLS") && !error.is_retryable(),
        "connection" => matches!(of, ErrorKind::Connect | ErrorKind::Truncated),
        // Words that come before the request look like a connection that was closed.
        "protocol" => matches!(of, ErrorKind::Decode | ErrorKind::Connect),
        "decode" => of == ErrorKind::Decode,
        "truncated" => of == ErrorKind::Truncated,
        "timeout" => matches!(of, ErrorKind::Timeout | ErrorKind::Stalled),
        "stalled" => of == ErrorKind::Stalled,
        "limit" => of == ErrorKind::LimitExceeded,
        "api" => !matches!(of, ErrorKind::Decode | ErrorKind::Truncated | ErrorKind::Connect),
        status => {
            let status = status
                .strip_prefix("status:")
                .unwrap_or_else(|| panic!("unknown kind {kind}"));
            error.status() == status.parse().ok()
        }
    }
}
