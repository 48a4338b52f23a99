//! Whether what a worker holds is surely still its own.
//!
//! A worker that is stopped, or that does not reach its engine, sends no heartbeat: after a while others take its
//! messages over, and it is not told. So it trusts its leases for half of that time. What it has received before a
//! late heartbeat, it asks the engine about before it begins.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use crate::core::threads::tokio::sync::{Notify, watch};
use crate::core::threads::tokio::time::Instant;

/// The leases of a worker's messages, which its heartbeats renew.
pub(super) struct Lease {
    /// How long after a heartbeat they are sure; `None` for an engine without heartbeats.
    sure_for: Option<Duration>,
    state: Mutex<State>,
    asked_for: Notify,
    /// How often they were renewed.
    renewals: watch::Sender<u64>,
}

struct State {
    term: Term,
    renewed: Moment,
}

/// The time between two late heartbeats. What was received in an earlier one may have been taken over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Term(u64);

impl Lease {
    /// Leases that are as old as `opened`.
    pub(super) fn new(heartbeat: Option<Duration>, opened: Moment) -> Self {
        Self {
            // Others wait for three or four intervals.
            sure_for: heartbeat.map(|interval| interval * 3 / 2),
            state: Mutex::new(State { term: Term(0), renewed: opened }),
            asked_for: Notify::new(),
            renewals: watch::channel(0).0,
        }
    }

    /// Notes a heartbeat that has been answered now.
    pub(super) fn renew(&self, sent: Moment) {
        let mut state = self.state();
        if self.is_late(&state) {
            state.term.0 += 1;
        }
        state.renewed = sent;
        drop(state);
        self.renewals.send_modify(|renewals| *renewals += 1);
    }

    /// Whether a message that was received in this term is surely still this worker's.
    pub(super) fn is_sure(&self, term: Term) -> bool {
        let state = self.state();
        state.term == term && !self.is_late(&state)
    }

    /// The term, once the last heartbeat was in time: where it is late, after the next one.
    pub(super) async fn renewed(&self) -> Term {
        let mut renewals = self.renewals.subscribe();
        if self.is_late(&self.state()) {
            self.asked_for.notify_one();
            let _ = renewals.changed().await;
        }
        self.state().term
    }

    /// Returns when the next heartbeat can't wait until it is due.
    pub(super) async fn asked_for(&self) {
        self.asked_for.notified().await;
    }

    fn is_late(&self, state: &State) -> bool {
        self.sure_for.is_some_and(|sure_for| state.renewed.elapsed() >= sure_for)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A point in time, by both clocks of the machine. The one stands still while the machine is suspended, and the other
/// may be set.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    monotonic: Instant,
    wall: SystemTime,
}

impl Moment {
    pub(super) fn now() -> Self {
        Self { monotonic: Instant::now(), wall: SystemTime::now() }
    }

    /// The time since then: by the clock that says more.
    fn elapsed(&self) -> Duration {
        self.monotonic.elapsed().max(self.wall.elapsed().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INTERVAL: Duration = Duration::from_secs(10);

    #[::tokio::test(start_paused = true)]
    async fn a_lease_is_sure_for_half_the_time_after_which_others_take_over() {
        let lease = Lease::new(Some(INTERVAL), Moment::now());
        let term = lease.renewed().await;
        assert!(lease.is_sure(term));
        ::tokio::time::sleep(INTERVAL).await;
        let sent = Moment::now();
        ::tokio::time::sleep(Duration::from_secs(4)).await;
        assert!(lease.is_sure(term));
        lease.renew(sent);
        assert!(lease.is_sure(term), "the heartbeat was in time");
        ::tokio::time::sleep(Duration::from_secs(11)).await;
        assert!(!lease.is_sure(term), "15 s after it was sent");
    }

    #[::tokio::test(start_paused = true)]
    async fn after_a_late_heartbeat_only_what_came_since_is_sure() {
        let lease = Lease::new(Some(INTERVAL), Moment::now());
        let before = lease.renewed().await;
        ::tokio::time::sleep(2 * INTERVAL).await;
        let renewed = async {
            lease.asked_for().await;
            lease.renew(Moment::now());
        };
        let (since, ()) = ::tokio::join!(lease.renewed(), renewed);
        assert!(!lease.is_sure(before));
        assert!(lease.is_sure(since));
    }

    #[::tokio::test(start_paused = true)]
    async fn a_heartbeat_that_is_answered_late_was_late() {
        let lease = Lease::new(Some(INTERVAL), Moment::now());
        let term = lease.renewed().await;
        ::tokio::time::sleep(INTERVAL).await;
        let sent = Moment::now();
        ::tokio::time::sleep(INTERVAL).await;
        lease.renew(sent);
        assert!(!lease.is_sure(term), "it may have arrived too late");
    }

    #[::tokio::test(start_paused = true)]
    async fn the_time_of_a_suspended_machine_counts() {
        let lease = Lease::new(Some(INTERVAL), Moment::now());
        let term = lease.renewed().await;
        lease.state().renewed.wall -= 2 * INTERVAL;
        assert!(!lease.is_sure(term));
    }

    #[::tokio::test(start_paused = true)]
    async fn without_heartbeats_nothing_is_taken_over() {
        let lease = Lease::new(None, Moment::now());
        let term = lease.renewed().await;
        ::tokio::time::sleep(Duration::from_hours(1)).await;
        assert!(lease.is_sure(term));
    }
}
