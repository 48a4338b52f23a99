//! States that go on alike are one: which message or worker is the first means nothing, nor does what nobody asks about
//! any more. That leaves a tenth of the states, and in them all that can happen.

use crate::protocol::Rule;
use crate::state::{Local, Message, NAMES, Place, Rules, Stage, State};

impl State {
    /// The one that stands for all states that go on like this one.
    #[must_use]
    pub fn canonical(mut self, rules: Rules) -> Self {
        self.forget(rules);
        let swapped = self.swapped().named().sorted();
        self.named().sorted().min(swapped)
    }

    /// Forgets what nothing depends on.
    fn forget(&mut self, rules: Rules) {
        for index in 0..self.messages.len() {
            for worker in 0..self.workers.len() {
                let held = self.is_held(worker, index);
                let is_sure = self.is_sure(worker, rules);
                let local = &mut self.workers[worker].messages[index];
                local.is_last_delivery = held;
                if let Stage::Waiting { in_term, interrupted } = &mut local.stage {
                    // The next heartbeat is late, and until then nothing begins.
                    *in_term &= is_sure || !rules.has(Rule::Fence);
                    // All that is left is to be told so.
                    if !*in_term && !held && local.attempt <= rules.attempts {
                        (*interrupted, local.attempt) = (false, 0);
                    }
                }
                let is_over = matches!(local.stage, Stage::Running { .. } | Stage::Ended { .. });
                // All that is left is to be told so.
                if is_over && !held && rules.has(Rule::SettleHeld) {
                    local.stage = Stage::Running { reported: true };
                    local.attempt = 0;
                }
            }
            let message = &mut self.messages[index];
            if matches!(message.place, Place::Done | Place::Dead) {
                (message.attempts, message.interrupted) = (0, false);
                // Where one begins all the same, it does not hold it.
                self.history.begun[index] = 0;
            }
        }
        if self.history.outage.is_some_and(|(in_time, _)| in_time == [false; NAMES]) {
            self.history.outage = None;
        }
    }

    fn swapped(&self) -> Self {
        let mut swapped = self.clone();
        swapped.workers.swap(0, 1);
        swapped
    }

    /// The first worker's name is 0, the second one's 1, and the others' follow.
    fn named(mut self) -> Self {
        let mut old: [usize; NAMES] = [0, 1, 2];
        old.swap(0, usize::from(self.workers[0].name));
        let second = old.iter().position(|name| *name == usize::from(self.workers[1].name));
        old.swap(1, second.unwrap_or(1));
        let mut new = [0_u8; NAMES];
        for (name, old) in (0..).zip(old) {
            new[old] = name;
        }
        for message in &mut self.messages {
            if let Place::Held { by } = &mut message.place {
                *by = new[usize::from(*by)];
            }
        }
        self.seen = old.map(|old| self.seen[old]);
        if let Some((in_time, _)) = &mut self.history.outage {
            *in_time = old.map(|old| in_time[old]);
        }
        for worker in &mut self.workers {
            worker.name = new[usize::from(worker.name)];
        }
        self
    }

    fn sorted(mut self) -> Self {
        let [one, other] = &self.workers;
        let all = |index: usize| -> (Message, Local, Local, u8) {
            let locals = (one.messages[index], other.messages[index]);
            (self.messages[index], locals.0, locals.1, self.history.begun[index])
        };
        let mut sorted = [all(0), all(1), all(2)];
        sorted.sort_unstable();
        for (index, (message, one, other, begun)) in sorted.into_iter().enumerate() {
            self.messages[index] = message;
            self.workers[0].messages[index] = one;
            self.workers[1].messages[index] = other;
            self.history.begun[index] = begun;
        }
        self
    }
}
