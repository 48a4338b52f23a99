//! `#[state]` parameters: supplied by the executor, checked when that is built.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use airlock::{Inline, States, StatesError, ThreadPool, tasks};

use crate::support::{Ran, block_on, note, yield_once};

struct Smtp {
    host: &'static str,
}

struct Sent(AtomicU32);

trait Clock: Send + Sync {
    fn now(&self) -> u64;
}

struct Fixed;

impl Clock for Fixed {
    fn now(&self) -> u64 {
        1970
    }
}

#[airlock::task]
fn mail(#[state] smtp: &Smtp, order_id: u64, #[state] sent: &Sent) -> Result<(), String> {
    sent.0.fetch_add(1, Ordering::Relaxed);
    if smtp.host == "localhost" { Ok(()) } else { Err(format!("{} refuses {order_id}", smtp.host)) }
}

#[airlock::task]
async fn stamp(#[state] clock: &Arc<dyn Clock>, #[state] ran: &Ran) {
    yield_once().await;
    ran.push(clock.now().to_string());
}

#[test]
fn states_stand_anywhere_and_are_no_arguments() {
    let intent = mail::intent(7);
    assert_eq!(intent.to_json().expect("it has JSON"), r#"{"order_id":7}"#);
    assert_eq!(intent.task().parameters().len(), 1);
    let sent = Sent(AtomicU32::new(0));
    assert_eq!(
        mail(&Smtp { host: "localhost" }, 7, &sent),
        Ok(()),
        "the function is called as written"
    );
    assert_eq!(sent.0.load(Ordering::Relaxed), 1);
}

#[test]
fn the_executor_supplies_them() {
    let inline = Inline::builder()
        .state(Smtp { host: "elsewhere" })
        .state(Sent(AtomicU32::new(0)))
        .serving(tasks![mail])
        .build()
        .expect("all are given");
    let error = airlock::scope().executor(inline).run(|| mail::enqueue(7)).expect_err("refused");
    assert!(error.to_string().contains("elsewhere refuses 7"), "{error}");
}

#[test]
fn async_tasks_borrow_them_across_awaits() {
    let ran = Ran::new();
    let inline = || {
        let clock: Arc<dyn Clock> = Arc::new(Fixed);
        Inline::builder()
            .state(clock)
            .state(ran.clone())
            .serving(tasks![stamp])
            .build()
            .expect("given")
    };
    airlock::scope().executor(inline()).run(stamp::enqueue).expect("flushed").expect("enqueued");
    let run = airlock::scope().executor(inline()).run_async(async { stamp::enqueue() });
    block_on(run).expect("flushed").expect("enqueued");
    assert_eq!(ran.list(), ["1970", "1970"]);
}

#[test]
fn what_is_missing_is_said_when_the_executor_is_built() {
    let builder = Inline::builder().state(Ran::new()).serving(tasks![mail, stamp, note]);
    let error = builder.build().expect_err("three are missing");
    let text = error.to_string();
    for (task, state) in [("mail", "Smtp"), ("mail", "Sent"), ("stamp", "dyn it::state::Clock")] {
        let line = text
            .lines()
            .find(|line| line.contains(&format!("`it::state::{task}`")) && line.contains(state));
        let line = line.unwrap_or_else(|| panic!("{task} needs {state}: {text}"));
        assert!(line.contains("it/state.rs:"), "it names the place: {line}");
    }
    assert!(!text.contains("`it::support::note`"), "that one has all it needs: {text}");
    let StatesError::Missing(missing) = error else { panic!("{error}") };
    assert_eq!(missing.iter().count(), 3);
}

#[test]
fn without_a_list_every_task_of_the_binary_is_served() {
    let error = Inline::builder().build().expect_err("this binary's tasks need states");
    let text = error.to_string();
    assert!(text.contains("`it::state::mail`") && text.contains("`it::support::note`"), "{text}");
    assert!(text.starts_with("states are missing: add each with `.state(…)`"), "{text}");
}

#[test]
fn every_executor_that_runs_tasks_checks() {
    let pool = ThreadPool::builder().serving(tasks![mail]).build();
    assert!(pool.expect_err("missing").to_string().contains("Smtp"));
    let tasks = airlock::tokio::Tasks::builder().serving(tasks![mail]).build();
    assert!(tasks.expect_err("missing").to_string().contains("Smtp"));
}

#[test]
fn states_are_shared_by_clones_and_replaced_by_type() {
    let states = States::new().with(1_u8).with(Smtp { host: "a" }).with(2_u8);
    let copy = states.clone().with(3_u16);
    assert_eq!((states.get::<u8>(), states.get::<u16>()), (Some(&2), None));
    assert!(std::ptr::eq(states.get::<Smtp>().expect("given"), copy.get::<Smtp>().expect("given")));
    assert_eq!(format!("{copy:?}"), r#"{"it::state::Smtp", "u16", "u8"}"#);
    let ran = Ran::new();
    let states = States::new().with(ran.clone());
    let inline = Inline::builder().states(states).serving(tasks![note]).build().expect("given");
    airlock::scope().executor(inline).run(|| note::enqueue(1)).expect("flushed").expect("enqueued");
    assert_eq!(ran.list(), ["note 1"]);
}

/// The default executor has no states: a task that needs one fails, and says what to write.
#[test]
fn a_task_whose_state_was_never_given_fails_with_the_way_out() {
    let error = airlock::scope().run(|| mail::enqueue(1)).expect_err("no state");
    let text = error.to_string();
    assert!(
        text.contains("`it::state::mail` (") && text.contains("needs the state `it::state::Smtp`"),
        "{text}"
    );
    assert!(text.contains("`.state(…)` on the executor's builder"), "{text}");
    assert_eq!(error.into_intents().len(), 1);
}
