//! What the engine holds, and what it was told.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Mutex;
use std::time::{Duration, SystemTime};

use airlock::worker::Settlement;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::Fault;

#[derive(Default)]
pub(super) struct Inner {
    pub(super) state: Mutex<State>,
    pub(super) changed: Notify,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) sent: u64,
    pub(super) queue: VecDeque<Delivery>,
    pub(super) held: BTreeMap<u64, Delivery>,
    pub(super) most_held: usize,
    /// What another worker has taken over, which this one isn't told.
    pub(super) taken_over: BTreeSet<u64>,
    /// What came on a connection that is lost.
    pub(super) disconnected: BTreeSet<u64>,
    pub(super) told: Vec<(u64, Settlement)>,
    /// The messages of each call of `settle`, also of those that failed.
    pub(super) settled: Vec<Vec<u64>>,
    pub(super) begun: Vec<Vec<u64>>,
    pub(super) calls: Vec<(&'static str, Instant)>,
    pub(super) faults: HashMap<&'static str, (Fault, usize)>,
    pub(super) heartbeat: Option<Duration>,
    /// What an engine would be right to complain of.
    pub(super) wrong: Vec<String>,
}

#[derive(Clone)]
pub(super) struct Delivery {
    pub(super) number: u64,
    pub(super) body: Vec<u8>,
    pub(super) attempt: u32,
    pub(super) due: Option<SystemTime>,
    pub(super) not_before: Option<Instant>,
    pub(super) interrupted: bool,
    pub(super) waited: bool,
}

impl State {
    pub(super) fn times(&self, call: &str) -> usize {
        self.calls.iter().filter(|(called, _)| *called == call).count()
    }

    pub(super) fn call(&mut self, call: &'static str) -> Option<Fault> {
        self.calls.push((call, Instant::now()));
        let (fault, times) = self.faults.get_mut(call)?;
        let fault = (*times > 0).then_some(*fault);
        *times = times.saturating_sub(1);
        fault
    }

    pub(super) fn settle(&mut self, number: u64, settlement: &Settlement) {
        let Some(mut delivery) = self.held.remove(&number) else {
            return self.wrong.push(format!("{number} is not held, but settled: {settlement}"));
        };
        self.told.push((number, settlement.clone()));
        match settlement {
            Settlement::Done | Settlement::Dead { .. } => {}
            Settlement::Return => self.queue.push_front(delivery),
            Settlement::Retry { after, reason } => {
                delivery.attempt += u32::from(reason.is_some());
                delivery.not_before = Some(Instant::now() + *after);
                self.queue.push_back(delivery);
            }
        }
    }
}
