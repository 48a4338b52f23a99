//! What there is at one time. Times are ages, which stop where they mean no more: so there is an end to the states.

use crate::protocol::Rule;

/// What the workers and the engine go by.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// How often a message is tried.
    pub attempts: u8,
    /// After how much time without a heartbeat a worker is lost, by the server's clock.
    pub lost: u16,
    /// Whether what a lost worker held is taken over one by one by who receives it, and not by whoever sends a heartbeat.
    pub received_from_the_lost: bool,
    /// What is left out.
    pub without: Option<Rule>,
}

/// Names of workers: one that is started again has another.
pub const NAMES: usize = 3;

/// The most messages of a model. What a smaller one has more is done from the beginning.
pub const MESSAGES: usize = 3;

/// All there is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct State {
    /// Whether the server is there.
    pub up: bool,
    /// What the server has.
    pub messages: [Message; MESSAGES],
    /// How long ago each worker was last heard of, by the server's clock.
    pub seen: [Option<u16>; NAMES],
    /// What the workers have.
    pub workers: [Worker; 2],
    /// How many names were given.
    pub names: u8,
    /// What may still go wrong.
    pub left: Left,
    /// What the properties are about.
    pub history: History,
}

/// How many faults may still happen.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Left {
    /// Of workers.
    pub crashes: u8,
    /// Of the server.
    pub outages: u8,
    /// Of any call.
    pub lost_answers: u8,
    /// Of the server's clock.
    pub jumps: u8,
    /// Of tasks that nothing else disturbs.
    pub failures: u8,
}

/// A message as the server has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Message {
    /// Where it is.
    pub place: Place,
    /// The attempts that count.
    pub attempts: u8,
    /// Whether a worker that held it was lost.
    pub interrupted: bool,
}

/// Where a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// It waits to be received.
    Queued,
    /// A worker of this name has it.
    Held {
        /// The name.
        by: u8,
    },
    /// It was settled as done.
    Done,
    /// It is a dead letter.
    Dead,
}

/// A worker.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Worker {
    /// By which the server knows it.
    pub name: u8,
    /// The time since it sent the last heartbeat that was answered, by its own clock.
    pub age: u16,
    /// What it has of each message.
    pub messages: [Local; MESSAGES],
}

/// A message as a worker has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Local {
    /// How far it is.
    pub stage: Stage,
    /// Which attempt it is.
    pub attempt: u8,
    /// Whether it is what the server handed out last: what a delivery's tag says.
    pub is_last_delivery: bool,
}

/// How far a message is in a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// The worker does not have it.
    Unknown,
    /// It has not begun.
    Waiting {
        /// No heartbeat was late since.
        in_term: bool,
        /// A worker that held it before was lost.
        interrupted: bool,
    },
    /// It has begun. When it ends, nobody sees before it is settled.
    Running {
        /// The engine knows.
        reported: bool,
    },
    /// It has ended, and the worker does not know whether the engine knows.
    Ended {
        /// How.
        succeeded: bool,
    },
}

/// What the properties are about, and nobody in the protocol knows.
#[expect(clippy::struct_excessive_bools, reason = "each is another property's")]
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct History {
    /// How often each message was begun.
    pub begun: [u8; MESSAGES],
    /// Something was begun by a worker that did not hold it.
    pub begun_unheld: bool,
    /// Something was settled by a worker that did not hold it.
    pub settled_unheld: bool,
    /// Who was not late when the last outage began or the clock was set, until half a lease after its end.
    pub outage: Option<([bool; NAMES], u16)>,
    /// Something was taken over from one of these.
    pub hasty: bool,
    /// A worker holds something after its heartbeat that it knows nothing of.
    pub forgotten: bool,
}

impl Rules {
    /// How long a worker is sure of what it holds.
    pub fn sure(self) -> u16 {
        self.lost / 2
    }

    pub(crate) fn has(self, rule: Rule) -> bool {
        self.without != Some(rule)
    }
}

impl Local {
    /// What a worker has of a message that it has not.
    pub const UNKNOWN: Self = Self { stage: Stage::Unknown, attempt: 0, is_last_delivery: false };
}

impl State {
    /// Whether the delivery that a worker has of a message is still its own.
    pub fn is_held(&self, worker: usize, message: usize) -> bool {
        let Worker { name, messages, .. } = &self.workers[worker];
        self.messages[message].place == (Place::Held { by: *name })
            && messages[message].is_last_delivery
    }

    /// Whether a worker is sure of its leases.
    pub(crate) fn is_sure(&self, worker: usize, rules: Rules) -> bool {
        self.workers[worker].age < rules.sure()
    }
}
