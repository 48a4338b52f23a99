//! What is known of what happened, to be compared with the report.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use airlock::{
    Backoff, Fallback, Fate, Inline, Intent, Report, Retry, Route, States, Timeout, tasks,
};

use super::engine::Engine;
use super::program::{One, Program, Tree};
use crate::executors::{Any, number};

#[derive(Clone, Default)]
pub(super) struct Book(Arc<Mutex<Pages>>);

#[derive(Default)]
pub(super) struct Pages {
    enqueued: u64,
    /// What has left for certain.
    pub(super) left: BTreeSet<u64>,
    /// What an engine has because an intent of the same key came before.
    pub(super) duplicates: BTreeSet<u64>,
    /// What had been sent without an answer when its engine was cut off, and was not tried again.
    pub(super) in_doubt: BTreeSet<u64>,
    runs: u64,
    wrong: Vec<String>,
}

impl Book {
    pub(super) fn with<T>(&self, look: impl FnOnce(&mut Pages) -> T) -> T {
        look(&mut self.0.lock().expect("not poisoned"))
    }

    pub(super) fn enqueue(&self, intents: u64) {
        for _ in 0..intents {
            let n = self.with(|pages| {
                pages.enqueued += 1;
                pages.enqueued - 1
            });
            work::enqueue(n).expect("there is a scope");
        }
    }

    /// A batch is in the order of enqueue, and nothing in it has left before.
    pub(super) fn arrives(&self, batch: &[u64]) {
        self.with(|pages| {
            pages.in_doubt.retain(|n| !batch.contains(n));
            if !batch.is_sorted_by(|a, b| a < b) {
                pages.wrong.push(format!("{batch:?} is out of order"));
            }
            let again =
                batch.iter().filter(|n| pages.left.contains(n) || pages.duplicates.contains(n));
            let again: Vec<_> = again.collect();
            if !again.is_empty() {
                let wrong = format!("{again:?} are sent again, in {batch:?}");
                pages.wrong.push(wrong);
            }
        });
    }

    pub(super) fn executor(&self, tree: &Tree) -> Any {
        let inner = |tree: &Tree| self.executor(tree);
        Any(match tree {
            Tree::Engine(acts) => Arc::new(Engine::new(self, acts)),
            Tree::Closure(ones) => Arc::new(self.closure(ones)),
            Tree::Inline => {
                let states = States::new().with(self.clone());
                let inline = Inline::builder().states(states).serving(tasks![work]).build();
                Arc::new(inline.expect("it is complete"))
            }
            Tree::Retry(attempts, tree) => {
                let backoff = Backoff::new(Duration::from_millis(1)).exact();
                Arc::new(Retry::new(inner(tree)).attempts(*attempts).backoff(backoff))
            }
            Tree::Timeout(tree) => Arc::new(Timeout::new(inner(tree), Duration::from_millis(4))),
            Tree::Fallback(first, second) => Arc::new(Fallback::new(inner(first), inner(second))),
            Tree::Route(by, some, rest) => {
                let by = *by;
                let route = Route::to(inner(some));
                let route = route.when(move |intent| number(intent).is_multiple_of(by));
                Arc::new(route.otherwise(inner(rest)))
            }
        })
    }

    fn closure(&self, ones: &[One]) -> impl airlock::Executor + use<> {
        let (book, ones) = (self.clone(), Mutex::new(VecDeque::from(ones.to_vec())));
        move |intent: Intent| {
            let n = number(&intent);
            book.arrives(&[n]);
            let one = {
                let mut ones = ones.lock().expect("not poisoned");
                ones.rotate_left(1);
                ones[0]
            };
            match one {
                One::Fails => return Err("no"),
                One::Panics => std::panic::resume_unwind(Box::new("on purpose")),
                One::Sends => book.with(|pages| pages.left.insert(n)),
            };
            Ok(())
        }
    }

    /// Law 7: each intent has one fate, the one that it met; the counts add up; the order is kept.
    pub(super) fn check(
        &self,
        report: &Report,
        program: &Program,
        is_dropped: bool,
    ) -> Result<(), String> {
        self.with(|pages| {
            let is = |holds: bool, what: &str| {
                let pages = (&pages.left, &pages.duplicates, &pages.in_doubt);
                if holds { Ok(()) } else { Err(format!("{what}\n{pages:?}\n{report}")) }
            };
            is(pages.wrong.is_empty(), &pages.wrong.join("; "))?;
            let entries = report.entries().iter();
            let order = entries.clone().filter_map(|entry| entry.arguments()["n"].as_u64());
            let order: Vec<_> = order.collect();
            is(
                order[..].starts_with(&(0..program.intents).collect::<Vec<_>>()),
                "not the intents in the order of enqueue",
            )?;
            let fates: BTreeMap<_, _> =
                order.iter().zip(entries.map(airlock::ReportEntry::fate)).collect();
            let all: BTreeSet<_> = order.iter().copied().collect();
            is(
                all == (0..pages.enqueued).collect() && all.len() == order.len(),
                "not one fate each",
            )?;
            is(adds_up(report), "the counts don't add up")?;
            let with = |is: fn(&Fate) -> bool| -> BTreeSet<u64> {
                fates.iter().filter(|(_, fate)| is(fate)).map(|(n, _)| **n).collect()
            };
            let left: BTreeSet<_> = pages.left.difference(&pages.duplicates).copied().collect();
            is(with(|fate| *fate == Fate::Dispatched) == left, "not what has left")?;
            is(with(|fate| *fate == Fate::Duplicate) == pages.duplicates, "not the duplicates")?;
            // What tasks enqueue is judged as well.
            let dropped = with(|fate| matches!(fate, Fate::Dropped { .. }));
            let dropped: Vec<_> = dropped.range(..program.intents).copied().collect();
            is(dropped == program.dropped(), "not what the policy drops")?;
            let failed = with(|fate| matches!(fate, Fate::Failed { .. }));
            is(failed.is_superset(&pages.in_doubt), "not what may have left")?;
            is(!is_dropped || report.not_attempted() == 0, "nobody is handed anything back")
        })
    }
}

fn adds_up(report: &Report) -> bool {
    let counts = [
        report.dispatched(),
        report.dropped(),
        report.discarded(),
        report.captured(),
        report.duplicates(),
        report.failed(),
        report.not_attempted(),
    ];
    counts.iter().sum::<usize>() == report.enqueued() && report.enqueued() == report.entries().len()
}

/// Enqueues a second task now and then, and fails now and then, differently each time.
#[airlock::task(name = "ledger.work")]
fn work(#[state] book: &Book, n: u64) -> Result<(), &'static str> {
    book.arrives(&[n]);
    let run = book.with(|pages| {
        pages.runs += 1;
        pages.runs
    });
    if (n + run).is_multiple_of(3) && n < 40 {
        book.enqueue(1);
    }
    if (n + run).is_multiple_of(5) {
        return Err("no luck");
    }
    book.with(|pages| pages.left.insert(n));
    Ok(())
}
