//! How many bytes of arguments a scope may hold.

use std::sync::Arc;

use airlock::{Bound, DropAll, EnqueueError, PolicyViolation, Scope};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

#[airlock::task(name = "bytes.letter")]
fn letter(text: String) {
    drop(text);
}

/// Letters of 500 bytes each.
fn letters(count: usize) -> Result<(), EnqueueError> {
    (0..count).try_for_each(|_| letter::enqueue("x".repeat(500 - size_of::<String>())))
}

fn within(limit: usize) -> Scope {
    airlock::scope().limit_bytes(limit)
}

#[track_caller]
fn assert_full(result: &Result<(), EnqueueError>, limit: usize) {
    let Err(EnqueueError::Full(_, bound)) = result else { panic!("it is not full: {result:?}") };
    assert_eq!(*bound, Bound::Bytes(limit));
}

#[test]
fn what_is_too_much_is_refused_and_what_is_held_leaves() {
    let (written, sealed) = within(1_999).seal(|| letters(4));
    let error = written.expect_err("the fourth is too much").to_string();
    let said =
        "no room for it within its limit of 1999 bytes of arguments: raise `.limit_bytes(…)`";
    assert!(error.contains(said) && error.contains("bytes.letter(text: "), "{error}");
    assert_eq!(sealed.flush().expect("they run").dispatched(), 3);

    let (written, sealed) = within(2_000).seal(|| letters(4));
    assert!(written.is_ok());
    assert_eq!(sealed.len(), 4);
    sealed.discard();
}

/// A text that is there once, however many arguments it is.
#[derive(Clone)]
struct Shared(Arc<str>);

impl Serialize for Shared {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Shared {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(String::deserialize(deserializer)?.into()))
    }
}

#[airlock::task(name = "bytes.attach")]
fn attach(file: Shared) {
    drop(file);
}

#[test]
fn a_scope_that_is_told_nothing_holds_a_gibibyte() {
    let file = Shared("x".repeat((1 << 26) - size_of::<String>()).into());
    // Discarded by an error, for a report would write the whole gibibyte.
    let full = airlock::scope().run(|| {
        for _ in 0..16 {
            attach::enqueue(file.clone()).expect("there is room for sixteen sixteenths");
        }
        attach::enqueue(Shared("".into()))
    });
    assert_full(&full.expect("nothing is flushed"), 1 << 30);
}

#[test]
fn the_configured_limit_is_that_of_each_scope_that_has_none() {
    airlock::configure().limit_bytes(1_000).policy(DropAll).run(|| {
        let (written, sealed) = airlock::scope().seal(|| letters(3));
        assert_full(&written, 1_000);
        assert_eq!(sealed.flush().expect("the configured policy holds").dropped(), 2);

        let (written, sealed) = within(1_500).seal(|| letters(3));
        written.expect("its own comes first");
        sealed.discard();

        let (written, sealed) = airlock::scope().limit(2).seal(|| letters(3));
        assert!(matches!(written, Err(EnqueueError::Full(_, Bound::Intents(2)))), "{written:?}");
        sealed.discard();

        let (written, sealed) = airlock::scope().limit(9).seal(|| letters(3));
        assert_full(&written, 1_000);
        sealed.discard();
    });
}

// ---- what counts

#[airlock::task(name = "bytes.pair")]
fn pair(a: u64, b: u64) {
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
fn a_local_task_s_arguments_count_by_their_size_alone() {
    let (enqueued, sealed) = within(24).seal(|| keep::enqueue(vec![0; 1_000]));
    enqueued.expect("serde does not know what is in it");
    sealed.discard();
}

#[test]
fn an_intent_s_options_count() {
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

// ---- scopes inside and around

#[test]
fn what_nested_scopes_hold_counts() {
    let (enqueued, sealed) = within(1_000).policy(DropAll).seal(|| {
        airlock::scope().run(|| letters(1)).expect("it is captured")?;
        let (full, nested) = airlock::scope().seal(|| letters(2));
        assert_full(&full, 1_000);
        nested.flush().expect("it is captured");
        letters(1)
    });
    assert_full(&enqueued, 1_000);
    assert_eq!(sealed.flush().expect("nothing runs").dropped(), 2);
}

#[test]
fn what_a_nested_scope_discards_leaves_its_room() {
    let (enqueued, sealed) = within(1_000).seal(|| {
        let (full, nested) = airlock::scope().seal(|| letters(2));
        full.expect("there is room");
        nested.discard();
        letters(2)
    });
    enqueued.expect("there is room again");
    sealed.discard();
}

#[test]
fn what_a_scope_around_keeps_counts_and_what_it_releases_does_not() {
    let outer = within(1_000).release(|intent| intent.is_same(&pair::intent(1, 1)));
    let (enqueued, sealed) = outer.seal(|| {
        let mixed = || letters(1).and_then(|()| pair::enqueue(1, 1));
        airlock::scope().run(mixed).expect("one is kept")?;
        letters(1)?;
        letters(1)
    });
    assert_full(&enqueued, 1_000);
    assert_eq!(sealed.len(), 2);
    sealed.discard();
}

#[test]
fn what_comes_through_a_handle_counts() {
    let (enqueued, sealed) = within(1_000).seal(|| {
        letters(1)?;
        let scope = airlock::current().expect("inside");
        let elsewhere = move || scope.run(|| airlock::Success(letters(2)));
        let full = std::thread::spawn(elsewhere).join().expect("no panic");
        assert_full(&full.0, 1_000);
        letters(1)
    });
    assert_full(&enqueued, 1_000);
    assert_eq!(sealed.len(), 2);
    sealed.discard();
}

#[test]
fn a_scope_that_was_flushed_leaves_nothing_to_the_next_on_its_thread() {
    for _ in 0..3 {
        let (enqueued, sealed) = within(1_000).seal(|| letters(2));
        enqueued.expect("there is room");
        assert_eq!(sealed.flush().expect("they run").dispatched(), 2);
        airlock::scope().run(|| letters(2)).expect("they run").expect("there is room");
    }
}

#[tokio::test]
async fn a_future_s_scope_counts_from_poll_to_poll() {
    let body = async {
        letters(1)?;
        tokio::task::yield_now().await;
        letters(1)?;
        tokio::task::yield_now().await;
        letters(1)
    };
    let (written, sealed) = within(1_000).seal_async(body).await;
    assert_full(&written, 1_000);
    assert_eq!(sealed.flush_async().await.expect("they run").dispatched(), 2);
}

#[airlock::scoped(limit_bytes = 1_000)]
fn three_letters() -> Result<(), Box<dyn std::error::Error>> {
    Ok(letters(3)?)
}

#[test]
fn the_attribute_takes_the_limit() {
    let error = three_letters().expect_err("the third is too much").to_string();
    assert!(error.contains("its limit of 1000"), "{error}");
}
