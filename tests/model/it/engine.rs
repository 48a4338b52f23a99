//! What the engine does, in one step each.

use crate::protocol::Rule;
use crate::state::{ATTEMPTS, LOST, Place, SURE, Stage, State};

impl State {
    /// A heartbeat, as in `alive.lua`.
    pub(crate) fn alive(&mut self, worker: usize, without: Option<Rule>) {
        let name = self.workers[worker].name;
        let last = self.seen.iter().flatten().min().copied();
        if without != Some(Rule::RenewAfterOutage) && last.is_some_and(|last| last > LOST / 2) {
            self.seen.iter_mut().flatten().for_each(|seen| *seen = 0);
        }
        self.seen[usize::from(name)] = Some(0);
        // What it was given in an answer that it has never received.
        for message in 0..self.messages.len() {
            let is_its = self.messages[message].place == (Place::Held { by: name });
            let local = self.workers[worker].messages[message];
            if is_its && (local.stage == Stage::Unknown || !local.is_last_delivery) {
                self.messages[message].place = Place::Queued;
            }
        }
        for other in (0..self.names).filter(|other| *other != name) {
            if self.seen[usize::from(other)].is_some_and(|seen| seen > LOST) {
                self.dismiss(other);
            }
        }
    }

    /// Takes over what a lost worker held.
    fn dismiss(&mut self, other: u8) {
        let was_in_time = |(in_time, _): ([bool; 3], u8)| in_time[usize::from(other)];
        self.history.hasty |= self.history.outage.is_some_and(was_in_time);
        for message in 0..self.messages.len() {
            if self.messages[message].place == (Place::Held { by: other }) {
                self.messages[message].interrupted = true;
                self.messages[message].place = Place::Queued;
            }
        }
        self.seen[usize::from(other)] = None;
    }

    /// Hands a message out to a worker.
    pub(crate) fn hand_out(&mut self, name: u8, message: usize) {
        self.seen[usize::from(name)].get_or_insert(0);
        self.messages[message].place = Place::Held { by: name };
        for worker in &mut self.workers {
            worker.messages[message].is_last_delivery = false;
        }
    }

    /// Takes a settlement, where the message is still the worker's.
    pub(crate) fn settle(&mut self, worker: usize, message: usize, without: Option<Rule>) {
        let held = self.is_held(worker, message);
        let local = self.workers[worker].messages[message];
        let Stage::Ended { succeeded, .. } = local.stage else { return };
        if !held && without != Some(Rule::SettleHeld) {
            return;
        }
        self.history.settled_unheld |= !held;
        let message = &mut self.messages[message];
        message.attempts = local.attempt;
        message.place = match succeeded {
            true => Place::Done,
            false if local.attempt >= ATTEMPTS => Place::Dead,
            false => Place::Queued,
        };
        message.interrupted = false;
    }

    /// Time passes on the server's clock.
    pub(crate) fn pass(&mut self, ticks: u8) {
        for seen in self.seen.iter_mut().flatten() {
            *seen = (*seen + ticks).min(LOST + 1);
        }
        if self.up
            && let Some((_, age)) = &mut self.history.outage
        {
            *age += ticks;
            if *age >= SURE {
                self.history.outage = None;
            }
        }
    }
}
