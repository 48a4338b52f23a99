//! An executor that does what a seed says, and what is known of each intent afterwards.

use std::any::Any;
use std::panic::Location;
use std::sync::{Arc, Mutex};
use std::thread::LocalKey;

use crate::core::executor::random::Random;
use crate::core::executor::{Batch, DispatchError, Executor};
use crate::core::intent::Intent;
use crate::core::report::{Fate, ReportEntry};
use crate::core::task::called::Called;
use crate::core::task::pool::Pool;
use crate::core::task::states::States;
use crate::core::task::values::abilities::{Abilities, debug};
use crate::core::task::{Definition, Parameter, Place, Task, TaskInfo};

/// A task whose intents are told apart by a number: the order of their enqueue.
struct Numbered;

static INFO: TaskInfo = Definition::of::<Numbered>(
    Place::new(file!(), line!(), column!()),
    &[Parameter::new("n", "u32")],
)
.info();

impl Task for Numbered {
    const NAME: &'static str = "numbered";
    type Arguments = (usize,);

    fn info() -> &'static TaskInfo {
        &INFO
    }

    fn call(_: (usize,), _: &States) -> Called {
        Called::done(Ok(()))
    }

    fn pool() -> &'static LocalKey<Pool<Self>> {
        thread_local! {
            static POOL: Pool<Numbered> = const { Pool::new() };
        }
        &POOL
    }

    fn duplicate((n,): &(usize,)) -> Option<(usize,)> {
        Some((*n,))
    }

    fn abilities() -> &'static [Abilities] {
        const {
            &[Abilities {
                equal: None,
                hash: None,
                debug: Some(debug::<usize>),
                tree: None,
                schema: None,
            }]
        }
    }

    fn argument(arguments: &(usize,), _: usize) -> &dyn Any {
        &arguments.0
    }
}

/// What has become of an intent.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Known {
    Dropped,
    NotAttempted,
    MaybeSent,
    Failed(String),
    Sent,
    Duplicate,
}

#[derive(Clone, Default)]
pub(super) struct Book {
    pages: Arc<Mutex<Vec<Page>>>,
}

#[derive(Clone)]
pub(super) struct Page {
    pub(super) known: Known,
    /// Whether it was the first of a part that was refused, which may be its reason.
    pub(super) refused: bool,
    pub(super) generation: u32,
}

impl Book {
    pub(super) fn enqueue(&self, generation: u32) -> Intent {
        let mut pages = self.pages.lock().expect("not poisoned");
        let number = pages.len();
        pages.push(Page { known: Known::NotAttempted, refused: false, generation });
        Intent::of_call::<Numbered>((number,), Location::caller())
    }

    /// An entry that is only in the report.
    fn entry(&self) -> ReportEntry {
        let intent = self.enqueue(0);
        self.note(number(&intent.to_string()), Known::Dropped);
        ReportEntry::new(&intent, Fate::Dropped { policy: "policy".into() })
    }

    /// Appends intents and entries to a batch as a scope or a task does.
    pub(super) fn append(&self, batch: &mut Batch, random: &mut Random) {
        let generation = u32::try_from(random.index(0..3)).expect("it is small");
        let intents: Vec<_> = (0..random.index(0..4)).map(|_| self.enqueue(generation)).collect();
        let dropped = random.some_of(0..intents.len());
        for index in &dropped {
            self.note(number(&intents[*index].to_string()), Known::Dropped);
        }
        let dropped: Vec<_> = dropped.into_iter().map(|index| (index, "policy".into())).collect();
        if dropped.is_empty() {
            batch.append(None, generation, intents);
        } else {
            batch.append_judged(None, generation, intents, dropped);
        }
        if random.one_in(4) {
            batch.put_aside([self.entry()]);
        }
    }

    pub(super) fn note(&self, number: usize, known: Known) {
        let page = &mut self.pages.lock().expect("not poisoned")[number];
        // Who does not attempt it says nothing new of one that failed.
        if known != Known::NotAttempted {
            page.known = known;
        }
    }

    fn refuse(&self, number: usize) {
        self.pages.lock().expect("not poisoned")[number].refused = true;
    }

    pub(super) fn pages(&self) -> Vec<Page> {
        self.pages.lock().expect("not poisoned").clone()
    }
}

/// The number of an intent that is shown like this, or whose entry is.
pub(super) fn number(shown: &str) -> usize {
    let digits = shown.trim_start_matches(|c: char| !c.is_ascii_digit());
    let end = digits.find(|c: char| !c.is_ascii_digit()).expect("a parenthesis");
    digits[..end].parse().expect("a number")
}

pub(super) struct Engine {
    pub(super) book: Book,
    pub(super) random: Mutex<Random>,
}

impl Executor for Engine {
    async fn dispatch(&self, batch: &mut Batch) -> Result<(), DispatchError> {
        let (hangs, answer) = self.carry_out(batch, &mut self.random.lock().expect("not poisoned"));
        if hangs {
            std::future::pending::<()>().await;
        }
        answer
    }
}

impl Engine {
    fn carry_out(
        &self,
        batch: &mut Batch,
        random: &mut Random,
    ) -> (bool, Result<(), DispatchError>) {
        let pages = self.book.pages();
        let given: Vec<_> = batch.iter().map(|intent| number(&intent.to_string())).collect();
        assert!(given.is_sorted_by(|a, b| a < b), "{given:?} are not in the order of enqueue");
        for number in given {
            let known = &pages[number].known;
            let gone = matches!(known, Known::Sent | Known::Duplicate | Known::Dropped);
            assert!(!gone, "{number} is {known:?} and sent again");
        }
        if random.one_in(3) {
            self.book.append(batch, random);
        }
        let len = batch.len();
        let duplicates = random.some_of(0..len);
        for index in &duplicates {
            batch.left_out(*index);
        }
        let (at, some) = (random.index(0..len), random.some_of(0..len));
        let error = |index: usize| format!("error {index}");
        let mut known = vec![Known::NotAttempted; len];
        let mut ends = |ending: &mut dyn FnMut(usize) -> Known| {
            known = (0..len).map(&mut *ending).collect();
        };
        let kind = random.index(0..8);
        let answer = match kind {
            0 => {
                ends(&mut |_| Known::Sent);
                Ok(())
            }
            1 => {
                ends(&mut |index| match index.cmp(&at) {
                    std::cmp::Ordering::Less => Known::Sent,
                    std::cmp::Ordering::Equal => Known::Failed(error(index)),
                    std::cmp::Ordering::Greater => Known::NotAttempted,
                });
                Err(DispatchError::at(at, error(at)))
            }
            2 => {
                let failed = |index| some.contains(&index);
                ends(&mut |i| if failed(i) { Known::Failed(error(i)) } else { Known::Sent });
                DispatchError::each(some.iter().map(|i| (*i, error(*i).into())).collect())
            }
            3 => {
                ends(&mut |_| Known::Failed("all".into()));
                Err(DispatchError::all("all"))
            }
            4 => {
                let first = batch.iter().next().expect("a part is not empty");
                self.book.refuse(number(&first.to_string()));
                Err(DispatchError::refused("refused"))
            }
            5 => {
                ends(&mut |i| if i == at { Known::Failed(error(i)) } else { Known::NotAttempted });
                Err(DispatchError::only(at, error(at)))
            }
            _ => {
                let end = random.index(at..len + 1);
                batch.sending(at..end);
                ends(&mut |index| match index {
                    index if index < at => Known::Sent,
                    index if index < end => Known::MaybeSent,
                    _ => Known::NotAttempted,
                });
                Ok(())
            }
        };
        for (index, (intent, known)) in batch.iter().zip(known).enumerate() {
            let is_duplicate = known == Known::Sent && duplicates.contains(&index);
            let known = if is_duplicate { Known::Duplicate } else { known };
            self.book.note(number(&intent.to_string()), known);
        }
        (kind > 5, answer)
    }
}
