//! What a worker does with a message that it has received.

use crate::protocol::Rule;
use crate::state::{Local, Rules, Stage, State};

impl State {
    /// Whether the engine is asked before a message that waits begins. `None` where it can't begin yet.
    pub(crate) fn asks_first(&self, worker: usize, message: usize, rules: Rules) -> Option<bool> {
        let Local { stage, attempt, .. } = self.workers[worker].messages[message];
        let Stage::Waiting { in_term, interrupted } = stage else { return None };
        let is_sure = self.is_sure(worker, rules);
        let fenced = rules.has(Rule::Fence) && !(in_term && is_sure);
        let reported = rules.has(Rule::ReportFirst) && (interrupted || attempt >= rules.attempts);
        // A worker that is not sure sends a heartbeat first.
        if fenced || reported {
            (self.up && (is_sure || !fenced)).then_some(true)
        } else {
            Some(false)
        }
    }

    /// Begins a message that waits, where it is still this worker's or nobody is asked.
    pub(crate) fn begin(
        &mut self,
        worker: usize,
        message: usize,
        (asks, answered): (bool, bool),
        rules: Rules,
    ) {
        let held = self.is_held(worker, message);
        let local = &mut self.workers[worker].messages[message];
        if local.attempt > rules.attempts {
            // A worker died at its last attempt.
            local.attempt = rules.attempts;
            local.stage = Stage::Ended { succeeded: false };
            return;
        }
        if asks && held {
            self.messages[message].attempts = local.attempt;
        }
        if !answered {
            return;
        }
        if asks && !held {
            *local = Local::UNKNOWN;
            return;
        }
        local.stage = Stage::Running { reported: asks };
        self.history.begun_unheld |= !held;
        self.history.begun[message] += 1;
    }

    /// Tells the engine of a task that has been running for a while.
    pub(crate) fn report(&mut self, worker: usize, message: usize) {
        let held = self.is_held(worker, message);
        let local = &mut self.workers[worker].messages[message];
        if held {
            self.messages[message].attempts = local.attempt;
        }
        local.stage = Stage::Running { reported: true };
    }
}
