//! What allocates, and what does not. Only in a binary of its own: counting takes an allocator.

#![allow(
    clippy::large_types_passed_by_value,
    clippy::large_stack_arrays,
    reason = "how large arguments are kept is what it counts"
)]

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
fn intents_allocate_nothing_whatever_the_size_of_their_arguments() {
    for (bytes, enqueue) in [
        (0, nothing::enqueue as fn() -> Result<(), airlock::EnqueueError>),
        (8, || eight_bytes::enqueue(1)),
        (16, || sixteen_bytes::enqueue(1, 2)),
        (24, || twenty_four_bytes::enqueue(1, 2, 3)),
    ] {
        for intents in [1, 100, 1_000] {
            let allocations = warmed(|| in_a_scope(enqueue, intents));
            assert_eq!(allocations, 0, "{intents} intents with {bytes} bytes of arguments");
        }
    }
}

#[test]
fn a_first_scope_allocates_a_buffer_and_a_box_for_each_intent() {
    // The buffer doubles from four on: 4, 8, 16, …, 1,024. One more says what is to be let go of with the thread.
    let first = measure(|| in_a_scope(|| eight_bytes::enqueue(1), 1_000));
    assert_eq!(first.count_total, 9 + 1_000 + 1);
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

#[airlock::task(local)]
fn four_kibibytes(_page: [u64; 512]) {}

#[airlock::task(local)]
fn huge(_page: [u64; 8_192]) {}

/// How many boxes of `enqueue`'s task a thread still has after 3,000 intents.
fn kept(enqueue: fn() -> Result<(), airlock::EnqueueError>) -> u64 {
    in_a_scope(enqueue, 3_000);
    // A thread does not keep a buffer that has held so many: 4, 8, 16, …, 4,096.
    3_000 - (measure(|| in_a_scope(enqueue, 3_000)).count_total - 11)
}

#[test]
fn a_thread_keeps_a_bounded_number_of_boxes_of_a_task() {
    assert_eq!(kept(|| eight_bytes::enqueue(1)), 1_024);
    assert_eq!(kept(|| four_kibibytes::enqueue([0; 512])), 9, "40 KiB");
    assert_eq!(kept(|| huge::enqueue([0; 8_192])), 0, "one is more than 40 KiB");
}

#[test]
fn a_box_is_kept_by_the_thread_that_its_intent_ends_on() {
    let intents = || (0..100).map(|_| sixteen_bytes::intent(1, 2)).collect::<Vec<_>>();
    let here = intents();
    let there = std::thread::spawn(move || {
        drop(here);
        measure(|| drop(intents())).count_total
    });
    assert_eq!(there.join().expect("nothing panics"), 1, "the list, and no box");
    assert_eq!(measure(|| drop(intents())).count_total, 1 + 100 + 1, "nothing came back");
}

/// The most bytes that are allocated at once where a scope buffers a million intents and flushes.
/// `-- --nocapture` prints them, for `docs/performance.md`.
fn a_million(what: &str, run: impl FnOnce()) -> u64 {
    let measured = measure(run);
    println!("1,000,000 intents {what}: {} bytes at most", measured.bytes_max);
    let kept = measured.bytes_current;
    assert!(kept <= 40 * 1024 + 64, "{what}: all but what the thread keeps is let go of: {kept}");
    measured.bytes_max
}

#[test]
fn a_million_intents_take_what_is_documented() {
    const MILLION: usize = 1_000_000;
    // The buffer doubles: 1,048,576 places of 24 bytes, and half as many more while they are copied.
    let buffer = 24 * (1 << 20);
    // Each box has, besides the arguments, a word that says whether they are there and one for the pool.
    for (bytes, enqueue) in [
        (8, (|| eight_bytes::enqueue(1)) as fn() -> Result<(), airlock::EnqueueError>),
        (24, || twenty_four_bytes::enqueue(1, 2, 3)),
    ] {
        let what = format!("with {bytes} bytes of arguments");
        let most = a_million(&what, || in_a_scope(enqueue, MILLION));
        let boxes = (bytes + 16) * 1_000_000;
        assert!((buffer + boxes..buffer / 2 * 3 + boxes).contains(&most), "{what}: {most}");
    }
}

#[test]
fn an_intent_is_small() {
    assert!(size_of::<airlock::Intent>() <= 24);
}
