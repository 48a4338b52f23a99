//! How many bytes of arguments a scope may hold.

mod counting;
mod locked;
mod nested;

use std::sync::Arc;

use airlock::{Bound, DropAll, EnqueueError, Scope};
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
fn a_scope_without_a_limit_of_bytes_holds_a_gibibyte_of_texts() {
    let text = "x".repeat((1 << 28) - size_of::<String>());
    // Discarded by an error, for a report would write the whole gibibyte.
    let full = airlock::scope().run(|| {
        for _ in 0..4 {
            letter::enqueue(text.clone()).expect("there is room for four quarters");
        }
        letter::enqueue(String::new())
    });
    assert_full(&full.expect("nothing is flushed"), 1 << 30);
}

#[test]
fn a_limit_of_bytes_counts_what_the_users_types_hold() {
    let file = Shared("x".repeat(500 - size_of::<String>()).into());
    let (written, sealed) = within(1_000).seal(|| {
        attach::enqueue(file.clone())?;
        attach::intent(file.clone()).enqueue()?;
        attach::enqueue(file.clone())
    });
    assert_full(&written, 1_000);
    sealed.discard();
    let (written, sealed) = airlock::scope().seal(|| attach::enqueue(file));
    written.expect("there is room");
    sealed.discard();
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

#[airlock::scoped(limit_bytes = 1_000)]
fn three_letters() -> Result<(), Box<dyn std::error::Error>> {
    Ok(letters(3)?)
}

#[test]
fn the_attribute_takes_the_limit() {
    let error = three_letters().expect_err("the third is too much").to_string();
    assert!(error.contains("its limit of 1000"), "{error}");
}
