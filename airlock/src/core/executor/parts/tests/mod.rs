//! Random sequences of part, rejoin, chunk, fail and drop, beside a list of what is known of each intent.

mod engine;

use std::pin::pin;
use std::sync::Mutex;
use std::task::{Context, Waker};

use self::engine::{Book, Engine, Known, number};
use super::Parts;
use crate::core::executor::ledger::MaybeSent;
use crate::core::executor::random::Random;
use crate::core::executor::{Batch, OnFailure};
use crate::core::report::Fate;

const SEEDS: u64 = 20_000;

/// Dispatches a batch in parts, each up to its end or to where it hangs, and closes it.
fn dispatch(batch: &mut Batch, engine: &Engine, random: &mut Random) {
    let mut parts = Parts::new(batch);
    for _ in 0..random.index(1..4) {
        let chosen = random.some_of(0..40);
        let all = random.one_in(3);
        let out = parts.rest(|index| all || chosen.contains(&index));
        let aside = random.one_in(3);
        if aside {
            parts.put_reasons_aside();
        }
        let mut context = Context::from_waker(Waker::noop());
        let hangs = pin!(parts.send(engine, out)).as_mut().poll(&mut context).is_pending();
        if aside && !(hangs && random.one_in(2)) {
            let mut earlier = parts.take_earlier();
            parts.explain(|index, reason| {
                reason.or_else(|| index.and_then(|index| earlier.get_mut(index)?.take()))
            });
        } else if hangs {
            // As where the flush is dropped.
            drop(parts);
            return batch.cut_short();
        }
    }
    if random.one_in(4) {
        drop(parts);
        batch.cut_short();
    } else {
        let answer = parts.finish();
        batch.close(answer);
    }
}

/// The same chunk by chunk.
fn dispatch_in_chunks(whole: &mut Batch, size: usize, engine: &Engine, random: &mut Random) {
    let mut waiting = whole.take_all().into_iter();
    let (mut ended, mut cascades) = (0, Batch::new(whole.on_failure()));
    loop {
        let intents: Vec<_> = waiting.by_ref().take(size).collect();
        let begun = intents.len();
        let mut chunk = whole.chunk(ended, intents);
        if begun == 0 {
            break;
        }
        ended += begun;
        dispatch(&mut chunk, engine, random);
        whole.refill(&mut chunk, begun);
        cascades.absorb(chunk, begun);
        if random.one_in(5) {
            break;
        }
    }
    let left = waiting.len();
    let mut rest = whole.chunk(ended, waiting.collect());
    whole.refill(&mut rest, left);
    whole.absorb(cascades, 0);
}

/// Each intent has one entry, in the order of enqueue, with the fate that it met; and those that did not leave are here.
fn check(batch: &mut Batch, book: &Book, seed: u64, runs_are_kept: bool) {
    let (pages, entries) = (book.pages(), batch.entries(|fate| fate));
    let numbers: Vec<_> = entries.iter().map(|entry| number(&entry.to_string())).collect();
    assert_eq!(numbers, (0..pages.len()).collect::<Vec<_>>(), "seed {seed}: {entries:?}");
    for (entry, page) in entries.iter().zip(&pages) {
        let is_known = match (&page.known, entry.fate()) {
            (Known::Sent, Fate::Dispatched)
            | (Known::Duplicate, Fate::Duplicate)
            | (Known::Dropped, Fate::Dropped { .. })
            | (Known::NotAttempted, Fate::NotAttempted) => true,
            (Known::Failed(said), Fate::Failed { error }) if said == error => true,
            (Known::MaybeSent, Fate::Failed { error })
                if *error == MaybeSent::Cancelled.to_string() =>
            {
                true
            }
            (Known::Sent | Known::Duplicate | Known::Dropped, _) => false,
            (_, Fate::Failed { error }) => page.refused && error == "refused",
            _ => false,
        };
        assert!(is_known, "seed {seed}: {:?}\n{entries:?}", page.known);
    }
    if runs_are_kept {
        for (index, intent) in batch.iter().enumerate() {
            let (_, generation, _) = batch.run_of(index);
            let page = &pages[number(&intent.to_string())];
            assert_eq!(generation, page.generation, "seed {seed}: {intent}");
        }
    }
    let (states, _) = std::mem::take(&mut batch.ledger).into_states(batch.len());
    let left = batch.take_all().into_iter().zip(states).filter(|(_, state)| !state.is_sent());
    let left: Vec<_> = left.map(|(intent, _)| number(&intent.to_string())).collect();
    let is_left = |page: &engine::Page| {
        !matches!(page.known, Known::Sent | Known::Duplicate | Known::Dropped)
    };
    let expected: Vec<_> = (0..pages.len()).filter(|number| is_left(&pages[*number])).collect();
    assert_eq!(left, expected, "seed {seed}: handed back");
}

#[test]
fn each_intent_of_a_batch_in_parts_has_one_fate_and_its_place() {
    for seed in 0..SEEDS {
        let mut random = Random(seed);
        let book = Book::default();
        let engine = Engine { book: book.clone(), random: Mutex::new(Random(!seed)) };
        let mut batch = Batch::new(OnFailure::Stop);
        for _ in 0..random.index(1..4) {
            book.append(&mut batch, &mut random);
        }
        let chunks = random.one_in(2).then(|| random.index(1..4));
        match chunks {
            Some(size) => dispatch_in_chunks(&mut batch, size, &engine, &mut random),
            None => dispatch(&mut batch, &engine, &mut random),
        }
        check(&mut batch, &book, seed, chunks.is_none());
    }
}
