//! Counting what becomes of a worker's messages.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::worker::Settlement;

/// What has become of a worker's messages.
///
/// # Examples
///
/// ```
/// use airlock::worker::Served;
///
/// let served = Served { done: 7, retried: 2, dead: 1, ..Served::default() };
/// assert_eq!(served.to_string(), "7 done, 1 dead letter, 2 failed attempts repeated or to be repeated");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Served {
    /// Tasks that succeeded.
    pub done: u64,
    /// Attempts that failed and are retried. A message counts each time, also where it is done or dead by now.
    pub retried: u64,
    /// Messages given up: dead letters.
    pub dead: u64,
    /// Messages returned, by a worker that shuts down or because they came early.
    pub returned: u64,
    /// Messages that waited in this worker until others had taken them over, or their connection was lost: it did
    /// not run them.
    pub fenced: u64,
    /// Of the others, messages that were no longer this worker's when it settled them: the engine keeps what became
    /// of them elsewhere. A message counts as well if the engine was told twice, because its first answer was lost.
    pub stale: u64,
    /// Of the others, messages that could not be settled: the engine delivers them again.
    pub untold: u64,
}

impl fmt::Display for Served {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let letters = if self.dead == 1 { "dead letter" } else { "dead letters" };
        let attempts = if self.retried == 1 {
            "failed attempt repeated or to be repeated"
        } else {
            "failed attempts repeated or to be repeated"
        };
        let counts = [
            (self.done, "done"),
            (self.dead, letters),
            (self.retried, attempts),
            (self.returned, "given back"),
            (self.fenced, "not run because taken over"),
            (self.stale, "settled too late"),
            (self.untold, "not told to the engine"),
        ];
        let counts = counts.iter().filter(|(count, _)| *count > 0);
        let counts: Vec<_> = counts.map(|(count, what)| format!("{count} {what}")).collect();
        f.write_str(if counts.is_empty() { "nothing" } else { "" })?;
        f.write_str(&counts.join(", "))
    }
}

#[derive(Default)]
pub(super) struct Counters {
    done: AtomicU64,
    retried: AtomicU64,
    dead: AtomicU64,
    returned: AtomicU64,
    fenced: AtomicU64,
    stale: AtomicU64,
    untold: AtomicU64,
}

impl Counters {
    pub(super) fn count(&self, settlement: &Settlement) {
        let counter = match settlement {
            Settlement::Done => &self.done,
            Settlement::Retry { reason: Some(_), .. } => &self.retried,
            Settlement::Dead { .. } => &self.dead,
            Settlement::Retry { reason: None, .. } | Settlement::Return => &self.returned,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn fenced(&self, messages: usize) {
        self.fenced.fetch_add(messages as u64, Ordering::Relaxed);
    }

    pub(super) fn stale(&self, messages: usize) {
        self.stale.fetch_add(messages as u64, Ordering::Relaxed);
    }

    pub(super) fn untold(&self, messages: usize) {
        self.untold.fetch_add(messages as u64, Ordering::Relaxed);
    }

    pub(super) fn now(&self) -> Served {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Served {
            done: read(&self.done),
            retried: read(&self.retried),
            dead: read(&self.dead),
            returned: read(&self.returned),
            fenced: read(&self.fenced),
            stale: read(&self.stale),
            untold: read(&self.untold),
        }
    }
}
