//! The steps that may come next.

use crate::state::{
    History, Left, Local, MESSAGES, Message, NAMES, Place, Rules, Stage, State, Worker,
};

/// How much there is, and how often each fault happens at most.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// At most [`MESSAGES`].
    pub messages: usize,
    /// Of workers. One.
    pub crashes: u8,
    /// Of the server.
    pub outages: u8,
    /// Of any call.
    pub lost_answers: u8,
    /// Of the server's clock.
    pub jumps: u8,
    /// Of tasks.
    pub failures: u8,
}

/// A rule of the protocol that is left out, to see what it is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// After a late heartbeat a worker asks about what it holds before it begins it.
    Fence,
    /// The engine takes a settlement from nobody but the holder.
    SettleHeld,
    /// The first heartbeat after an outage renews everybody's lease.
    RenewAfterOutage,
    /// What may be the last that a worker does is reported before it begins.
    ReportFirst,
    /// Nobody forgets a lost worker that does not put back all that it held.
    TakeOverAll,
    /// What a worker was given in an answer that never arrived goes back at its next heartbeat.
    PutBack,
}

/// What is checked.
#[derive(Clone, Copy, Debug)]
pub struct Protocol {
    /// How far.
    pub bounds: Bounds,
    /// What everybody goes by.
    pub rules: Rules,
}

/// What one of them does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Time passes, for all.
    Tick,
    /// The server's clock is set forward by more than a lease, as by a failover.
    Jump,
    /// The server goes away.
    GoDown,
    /// It is there again.
    ComeUp,
    /// A worker dies; another is started in its place.
    Crash {
        /// Its index.
        worker: usize,
    },
    /// A worker says that it lives.
    Heartbeat {
        /// Its index.
        worker: usize,
        /// Whether the answer arrives.
        answered: bool,
    },
    /// A worker takes a message.
    Receive {
        /// The worker's index.
        worker: usize,
        /// The message's index.
        message: usize,
        /// Whether the answer arrives.
        answered: bool,
    },
    /// A worker begins a message, unless it is told that it is no longer its own.
    Begin {
        /// The worker's index.
        worker: usize,
        /// The message's index.
        message: usize,
        /// Whether it asks the engine first.
        asks: bool,
        /// Whether the answer arrives.
        answered: bool,
    },
    /// A worker tells that a message is running.
    Report {
        /// The worker's index.
        worker: usize,
        /// The message's index.
        message: usize,
    },
    /// A worker tells what became of a message that has ended.
    Settle {
        /// The worker's index.
        worker: usize,
        /// The message's index.
        message: usize,
        /// What became of it.
        succeeded: bool,
        /// Whether the answer arrives.
        answered: bool,
    },
}

impl Protocol {
    /// How it begins: two workers that have just said that they live, and messages that wait.
    pub fn initial(&self) -> State {
        let message = |place| Message { place, attempts: 0, interrupted: false };
        let mut messages = [message(Place::Done); MESSAGES];
        messages[..self.bounds.messages].fill(message(Place::Queued));
        let worker = |name| Worker { name, age: 0, messages: [Local::UNKNOWN; MESSAGES] };
        let mut seen = [None; NAMES];
        seen[..2].fill(Some(0));
        let Bounds { crashes, outages, lost_answers, jumps, failures, .. } = self.bounds;
        State {
            up: true,
            messages,
            seen,
            workers: [worker(0), worker(1)],
            names: 2,
            left: Left { crashes, outages, lost_answers, jumps, failures },
            history: History {
                begun: [0; MESSAGES],
                begun_unheld: false,
                settled_unheld: false,
                outage: None,
                hasty: false,
                forgotten: false,
            },
        }
    }

    /// What may come next.
    pub fn steps(&self, state: &State, steps: &mut Vec<Step>) {
        steps.push(Step::Tick);
        if state.left.jumps > 0 {
            steps.push(Step::Jump);
        }
        match state.up {
            true if state.left.outages > 0 => steps.push(Step::GoDown),
            true => {}
            false => steps.push(Step::ComeUp),
        }
        let answers: &[bool] = if state.left.lost_answers > 0 { &[true, false] } else { &[true] };
        for worker in 0..state.workers.len() {
            if state.left.crashes > 0 {
                steps.push(Step::Crash { worker });
            }
            for &answered in answers {
                if state.up {
                    steps.push(Step::Heartbeat { worker, answered });
                }
                for message in 0..state.messages.len() {
                    self.of_a_message(state, (worker, message), answered, steps);
                }
            }
        }
    }

    fn of_a_message(
        &self,
        state: &State,
        (worker, message): (usize, usize),
        answered: bool,
        steps: &mut Vec<Step>,
    ) {
        match state.workers[worker].messages[message].stage {
            Stage::Unknown => {
                let queued = state.messages[message].place == Place::Queued;
                if state.up && queued && state.is_sure(worker, self.rules) {
                    steps.push(Step::Receive { worker, message, answered });
                }
            }
            Stage::Waiting { .. } => match state.asks_first(worker, message, self.rules) {
                Some(true) => steps.push(Step::Begin { worker, message, asks: true, answered }),
                Some(false) if answered => {
                    steps.push(Step::Begin { worker, message, asks: false, answered });
                }
                _ => {}
            },
            Stage::Running { reported } => {
                if state.up && !reported && answered {
                    steps.push(Step::Report { worker, message });
                }
                if state.up {
                    let settle = |succeeded| Step::Settle { worker, message, succeeded, answered };
                    steps.push(settle(true));
                    if state.left.failures > 0 {
                        steps.push(settle(false));
                    }
                }
            }
            Stage::Ended { succeeded } => {
                if state.up {
                    steps.push(Step::Settle { worker, message, succeeded, answered });
                }
            }
        }
    }

    /// What there is after a step.
    pub fn take(&self, state: &mut State, step: Step) {
        let rules = self.rules;
        match step {
            Step::Tick => state.tick(1, rules),
            Step::Jump => {
                state.left.jumps -= 1;
                if state.up {
                    state.note_outage(rules);
                }
                let outage = state.history.outage;
                state.pass(rules.lost + 1, rules);
                // It is no time that has passed.
                state.history.outage = outage;
            }
            Step::GoDown => {
                state.left.outages -= 1;
                state.up = false;
                state.note_outage(rules);
            }
            Step::ComeUp => state.up = true,
            Step::Crash { worker } => {
                state.left.crashes -= 1;
                state.crash(worker, rules);
            }
            Step::Heartbeat { worker, answered } => {
                state.alive(worker, rules);
                if state.is_answered(answered) {
                    state.renew(worker, 0, rules);
                }
            }
            Step::Receive { worker, message, answered } => {
                state.hand_out(state.workers[worker].name, message);
                if state.is_answered(answered) {
                    let Message { attempts, interrupted, .. } = state.messages[message];
                    state.workers[worker].messages[message] = Local {
                        stage: Stage::Waiting { in_term: true, interrupted },
                        attempt: attempts + 1,
                        is_last_delivery: true,
                    };
                }
            }
            Step::Begin { worker, message, asks, answered } => {
                let answered = state.is_answered(answered);
                state.begin(worker, message, (asks, answered), rules);
            }
            Step::Report { worker, message } => state.report(worker, message),
            Step::Settle { worker, message, succeeded, answered } => {
                state.settle(worker, message, succeeded, rules);
                let is_first =
                    matches!(state.workers[worker].messages[message].stage, Stage::Running { .. });
                state.left.failures -= u8::from(is_first && !succeeded);
                let answered = state.is_answered(answered);
                let local = &mut state.workers[worker].messages[message];
                if answered {
                    *local = Local::UNKNOWN;
                } else {
                    local.stage = Stage::Ended { succeeded };
                }
            }
        }
    }
}

impl State {
    /// Time passes, for all.
    pub(crate) fn tick(&mut self, time: u16, rules: Rules) {
        self.pass(time, rules);
        for worker in &mut self.workers {
            worker.age = worker.age.saturating_add(time).min(rules.sure());
        }
    }

    fn is_answered(&mut self, answered: bool) -> bool {
        self.left.lost_answers -= u8::from(!answered);
        answered
    }

    /// Notes a heartbeat that was sent a while ago and answered now. After a late one, what waits may have been taken over.
    pub(crate) fn renew(&mut self, worker: usize, sent: u16, rules: Rules) {
        let late = !self.is_sure(worker, rules);
        let worker = &mut self.workers[worker];
        worker.age = sent;
        for local in &mut worker.messages {
            if let Stage::Waiting { in_term, .. } = &mut local.stage {
                *in_term &= !late;
            }
        }
    }

    fn crash(&mut self, worker: usize, rules: Rules) {
        // The engine hears of the next one by its first heartbeat, and it receives nothing before that.
        let messages = [Local::UNKNOWN; MESSAGES];
        self.workers[worker] = Worker { name: self.names, age: rules.sure(), messages };
        self.names += 1;
    }
}
