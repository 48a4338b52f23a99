//! What allocates, and what does not. Only in a binary of its own: counting takes an allocator.

use airlock::AllowAll;
use allocation_counter::measure;

#[airlock::task]
fn nothing() {}

#[airlock::task]
fn eight_bytes(_order_id: u64) {}

#[airlock::task]
fn sixteen_bytes(_order_id: u64, _customer_id: u64) {}

#[airlock::task]
fn twenty_four_bytes(_order_id: u64, _customer_id: u64, _cents: u64) {}

/// A scope that has run before leaves the thread what the next one needs.
fn warmed(mut run: impl FnMut()) -> u64 {
    run();
    measure(run).count_total
}

fn in_a_scope(enqueue: fn() -> Result<(), airlock::EnqueueError>, intents: usize) {
    let enqueue_all = || (0..intents).try_for_each(|_| enqueue());
    airlock::scope().run(enqueue_all).expect("no task fails").expect("nothing is refused");
}

#[test]
fn an_empty_scope_allocates_nothing() {
    // Not even the first of a thread.
    let scope = || airlock::scope().run(|| ()).expect("nothing is flushed");
    assert_eq!(measure(scope).count_total, 0);
}

#[test]
fn intents_with_small_arguments_allocate_nothing() {
    for (bytes, enqueue) in [
        (0, nothing::enqueue as fn() -> Result<(), airlock::EnqueueError>),
        (8, || eight_bytes::enqueue(1)),
        (16, || sixteen_bytes::enqueue(1, 2)),
    ] {
        for intents in [1, 100, 1_000] {
            let allocations = warmed(|| in_a_scope(enqueue, intents));
            assert_eq!(allocations, 0, "{intents} intents with {bytes} bytes of arguments");
        }
    }
}

#[test]
fn only_the_buffer_of_a_first_scope_allocates() {
    // It doubles from four on: 4, 8, 16, …, 1,024.
    let first = measure(|| in_a_scope(|| eight_bytes::enqueue(1), 1_000));
    assert_eq!(first.count_total, 9);
}

#[test]
fn a_policy_is_kept_in_a_scope_and_not_in_an_intent() {
    let judged = |intents: usize| {
        warmed(|| {
            let enqueue_all = || (0..intents).try_for_each(|_| sixteen_bytes::enqueue(1, 2));
            let scope = airlock::scope().policy(AllowAll);
            scope.run(enqueue_all).expect("no task fails").expect("nothing is refused");
        })
    };
    assert_eq!(judged(1), judged(1_000));
}

#[test]
fn larger_arguments_are_boxed() {
    let boxed = |intents| warmed(|| in_a_scope(|| twenty_four_bytes::enqueue(1, 2, 3), intents));
    assert_eq!(boxed(100) - boxed(10), 90);
}

/// The most bytes that are allocated at once where a scope buffers a million intents and flushes.
/// `-- --nocapture` prints them, for `docs/performance.md`.
fn a_million(what: &str, run: impl FnOnce()) -> u64 {
    let measured = measure(run);
    println!("1,000,000 intents {what}: {} bytes at most", measured.bytes_max);
    assert_eq!(measured.bytes_current, 0, "{what}: everything is let go of");
    measured.bytes_max
}

#[test]
fn a_million_intents_take_what_is_documented() {
    const MILLION: usize = 1_000_000;
    // The buffer doubles: 1,048,576 places of 40 bytes, and half as many more while they are copied.
    let buffer = 40 * (1 << 20);
    let inside = || in_a_scope(|| eight_bytes::enqueue(1), MILLION);
    assert_eq!(a_million("with 8 bytes of arguments", inside), buffer / 2 * 3);
    // Larger arguments are boxed, with a word that says whether they are still there.
    let boxed = || in_a_scope(|| twenty_four_bytes::enqueue(1, 2, 3), MILLION);
    let boxed = a_million("with 24 bytes of arguments", boxed);
    assert!((buffer + 32 * 1_000_000..buffer / 2 * 3 + 32 * 1_000_000).contains(&boxed), "{boxed}");
}

#[test]
fn an_intent_is_small() {
    assert!(size_of::<airlock::Intent>() <= 64);
}
