//! What a task may take: large values, values without `Clone`, values without JSON.

use crate::support::Ran;

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
    assert_eq!(intent.to_string(), "it::tasks::arguments::local(argument: …, callback: …)");
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
