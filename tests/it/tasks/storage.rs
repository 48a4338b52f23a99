//! Where an intent keeps its arguments: a box that is used again, whatever the user's destructors do.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

use airlock::Intent;

static DROPPED: AtomicUsize = AtomicUsize::new(0);

/// Its destructor panics, the first time that it is asked to.
struct Fragile {
    panics: bool,
}

impl Drop for Fragile {
    fn drop(&mut self) {
        DROPPED.fetch_add(1, Ordering::Relaxed);
        assert!(!self.panics, "broken");
    }
}

#[airlock::task(local)]
fn carry(_what: Fragile) {}

#[test]
fn an_argument_whose_destructor_panics_is_dropped_once() {
    let intent = carry::intent(Fragile { panics: true });
    catch_unwind(AssertUnwindSafe(|| drop(intent))).expect_err("its destructor panics");
    assert_eq!(DROPPED.load(Ordering::Relaxed), 1);

    // The box is whole: the next intent has its own argument, and nothing of the last one.
    for dropped in 2..10 {
        drop(carry::intent(Fragile { panics: false }));
        assert_eq!(DROPPED.load(Ordering::Relaxed), dropped);
    }

    // Of several, all are dropped.
    let intents: Vec<_> = (0..3).map(|n| carry::intent(Fragile { panics: n == 1 })).collect();
    catch_unwind(AssertUnwindSafe(|| drop(intents))).expect_err("one of them panics");
    assert_eq!(DROPPED.load(Ordering::Relaxed), 12);
}

/// Makes an intent of its own task when it is dropped, and drops that.
struct Chained(u32);

impl Drop for Chained {
    fn drop(&mut self) {
        if self.0 > 0 {
            let next = link::intent(Chained(self.0 - 1));
            let held = next.arguments_of::<link>().map(|(next,)| next.0);
            assert_eq!(held, Some(self.0 - 1));
        }
    }
}

#[airlock::task(local)]
fn link(_next: Chained) {}

#[test]
fn a_destructor_may_make_intents_of_the_same_task() {
    drop((0..20).map(|depth| link::intent(Chained(depth))).collect::<Vec<_>>());
}

#[airlock::task]
fn send(to: String) {
    drop(to);
}

/// Holds intents until its thread ends, and makes some then.
struct AtExit {
    held: Vec<Intent>,
    told: mpsc::Sender<String>,
}

impl Drop for AtExit {
    fn drop(&mut self) {
        self.held.clear();
        let late = send::intent("late".into());
        let refused = send::enqueue("refused".into()).expect_err("no scope").to_string();
        drop(self.told.send(format!("{late}; {refused}")));
    }
}

thread_local! {
    static AT_EXIT: RefCell<Option<AtExit>> = const { RefCell::new(None) };
}

#[test]
fn intents_may_end_and_begin_while_their_thread_ends() {
    // Thread-locals are destroyed in the order of their first use, or against it: both are tried.
    for first in [true, false] {
        let (told, heard) = mpsc::channel();
        let body = move || {
            let hold =
                |held| AT_EXIT.with_borrow_mut(|at_exit| *at_exit = Some(AtExit { held, told }));
            let some = || (0..10).map(|n| send::intent(n.to_string())).collect::<Vec<_>>();
            if first {
                AT_EXIT.with(|_| ());
            }
            drop(some());
            airlock::scope().run(|| send::enqueue("now".into())).expect("sent").expect("accepted");
            hold(some());
        };
        thread::spawn(body).join().expect("nothing panics");
        let said = heard.recv().expect("it was told");
        assert!(said.contains("send(to: \"late\")") && said.contains("scope"), "{said}");
    }
}
