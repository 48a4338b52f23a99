//! An engine that does what it is told, and says truly what it did.

use std::collections::VecDeque;
use std::sync::Mutex;

use airlock::{Batch, DispatchError, Executor};

use super::book::Book;
use super::program::{Act, Ends, Midway};
use crate::executors::{Answer, number};
use crate::support::yield_once;

pub(super) struct Engine {
    book: Book,
    acts: Mutex<VecDeque<Act>>,
}

impl Engine {
    pub(super) fn new(book: &Book, acts: &[Act]) -> Self {
        Self { book: book.clone(), acts: Mutex::new(acts.iter().cloned().collect()) }
    }
}

impl Executor for Engine {
    async fn dispatch(&self, batch: &mut Batch) -> Answer {
        let numbers: Vec<_> = batch.iter().map(number).collect();
        self.book.arrives(&numbers);
        let act = {
            let mut acts = self.acts.lock().expect("not poisoned");
            acts.rotate_left(1);
            acts[0].clone()
        };
        match act {
            Act::Whole { yields, ends, duplicates, takes } => {
                for _ in 0..yields {
                    yield_once().await;
                }
                if matches!(ends, Ends::Hangs) {
                    std::future::pending::<()>().await;
                }
                let held = |index: usize| duplicates >> (index % 8) & 1 == 1;
                self.whole(batch, &numbers, ends, held, takes)
            }
            Act::Windows { size, stop, ends } => {
                let stop = stop % (numbers.len() + 1);
                for (window, sent) in numbers.chunks(size).enumerate() {
                    let window = window * size..window * size + sent.len();
                    batch.sending(window.clone());
                    let on_its_way = OnItsWay { book: &self.book, sent };
                    yield_once().await;
                    if window.contains(&stop) {
                        match ends {
                            Midway::Hangs => std::future::pending::<()>().await,
                            Midway::Panics => {
                                std::panic::resume_unwind(Box::new("on purpose"));
                            }
                            Midway::Fails => {}
                        }
                        on_its_way.failed();
                        return Err(DispatchError::at(window.start, "the line is cut"));
                    }
                    on_its_way.left();
                }
                Ok(())
            }
        }
    }
}

impl Engine {
    /// Notes what it lets out in the moment in which it answers.
    fn whole(
        &self,
        batch: &mut Batch,
        numbers: &[u64],
        ends: Ends,
        held: impl Fn(usize) -> bool,
        takes: bool,
    ) -> Answer {
        let len = numbers.len();
        let fails = |index: usize| match ends {
            Ends::Each(bits) => bits >> (index % 16) & 1 == 1,
            _ => false,
        };
        let leaves = |index: usize| match ends {
            Ends::Well => true,
            Ends::At(at) => index < at % len,
            Ends::Each(_) => !fails(index),
            Ends::Only(_) | Ends::All | Ends::Refused | Ends::Panics | Ends::Hangs => false,
        };
        for (index, n) in numbers.iter().enumerate() {
            if held(index) {
                // Whether or not it takes the others in the end.
                batch.left_out(index);
            }
            if leaves(index) {
                self.book.with(|pages| {
                    let list = if held(index) { &mut pages.duplicates } else { &mut pages.left };
                    list.insert(*n);
                });
                if takes {
                    drop(batch.take(index));
                }
            }
        }
        match ends {
            Ends::Well => Ok(()),
            Ends::At(at) => Err(DispatchError::at(at % len, "at")),
            Ends::Only(at) => Err(DispatchError::only(at % len, "only")),
            Ends::Each(_) => DispatchError::each(
                (0..len).filter(|index| fails(*index)).map(|at| (at, "each".into())).collect(),
            ),
            Ends::All => Err(DispatchError::all("all")),
            Ends::Refused => Err(DispatchError::refused("refused")),
            Ends::Panics => std::panic::resume_unwind(Box::new("on purpose")),
            Ends::Hangs => unreachable!("it hangs"),
        }
    }
}

/// Sent, and without an answer: where nobody waits for that any more, it may have left.
struct OnItsWay<'a> {
    book: &'a Book,
    sent: &'a [u64],
}

impl OnItsWay<'_> {
    fn left(self) {
        self.book.with(|pages| pages.left.extend(self.sent));
        std::mem::forget(self);
    }

    fn failed(self) {
        std::mem::forget(self);
    }
}

impl Drop for OnItsWay<'_> {
    fn drop(&mut self) {
        self.book.with(|pages| pages.in_doubt.extend(self.sent));
    }
}
