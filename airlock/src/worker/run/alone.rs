//! Messages that run alone: the last attempt of a message that had begun in a worker that died.
//!
//! The message may have killed that worker. So nothing else begins beside it for a minute, and nothing else is
//! unsettled that would lose an attempt with it. What kills a worker mostly does so at once. Whoever lives longer no
//! longer keeps the others waiting: so the attempts of a whole worker that was lost take as many minutes as it had
//! running, however long their tasks run. What only waited there killed nobody, for a last attempt is reported before
//! it begins: it runs like any other.

use std::collections::VecDeque;
use std::future::pending;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use crate::core::threads::tokio::select;
use crate::core::threads::tokio::sync::{OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock};
use crate::core::threads::tokio::time::{Instant, sleep, sleep_until};
use crate::worker::run::receive::Received;
use crate::worker::run::shutdown::{Phase, Shutdown};
use crate::worker::{Message, Worker};

/// How long other messages are kept from beginning, the first time.
const FIRST_TIMEOUT: Duration = Duration::from_secs(10);

/// The longest time for which one of both keeps the other from beginning.
const LONGEST_TIMEOUT: Duration = Duration::from_hours(24);

/// How long a message runs alone. After that, others begin beside it.
const LONGEST_ALONE: Duration = Duration::from_mins(1);

/// How often a worker looks whether nothing runs.
const IDLE_POLL_INTERVAL: Duration = Duration::from_millis(50);

/// Whether a message runs alone.
pub(super) fn runs_alone<R>(worker: &Worker, message: &Message<R>) -> bool {
    let Message { envelope, attempt, interrupted, waited, .. } = message;
    let is_last = |envelope| worker.inner.attempts(envelope) == *attempt;
    *interrupted && !*waited && envelope.as_ref().is_ok_and(is_last)
}

/// Locked for each message from its beginning until it is settled: for writing if it runs alone, for
/// reading otherwise.
#[derive(Clone, Default)]
pub(super) struct RunLock(Arc<RwLock<()>>);

/// Holds a [`RunLock`].
pub(super) enum RunGuard {
    Shared { _guard: OwnedRwLockReadGuard<()> },
    Alone { _guard: OwnedRwLockWriteGuard<()> },
}

impl RunGuard {
    /// Holds the lock while a message runs, and until it is settled. One that runs alone holds it for a minute.
    pub(super) async fn during<T>(self, run: impl Future<Output = T>) -> (T, Option<Self>) {
        let mut run = pin!(run);
        if let Self::Alone { .. } = self {
            select! {
                biased;
                ran = &mut run => return (ran, Some(self)),
                () = sleep(LONGEST_ALONE) => drop(self),
            }
            return (run.await, None);
        }
        (run.await, Some(self))
    }
}

impl RunLock {
    pub(super) async fn shared(&self) -> RunGuard {
        RunGuard::Shared { _guard: self.0.clone().read_owned().await }
    }

    pub(super) fn try_shared(&self) -> Option<RunGuard> {
        Some(RunGuard::Shared { _guard: self.0.clone().try_read_owned().ok()? })
    }

    pub(super) async fn alone(&self) -> RunGuard {
        RunGuard::Alone { _guard: self.0.clone().write_owned().await }
    }

    /// Returns when nothing runs. A writer that waits would keep all others from beginning, so this polls.
    async fn idle(&self) {
        while self.0.try_write().is_err() {
            sleep(IDLE_POLL_INTERVAL).await;
        }
    }
}

/// Messages that run alone, and wait for their turn.
pub(super) struct AloneQueue<R> {
    messages: VecDeque<Received<R>>,
    /// When the first one has its turn, even though others run.
    turn: Instant,
    /// How long it then keeps others from beginning.
    pub(super) timeout: Duration,
}

impl<R> AloneQueue<R> {
    pub(super) fn new() -> Self {
        Self { messages: VecDeque::new(), turn: Instant::now(), timeout: FIRST_TIMEOUT }
    }

    pub(super) fn push(&mut self, received: Received<R>) {
        self.messages.push_back(received);
    }

    /// Returns the first one when it has its turn, when nothing runs, or when the worker shuts down.
    pub(super) async fn next(&mut self, shutdown: &Shutdown, lock: &RunLock) -> Received<R> {
        if !self.messages.is_empty() {
            select! {
                () = shutdown.reached(Phase::Draining) => {}
                () = sleep_until(self.turn) => {}
                () = lock.idle() => {}
            }
        }
        match self.pop() {
            Some(received) => received,
            None => pending().await,
        }
    }

    /// Notes that the first one has begun.
    pub(super) fn begun(&mut self) {
        self.timeout = FIRST_TIMEOUT;
    }

    /// Lets others go on, for longer than they were kept waiting. What runs may take forever, so only the
    /// share of its time that a worker waits is bounded. Each wait is longer than the one before, so it
    /// outlasts everything that ends.
    pub(super) fn put_off(&mut self, received: Received<R>) {
        self.messages.push_front(received);
        self.turn = Instant::now() + self.timeout.saturating_mul(6).min(LONGEST_TIMEOUT);
        self.timeout = self.timeout.saturating_mul(2).min(LONGEST_TIMEOUT);
    }

    pub(super) fn pop(&mut self) -> Option<Received<R>> {
        self.messages.pop_front()
    }
}
