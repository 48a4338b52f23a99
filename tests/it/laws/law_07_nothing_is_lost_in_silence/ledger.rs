//! LEDGER

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use airlock::{
    Backoff, Batch, DispatchError, Executor, Fallback, Fate, Inline, Intent, OnFailure, Report,
    Retry, Route, States, Timeout, tasks,
};
use proptest::prelude::*;

use crate::executors::{Answer, Any, number};
use crate::support::{Reports, block_on, yield_once};

/// Executors in executors.
#[derive(Clone, Debug)]
enum Tree {
    Engine(Vec<Act>),
    Inline,
    Retry(u32, Box<Tree>),
    Timeout(Box<Tree>),
    Fallback(Box<Tree>, Box<Tree>),
    Route(u64, Box<Tree>, Box<Tree>),
}

/// What an engine does with one batch; numbers are taken modulo its length.
#[derive(Clone, Debug)]
struct Act {
    yields: usize,
    ends: Ends,
    /// Which it holds the unique keys of.
    duplicates: u8,
    takes: bool,
}

#[derive(Clone, Debug)]
enum Ends {
    Well,
    At(usize),
    Only(usize),
    Each(u16),
    All,
    Refused,
    Panics,
    Hangs,
}

fn act() -> impl Strategy<Value = Act> {
    let ends = prop_oneof![
        3 => Just(Ends::Well),
        3 => (0_usize..8).prop_map(Ends::At),
        1 => (0_usize..8).prop_map(Ends::Only),
        3 => any::<u16>().prop_map(Ends::Each),
        1 => Just(Ends::All),
        1 => Just(Ends::Refused),
        1 => Just(Ends::Panics),
        1 => Just(Ends::Hangs),
    ];
    (0_usize..3, ends, any::<u8>(), any::<bool>())
        .prop_map(|(yields, ends, duplicates, takes)| Act { yields, ends, duplicates, takes })
}

fn tree() -> impl Strategy<Value = Tree> {
    let leaf = prop_oneof![
        4 => prop::collection::vec(act(), 1..5).prop_map(Tree::Engine),
        1 => Just(Tree::Inline),
    ];
    leaf.prop_recursive(4, 12, 2, |inner| {
        let boxed = || inner.clone().prop_map(Box::new);
        prop_oneof![
            (1_u32..4, boxed()).prop_map(|(attempts, inner)| Tree::Retry(attempts, inner)),
            boxed().prop_map(Tree::Timeout),
            (boxed(), boxed()).prop_map(|(first, second)| Tree::Fallback(first, second)),
            (2_u64..4, boxed(), boxed()).prop_map(|(by, some, rest)| Tree::Route(by, some, rest)),
        ]
    })
}

/// What is known of what happened, to be compared with the report.
#[derive(Clone, Default)]
struct Book(Arc<Mutex<Pages>>);

#[derive(Default)]
struct Pages {
    enqueued: u64,
    left: Vec<u64>,
    duplicates: Vec<u64>,
    runs: u64,
}

impl Book {
    fn with<T>(&self, look: impl FnOnce(&mut Pages) -> T) -> T {
        look(&mut self.0.lock().expect("not poisoned"))
    }

    /// Enqueues the next number.
    fn enqueue(&self) {
        let n = self.with(|pages| {
            pages.enqueued += 1;
            pages.enqueued - 1
        });
        work::enqueue(n).expect("there is a scope");
    }

    fn executor(&self, tree: &Tree) -> Any {
        Any(match tree {
            Tree::Engine(acts) => {
                let acts = Mutex::new(acts.iter().cloned().cycle().take(64).collect());
                Arc::new(Engine { book: self.clone(), acts })
            }
            Tree::Inline => {
                let states = States::new().with(self.clone());
                let inline = Inline::builder().states(states).serving(tasks![work]).build();
                Arc::new(inline.expect("it is complete"))
            }
            Tree::Retry(attempts, inner) => {
                let backoff = Backoff::new(Duration::from_micros(10)).exact();
                Arc::new(Retry::new(self.executor(inner)).attempts(*attempts).backoff(backoff))
            }
            Tree::Timeout(inner) => {
                Arc::new(Timeout::new(self.executor(inner), Duration::from_millis(4)))
            }
            Tree::Fallback(first, second) => {
                Arc::new(Fallback::new(self.executor(first), self.executor(second)))
            }
            Tree::Route(by, some, rest) => {
                let by = *by;
                let takes = move |intent: &Intent| number(intent).is_multiple_of(by);
                let route = Route::to(self.executor(some)).when(takes);
                Arc::new(route.otherwise(self.executor(rest)))
            }
        })
    }
}

/// Enqueues a second task now and then, and fails now and then, differently each time.
#[airlock::task]
fn work(#[state] book: &Book, n: u64) -> Result<(), &'static str> {
    let run = book.with(|pages| {
        pages.runs += 1;
        pages.runs
    });
    if (n + run).is_multiple_of(3) && n < 40 {
        book.enqueue();
    }
    if (n + run).is_multiple_of(5) {
        return Err("no luck");
    }
    book.with(|pages| pages.left.push(n));
    Ok(())
}

/// Does what it says: what it lets out is in the book, at the moment at which it answers.
struct Engine {
    book: Book,
    acts: Mutex<VecDeque<Act>>,
}

impl Executor for Engine {
    async fn dispatch(&self, batch: &mut Batch) -> Answer {
        let act = self.acts.lock().expect("not poisoned").pop_front().expect("enough of them");
        for _ in 0..act.yields {
            yield_once().await;
        }
        if matches!(act.ends, Ends::Hangs) {
            std::future::pending::<()>().await;
        }
        let len = batch.len();
        let failed: BTreeSet<usize> = match act.ends {
            Ends::Each(bits) => (0..len).filter(|index| bits >> (index % 16) & 1 == 1).collect(),
            _ => BTreeSet::new(),
        };
        let leaves = |index: usize| match act.ends {
            Ends::Well => true,
            Ends::At(at) => index < at % len,
            Ends::Each(_) => !failed.contains(&index),
            Ends::Only(_) | Ends::All | Ends::Refused | Ends::Panics | Ends::Hangs => false,
        };
        for index in 0..len {
            let held = act.duplicates >> (index % 8) & 1 == 1;
            if held {
                // Whether or not it takes the others in the end.
                batch.left_out(index);
            }
            if leaves(index) {
                let n = batch.iter().nth(index).map(number).expect("it is there");
                self.book.with(
                    |pages| {
                        if held { pages.duplicates.push(n) } else { pages.left.push(n) }
                    },
                );
                if act.takes {
                    drop(batch.take(index));
                }
            }
        }
        match act.ends {
            Ends::Well => Ok(()),
            Ends::At(at) => Err(DispatchError::at(at % len, "at")),
            Ends::Only(at) => Err(DispatchError::only(at % len, "only")),
            Ends::Each(_) => {
                DispatchError::each(failed.into_iter().map(|at| (at, "each".into())).collect())
            }
            Ends::All => Err(DispatchError::all("all")),
            Ends::Refused => Err(DispatchError::refused("refused")),
            Ends::Panics => std::panic::resume_unwind(Box::new("on purpose")),
            Ends::Hangs => unreachable!("it hangs"),
        }
    }
}

/// Every intent has one fate, and it is the one that the book has.
fn check(book: &Book, report: &Report) -> Result<(), TestCaseError> {
    let with = |is: fn(&Fate) -> bool| -> Vec<u64> {
        let entries = report.entries().iter().filter(|entry| is(entry.fate()));
        let mut numbers: Vec<_> =
            entries.map(|entry| entry.arguments()["n"].as_u64().expect("a number")).collect();
        numbers.sort_unstable();
        numbers
    };
    book.with(|pages| {
        let all = with(|_| true);
        prop_assert_eq!(all, (0..pages.enqueued).collect::<Vec<_>>(), "one fate each\n{}", report);
        pages.left.sort_unstable();
        prop_assert_eq!(with(|fate| *fate == Fate::Dispatched), pages.left.clone(), "{}", report);
        pages.duplicates.sort_unstable();
        let duplicates = with(|fate| *fate == Fate::Duplicate);
        prop_assert_eq!(duplicates, pages.duplicates.clone(), "{}", report);
        Ok(())
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_lost_and_nothing_leaves_twice(
        tree in tree(), count in 1_usize..12, goes_on: bool, polls in prop::option::of(1_usize..12),
    ) {
        let (book, reports) = (Book::default(), Reports::new());
        let on_failure = if goes_on { OnFailure::Continue } else { OnFailure::Stop };
        // What hangs for ever is cut off.
        let executor = Timeout::new(book.executor(&tree), Duration::from_millis(60));
        let scope = airlock::scope().executor(executor).on_failure(on_failure);
        let scope = scope.on_report(reports.keep());
        let enqueue = || (0..count).for_each(|_| book.enqueue());
        let mut run = Box::pin(scope.run_async(async { enqueue() }));
        let result = block_on(async {
            let Some(polls) = polls else { return Some(run.as_mut().await) };
            for _ in 0..polls {
                if let std::task::Poll::Ready(result) = futures::poll!(run.as_mut()) {
                    return Some(result);
                }
            }
            None
        });
        drop(run);
        let report = reports.only();
        check(&book, &report)?;
        if let Some(Err(error)) = result {
            let (_, failed, rest) = error.into_parts();
            prop_assert_eq!(failed.len(), report.failed());
            prop_assert_eq!(rest.len(), report.not_attempted());
            prop_assert!(failed.iter().all(|failed| failed.intent.is_some()));
        }
    }
}
