//! `Retry` sends again what was not dispatched.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use airlock::{Backoff, DispatchError, Inline, Intent, Retry, tasks};

use super::{Answers, became, flush, numbers, shortly};
use crate::support::{Ran, Reports, note, quiet};

#[test]
fn retry_sends_only_what_is_left_and_in_order() {
    let ran = Ran::new();
    let answers = Answers::new(
        &ran,
        [
            || DispatchError::each(vec![(1, "busy".into()), (3, "busy".into())]),
            || Err(DispatchError::at(1, "busy")),
            || Ok(()),
        ],
    );
    flush(Retry::new(answers).backoff(shortly()), 5).expect("out in the end");
    assert_eq!(ran.list(), ["0 1 2 3 4", "1 3", "3"]);
}

#[test]
fn retry_sends_what_was_not_attempted_as_well() {
    let ran = Ran::new();
    let answers = Answers::new(&ran, [|| Err(DispatchError::at(2, "busy")), || Ok(())]);
    flush(Retry::new(answers).backoff(shortly()), 5).expect("out in the end");
    assert_eq!(ran.list(), ["0 1 2 3 4", "2 3 4"]);
}

#[test]
fn retry_reports_what_is_left_and_the_number_of_attempts() {
    let ran = Ran::new();
    let answers = Answers::new(
        &ran,
        [
            || DispatchError::each(vec![(1, "busy".into()), (3, "busy".into())]),
            || Err(DispatchError::at(1, "still busy")),
            || Err(DispatchError::refused("down")),
        ],
    );
    let error = flush(Retry::new(answers).attempts(3).backoff(shortly()), 5).expect_err("down");
    assert_eq!(ran.list(), ["0 1 2 3 4", "1 3", "3"]);
    let expected =
        ["dispatched", "dispatched", "dispatched", "failed: tried 3 times: down", "dispatched"];
    assert_eq!(became(&error), expected);
    assert_eq!(numbers(&error.into_intents()), [3]);
}

#[test]
fn retry_of_a_refusal_is_a_refusal() {
    let ran = Ran::new();
    let answers = Answers::new(&ran, [|| Err(DispatchError::refused("down"))]);
    let error = flush(Retry::new(answers).attempts(2).backoff(shortly()), 3).expect_err("down");
    assert_eq!(ran.list(), ["0 1 2", "0 1 2"]);
    assert_eq!(became(&error), ["not attempted"; 3]);
    assert!(error.to_string().starts_with("nothing was dispatched: tried 2 times: down"));
    assert_eq!(numbers(&error.into_intents()), [0, 1, 2]);
}

#[test]
fn retry_once_is_no_retry() {
    let answers = Answers::new(&Ran::new(), [|| Err(DispatchError::at(0, "busy"))]);
    let error = flush(Retry::new(answers).attempts(0), 1).expect_err("busy");
    assert_eq!(became(&error), ["failed: busy"]);
}

#[tokio::test(start_paused = true)]
async fn retry_waits_longer_each_time() {
    let calls = Arc::<Mutex<Vec<_>>>::default();
    let noted = calls.clone();
    let busy = move |_: Intent| {
        noted.lock().expect("not poisoned").push(tokio::time::Instant::now());
        Err::<(), _>("busy")
    };
    let backoff = Backoff::new(Duration::from_millis(20)).exact();
    let scope = airlock::scope().executor(Retry::new(busy).attempts(4).backoff(backoff));
    scope.run_async(async { quiet::enqueue(1) }).await.expect_err("busy");
    let calls = calls.lock().expect("not poisoned");
    let waits: Vec<_> = calls.windows(2).map(|two| (two[1] - two[0]).as_millis()).collect();
    assert_eq!(waits, [20, 40, 80]);
}

#[test]
fn retry_counts_a_panic_as_a_failure() {
    let calls = Mutex::new(0);
    let panics = move |intent: Intent| {
        let mut calls = calls.lock().expect("not poisoned");
        *calls += 1;
        let first = *calls == 2;
        drop(calls);
        if first {
            std::panic::resume_unwind(Box::new("on purpose"));
        }
        drop(intent);
        Ok::<_, String>(())
    };
    flush(Retry::new(panics).backoff(shortly()), 3).expect("out in the end");
}

#[test]
fn retry_runs_under_a_runtime_without_timers() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("it starts");
    let ran = Ran::new();
    let answers = Answers::new(&ran, [|| Err(DispatchError::at(1, "busy")), || Ok(())]);
    let scope = airlock::scope().executor(Retry::new(answers).backoff(shortly()));
    let run = scope.run_async(async { (0..3).try_for_each(quiet::enqueue) });
    runtime.block_on(run).expect("out in the end").expect("enqueued");
    assert_eq!(ran.list(), ["0 1 2", "1 2"]);
}

#[test]
fn retry_runs_tasks_here_with_what_they_enqueue() {
    #[airlock::task]
    fn parent(#[state] ran: &Ran, n: u64) -> Result<(), String> {
        note::enqueue(n + 10).map_err(|error| error.to_string())?;
        ran.push(format!("parent {n}"));
        if n == 1 && ran.list().iter().filter(|line| *line == "parent 1").count() == 1 {
            return Err("once more".into());
        }
        Ok(())
    }
    let ran = Ran::new();
    let inline = Inline::builder().state(ran.clone()).serving(tasks![parent, note]).build();
    let reports = Reports::new();
    airlock::scope()
        .executor(Retry::new(inline.expect("it is complete")).backoff(shortly()))
        .on_report(reports.keep())
        .run(|| (0..3).try_for_each(parent::enqueue))
        .expect("out in the end")
        .expect("enqueued");
    assert_eq!(
        ran.list(),
        ["parent 0", "parent 1", "parent 1", "parent 2", "note 10", "note 11", "note 12"]
    );
    // What the attempt that failed has enqueued is discarded, and told.
    let report = reports.only();
    assert_eq!((report.enqueued(), report.dispatched(), report.discarded()), (7, 6, 1), "{report}");
}
