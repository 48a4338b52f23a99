//! `#[airlock::task]`: the function stays what it was, and beside it stands the task.

use std::collections::BTreeMap;
use std::time::Duration;

use airlock::{Intent, Task};

use crate::support::Ran;

/// Adds up, for whoever calls it; as a task nobody waits for the sum.
///
/// Its documentation stays.
#[airlock::task]
pub(crate) fn plain(a: u64, b: u64) {
    let _ = a + b;
}

#[airlock::task(name = "tasks.full", queue = "emails", max_attempts = 5)]
async fn full(order_id: u64) -> Result<(), std::fmt::Error> {
    crate::support::yield_once().await;
    if order_id == 0 { Err(std::fmt::Error) } else { Ok(()) }
}

#[test]
fn the_function_stays_callable() {
    plain(1, 2);
    let function: fn(u64, u64) = plain;
    function(1, 2);
    assert!(crate::support::block_on(full(0)).is_err());
    assert!(crate::support::block_on(full(1)).is_ok());
    assert!(airlock::current().is_none());
}

mod shop {
    pub(super) mod mail {
        #[airlock::task]
        pub(in crate::tasks) fn send(order_id: u64) {
            let _ = order_id;
        }
    }
}

#[test]
fn one_use_imports_both_and_an_alias_serves_both() {
    use shop::mail::send as dispatch;
    dispatch(1);
    assert_eq!(dispatch::intent(1).name(), "it::tasks::shop::mail::send");
}

#[test]
fn the_default_name_is_the_path_of_the_function() {
    #[airlock::task]
    fn inner(n: u8) {
        let _ = n;
    }
    assert_eq!(<plain as Task>::NAME, "it::tasks::plain");
    assert_eq!(<full as Task>::NAME, "tasks.full");
    assert_eq!(inner::NAME, "it::tasks::inner", "the module's path: a body has none");
    inner(1);
}

#[test]
fn the_options_are_the_tasks_unless_the_intent_says_otherwise() {
    let intent = full::intent(1);
    assert_eq!((intent.task().queue(), intent.task().max_attempts()), (Some("emails"), Some(5)));
    assert_eq!(
        (intent.effective_queue(), intent.effective_max_attempts()),
        (Some("emails"), Some(5))
    );
    assert_eq!(*intent.options(), airlock::Options::default());
    let intent = intent.queue("bulk").max_attempts(2).delay(Duration::from_mins(1)).priority(9);
    assert_eq!(
        (intent.effective_queue(), intent.effective_max_attempts()),
        (Some("bulk"), Some(2))
    );
    assert_eq!(
        (intent.options().delay(), intent.options().priority()),
        (Some(Duration::from_mins(1)), Some(9))
    );
    assert_eq!(intent.options().queue(), Some("bulk"));
    assert_eq!(plain::intent(1, 2).effective_queue(), None);
    let owned = format!("queue-{}", 7);
    assert_eq!(plain::intent(1, 2).queue(owned).effective_queue(), Some("queue-7"));
}

const QUEUE: &str = "constants";

#[airlock::task(queue = QUEUE, max_attempts = 1 + 2)]
fn by_constants() {}

#[test]
fn options_are_expressions() {
    assert_eq!(by_constants::info().queue(), Some("constants"));
    assert_eq!(by_constants::info().max_attempts(), Some(3));
    by_constants();
}

#[airlock::task]
fn r#match(r#type: u64, mut r#loop: u64, _unused: u64) {
    r#loop += r#type;
    let _ = r#loop;
}

#[test]
fn raw_identifiers_go_without_their_prefix() {
    let intent = r#match::intent(1, 2, 3);
    assert_eq!(intent.to_string(), "it::tasks::match(type: 1, loop: 2, _unused: 3)");
    assert_eq!(intent.to_json().expect("it has JSON"), r#"{"type":1,"loop":2,"_unused":3}"#);
    r#match(1, 2, 3);
}

#[cfg(not(test))]
#[airlock::task]
fn conditional() {
    compile_error!("it is not there in tests");
}

#[cfg(test)]
#[airlock::task]
fn conditional() {}

#[airlock::task]
#[cfg(any())]
fn never(n: NoSuchType) {}

#[test]
fn cfg_is_forwarded_to_all_that_is_generated() {
    conditional();
    assert_eq!(conditional::intent().to_string(), "it::tasks::conditional()");
    let registry = airlock::registry().expect("no two tasks have one name");
    assert!(registry.find("it::tasks::never").is_err());
}

#[test]
fn a_task_in_a_body_may_be_named_like_one_in_another() {
    fn first() -> Intent {
        #[airlock::task(name = "tasks.first.same")]
        fn same() {}
        same();
        same::intent()
    }
    fn second() -> Intent {
        #[airlock::task(name = "tasks.second.same")]
        fn same() {}
        same();
        same::intent()
    }
    assert_eq!((first().name(), second().name()), ("tasks.first.same", "tasks.second.same"));
}

#[derive(Debug)]
struct Broken;

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("broken")
    }
}

impl std::error::Error for Broken {}

type Alias = Result<(), Broken>;

macro_rules! returning {
    ($($name:ident -> $type:ty, $value:expr;)*) => {
        $(#[airlock::task]
        fn $name(fails: bool) -> $type {
            if fails { Err($value) } else { Ok(()) }
        })*
    };
}

returning! {
    str_error -> Result<(), &'static str>, "broken";
    string_error -> Result<(), String>, "broken".to_owned();
    own_error -> Result<(), Broken>, Broken;
    boxed_error -> Result<(), Box<dyn std::error::Error + Send + Sync>>, Broken.into();
    alias_error -> Alias, Broken;
}

#[test]
fn a_task_may_return_any_error_that_can_be_boxed() {
    let tasks: [fn(bool) -> Intent; 5] = [
        str_error::intent,
        string_error::intent,
        own_error::intent,
        boxed_error::intent,
        alias_error::intent,
    ];
    for task in tasks {
        airlock::scope().run(|| task(false).enqueue()).expect("flushed").expect("enqueued");
        let error = airlock::scope().run(|| task(true).enqueue()).expect_err("it fails");
        let (_, cause) = error.failures().next().expect("one failed");
        assert_eq!(cause.to_string(), "broken");
    }
    for direct in [
        str_error(true).is_err(),
        string_error(true).is_err(),
        own_error(true).is_err(),
        boxed_error(true).is_err(),
        alias_error(true).is_err(),
    ] {
        assert!(direct);
    }
}

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

#[test]
fn the_origin_is_where_the_call_was_written() {
    #[track_caller]
    fn helper() -> Intent {
        plain::intent(1, 2)
    }
    let line = line!() + 1;
    let (direct, through) = (plain::intent(1, 2), helper());
    assert_eq!((direct.origin().file(), direct.origin().line()), (file!(), line));
    assert_eq!(through.origin().line(), line, "a helper may pass its caller on");
    let line = line!() + 1;
    let (_, sealed) = airlock::scope().seal(|| plain::enqueue(1, 2));
    assert_eq!(sealed.intents().next().expect("one").origin().line(), line);
    sealed.discard();
}

#[test]
fn an_intent_is_small_can_be_sent_and_copied() {
    fn can_be_sent<T: Send + 'static>(_: &T) {}
    assert!(size_of::<Intent>() <= 64);
    let intent = plain::intent(1, 2).queue("bulk");
    can_be_sent(&intent);
    let copy = intent.duplicate().expect("its arguments are `Clone`");
    assert_eq!(format!("{copy:?}"), format!("{intent:?}"));
    assert_eq!(copy.options(), intent.options());
    assert_eq!(copy.origin(), intent.origin());
    assert_eq!(intent.arguments_of::<plain>(), Some(&(1, 2)));
    assert_eq!(intent.arguments_of::<full>(), None);
}

#[test]
fn arguments_too_large_to_be_kept_inside_are_kept_all_the_same() {
    #[airlock::task]
    fn large(numbers: [u64; 20], text: String) -> Result<(), String> {
        if numbers.iter().sum::<u64>() == 190 { Ok(()) } else { Err(text) }
    }
    let numbers = std::array::from_fn(|n| n as u64);
    airlock::scope()
        .run(|| large::enqueue(numbers, "wrong".into()))
        .expect("flushed")
        .expect("enqueued");
    let error =
        airlock::scope().run(|| large::enqueue([0; 20], "wrong".into())).expect_err("fails");
    assert_eq!(error.into_intents()[0].arguments()["text"], "wrong");
}

#[derive(Debug, serde::Serialize, serde::Deserialize)]
struct NotClone(u64);

#[airlock::task]
fn by_json(argument: NotClone) -> Result<(), String> {
    Err(format!("saw {}", argument.0))
}

#[test]
fn what_is_not_clone_is_copied_by_json() {
    let intent = by_json::intent(NotClone(7));
    assert_eq!(intent.duplicate().map(|copy| copy.to_string()), Some(intent.to_string()));
    let error = airlock::scope().run(|| intent.enqueue()).expect_err("it fails");
    assert_eq!(error.into_intents()[0].arguments()["argument"], 7, "and so handed back whole");
}

struct OnlySend(std::cell::Cell<u64>);

#[airlock::task(local)]
async fn local(argument: OnlySend, callback: Box<dyn FnOnce() + Send>) {
    crate::support::yield_once().await;
    assert_eq!(argument.0.get(), 7);
    callback();
}

#[test]
fn a_local_task_takes_what_has_no_json() {
    let ran = Ran::new();
    let noted = ran.clone();
    let intent = local::intent(OnlySend(7.into()), Box::new(move || noted.push("called")));
    assert_eq!(intent.to_string(), "it::tasks::local(argument: …, callback: …)");
    assert!(intent.duplicate().is_none() && intent.to_json().is_err());
    airlock::scope().run(|| intent.enqueue()).expect("flushed").expect("enqueued");
    assert_eq!(ran.list(), ["called"]);
}

#[test]
fn parameters_may_be_named_like_anything() {
    #[airlock::task]
    fn shadowing(
        #[state] states: &u8,
        arguments: u8,
        shadowing: u8,
        krate: u8,
        info: u8,
        intent: u8,
    ) -> Result<(), String> {
        if [*states, arguments, shadowing, krate, info, intent] == [9, 1, 2, 3, 4, 5] {
            Ok(())
        } else {
            Err("mixed up".into())
        }
    }
    let tasks = airlock::tasks![shadowing];
    let inline = airlock::Inline::builder().state(9_u8).serving(tasks).build().expect("given");
    airlock::scope()
        .executor(inline)
        .run(|| shadowing::enqueue(1, 2, 3, 4, 5))
        .expect("flushed")
        .expect("enqueued");
}

mod renamed {
    pub(super) use ::airlock as lock;
}

#[airlock::task(crate = renamed::lock, name = "tasks.renamed")]
fn elsewhere() {}

#[test]
fn airlock_may_be_somewhere_else() {
    elsewhere();
    assert_eq!(elsewhere::intent().name(), "tasks.renamed");
}
