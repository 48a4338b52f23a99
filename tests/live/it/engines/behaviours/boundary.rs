//! The boundary goes along: what a task enqueues in the worker is judged by the policies under which it was enqueued.

use std::sync::Mutex;
use std::time::Duration;

use airlock::{Intent, Policy, TaskSet, Verdict, block_tasks, scope, tasks};
use airlock_live::Engine;
use serde::{Deserialize, Deserializer, Serialize};
use tokio::time::sleep;

use crate::engines::fixture::{BACKOFF, Fixture, Runs, note};

/// What a note adds to the number of the task that has enqueued it.
const NOTED: u64 = 1_000;

/// What an audit adds.
const AUDITED: u64 = 2_000;

#[airlock::task(name = "engines.audit")]
fn audit(#[state] runs: &Runs, number: u64) {
    runs.note(number);
}

/// Fails the first so many times; then it enqueues a note and an audit.
#[airlock::task(name = "engines.cascade")]
fn cascade(
    #[state] runs: &Runs,
    queue: String,
    number: u64,
    times: u64,
) -> Result<(), airlock::BoxError> {
    if runs.note(number) <= times {
        return Err("not yet".into());
    }
    note::intent(number + NOTED).queue(queue.clone()).enqueue()?;
    audit::intent(number + AUDITED).queue(queue).enqueue()?;
    Ok(())
}

fn tasks() -> TaskSet {
    tasks![cascade, note, audit]
}

async fn send_under<E: Engine>(fixture: &Fixture<E>, policy: impl Policy, number: u64, times: u64) {
    let queue = fixture.queue().to_owned();
    let cascade = cascade::intent(queue.clone(), number, times).queue(queue);
    let scope = scope().policy(policy).executor(fixture.engine.clone());
    scope.run_async(async { cascade.enqueue() }).await.expect("flushed").expect("enqueued");
}

pub(crate) async fn policies_go_along_through_retries_and_dead_letters<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let serve = async |attempts, until: u64| {
        let worker = fixture.worker().serving(tasks()).executor(fixture.engine.clone());
        let worker = worker.max_attempts(attempts);
        fixture.serve_with(worker, &fixture.engine, async || fixture.runs.count() >= until).await
    };
    send_under(&fixture, airlock::AllowAll, 1, 1).await;
    send_under(&fixture, block_tasks![note], 2, 1).await;
    // Two runs of each, one note and two audits.
    serve(3, 7).await;
    let expected = [1, 1, 2, 2, 1 + NOTED, 1 + AUDITED, 2 + AUDITED];
    assert_eq!(fixture.runs.sorted(), expected, "the second has no note");

    send_under(&fixture, block_tasks![note], 3, 1).await;
    let worker = fixture.worker().serving(tasks()).executor(fixture.engine.clone()).max_attempts(1);
    let is_kept = async || !fixture.letters().await.is_empty();
    fixture.serve_with(worker, &fixture.engine, is_kept).await;
    let letter = fixture.letter().await;
    assert!(fixture.engine.retry(&letter.id).await.expect("retried"));
    serve(1, 10).await;
    // Were there a note, it would be before the audit, or beside it.
    sleep(BACKOFF).await;
    serve(1, 10).await;
    assert_eq!(
        fixture.runs.sorted(),
        [&[1, 1, 2, 2, 3, 3][..], &expected[4..], &[3 + AUDITED]].concat()
    );
}

/// Of a queue, whose settings can't be read before the newer binary serves that.
#[derive(Serialize)]
struct Later(String);

static DEPLOYED: Mutex<Vec<String>> = Mutex::new(Vec::new());

impl<'de> Deserialize<'de> for Later {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let queue = String::deserialize(deserializer)?;
        if DEPLOYED.lock().expect("nobody panics").contains(&queue) {
            return Ok(Self(queue));
        }
        Err(serde::de::Error::custom("of a newer binary"))
    }
}

#[airlock::travels(name = "engines.later")]
impl Policy for Later {
    fn allows(&self, intent: &Intent) -> Verdict {
        if intent.name() == "engines.note" { Verdict::Drop } else { Verdict::Allow }
    }
}

pub(crate) async fn a_message_under_a_policy_that_nobody_knows_waits<E: Engine>() {
    let fixture = Fixture::<E>::new().await;
    let queue = fixture.queue().to_owned();
    send_under(&fixture, Later(queue.clone()), 5, 0).await;
    let deployed = async {
        sleep(Duration::from_millis(1_500)).await;
        assert_eq!(fixture.runs.count(), 0, "it does not run without");
        DEPLOYED.lock().expect("nobody panics").push(queue);
    };
    let worker = fixture.worker().serving(tasks()).executor(fixture.engine.clone()).max_attempts(1);
    let served = fixture.serve_with(worker, &fixture.engine, async || fixture.runs.count() >= 2);
    let (served, ()) = tokio::join!(served, deployed);
    assert_eq!(fixture.runs.sorted(), [5, 5 + AUDITED]);
    assert_eq!((served.done, served.dead), (2, 0), "no attempt was counted: {served}");
}
