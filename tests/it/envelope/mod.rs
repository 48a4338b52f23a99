//! The envelope: its layout, how binaries of different ages read it, and that no text breaks it.

mod batches;
mod layout;
mod limits;
mod random;
mod refusals;
mod secrets;
mod values;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use airlock::envelope::Envelope;
use airlock::{Intent, registry};

use crate::support::short;

#[airlock::task(name = "envelope.mail", queue = "emails", max_attempts = 7)]
fn mail(order_id: u64, note: Option<String>) {
    let _ = (order_id, note);
}

#[airlock::task(name = "envelope.keep")]
fn keep(value: serde_json::Value) {
    drop(value);
}

#[airlock::task(name = "envelope.login")]
fn login(user: String, #[secret] password: String) {
    drop((user, password));
}

#[airlock::task(name = "envelope.local", local)]
fn local(reply: std::sync::mpsc::Sender<u64>) {
    drop(reply);
}

/// 2026-03-04 05:06:07.089 UTC.
fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(1_772_600_767_089)
}

fn sent(intent: &Intent) -> Envelope {
    Envelope::of(intent, now()).expect("its arguments have JSON")
}

fn text(envelope: &Envelope) -> String {
    String::from_utf8(envelope.to_json()).expect("JSON is UTF-8")
}

fn read(json: &str) -> Envelope {
    Envelope::from_json(json.as_bytes()).unwrap_or_else(|error| panic!("{json}: {error}"))
}

fn refused(json: impl AsRef<[u8]>) -> String {
    Envelope::from_json(json.as_ref()).expect_err("it is no envelope").to_string()
}

fn intent_of(envelope: &Envelope) -> Result<String, String> {
    let intent = envelope.intent(registry().expect("no task is there twice"));
    intent.map(|intent| short(&intent)).map_err(|error| error.to_string())
}

const ID: &str = "019cb7a5-d611-7000-8000-000000000000";
const TIME: &str = "2026-03-04T05:06:07.089Z";

/// An envelope with the least that there must be, and `more`.
fn least(arguments: &str, more: &str) -> String {
    format!(
        r#"{{"airlock":1,"id":"{ID}","task":"envelope.mail","arguments":{arguments},"enqueued_at":"{TIME}"{more}}}"#
    )
}

/// `depth` arrays, one in another.
fn nested(depth: usize) -> String {
    format!("{}{}", "[".repeat(depth), "]".repeat(depth))
}
