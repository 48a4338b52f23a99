//! Tasks that enqueue, fail or take their time.

use std::convert::Infallible;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::support::{Ran, anote, note, quiet, yield_once};

#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub(super) enum Then {
    Succeed,
    Fail,
    Panic,
    Last,
}

fn end(then: Then) -> Result<(), &'static str> {
    match then {
        Then::Succeed | Then::Last => Ok(()),
        Then::Fail => Err("no luck"),
        Then::Panic => panic!("bad luck"),
    }
}

/// Enqueues `quiet` and then ends as it is told; `Last` waits for longer than it may.
#[airlock::task(max_attempts = 1)]
pub(super) fn enqueue(
    #[state] passage: &Passage,
    n: u64,
    then: Then,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    quiet::enqueue(n)?;
    if then == Then::Last {
        passage.pass();
    }
    quiet::enqueue(n + 1)?;
    Ok(end(then)?)
}

#[airlock::task(max_attempts = 1)]
pub(super) async fn aenqueue(
    n: u64,
    then: Then,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    quiet::enqueue(n)?;
    yield_once().await;
    if then == Then::Last {
        tokio::time::sleep(Duration::from_hours(1)).await;
    }
    quiet::enqueue(n + 1)?;
    Ok(end(then)?)
}

/// Enqueues itself, and one other task.
#[airlock::task]
pub(super) fn again(#[state] ran: &Ran, n: u64) -> Result<(), airlock::EnqueueError> {
    ran.push(format!("again {n}"));
    if n < 3 {
        again::enqueue(n + 1)?;
    }
    quiet::enqueue(n)
}

/// Enqueues a task with a state.
#[airlock::task]
pub(super) async fn follow(n: u64) -> Result<(), airlock::EnqueueError> {
    yield_once().await;
    note::enqueue(n)?;
    anote::enqueue(n)
}

/// Fails unless it ran before.
#[airlock::task]
pub(super) async fn twice(#[state] ran: &Ran, n: u64) -> Result<(), String> {
    let before = ran.list().len();
    ran.push(format!("twice {n}"));
    yield_once().await;
    if before > 0 { Ok(()) } else { Err("not yet".into()) }
}

#[airlock::task(max_attempts = 3)]
pub(super) fn thrice() -> Result<(), &'static str> {
    Err("never")
}

/// Notes when it is dropped before its end.
struct Dropped(Ran);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.push("dropped");
    }
}

#[airlock::task]
pub(super) async fn sleep_for(#[state] ran: &Ran, time: Duration) {
    let dropped = Dropped(ran.clone());
    tokio::time::sleep(time).await;
    ran.push("slept");
    std::mem::forget(dropped);
}

/// Occupies its thread until it may pass.
#[airlock::task]
pub(super) fn occupy(#[state] ran: &Ran, #[state] passage: &Passage) {
    ran.push("begun");
    passage.pass();
    ran.push("passed");
}

/// Where sync tasks wait until the gate is dropped.
#[derive(Clone)]
pub(super) struct Passage(Arc<Mutex<Receiver<Infallible>>>);

pub(super) type Gate = Sender<Infallible>;

impl Passage {
    pub(super) fn closed() -> (Gate, Self) {
        let (gate, passage) = channel();
        (gate, Self(Arc::new(Mutex::new(passage))))
    }

    pub(super) fn pass(&self) {
        let passage = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        passage.recv().expect_err("nothing is sent");
    }
}
