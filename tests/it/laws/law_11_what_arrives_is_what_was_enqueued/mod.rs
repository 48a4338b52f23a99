//! Law 11: **What arrives is what was enqueued.** A value that does not come back from JSON as the same value
//! is refused at the enqueue's side, by the name of its parameter; it never runs as another value, and is never
//! compared as one.
//!
//! One thing can't be seen: a field that serde skips, of a type that has neither `==` nor `Debug`.

mod compared;
mod copied;
mod floats;
mod foreign;
mod refused;

use std::collections::{BTreeMap, HashMap};

use airlock::{Coalesce, Intent, Task, assert_enqueued, testing};

use crate::support::Ran;

#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
enum Colour {
    Red,
    Mixed { with: Box<Colour>, share: f32 },
}

#[airlock::task]
#[expect(clippy::too_many_arguments, reason = "as many as a task may have")]
fn many(
    #[state] ran: &Ran,
    small: u8,
    signed: i64,
    float: f64,
    flag: bool,
    letter: char,
    text: String,
    absent: Option<u32>,
    pairs: Vec<(u8, String)>,
    map: BTreeMap<String, u32>,
    colour: Colour,
    array: [u8; 3],
    unit: (),
) {
    ran.push(format!("{small} {signed} {float} {flag} {letter} {text} {absent:?} {pairs:?}"));
    ran.push(format!("{map:?} {colour:?} {array:?} {unit:?}"));
}

fn many_intent() -> Intent {
    let colour = Colour::Mixed { with: Box::new(Colour::Red), share: 0.5 };
    let map = BTreeMap::from([("one".to_owned(), 1)]);
    many::intent(
        1,
        -2,
        0.25,
        true,
        'é',
        "s\"q\n".into(),
        None,
        vec![(1, "x".into())],
        map,
        colour,
        [1, 2, 3],
        (),
    )
}

#[test]
fn twelve_arguments_of_all_kinds_survive_the_wire() {
    let ran = Ran::new();
    let inline = || {
        let tasks = airlock::tasks![many];
        airlock::Inline::builder().state(ran.clone()).serving(tasks).build().expect("given")
    };
    let json = many_intent().to_json().expect("it has JSON");
    let decoded =
        airlock::registry().expect("no two tasks have one name").decode(many::NAME, &json);
    let decoded = decoded.expect("it is right");
    assert_eq!(decoded.to_json().expect("it has JSON"), json);
    airlock::scope()
        .executor(inline())
        .run(|| {
            many_intent().enqueue()?;
            decoded.enqueue()
        })
        .expect("flushed")
        .expect("enqueued");
    let list = ran.list();
    assert_eq!(list.len(), 4);
    assert_eq!(list[..2], list[2..]);
    assert!(list[0].starts_with("1 -2 0.25 true é s\"q\n None"), "{}", list[0]);
}

#[airlock::task]
fn tagged(tags: HashMap<String, u8>) {
    let _ = tags;
}

fn tags() -> HashMap<String, u8> {
    ('a'..='z').map(|tag| (tag.to_string(), 1)).collect()
}

#[test]
fn maps_are_equal_whatever_their_order() {
    let (_, effects) = testing::capture(|| tagged::enqueue(tags()));
    for _ in 0..20 {
        assert_enqueued!(effects, tagged(tags()));
    }
    let (_, sealed) = airlock::scope()
        .policy(Coalesce)
        .seal(|| (0..20).try_for_each(|_| tagged::enqueue(tags())));
    assert_eq!(sealed.flush().expect("flushed").dispatched(), 1);
}
