//! Ledgers beside a list with one fate an intent.

use super::{Ledger, MaybeSent, State};
use crate::core::executor::DispatchError;
use crate::core::executor::random::Random;
use crate::core::report::Fate;

const SEEDS: u64 = 20_000;

fn failed(error: &str) -> Fate {
    Fate::Failed { error: error.into() }
}

fn fates(ledger: &Ledger, len: usize) -> Vec<Fate> {
    ledger.fates(len).collect()
}

/// What an executor has noted, and what it was told of each intent.
struct Noted {
    ledger: Ledger,
    len: usize,
    sent: usize,
    /// Those before it may have been sent.
    maybe_sent: usize,
    failed: Vec<Option<String>>,
    duplicate: Vec<bool>,
}

impl Noted {
    fn random(random: &mut Random) -> Self {
        let len = random.index(1..10);
        let mut noted = Self {
            ledger: Ledger::new(),
            len,
            sent: 0,
            maybe_sent: 0,
            failed: vec![None; len],
            duplicate: vec![false; len],
        };
        for _ in 0..random.index(0..8) {
            noted.note(random);
        }
        noted
    }

    fn note(&mut self, random: &mut Random) {
        let index = random.index(0..self.len);
        match random.index(0..4) {
            0 => {
                self.ledger.sent_until(index);
                self.sent = index;
            }
            1 => {
                let end = random.index(index..self.len + 3);
                self.ledger.sending(index..end);
                self.sent = index;
                self.maybe_sent = self.maybe_sent.max(end);
            }
            2 => {
                let error = format!("error {}", random.index(0..100));
                self.ledger.fail(index, error.clone().into());
                self.failed[index].get_or_insert(error);
                self.sent = index + 1;
            }
            _ => {
                self.ledger.note(index, State::Duplicate);
                self.duplicate[index] = true;
            }
        }
    }

    /// What each intent has become, of which so many count as sent.
    fn expected(&self, sent: usize) -> Vec<Fate> {
        let fate = |index: usize| match &self.failed[index] {
            Some(error) => failed(error),
            None if index >= sent => Fate::NotAttempted,
            None if self.duplicate[index] => Fate::Duplicate,
            None => Fate::Dispatched,
        };
        (0..self.len).map(fate).collect()
    }
}

#[test]
fn an_answer_says_of_each_intent_what_it_became() {
    for seed in 0..SEEDS {
        let mut random = Random(seed);
        let Noted { mut ledger, len, duplicate, failed: noted, .. } = Noted::random(&mut random);
        // Unsorted, with some twice and some that no intent has.
        let mut failures: Vec<_> = random.some_of(0..len).into_iter().rev().collect();
        failures.extend(random.some_of(0..len));
        let outside = random.one_in(6).then(|| len + random.index(0..3));
        failures.extend(outside);
        let errors = failures.iter().map(|index| (*index, format!("error {index}").into()));
        let errors = errors.collect();
        let attempted = random.index(0..len + 1);
        let kind = random.index(0..5);
        let answer = match kind {
            0 => Ok(()),
            1 => Err(DispatchError::all("all")),
            2 => Err(DispatchError::refused("refused")),
            3 => Err(DispatchError::until(attempted, errors)),
            _ => DispatchError::each(errors),
        };
        let nothing_failed = kind == 4 && failures.is_empty();
        let expected: Vec<_> = (0..len)
            .map(|index| match kind {
                1 => failed("all"),
                2 => Fate::NotAttempted,
                3 | 4 if failures.contains(&index) => failed(&format!("error {index}")),
                3 | 4 if outside.is_some() => failed(&format!("error {}", outside.unwrap_or(0))),
                3 if index >= attempted => Fate::NotAttempted,
                // Of one that failed nothing else is noted.
                _ if duplicate[index] && noted[index].is_none() => Fate::Duplicate,
                _ => Fate::Dispatched,
            })
            .collect();
        let all_sent = ledger.close(answer, len);
        assert_eq!(fates(&ledger, len), expected, "seed {seed}");
        let sent = |fate: &Fate| matches!(fate, Fate::Dispatched | Fate::Duplicate);
        assert_eq!(all_sent, expected.iter().all(sent), "seed {seed}");
        assert_eq!(all_sent, ledger.all_sent(len), "seed {seed}");
        assert!(all_sent || !nothing_failed, "seed {seed}");
    }
}

#[test]
fn what_was_on_its_way_may_have_been_sent_where_nobody_waited_for_the_answer() {
    let maybe_sent = failed(&MaybeSent::Cancelled.to_string());
    for seed in 0..SEEDS {
        let mut noted = Noted::random(&mut Random(seed));
        let mut expected = noted.expected(noted.sent);
        for fate in expected.iter_mut().take(noted.maybe_sent) {
            if *fate == Fate::NotAttempted {
                *fate = maybe_sent.clone();
            }
        }
        noted.ledger.cut_short(noted.len);
        assert_eq!(fates(&noted.ledger, noted.len), expected, "seed {seed}");
    }
}

#[test]
fn what_has_stopped_is_known_and_leaves_in_doubt_what_the_next_executor_does_not_say() {
    for seed in 0..SEEDS {
        let mut random = Random(seed);
        let mut noted = Noted::random(&mut random);
        let last_failed = noted.failed.iter().rposition(Option::is_some).map_or(0, |last| last + 1);
        let mut next = Ledger::new();
        if random.one_in(2) {
            let expected = noted.expected(noted.sent);
            next.close(Err(noted.ledger.stop().into()), noted.len);
            assert_eq!(fates(&next, noted.len), expected, "seed {seed}");
        } else {
            let expected = noted.expected(noted.len);
            let finished = noted.ledger.finish(noted.len);
            noted.sent = noted.len;
            assert_eq!(finished.is_err(), last_failed > 0, "seed {seed}");
            if finished.is_ok() {
                // Nothing is in doubt until the next one begins.
                noted.ledger.begin();
            }
            next.close(finished, noted.len);
            let is_duplicate = |fate: &Fate| *fate == Fate::Duplicate;
            if last_failed > 0 {
                assert_eq!(fates(&next, noted.len), expected, "seed {seed}");
            } else {
                let duplicates = expected.iter().filter(|fate| is_duplicate(fate)).count();
                assert_eq!(noted.ledger.duplicates().count(), duplicates, "seed {seed}");
            }
        }
        let in_doubt = noted.sent.max(noted.maybe_sent).max(last_failed);
        assert_eq!(noted.ledger.maybe_sent(), in_doubt, "seed {seed}");
        noted.ledger.cut_short(noted.len);
        let expected = |index| {
            if index < in_doubt {
                failed(&MaybeSent::Cancelled.to_string())
            } else {
                Fate::NotAttempted
            }
        };
        let expected: Vec<_> = (0..noted.len).map(expected).collect();
        assert_eq!(fates(&noted.ledger, noted.len), expected, "seed {seed}");
    }
}

/// The ledger of a batch that is done, and how many intents that has.
fn closed(random: &mut Random) -> (Ledger, usize) {
    let Noted { mut ledger, len, sent, .. } = Noted::random(random);
    match random.index(0..5) {
        0 => drop(ledger.close(Ok(()), len)),
        1 => drop(ledger.close(Err(DispatchError::all("all")), len)),
        2 => drop(ledger.close(Err(DispatchError::refused("refused")), len)),
        3 => ledger.cut_short(len),
        _ => {
            ledger.sent_until(sent);
            let stopped = ledger.stop();
            ledger.close(Err(stopped.into()), len);
        }
    }
    (ledger, len)
}

#[test]
fn pieces_put_together_say_what_they_said_before() {
    for seed in 0..SEEDS {
        let mut random = Random(seed);
        let (mut whole, mut len) = (Ledger::new(), 0);
        let mut expected = Vec::new();
        for _ in 0..random.index(1..5) {
            let (mut piece, mut more) = closed(&mut random);
            if random.one_in(3) {
                let at = random.index(0..more + 1);
                let before = fates(&piece, more);
                let later = piece.split_off(at, more);
                assert_eq!(fates(&piece, at), before[..at], "seed {seed}");
                assert_eq!(fates(&later, more - at), before[at..], "seed {seed}");
                let (first, rest) = (random.one_in(2), more - at);
                (piece, more) = if first { (piece, at) } else { (later, rest) };
            }
            expected.extend(fates(&piece, more));
            whole.append(len, piece, more);
            len += more;
        }
        assert_eq!(fates(&whole, len), expected, "seed {seed}");
        let sent = |fate: &Fate| matches!(fate, Fate::Dispatched | Fate::Duplicate);
        assert_eq!(whole.all_sent(len), expected.iter().all(sent), "seed {seed}");
        let (states, _) = whole.into_states(len);
        assert_eq!(states.len(), len, "one state each");
        assert_eq!(fates(&states.into(), len), expected, "seed {seed}");
    }
}

#[test]
fn nothing_is_allocated_while_all_goes_well() {
    let mut ledger = Ledger::new();
    ledger.begin();
    ledger.sending(0..3);
    ledger.sent_until(3);
    assert!(ledger.finish(5).is_ok());
    assert!(ledger.close(Ok(()), 5));
    let mut whole = Ledger::new();
    whole.append(0, ledger, 5);
    assert!(whole.exceptions.is_none());
    assert!(whole.all_sent(5));
}
