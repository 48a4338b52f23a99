//! Which values flush, what a failed flush becomes, and panics.

use airlock::FlushError;

use super::Error;
use crate::support::{Ran, block_on, fail, note, panic_of, quiet};

#[airlock::scoped(executor = ran.inline())]
fn iterator(ran: &Ran) -> impl Iterator<Item = u64> + use<> {
    note::enqueue(1).expect("enqueued");
    [1, 2].into_iter()
}

#[airlock::scoped(executor = ran.inline())]
fn count(ran: &Ran) -> usize {
    (0..3).flat_map(note::enqueue).count()
}

#[airlock::scoped(executor = ran.inline())]
fn nothing(ran: &Ran) {
    note::enqueue(9).expect("enqueued");
}

#[airlock::scoped(executor = ran.inline())]
fn maybe(ran: &Ran, some: bool) -> Option<u64> {
    note::enqueue(5).ok()?;
    some.then_some(5)
}

#[test]
fn what_is_no_outcome_succeeds_unless_it_panics() {
    let ran = Ran::new();
    assert_eq!(iterator(&ran).sum::<u64>(), 3);
    assert_eq!(count(&ran), 3);
    nothing(&ran);
    assert_eq!((maybe(&ran, true), maybe(&ran, false)), (Some(5), None));
    assert_eq!(ran.list(), ["note 1", "note 0", "note 1", "note 2", "note 9", "note 5", "note 5"]);
}

#[airlock::scoped(executor = ran.inline())]
fn failing(ran: &Ran) -> Result<u64, Error> {
    fail::enqueue(3)?;
    Ok(7)
}

#[airlock::scoped(executor = ran.inline())]
async fn failing_later(ran: &Ran) -> Result<u64, Box<dyn std::error::Error>> {
    fail::enqueue(3)?;
    Ok(7)
}

#[test]
fn a_failed_flush_becomes_the_functions_error() {
    let ran = Ran::new();
    let error = failing(&ran).expect_err("the task fails");
    assert!(matches!(&error, Error::Flush(error) if error.report().failed() == 1));
    let error = block_on(failing_later(&ran)).expect_err("the task fails");
    assert!(error.downcast_ref::<FlushError>().is_some());
}

#[airlock::scoped(executor = ran.inline())]
fn failing_without_a_result(ran: &Ran) -> u64 {
    fail::enqueue(3).expect("enqueued");
    7
}

fn say_zero(error: FlushError) -> u64 {
    assert_eq!(error.into_intents().len(), 1);
    0
}

#[airlock::scoped(executor = ran.inline(), on_flush_error = say_zero)]
fn failing_with_a_handler(ran: &Ran) -> u64 {
    fail::enqueue(3).expect("enqueued");
    7
}

#[airlock::scoped(executor = ran.inline(), on_flush_error = |_| 1)]
async fn failing_with_a_closure(ran: &Ran) -> u64 {
    fail::enqueue(3).expect("enqueued");
    7
}

#[test]
fn on_any_other_function_it_panics_with_the_report_unless_handled() {
    let ran = Ran::new();
    let said = panic_of(|| failing_without_a_result(&ran));
    assert!(said.contains("`it::support::fail(n: 3)` failed: no luck with 3"), "{said}");
    assert!(said.contains("\nscope: 1 failed\n"), "the report: {said}");
    assert_eq!(failing_with_a_handler(&ran), 0);
    assert_eq!(block_on(failing_with_a_closure(&ran)), 1);
}

#[airlock::scoped]
fn panics() -> u64 {
    quiet::enqueue(1).expect("enqueued");
    panic!("on purpose")
}

#[airlock::scoped]
fn diverges() -> ! {
    quiet::enqueue(1).expect("enqueued");
    panic!("for ever")
}

#[test]
fn a_panic_goes_through() {
    assert_eq!(panic_of(panics), "on purpose");
    assert_eq!(panic_of(|| -> () { diverges() }), "for ever");
}

/// A trait of a user's, in scope and for every type, has no say in what a scoped function's value means.
mod with_a_trait_of_that_name {
    use crate::support::{Ran, note};

    trait Ends {
        fn succeeded(&self) -> bool {
            false
        }
    }

    impl<T> Ends for T {}

    #[airlock::scoped(executor = ran.inline())]
    fn numbered(ran: &Ran) -> u64 {
        note::enqueue(1).expect("it is accepted");
        1
    }

    #[test]
    fn the_effect_of_a_scoped_function_is_dispatched() {
        let ran = Ran::new();
        assert!(!numbered(&ran).succeeded(), "the user's own is what the user calls");
        assert_eq!(ran.list(), ["note 1"]);
    }
}
