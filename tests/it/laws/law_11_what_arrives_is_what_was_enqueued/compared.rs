//! No value is compared as another.

use std::cell::Cell;
use std::collections::{BTreeMap, HashSet};

use airlock::{Coalesce, Intent, assert_effects, assert_enqueued, assert_not_enqueued, testing};
use serde::{Deserialize, Serialize};

#[track_caller]
fn panic_of(run: impl FnOnce()) -> String {
    let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(run));
    *caught.expect_err("it fails").downcast::<String>().expect("it has a message")
}

/// How many of these intents a `Coalesce` lets out.
fn coalesced(intents: impl IntoIterator<Item = Intent>) -> usize {
    let discard = |_: Intent| Ok::<_, std::convert::Infallible>(());
    let (_, sealed) = airlock::scope()
        .executor(discard)
        .policy(Coalesce)
        .seal(|| intents.into_iter().try_for_each(Intent::enqueue));
    sealed.flush().expect("flushed").dispatched()
}

#[airlock::task]
fn measure(ratio: Option<f64>) {
    let _ = ratio;
}

#[test]
fn infinity_is_not_none() {
    let values = [Some(f64::INFINITY), None, Some(f64::NEG_INFINITY), None, Some(f64::INFINITY)];
    assert_eq!(coalesced(values.map(measure::intent)), 3);

    let (_, effects) = testing::capture(|| measure::enqueue(Some(f64::NAN)));
    assert_not_enqueued!(effects, measure(None));
    let message = panic_of(|| assert_enqueued!(effects, measure(None)));
    assert!(message.contains("\"NaN\""), "{message}");
    let message = panic_of(|| assert_enqueued!(effects, measure(Some(f64::NAN))));
    assert!(message.contains("`ratio` is not equal, though it is written alike"), "{message}");
}

#[airlock::task]
fn tag(tags: HashSet<String>) {
    let _ = tags;
}

#[derive(Clone, Serialize, Deserialize)]
struct Filter {
    tags: Option<HashSet<String>>,
}

/// `Filter` has no `==`.
#[airlock::task]
fn filter(by: Filter) {
    let _ = by;
}

fn tags() -> HashSet<String> {
    ('a'..='z').map(String::from).collect()
}

#[test]
fn equal_sets_are_equal_and_look_the_same() {
    let filter = || filter::intent(Filter { tags: Some(tags()) });
    let (_, effects) = testing::capture(|| {
        tag::enqueue(tags())?;
        filter().enqueue()
    });
    for _ in 0..20 {
        assert_enqueued!(effects, tag(tags()));
        assert_effects!(effects, [tag(tags()), filter(Filter { tags: Some(tags()) })]);
        let (_, again) = testing::capture(|| {
            tag::enqueue(tags())?;
            filter().enqueue()
        });
        assert_eq!(again.to_string(), effects.to_string());
        assert_eq!(again.to_json(), effects.to_json());
    }
    assert_eq!(coalesced((0..20).map(|_| tag::intent(tags()))), 1);
    assert_eq!(coalesced((0..20).map(|_| filter())), 1);
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Place(u8, u8);

#[airlock::task]
fn mark(places: BTreeMap<Place, u32>) {
    let _ = places;
}

#[test]
fn a_map_whose_keys_json_can_not_have_is_compared_and_shown() {
    let places = |y| BTreeMap::from([(Place(1, y), 3)]);
    let (_, effects) = testing::capture(|| mark::enqueue(places(2)));
    assert_enqueued!(effects, mark(places(2)));
    assert_not_enqueued!(effects, mark(places(3)));
    assert!(effects.to_string().ends_with("mark(places: [[[1,2],3]])"), "{effects}");
    assert_eq!(coalesced([2, 2, 3].map(|y| mark::intent(places(y)))), 2);
}

#[airlock::task]
fn sign(id: u64, #[secret] token: String) {
    let _ = (id, token);
}

#[test]
fn lines_that_are_the_same_say_what_differs() {
    let (_, effects) = testing::capture(|| sign::enqueue(1, "s3cret".into()));
    let message = panic_of(|| assert_effects!(effects, [sign(1, "other".into())]));
    assert!(message.contains("`token` differs, which is secret"), "{message}");
    assert!(!message.contains("s3cret") && !message.contains("other"), "{message}");
    let message = panic_of(|| assert_enqueued!(effects, sign(1, "other".into())));
    assert!(message.contains("`token` differs, which is secret"), "{message}");

    let expected = testing::Expected::Intent(sign::intent(1, "s3cret".into()).queue("bulk"));
    let message = panic_of(|| testing::assert_enqueued(&effects, &expected));
    assert!(message.contains("its options are"), "{message}");
}

/// Without `==`, and without JSON.
#[derive(Clone)]
struct Handle(u32);

#[airlock::task(local)]
fn reply(to: Handle, id: u64) {
    let _ = (to.0, id);
}

#[test]
fn what_can_not_be_compared_is_not_said_to_be_absent() {
    let (_, effects) = testing::capture(|| reply::enqueue(Handle(1), 7));
    let message = panic_of(|| assert_not_enqueued!(effects, reply(Handle(1), 7)));
    assert!(message.contains("the type of `to` has neither `==` nor `Serialize`"), "{message}");
    assert_not_enqueued!(effects, reply(Handle(1), 8));
    let message = panic_of(|| assert_enqueued!(effects, reply(Handle(1), 7)));
    assert!(message.contains("the type of `to` has neither"), "{message}");
    assert_eq!(coalesced((0..3).map(|_| reply::intent(Handle(1), 7))), 3);
}

thread_local! {
    static COMPARED: Cell<usize> = const { Cell::new(0) };
}

/// JSON can't have a key that is a list, and the type counts how often it is compared.
#[derive(Clone, Serialize, Deserialize)]
struct Grid(BTreeMap<(u32, u32), u32>);

impl PartialEq for Grid {
    fn eq(&self, other: &Self) -> bool {
        COMPARED.set(COMPARED.get() + 1);
        self.0 == other.0
    }
}

#[airlock::task]
fn paint(grid: Grid) {
    let _ = grid;
}

#[test]
fn what_has_no_json_is_found_by_its_hash() {
    let grids = || (0..4_000).map(|n| paint::intent(Grid(BTreeMap::from([((n, n), n)]))));
    assert_eq!(coalesced(grids().chain(grids())), 4_000);
    // Each of the second half with its like: one by one it would be 24 million.
    assert_eq!(COMPARED.get(), 4_000);
}
