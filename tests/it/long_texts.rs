//! An argument of megabytes, or a foreign error of megabytes, makes no message of megabytes.

use std::time::SystemTime;

use airlock::envelope::Envelope;
use airlock::worker::Settlement;
use airlock::{DispatchError, EngineError, Fate, PolicyViolation, assert_enqueued, testing};

use crate::support::panic_of;

const LONG: usize = 5_000_000;

/// What a message may take in all.
const MESSAGE: usize = 10_000;

#[airlock::task(name = "long.send")]
fn send(text: String) -> Result<(), String> {
    Err(text)
}

#[airlock::task(name = "long.explode")]
fn explode(text: String) {
    panic!("{text}");
}

#[airlock::task(local, name = "long.local")]
fn local(text: String) {
    drop(text);
}

#[airlock::task(name = "long.number")]
fn number(n: u64) {
    let _ = n;
}

fn long() -> String {
    "ä".repeat(LONG / 2)
}

#[track_caller]
fn assert_cut(text: &str) {
    assert!(text.len() < MESSAGE, "{} bytes", text.len());
    assert!(text.contains(" bytes"), "it says how long it was: {text}");
}

#[test]
fn an_intent_shows_the_beginning_of_an_argument_and_how_long_it_is() {
    let text = send::intent(long()).to_string();
    assert!(text.starts_with("long.send(text: \"ääää"), "{text}");
    assert!(text.contains("… (5000002 bytes, #"), "{text}");
    assert_cut(&format!("{:?}", send::intent(long())));
    assert_cut(&local::intent(long()).to_string());
    assert_eq!(send::intent("short".into()).to_string(), "long.send(text: \"short\")");
}

#[test]
fn two_arguments_that_differ_behind_the_cut_are_shown_as_two() {
    let of = |end: &str| send::intent(long() + end).to_string();
    assert_ne!(of("a"), of("b"));
    assert_eq!(of("a"), of("a"));
}

#[test]
fn a_failed_flush_shows_neither_the_argument_nor_the_error_whole() {
    let run = |body: fn() -> Result<(), airlock::EnqueueError>| {
        let error = airlock::scope().executor(inline()).run(body).expect_err("it fails");
        assert_cut(&error.to_string());
        assert_cut(&format!("{error:?}"));
        assert_cut(&error.report().to_json()[0]["fate"].to_string().replace("null", " bytes"));
        assert_cut(&error.report().entries()[0].to_string());
        assert_cut(&error.report().entries()[0].fate().to_string());
    };
    run(|| send::enqueue(long()));
    run(|| explode::enqueue(long()));
}

fn inline() -> airlock::Inline {
    airlock::Inline::builder().serving(airlock::tasks![send, explode]).build().expect("no states")
}

#[test]
fn a_refusal_shows_the_beginning() {
    assert_cut(&send::enqueue(long()).expect_err("no scope").to_string());
    assert_cut(&PolicyViolation::new(long()).to_string());
}

#[test]
fn errors_of_engines_and_executors_show_the_beginning() {
    assert_cut(&EngineError::new("connect to", "the board", long()).to_string());
    assert_cut(&DispatchError::at(0, long()).to_string());
    assert_cut(&Fate::Failed { error: long() }.to_string());
    assert_cut(&Settlement::Dead { reason: long() }.to_string());
}

#[test]
fn a_message_that_is_no_intent_is_quoted_in_part() {
    let registry = airlock::registry().expect("one name each");
    let decode =
        |task: &str, json: &str| registry.decode(task, json).expect_err("it is wrong").to_string();
    let mistyped = decode("long.number", &format!("{{\"n\": \"{}\"}}", long()));
    assert!(mistyped.contains("invalid type: string, expected u64 at line 1 column"), "{mistyped}");
    assert_cut(&decode("long.number", &format!("{{\"n\": 1, \"{}\": 2}}", long())));
    assert_cut(&decode(&long(), "{}"));
}

#[test]
fn the_reason_of_a_dead_letter_is_cut() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let worker = airlock::worker().serving(airlock::tasks![send, explode]).max_attempts(1);
    let worker = worker.build().expect("no states");
    for intent in [send::intent(long()), explode::intent(long())] {
        let envelope = Envelope::of(&intent, SystemTime::now()).expect("it has JSON");
        let settled = runtime.as_ref().expect("a runtime").block_on(worker.perform(&envelope, 1));
        let Settlement::Dead { reason } = settled else { panic!("{settled}") };
        assert!(reason.len() < MESSAGE, "{} bytes", reason.len());
    }
}

#[test]
fn an_assertion_shows_the_beginning() {
    let (_, effects) = testing::capture(|| send::enqueue(long()));
    let said = panic_of(|| assert_enqueued!(effects, send(long() + "other")));
    assert_cut(&said);
    let said = panic_of(|| airlock::assert_effects!(effects, [send(long() + "other")]));
    assert_cut(&said);
    let lines: Vec<_> = said.lines().filter_map(|line| line.split_once('#')).collect();
    assert_eq!(lines.len(), 2, "{said}");
    assert_ne!(lines[0].1.get(..8), lines[1].1.get(..8), "{said}");
}

#[test]
fn a_debug_text_is_cut_as_well() {
    let intent = number::intent(1).queue("q".repeat(LONG)).unique_key(long());
    assert_cut(&format!("{intent:?}"));
    assert_cut(&format!("{:?}", intent.options()));
    let short = number::intent(1).queue("bulk").unique_key("a \"key\"");
    let options = format!("{:?}", short.options());
    assert!(options.contains(r#"queue: Some("bulk")"#), "{options}");
    assert!(options.contains(r#"unique_key: Some("a \"key\"")"#), "{options}");

    assert_cut(&format!("{:?}", Settlement::Dead { reason: long() }));
    let after = std::time::Duration::from_secs(1);
    assert_cut(&format!("{:?}", Settlement::Retry { after, reason: Some(long()) }));
    let short = Settlement::Retry { after, reason: Some("no luck".into()) };
    assert_eq!(format!("{short:?}"), r#"Retry { after: 1s, reason: Some("no luck") }"#);
}

#[test]
fn a_failed_intent_shows_the_beginning_of_its_error() {
    let error = airlock::scope().executor(inline()).run(|| send::enqueue(long()));
    let (_, failed, _) = error.expect_err("it fails").into_parts();
    assert_cut(&format!("{:?}", failed[0]));
    assert_cut(&format!("{:#?}", failed[0]));
}

#[test]
fn a_list_of_unknown_names_shows_the_first() {
    let names: Vec<_> = (0..300).map(|n| format!("no.such.task.{n}")).collect();
    let error = airlock::TaskSet::named(&names).expect_err("there are none");
    for text in [error.to_string(), format!("{error:?}")] {
        assert!(text.len() < MESSAGE, "{} bytes", text.len());
        assert!(text.contains("no.such.task.0") && text.contains("of 300 names"), "{text}");
    }
    let long = airlock::TaskSet::named([long(), long(), long(), long()]).expect_err("no such name");
    assert_cut(&long.to_string());
}
