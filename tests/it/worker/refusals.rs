//! What is not run: messages that are no tasks of this worker's, or come at the wrong time.

use std::time::{Duration, SystemTime};

use airlock::envelope::Envelope;
use airlock::worker::Served;
use airlock::{TaskSet, tasks};

use super::memory::Memory;
use super::{serve, worker};
use crate::support::{Ran, note, quiet};

pub(super) fn tasks() -> TaskSet {
    tasks![pick]
}

/// Is read by code that panics.
#[derive(Clone, Debug, serde::Serialize)]
struct Picky;

impl<'de> serde::Deserialize<'de> for Picky {
    fn deserialize<D: serde::Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        panic!("not what I like");
    }
}

#[airlock::task(name = "worker.pick")]
fn pick(what: Picky) {
    let _ = what;
}

pub(super) fn foreign(task: &str, arguments: &str) -> Envelope {
    let id = Envelope::of(&quiet::intent(1), SystemTime::now()).expect("it has JSON").id();
    Envelope::foreign(id, task, arguments).expect("it is JSON")
}

fn note_name() -> &'static str {
    <note as airlock::Task>::NAME
}

/// The reason for which this message is given up, by a worker that lives on.
async fn refusal(body: impl Into<Vec<u8>>) -> String {
    let (ran, memory) = (Ran::new(), Memory::new());
    memory.send_body(body);
    memory.send(&note::intent(2));
    let served = serve(worker(&ran).concurrency(1), &memory).await;
    assert_eq!(ran.list(), ["note 2"]);
    assert_eq!(served, Served { done: 1, dead: 1, ..Served::default() });
    memory.dead()
}

#[tokio::test]
async fn what_cannot_be_read_is_a_dead_letter() {
    assert_eq!(
        refusal("hello").await,
        "the message is no envelope: expected value at line 1 column 1"
    );
    assert_eq!(
        refusal("").await,
        "the message is no envelope: EOF while parsing a value at line 1 column 0",
    );
    assert_eq!(
        refusal(b"\xff\xfe\x00".as_slice()).await,
        "the message is no envelope: expected value at line 1 column 1",
    );
    assert_eq!(
        refusal(r#"{"airlock":3}"#).await,
        "the message is no envelope: it is of version 3, and this binary reads up to 2: update \
         the worker",
    );
}

#[tokio::test]
async fn an_unknown_task_is_a_dead_letter_that_names_the_nearest() {
    let envelope = foreign(&note_name().replace("note", "notes"), r#"{"n":1}"#);
    let reason = refusal(envelope.to_json()).await;
    assert!(
        reason.contains("notes`") && reason.contains(&format!("`{}`", note_name())),
        "{reason}"
    );
}

#[tokio::test]
async fn wrong_arguments_are_a_dead_letter_that_names_them() {
    for (arguments, reason) in [
        ("{}", format!("`{}` lacks its argument `n`", note_name())),
        (r#"{"m":1}"#, format!("`{}` has no argument `m`: it takes `n`", note_name())),
        (
            r#"{"n":"one"}"#,
            format!(
                "the argument `n` of `{}` has the wrong type: invalid type: string, \
                 expected u64 at line 1 column 10",
                note_name()
            ),
        ),
    ] {
        assert_eq!(refusal(foreign(note_name(), arguments).to_json()).await, reason);
    }
    let deep = format!("{{\"n\":{}1{}}}", "[".repeat(100_000), "]".repeat(100_000));
    let reason = refusal(foreign(note_name(), &deep).to_json()).await;
    assert!(reason.contains("the argument `n`"), "{reason}");
}

#[tokio::test]
async fn arguments_whose_reading_panics_are_a_dead_letter() {
    let reason = refusal(foreign("worker.pick", r#"{"what":null}"#).to_json()).await;
    assert_eq!(reason, "reading its arguments panicked: not what I like");
}

#[tokio::test]
async fn a_task_that_is_not_served_is_a_dead_letter() {
    let (ran, memory) = (Ran::new(), Memory::new());
    memory.send(&quiet::intent(1));
    memory.send(&note::intent(2));
    serve(airlock::worker().state(ran.clone()).serving(tasks![note]), &memory).await;
    assert_eq!(
        memory.dead(),
        format!(
            "this worker does not serve `{}`: add it to `.serving(…)`",
            <quiet as airlock::Task>::NAME
        ),
    );
    assert_eq!(ran.list(), ["note 2"]);
}

#[tokio::test]
async fn what_has_expired_is_a_dead_letter() {
    let past = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    let expired = foreign(note_name(), r#"{"n":1}"#).with_expires(Some(past));
    assert_eq!(refusal(expired.to_json()).await, "it expired at 2001-09-09T01:46:40Z");
}

#[tokio::test]
async fn what_expires_later_is_run() {
    let (ran, memory) = (Ran::new(), Memory::new());
    memory.send(&note::intent(1).expires(Duration::from_hours(1)));
    memory.send(&note::intent(2).expires(Duration::MAX));
    serve(worker(&ran).concurrency(1), &memory).await;
    assert_eq!(ran.list(), ["note 1", "note 2"]);
}

#[tokio::test]
async fn a_message_that_comes_early_is_given_back() {
    const HOUR: Duration = Duration::from_hours(1);
    let (ran, memory) = (Ran::new(), Memory::new());
    let begun = SystemTime::now();
    memory.send_early(&note::intent(1), begun + HOUR);
    memory.send_early(&note::intent(2), begun - HOUR);
    let worker = super::build(worker(&ran).concurrency(1));
    let served = worker.run(memory.clone(), memory.has_settled(2)).await.expect("it opens");
    assert_eq!(ran.list(), ["note 2"]);
    let told = memory.told();
    assert!(told[0].starts_with("1: early by ") && told[1] == "2: done", "{told:?}");
    assert_eq!((served.done, served.returned), (1, 1));
    assert!(memory.waits().iter().all(|wait| *wait <= HOUR));
    assert_eq!(memory.attempts(), [1], "to come early is no attempt");
}

#[tokio::test]
async fn a_message_that_came_early_runs_when_it_is_due() {
    let (ran, memory) = (Ran::new(), Memory::new());
    let due = SystemTime::now() + Duration::from_millis(300);
    memory.send_early(&note::intent(1), due);
    let served = serve(worker(&ran).concurrency(1).max_attempts(1), &memory).await;
    assert!(SystemTime::now() >= due);
    assert_eq!(ran.list(), ["note 1"]);
    let told = memory.told();
    assert_eq!(told.last().map(String::as_str), Some("1: done"), "its first attempt, and its last");
    assert_eq!((served.done, served.retried, served.dead), (1, 0, 0));
    assert_eq!(usize::try_from(served.returned), Ok(told.len() - 1));
}

/// A log has no line that a sender has forged, and a terminal nothing to obey.
#[tokio::test]
async fn a_name_off_the_wire_is_shown_in_one_line() {
    for hostile in
        ["x\r\nERROR forged", "\u{1b}[2J\u{9b}1m\u{7}", "\u{202e}\u{2066}\u{2028}\u{200f}"]
    {
        let name = foreign(hostile, "{}").to_json();
        let arguments = serde_json::json!({ "n": 1, hostile: 2 }).to_string();
        for body in [name, foreign(note_name(), &arguments).to_json()] {
            let reason = refusal(body).await;
            assert!(!reason.chars().any(|c| c.is_control() || c > '\u{2000}'), "{reason:?}");
        }
    }
}
