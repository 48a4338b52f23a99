//! Whether what a real engine did is something that the model does.
//!
//! A [trace](Entry) has what two workers asked and were answered, and what the server's own tables or keys held in between.
//! Each call took effect at some time between its beginning and its end: [`replay`] looks for times and an order in which
//! the model takes the same steps, gives the same answers, and holds the same.

use std::collections::HashSet;
use std::fmt;
use std::str::FromStr;

use crate::protocol::{Bounds, Protocol, Step};
use crate::state::{Local, MESSAGES, Place, Rules, Stage, State};

/// What was seen, by one clock, in milliseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// When it was asked.
    pub from: u64,
    /// When it was answered.
    pub to: u64,
    /// What it was.
    pub seen: Seen,
}

/// What is seen of workers and of the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    /// A worker said that it lives, and looked after what others held.
    Heartbeat {
        /// The worker's index.
        worker: usize,
    },
    /// A worker was given a message.
    Receive {
        /// The worker's index.
        worker: usize,
        /// The message's index.
        message: usize,
        /// Which attempt it was.
        attempt: u8,
    },
    /// A worker asked for a message that is to begin, or told that it has begun.
    Ask {
        /// The worker's index.
        worker: usize,
        /// The message's index.
        message: usize,
        /// Whether it was still its own.
        held: bool,
    },
    /// A task began.
    Run {
        /// The worker's index.
        worker: usize,
        /// The message's index.
        message: usize,
    },
    /// A worker told what became of a message.
    Settle {
        /// The worker's index.
        worker: usize,
        /// The message's index.
        message: usize,
        /// Whether its task succeeded.
        succeeded: bool,
        /// Whether it was still its own.
        held: bool,
    },
    /// What the server had of each message.
    Look {
        /// Of each message.
        rows: [Row; MESSAGES],
    },
}

/// What a server has of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Row {
    /// It waits to be received.
    Queued,
    /// A worker has it.
    Held {
        /// Its index, where the server tells.
        by: Option<usize>,
        /// How long ago its lease was renewed, in milliseconds.
        age: u64,
    },
    /// It was settled.
    Gone,
}

/// How exact an engine is.
#[derive(Clone, Copy, Debug)]
pub struct Precision {
    /// By how much the time after which a worker is lost may seem shorter or longer, in milliseconds.
    pub lost: u16,
    /// By how much the age of a lease may seem to be another, in milliseconds.
    pub age: u64,
}

/// A trace that the model does not allow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The first entry that can't be.
    pub entry: Entry,
    /// How many the model allows.
    pub allowed: usize,
    /// What the model has there.
    pub state: String,
}

/// Finds the model's steps for a trace.
///
/// # Errors
///
/// The entry behind which there is no way on.
pub fn replay(entries: &[Entry], rules: Rules, precision: Precision) -> Result<(), Box<Refused>> {
    let mut search = Search { entries, rules, precision, been: HashSet::new() };
    let begun = Point::first(rules, entries.len());
    let mut furthest = (0, begun.clone());
    let mut open = vec![begun];
    while let Some(point) = open.pop() {
        let taken = point.taken.iter().filter(|taken| **taken).count();
        if taken == entries.len() {
            return Ok(());
        }
        if taken > furthest.0 {
            furthest = (taken, point.clone());
        }
        search.follow(&point, &mut open);
    }
    let (allowed, point) = furthest;
    let left = entries.iter().zip(&point.taken).filter(|(_, taken)| !**taken);
    // Nothing is left only where all was taken.
    let Some((entry, _)) = left.min_by_key(|(entry, _)| entry.to) else { return Ok(()) };
    let state = format!("{:?}", point.state);
    Err(Box::new(Refused { entry: entry.clone(), allowed, state }))
}

struct Search<'a> {
    entries: &'a [Entry],
    rules: Rules,
    precision: Precision,
    been: HashSet<Point>,
}

/// Where the model is after some of the entries.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Point {
    taken: Vec<bool>,
    now: u64,
    state: State,
    /// Which messages' tasks have begun in which worker.
    ran: [[bool; MESSAGES]; 2],
    /// When each message was received last.
    received: [u64; MESSAGES],
}

impl Point {
    /// Nobody has said anything yet.
    fn first(rules: Rules, entries: usize) -> Self {
        let bounds = Bounds {
            messages: MESSAGES,
            crashes: 0,
            outages: 0,
            lost_answers: 0,
            jumps: 0,
            failures: u8::MAX,
        };
        let mut state = Protocol { bounds, rules }.initial();
        state.seen = [None; 3];
        state.workers.iter_mut().for_each(|worker| worker.age = rules.sure());
        Self {
            taken: vec![false; entries],
            now: 0,
            state,
            ran: [[false; MESSAGES]; 2],
            received: [0; MESSAGES],
        }
    }
}

impl Search<'_> {
    /// Takes each entry that may come next, at its earliest and at its latest.
    fn follow(&mut self, point: &Point, open: &mut Vec<Point>) {
        let left = || (0..self.entries.len()).filter(|index| !point.taken[*index]);
        let latest = left().map(|index| self.entries[index].to).min().unwrap_or_default();
        let next: Vec<_> = left().filter(|index| self.entries[*index].from <= latest).collect();
        for index in next.into_iter().rev() {
            let entry = &self.entries[index];
            let (early, late) = (point.now.max(entry.from), latest.min(entry.to));
            if early > late {
                continue;
            }
            let times = if early == late { vec![early] } else { vec![late, early] };
            for now in times {
                for mut reached in self.after(point, now, entry) {
                    reached.taken[index] = true;
                    if self.been.insert(reached.clone()) {
                        open.push(reached);
                    }
                }
            }
        }
    }

    /// What the model may have after an entry: nothing where it does not allow it.
    fn after(&self, point: &Point, now: u64, entry: &Entry) -> Vec<Point> {
        let mut reached = point.clone();
        let passed = u16::try_from(now - point.now).unwrap_or(u16::MAX);
        reached.now = now;
        reached.state.tick(passed, self.slowest());
        match entry.seen {
            Seen::Heartbeat { worker } => {
                let sent = u16::try_from(now - entry.from).unwrap_or(u16::MAX);
                let mut all: Vec<Point> = Vec::new();
                for rules in self.rules_within_precision() {
                    let mut one = reached.clone();
                    one.state.renew_after_outage(self.rules);
                    one.state.look_after(worker, rules);
                    one.state.renew(worker, sent, self.rules);
                    if !all.contains(&one) {
                        all.push(one);
                    }
                }
                all
            }
            Seen::Look { rows } => {
                let alike = rows
                    .iter()
                    .enumerate()
                    .all(|(index, row)| self.is_alike(&reached, index, *row));
                if alike { vec![reached] } else { Vec::new() }
            }
            _ => match self.of_a_message(&mut reached, &entry.seen) {
                Some(()) if !reached.state.history.begun_unheld => vec![reached],
                _ => Vec::new(),
            },
        }
    }

    fn of_a_message(&self, point: &mut Point, seen: &Seen) -> Option<()> {
        let (rules, state) = (self.rules, &mut point.state);
        let protocol = Protocol { bounds: Bounds::NONE, rules };
        match *seen {
            Seen::Receive { worker, message, attempt } => {
                let place = state.messages[message].place;
                if let Place::Held { by } = place
                    && rules.received_from_the_lost
                {
                    state.renew_after_outage(rules);
                    let earliest = self.rules_within_precision()[0];
                    state.is_lost(by, earliest).then(|| state.take_over(message, by))?;
                }
                let is_queued = state.messages[message].place == Place::Queued;
                let is_new = state.workers[worker].messages[message] == Local::UNKNOWN;
                let is_next = state.messages[message].attempts + 1 == attempt;
                if !(is_queued && is_new && is_next && state.is_sure(worker, rules)) {
                    return None;
                }
                protocol.take(state, Step::Receive { worker, message, answered: true });
                point.ran[worker][message] = false;
                point.received[message] = point.now;
            }
            Seen::Ask { worker, message, held } => {
                if state.is_held(worker, message) != held {
                    return None;
                }
                match state.workers[worker].messages[message].stage {
                    Stage::Waiting { .. } => {
                        (state.asks_first(worker, message, rules) == Some(true)).then_some(())?;
                        let step = Step::Begin { worker, message, asks: true, answered: true };
                        protocol.take(state, step);
                    }
                    Stage::Running { .. } => protocol.take(state, Step::Report { worker, message }),
                    Stage::Unknown | Stage::Ended { .. } => return None,
                }
            }
            Seen::Run { worker, message } => {
                if std::mem::replace(&mut point.ran[worker][message], true) {
                    return None;
                }
                match state.workers[worker].messages[message].stage {
                    Stage::Waiting { .. } => {
                        (state.asks_first(worker, message, rules) == Some(false)).then_some(())?;
                        let step = Step::Begin { worker, message, asks: false, answered: true };
                        protocol.take(state, step);
                    }
                    Stage::Running { reported: true } => {}
                    _ => return None,
                }
            }
            Seen::Settle { worker, message, succeeded, held } => {
                let local = state.workers[worker].messages[message];
                let ran =
                    matches!(local.stage, Stage::Running { .. }) && point.ran[worker][message];
                if !ran || state.is_held(worker, message) != held {
                    return None;
                }
                protocol.take(state, Step::Settle { worker, message, succeeded, answered: true });
            }
            Seen::Heartbeat { .. } | Seen::Look { .. } => return None,
        }
        Some(())
    }

    fn is_alike(&self, point: &Point, message: usize, row: Row) -> bool {
        match (point.state.messages[message].place, row) {
            (Place::Queued, Row::Queued) | (Place::Done | Place::Dead, Row::Gone) => true,
            (Place::Held { by: name }, Row::Held { by, age }) => {
                let Some(seen) = point.state.seen[usize::from(name)] else { return false };
                let mut seen = u64::from(seen);
                if self.rules.received_from_the_lost {
                    // There each message has a lease of its own, which begins with it.
                    seen = seen.min(point.now - point.received[message]);
                }
                // The model's age stops where the worker is lost.
                let age = age.min(u64::from(self.slowest().lost) + 1);
                by.is_none_or(|by| by == usize::from(name))
                    && age.abs_diff(seen) <= self.precision.age
            }
            _ => false,
        }
    }

    /// The shortest and the longest time after which the engine may find a worker lost.
    fn rules_within_precision(&self) -> [Rules; 2] {
        let Rules { lost, .. } = self.rules;
        let shortest = lost.saturating_sub(self.precision.lost);
        [Rules { lost: shortest, ..self.rules }, self.slowest()]
    }

    fn slowest(&self) -> Rules {
        Rules { lost: self.rules.lost + self.precision.lost, ..self.rules }
    }
}

impl Bounds {
    const NONE: Self =
        Self { messages: MESSAGES, crashes: 0, outages: 0, lost_answers: 0, jumps: 0, failures: 0 };
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { entry, allowed, state } = self;
        write!(f, "after {allowed} entries the model does not allow `{entry}`; it has {state}")
    }
}

/// As a line.
impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} ", self.from, self.to)?;
        match &self.seen {
            Seen::Heartbeat { worker } => write!(f, "{worker} heartbeat"),
            Seen::Receive { worker, message, attempt } => {
                write!(f, "{worker} receive {message} {attempt}")
            }
            Seen::Ask { worker, message, held } => write!(f, "{worker} ask {message} {held}"),
            Seen::Run { worker, message } => write!(f, "{worker} run {message}"),
            Seen::Settle { worker, message, succeeded, held } => {
                write!(f, "{worker} settle {message} {succeeded} {held}")
            }
            Seen::Look { rows } => write!(f, "look {rows:?}"),
        }
    }
}

/// Of a line that a worker wrote. What the server held is no line.
impl FromStr for Entry {
    type Err = String;

    fn from_str(line: &str) -> Result<Self, String> {
        let seen = || -> Option<Self> {
            let words: Vec<&str> = line.split(' ').collect();
            let (from, to) = (words.first()?.parse().ok()?, words.get(1)?.parse().ok()?);
            let worker = words.get(2)?.parse().ok().filter(|worker| *worker < 2)?;
            let message = || -> Option<usize> {
                words.get(4)?.parse().ok().filter(|message| *message < MESSAGES)
            };
            let flag = |place: usize| -> Option<bool> { words.get(place)?.parse().ok() };
            let seen = match *words.get(3)? {
                "heartbeat" => Seen::Heartbeat { worker },
                "receive" => Seen::Receive {
                    worker,
                    message: message()?,
                    attempt: words.get(5)?.parse().ok()?,
                },
                "ask" => Seen::Ask { worker, message: message()?, held: flag(5)? },
                "run" => Seen::Run { worker, message: message()? },
                "settle" => Seen::Settle {
                    worker,
                    message: message()?,
                    succeeded: flag(5)?,
                    held: flag(6)?,
                },
                _ => return None,
            };
            Some(Self { from, to, seen })
        };
        seen().ok_or_else(|| format!("no entry of a trace: {line}"))
    }
}
