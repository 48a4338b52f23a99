//! What counts as held: arguments, options, and nothing that was refused.

use airlock::PolicyViolation;

use super::{assert_full, letter, letters, within};

#[airlock::task(name = "bytes.pair")]
pub(super) fn pair(a: u64, b: u64) {
    let _ = (a, b);
}

#[airlock::task(name = "bytes.three")]
fn three(a: u64, b: u64, c: u64) {
    let _ = (a, b, c);
}

#[test]
fn numbers_count_nothing_where_they_fit_into_the_intent_and_their_size_where_not() {
    let (enqueued, sealed) = within(0).seal(|| (0..100).try_for_each(|n| pair::enqueue(n, n)));
    enqueued.expect("they take nothing more");
    sealed.discard();

    let counted = |limit| {
        let (enqueued, sealed) = within(limit).seal(|| three::enqueue(1, 2, 3));
        sealed.discard();
        enqueued
    };
    assert_full(&counted(23), 23);
    counted(32).expect("24 and what says that they are there");
}

#[airlock::task(name = "bytes.keep", local)]
fn keep(_held: Vec<u64>) {}

#[test]
fn the_arguments_of_a_local_task_count_by_their_size_alone() {
    let (enqueued, sealed) = within(24).seal(|| keep::enqueue(vec![0; 1_000]));
    enqueued.expect("serde does not know what is in it");
    sealed.discard();
}

#[test]
fn the_options_of_an_intent_count() {
    let text = || "x".repeat(500 - size_of::<String>());
    let (enqueued, sealed) = within(500).seal(|| letter::intent(text()).queue("bulk").enqueue());
    assert_full(&enqueued, 500);
    sealed.discard();
    let (enqueued, sealed) = within(500).seal(|| letter::intent(text()).enqueue());
    enqueued.expect("without, there is room");
    sealed.discard();
}

struct RefusesFirst(std::sync::atomic::AtomicBool);

impl airlock::Policy for RefusesFirst {
    fn on_enqueue(&self, _: &airlock::Intent) -> Result<(), PolicyViolation> {
        let refused = self.0.swap(true, std::sync::atomic::Ordering::Relaxed);
        if refused { Ok(()) } else { Err(PolicyViolation::new("not the first")) }
    }
}

#[test]
fn what_a_policy_refuses_is_not_held() {
    let policy = RefusesFirst(false.into());
    let (enqueued, sealed) = within(1_000).policy(policy).seal(|| {
        letters(1).expect_err("refused");
        letters(2).expect("there is room for two");
        letters(1)
    });
    assert_full(&enqueued, 1_000);
    assert_eq!(sealed.len(), 2);
    sealed.discard();
}
