//! The steps that may come next, and what must be so after each.

use stateright::{Model, Property};

use crate::state::{
    ATTEMPTS, History, LOST, Left, Local, MESSAGES, Message, NAMES, Place, SURE, Stage, State,
    Worker,
};

pub(crate) const HELD: &str = "what begins is held by the worker that begins it";
pub(crate) const SETTLED: &str = "what is settled is held by the worker that settles it";
pub(crate) const BEGUN: &str = "no message is begun more often than is promised";
pub(crate) const FOUND: &str = "what a worker holds is found when that is lost";
pub(crate) const PATIENT: &str = "after an outage the living have time to say so";

/// How often a message is begun at most: an attempt but the last may go uncounted once, when its worker is lost before it has
/// told the engine. What was interrupted is reported before it begins.
const MOST: u8 = 2 * ATTEMPTS - 1;

#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    pub(crate) messages: usize,
    pub(crate) crashes: u8,
    pub(crate) outages: u8,
    pub(crate) lost_answers: u8,
    pub(crate) jumps: u8,
}

/// A rule of the protocol that is left out, to see what it is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    /// After a late heartbeat a worker asks about what it holds before it begins it.
    Fence,
    /// The engine takes a settlement from nobody but the holder.
    SettleHeld,
    /// The first heartbeat after an outage renews everybody's lease.
    RenewAfterOutage,
    /// What may be the last that a worker does is reported before it begins.
    ReportFirst,
}

pub(crate) struct Protocol {
    pub(crate) bounds: Bounds,
    pub(crate) without: Option<Rule>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Tick,
    /// The server's clock is set forward by more than a lease, as by a failover.
    Jump,
    GoDown,
    ComeUp,
    /// A worker dies; another is started in its place.
    Crash {
        worker: usize,
    },
    Heartbeat {
        worker: usize,
        answered: bool,
    },
    Receive {
        worker: usize,
        message: usize,
        answered: bool,
    },
    Begin {
        worker: usize,
        message: usize,
        asks: bool,
        answered: bool,
    },
    Report {
        worker: usize,
        message: usize,
    },
    End {
        worker: usize,
        message: usize,
        succeeded: bool,
    },
    Settle {
        worker: usize,
        message: usize,
        answered: bool,
    },
}

impl Model for Protocol {
    type State = State;
    type Action = Step;

    fn init_states(&self) -> Vec<State> {
        let message = |place| Message { place, attempts: 0, interrupted: false };
        let mut messages = [message(Place::Done); MESSAGES];
        messages[..self.bounds.messages].fill(message(Place::Queued));
        let worker = |name| Worker { name, age: 0, messages: [Local::UNKNOWN; MESSAGES] };
        let mut seen = [None; NAMES];
        seen[..2].fill(Some(0));
        let Bounds { crashes, outages, lost_answers, jumps, .. } = self.bounds;
        vec![State {
            up: true,
            messages,
            seen,
            workers: [worker(0), worker(1)],
            names: 2,
            left: Left { crashes, outages, lost_answers, jumps },
            history: History {
                begun: [0; MESSAGES],
                begun_unheld: false,
                settled_unheld: false,
                outage: None,
                hasty: false,
            },
        }]
    }

    fn actions(&self, state: &State, steps: &mut Vec<Step>) {
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

    fn next_state(&self, state: &State, step: Step) -> Option<State> {
        let mut next = state.clone();
        next.take(step, self.without);
        (next != *state).then_some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(HELD, |_, state: &State| !state.history.begun_unheld),
            Property::always(SETTLED, |_, state: &State| !state.history.settled_unheld),
            Property::always(BEGUN, |_, state: &State| {
                state.history.begun.iter().all(|begun| *begun <= MOST)
            }),
            Property::always(FOUND, |_, state: &State| {
                state.messages.iter().all(|message| match message.place {
                    Place::Held { by } => state.seen[usize::from(by)].is_some(),
                    Place::Queued | Place::Done | Place::Dead => true,
                })
            }),
            Property::always(PATIENT, |_, state: &State| !state.history.hasty),
            Property::sometimes("all are done", |_, state: &State| {
                state.messages.iter().all(|message| message.place == Place::Done)
            }),
            Property::sometimes("one is a dead letter", |_, state: &State| {
                state.messages.iter().any(|message| message.place == Place::Dead)
            }),
        ]
    }
}

impl Protocol {
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
                if state.up && queued && state.is_sure(worker) {
                    steps.push(Step::Receive { worker, message, answered });
                }
            }
            Stage::Waiting { .. } => match state.asks_first(worker, message, self.without) {
                Some(true) => steps.push(Step::Begin { worker, message, asks: true, answered }),
                Some(false) if answered => {
                    steps.push(Step::Begin { worker, message, asks: false, answered });
                }
                _ => {}
            },
            Stage::Running { reported } if answered => {
                for succeeded in [true, false] {
                    steps.push(Step::End { worker, message, succeeded });
                }
                if state.up && !reported {
                    steps.push(Step::Report { worker, message });
                }
            }
            Stage::Running { .. } => {}
            Stage::Ended { .. } => {
                if state.up {
                    steps.push(Step::Settle { worker, message, answered });
                }
            }
        }
    }
}

impl State {
    fn take(&mut self, step: Step, without: Option<Rule>) {
        match step {
            Step::Tick => {
                self.pass(1);
                self.workers.iter_mut().for_each(|worker| worker.age = SURE.min(worker.age + 1));
            }
            Step::Jump => {
                self.left.jumps -= 1;
                self.pass(LOST + 1);
            }
            Step::GoDown => {
                self.left.outages -= 1;
                self.up = false;
                let in_time = self.seen.map(|seen| seen.is_some_and(|age| age <= LOST / 2));
                self.history.outage = Some((in_time, 0));
            }
            Step::ComeUp => self.up = true,
            Step::Crash { worker } => {
                self.left.crashes -= 1;
                self.crash(worker);
            }
            Step::Heartbeat { worker, answered } => {
                self.alive(worker, without);
                if self.is_answered(answered) {
                    self.renew(worker);
                }
            }
            Step::Receive { worker, message, answered } => {
                self.hand_out(self.workers[worker].name, message);
                if self.is_answered(answered) {
                    let Message { attempts, interrupted, .. } = self.messages[message];
                    self.workers[worker].messages[message] = Local {
                        stage: Stage::Waiting { in_term: true, interrupted },
                        attempt: attempts + 1,
                        is_last_delivery: true,
                    };
                }
            }
            Step::Begin { worker, message, asks, answered } => {
                let answered = self.is_answered(answered);
                self.begin(worker, message, asks, answered);
            }
            Step::Report { worker, message } => self.report(worker, message),
            Step::End { worker, message, succeeded } => {
                let stage = &mut self.workers[worker].messages[message].stage;
                if let Stage::Running { reported } = *stage {
                    *stage = Stage::Ended { reported, succeeded };
                }
            }
            Step::Settle { worker, message, answered } => {
                self.settle(worker, message, without);
                if self.is_answered(answered) {
                    self.workers[worker].messages[message] = Local::UNKNOWN;
                }
            }
        }
    }

    fn is_answered(&mut self, answered: bool) -> bool {
        self.left.lost_answers -= u8::from(!answered);
        answered
    }

    /// Notes a heartbeat that was answered. After a late one, what waits may have been taken over.
    fn renew(&mut self, worker: usize) {
        let late = !self.is_sure(worker);
        let worker = &mut self.workers[worker];
        worker.age = 0;
        for local in &mut worker.messages {
            if let Stage::Waiting { in_term, .. } = &mut local.stage {
                *in_term &= !late;
            }
        }
    }

    fn crash(&mut self, worker: usize) {
        // The engine hears of the next one by its first heartbeat, and it receives nothing before that.
        self.workers[worker] =
            Worker { name: self.names, age: SURE, messages: [Local::UNKNOWN; MESSAGES] };
        self.names += 1;
    }
}
