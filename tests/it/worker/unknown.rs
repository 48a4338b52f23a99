//! Messages of another version of the program: they are given back for as long as a deployment may take.

use std::time::{Duration, SystemTime};

use airlock::envelope::Envelope;
use airlock::worker::Settlement;

use super::memory::Memory;
use super::refusals::foreign;
use super::{build, everything, serve, worker};
use crate::support::{Ran, note};

const NOTE: &str = <note as airlock::Task>::NAME;

/// Messages that a binary of another version has sent, at a time.
fn messages(sent: SystemTime) -> Vec<(Envelope, &'static str)> {
    let sent = Envelope::of(&note::intent(1), sent).expect("it has JSON");
    let of = |task: &str, arguments: &str| {
        let text = String::from_utf8(sent.to_json()).expect("UTF-8");
        let text = text.replace(NOTE, task).replace(r#"{"n":1}"#, arguments);
        Envelope::from_json(text.as_bytes()).expect("an envelope")
    };
    vec![
        (of("worker.renamed", r#"{"n":1}"#), "no task is named `worker.renamed`"),
        (of(NOTE, "{}"), "lacks its argument `n`"),
        (of(NOTE, r#"{"n":1,"copies":2}"#), "has no argument `copies`"),
        (of(NOTE, r#"{"n":"one"}"#), "the argument `n`"),
    ]
}

fn patient() -> airlock::worker::WorkerBuilder {
    worker(&Ran::new()).unknown_for(Duration::from_hours(1))
}

#[tokio::test]
async fn they_are_given_back_and_the_waits_grow() {
    let now = SystemTime::now();
    for (age, wait) in [(0, 1), (60, 30), (500, 250), (3_500, 300)] {
        for (message, _) in messages(now - Duration::from_secs(age)) {
            let settled = build(patient()).perform(&message, 1).await;
            let Settlement::Retry { after, reason: None } = settled else { panic!("{settled:?}") };
            assert!(after.as_secs().abs_diff(wait) <= 1, "{after:?}, and not {wait} s");
        }
    }
}

#[tokio::test]
async fn after_that_they_are_dead_letters_that_say_all_of_it() {
    for (message, why) in messages(SystemTime::now() - Duration::from_hours(2)) {
        let Settlement::Dead { reason } = build(patient()).perform(&message, 1).await else {
            panic!("it has waited for long enough")
        };
        assert!(reason.contains(why), "{reason}");
        assert!(reason.ends_with(" (it was given back for 3600s)"), "{reason}");
    }
}

/// It was due a moment ago, however long before it was sent.
#[tokio::test]
async fn what_was_delayed_has_not_waited() {
    let now = SystemTime::now();
    for (message, _) in messages(now - Duration::from_hours(24)) {
        let settled = build(patient()).perform(&message.with_at(Some(now)), 1).await;
        assert!(matches!(settled, Settlement::Retry { reason: None, .. }), "{settled:?}");
    }
}

/// Python's ids say nothing of the time.
#[tokio::test]
async fn of_what_says_no_time_nobody_can_tell() {
    let id = "5f2b5d5a-1d0e-4d4f-9c60-0a7a52f7b1d4".parse().expect("a UUID of version 4");
    let message = Envelope::foreign(id, "worker.renamed", "{}").expect("it is JSON");
    let settled = build(patient()).perform(&message, 1).await;
    assert!(matches!(settled, Settlement::Dead { .. }), "{settled:?}");
    let of_airlock = foreign("worker.renamed", "{}");
    let settled = build(patient()).perform(&of_airlock, 1).await;
    assert!(matches!(settled, Settlement::Retry { reason: None, .. }), "{settled:?}");
}

/// Through an engine: no attempt counts, and the others go on.
#[tokio::test]
async fn they_hold_nobody_up_and_run_once_they_are_known() {
    let (ran, memory) = (Ran::new(), Memory::new());
    let (unknown, _) = messages(SystemTime::now()).remove(0);
    memory.send_body(unknown.to_json());
    let later = r#"{"airlock":3,"id":"ID","task":"worker.note","arguments":{}}"#;
    memory.send_body(later.replace("ID", &unknown.id().to_string()));
    memory.send(&note::intent(2));
    let patient = worker(&ran).serving(everything()).unknown_for(Duration::from_millis(1_500));
    let served = serve(patient, &memory).await;
    assert_eq!(ran.list(), ["note 2"]);
    assert_eq!((served.done, served.dead), (1, 2), "{served}");
    assert!(served.returned >= 2, "{served}");
}
