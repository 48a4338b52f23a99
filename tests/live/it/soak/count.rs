//! What became of each message, by what services and workers have noted and what the engine keeps.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use airlock_live::{ATTEMPTS, Engine, Record, Server, ends_worker};
use base64::prelude::{BASE64_STANDARD, Engine as _};

pub(super) struct Counts {
    pub(super) sent: usize,
    /// Those of which no service knows whether they left: it was killed, or the flush failed.
    unsure: usize,
    once: usize,
    more_often: usize,
    /// Those that were begun more often than they have attempts.
    repeated: usize,
    dead: usize,
    /// Those that are more than one dead letter.
    dead_again: usize,
    pub(super) lost: Vec<u64>,
    pub(super) invented: Vec<u64>,
    /// Each with how many faults there had been at each of its beginnings.
    pub(super) begun_too_often: BTreeMap<u64, Vec<usize>>,
}

impl Counts {
    pub(super) async fn of<E: Engine>(record: &Record, engine: &E) -> Self {
        let (sending, sent) = (record.count("sending"), record.count("sent"));
        let (begun, ran) = (record.count("begun"), record.count("ran"));
        let letters = engine.list(1_000_000).await.expect("the dead letters");
        let mut dead: BTreeMap<u64, usize> = BTreeMap::new();
        for letter in letters {
            *dead.entry(order_in(&letter.body)).or_default() += 1;
        }
        let once_more =
            |order: &u64| begun.get(order).map_or(0, |n| n.saturating_sub(ATTEMPTS as usize));
        let too_dead: Vec<_> = dead
            .iter()
            .filter(|(order, letters)| **letters > 1 + letters_more::<E>(once_more(order)))
            .collect();
        assert_eq!(too_dead, [], "more dead letters of one message than its attempts explain");

        let ended = |order: &u64| ran.contains_key(order) || dead.contains_key(order);
        let lost = sent.keys().copied().filter(|order| !ended(order)).collect();
        let known = |order: &u64| sending.contains_key(order);
        let seen = begun.keys().chain(ran.keys()).chain(dead.keys());
        let invented: BTreeSet<u64> = seen.copied().filter(|order| !known(order)).collect();
        let once = ran.values().filter(|times| **times == 1).count();
        Self {
            sent: sent.len(),
            unsure: sending.len() - sent.len(),
            once,
            more_often: ran.len() - once,
            repeated: begun.values().filter(|times| **times > ATTEMPTS as usize).count(),
            dead: dead.len(),
            dead_again: dead.values().filter(|letters| **letters > 1).count(),
            lost,
            invented: invented.into_iter().collect(),
            begun_too_often: begun_too_often::<E>(record),
        }
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { sent, unsure, once, more_often, repeated, dead, dead_again, .. } = self;
        let (lost, invented) = (self.lost.len(), self.invented.len());
        let too_often = self.begun_too_often.len();
        write!(f, "{sent} left and {unsure} may have, {once} ran once, {more_often} more often, ")?;
        write!(
            f,
            "{repeated} begun more than {ATTEMPTS} times, {dead} dead letters, {dead_again} of them twice; {lost} lost, {too_often} begun too often, {invented} invented"
        )
    }
}

/// How many dead letters a message may be beside the first, if it was begun so many times more often than it has attempts.
/// RabbitMQ takes a letter before it is told that the message is settled: where it does not learn that, the message is
/// tried once more. The other engines take both in one step.
fn letters_more<E: Engine>(begun_more: usize) -> usize {
    if E::SERVER == Server::RabbitMq { begun_more } else { 0 }
}

/// How often a message may be begun more for one fault. An attempt may not be counted that had just begun. RabbitMQ takes
/// what follows a failed attempt before it is told that the message is settled: where it does not learn that, there are two
/// of it, each with the attempts that it has left.
fn more_for_a_fault<E: Engine>() -> usize {
    if E::SERVER == Server::RabbitMq { ATTEMPTS as usize } else { 1 }
}

/// The orders that were begun more often than a task may be: as often as it has attempts, and more for each fault meanwhile.
/// A fault lasts until it is calm.
fn begun_too_often<E: Engine>(record: &Record) -> BTreeMap<u64, Vec<usize>> {
    let (mut faults, mut over) = (0, 0);
    let mut begun: BTreeMap<u64, (usize, Vec<usize>)> = BTreeMap::new();
    for (event, order) in record.lines() {
        match &*event {
            "fault" => faults += 1,
            "calm" => over = faults,
            "begun" => {
                begun.entry(order).or_insert((over, Vec::new())).1.push(faults);
                // It ends its worker, which is a fault to the others.
                faults += usize::from(ends_worker::<E>(order));
            }
            _ => {}
        }
    }
    let is_explained = |over: usize, begun: &[usize]| {
        let mut times = begun.iter().enumerate();
        times.all(|(times, faults)| {
            times < ATTEMPTS as usize + (faults - over) * more_for_a_fault::<E>()
        })
    };
    let begun = begun.into_iter().filter(|(_, (over, begun))| !is_explained(*over, begun));
    begun.map(|(order, (_, begun))| (order, begun)).collect()
}

/// The order that a message is about, which every engine's format has as JSON; Celery's over Redis, inside a text.
fn order_in(message: &[u8]) -> u64 {
    let text = String::from_utf8_lossy(message);
    let body = text.split_once("{\"body\":\"").and_then(|(_, rest)| rest.split('"').next());
    let body = body.and_then(|body| BASE64_STANDARD.decode(body).ok());
    let text = body.map_or(text, |body| String::from_utf8_lossy(&body).into_owned().into());
    let order = text.split_once("\"order_id\":").and_then(|(_, rest)| {
        let digits = rest.trim_start().split(|c: char| !c.is_ascii_digit()).next()?;
        digits.parse().ok()
    });
    order.unwrap_or_else(|| panic!("about no order: {text}"))
}
