//! What the engine does, in one step each.

use crate::protocol::Rule;
use crate::state::{Place, Rules, Stage, State};

impl State {
    /// A heartbeat, as in `alive.lua`.
    pub(crate) fn alive(&mut self, worker: usize, rules: Rules) {
        self.renew_after_outage(rules);
        self.look_after(worker, rules);
    }

    /// What a heartbeat does when the leases after an outage are renewed.
    pub(crate) fn look_after(&mut self, worker: usize, rules: Rules) {
        let name = self.workers[worker].name;
        self.seen[usize::from(name)] = Some(0);
        // What it was given in an answer that it has never received.
        for message in 0..self.messages.len() {
            let is_its = self.messages[message].place == (Place::Held { by: name });
            let local = self.workers[worker].messages[message];
            if is_its && (local.stage == Stage::Unknown || !local.is_last_delivery) {
                if rules.has(Rule::PutBack) {
                    self.messages[message].place = Place::Queued;
                } else {
                    self.history.forgotten = true;
                }
            }
        }
        if rules.received_from_the_lost {
            return;
        }
        for other in (0..self.names).filter(|other| *other != name) {
            if self.is_lost(other, rules) {
                self.dismiss(other, rules);
            }
        }
    }

    /// The first call after an outage, or after the clock was set, renews everybody's lease.
    pub(crate) fn renew_after_outage(&mut self, rules: Rules) {
        let last = self.seen.iter().flatten().min().copied();
        if rules.has(Rule::RenewAfterOutage) && last.is_some_and(|last| last > rules.lost / 2) {
            self.seen.iter_mut().flatten().for_each(|seen| *seen = 0);
        }
    }

    pub(crate) fn is_lost(&self, name: u8, rules: Rules) -> bool {
        self.seen[usize::from(name)].is_some_and(|seen| seen > rules.lost)
    }

    /// Takes over what a lost worker held.
    fn dismiss(&mut self, other: u8, rules: Rules) {
        for message in 0..self.messages.len() {
            let is_its = self.messages[message].place == (Place::Held { by: other });
            if is_its && rules.has(Rule::TakeOverAll) {
                self.take_over(message, other);
            }
        }
        self.seen[usize::from(other)] = None;
    }

    pub(crate) fn take_over(&mut self, message: usize, from: u8) {
        let was_in_time = |(in_time, _): ([bool; 3], u16)| in_time[usize::from(from)];
        self.history.hasty |= self.history.outage.is_some_and(was_in_time);
        self.messages[message].interrupted = true;
        self.messages[message].place = Place::Queued;
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
    pub(crate) fn settle(&mut self, worker: usize, message: usize, succeeded: bool, rules: Rules) {
        let held = self.is_held(worker, message);
        let local = self.workers[worker].messages[message];
        if !held && rules.has(Rule::SettleHeld) {
            return;
        }
        self.history.settled_unheld |= !held;
        let message = &mut self.messages[message];
        message.attempts = local.attempt;
        message.place = match succeeded {
            true => Place::Done,
            false if local.attempt >= rules.attempts => Place::Dead,
            false => Place::Queued,
        };
        message.interrupted = false;
    }

    /// Time passes on the server's clock.
    pub(crate) fn pass(&mut self, time: u16, rules: Rules) {
        for seen in self.seen.iter_mut().flatten() {
            *seen = seen.saturating_add(time).min(rules.lost + 1);
        }
        if self.up
            && let Some((_, age)) = &mut self.history.outage
        {
            *age = age.saturating_add(time);
            if *age >= rules.sure() {
                self.history.outage = None;
            }
        }
    }

    /// Notes who is not late as something begins for which nobody is to blame.
    pub(crate) fn note_outage(&mut self, rules: Rules) {
        let in_time = self.seen.map(|seen| seen.is_some_and(|age| age <= rules.lost / 2));
        self.history.outage = Some((in_time, 0));
    }
}
