//! What there is at one time. Times are ages, which stop where they mean no more: so there is an end to the states.

/// How often a message is tried.
pub(crate) const ATTEMPTS: u8 = 2;

/// After how many ticks of the server's clock without a heartbeat a worker is lost.
pub(crate) const LOST: u8 = 2;

/// How long a worker is sure of what it holds.
pub(crate) const SURE: u8 = LOST / 2;

/// Names of workers: one that is started again has another.
pub(crate) const NAMES: usize = 3;

/// The most messages of a model. What a smaller one has more is done from the beginning.
pub(crate) const MESSAGES: usize = 3;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct State {
    pub(crate) up: bool,
    pub(crate) messages: [Message; MESSAGES],
    /// How long ago each worker was last heard of, by the server's clock.
    pub(crate) seen: [Option<u8>; NAMES],
    pub(crate) workers: [Worker; 2],
    /// The names that were given.
    pub(crate) names: u8,
    pub(crate) left: Left,
    pub(crate) history: History,
}

/// How many faults may still happen.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Left {
    pub(crate) crashes: u8,
    pub(crate) outages: u8,
    pub(crate) lost_answers: u8,
    pub(crate) jumps: u8,
}

/// A message as the server has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Message {
    pub(crate) place: Place,
    /// The attempts that count.
    pub(crate) attempts: u8,
    /// Whether a worker that held it was lost.
    pub(crate) interrupted: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Place {
    Queued,
    Held { by: u8 },
    Done,
    Dead,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Worker {
    pub(crate) name: u8,
    /// Ticks since it sent the last heartbeat that was answered, by its own clock.
    pub(crate) age: u8,
    pub(crate) messages: [Local; MESSAGES],
}

/// A message as a worker has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Local {
    pub(crate) stage: Stage,
    pub(crate) attempt: u8,
    /// Whether it is what the server handed out last: what a delivery's tag says.
    pub(crate) is_last_delivery: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Stage {
    Unknown,
    /// `in_term`: no heartbeat was late since.
    Waiting {
        in_term: bool,
        interrupted: bool,
    },
    Running {
        reported: bool,
    },
    Ended {
        reported: bool,
        succeeded: bool,
    },
}

/// What the properties are about, and nobody in the protocol knows.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct History {
    /// How often each message was begun.
    pub(crate) begun: [u8; MESSAGES],
    /// Something was begun by a worker that did not hold it.
    pub(crate) begun_unheld: bool,
    /// Something was settled by a worker that did not hold it.
    pub(crate) settled_unheld: bool,
    /// Who was not late when the last outage began, until half a lease after its end.
    pub(crate) outage: Option<([bool; NAMES], u8)>,
    /// Something was taken over from one of these.
    pub(crate) hasty: bool,
}

impl Local {
    pub(crate) const UNKNOWN: Self =
        Self { stage: Stage::Unknown, attempt: 0, is_last_delivery: false };
}

impl State {
    /// Whether the delivery that a worker has of a message is still its own.
    pub(crate) fn is_held(&self, worker: usize, message: usize) -> bool {
        let Worker { name, messages, .. } = &self.workers[worker];
        self.messages[message].place == (Place::Held { by: *name })
            && messages[message].is_last_delivery
    }

    /// Whether a worker is sure of its leases.
    pub(crate) fn is_sure(&self, worker: usize) -> bool {
        self.workers[worker].age < SURE
    }
}
