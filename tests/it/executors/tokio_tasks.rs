//! `tokio::Tasks` runs tasks on a Tokio runtime, apart from the flush.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use airlock::{Fate, tasks};

use crate::support::{Ran, anote, assert_adds_up, boom, fail, note, quiet, short};

pub(super) fn tokio_tasks(ran: &Ran) -> airlock::tokio::TasksBuilder {
    airlock::tokio::Tasks::builder()
        .state(ran.clone())
        .serving(tasks![note, anote, fail, boom, quiet])
}

#[tokio::test]
async fn tokio_tasks_run_in_the_background_in_order() {
    let ran = Ran::new();
    let tasks = tokio_tasks(&ran).build().expect("given");
    let run = airlock::scope().executor(tasks.clone()).run_async(async {
        for n in 0..10 {
            anote::enqueue(n)?;
        }
        note::enqueue(10)
    });
    run.await.expect("handed over").expect("enqueued");
    assert!(ran.list().is_empty(), "on one thread nothing has run yet");
    tasks.finished().await;
    let expected: Vec<_> =
        (0..10).map(|n| format!("anote {n}")).chain(["note 10".into()]).collect();
    assert_eq!(ran.list(), expected);
}

#[tokio::test]
async fn tokio_tasks_report_what_failed_and_hand_it_back_with_what_came_after_it() {
    let ran = Ran::new();
    let told = Arc::new(Mutex::new(Vec::new()));
    let tell = told.clone();
    let tasks = tokio_tasks(&ran)
        .on_error(move |error| tell.lock().expect("not poisoned").extend(error.into_intents()))
        .build()
        .expect("given");
    let run = airlock::scope().executor(tasks.clone()).run_async(async {
        note::enqueue(1)?;
        boom::enqueue(2)?;
        note::enqueue(3)
    });
    run.await.expect("handed over").expect("enqueued");
    tasks.finished().await;
    let told: Vec<_> = told.lock().expect("not poisoned").iter().map(short).collect();
    assert_eq!(told, ["boom(n: 2)", "note(n: 3)"]);
    assert_eq!(ran.list(), ["note 1"]);
}

#[test]
fn tokio_tasks_without_a_runtime_say_what_to_write_and_lose_nothing() {
    let tasks = tokio_tasks(&Ran::new()).build().expect("given");
    let error = airlock::scope().executor(tasks).run(|| quiet::enqueue(1)).expect_err("no runtime");
    assert!(error.to_string().contains("`Tasks::builder().runtime(handle)`"), "{error}");
    assert_eq!(error.report().entries()[0].fate(), &Fate::NotAttempted);
    assert_eq!(error.into_intents().len(), 1);
}

#[test]
fn tokio_tasks_take_a_named_runtime_from_sync_code() {
    let ran = Ran::new();
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let tasks = tokio_tasks(&ran).runtime(runtime.handle().clone()).build().expect("given");
    airlock::scope()
        .executor(tasks.clone())
        .run(|| anote::enqueue(1))
        .expect("handed over")
        .expect("enqueued");
    runtime.block_on(tasks.finished());
    assert_eq!(ran.list(), ["anote 1"]);
}

#[tokio::test]
async fn concurrent_tokio_tasks_do_not_wait_for_one_another() {
    #[airlock::task]
    async fn meet(#[state] gate: &Arc<tokio::sync::Barrier>) {
        gate.wait().await;
    }
    let tasks = airlock::tokio::Tasks::builder()
        .state(Arc::new(tokio::sync::Barrier::new(3)))
        .serving(tasks![meet])
        .concurrent()
        .build()
        .expect("given");
    let run = airlock::scope()
        .executor(tasks.clone())
        .run_async(async { (0..3).try_for_each(|_| meet::enqueue()) });
    run.await.expect("handed over").expect("enqueued");
    // It fails in place of a hang.
    let all = tokio::time::timeout(Duration::from_mins(5), tasks.finished());
    all.await.expect("they meet");
}

#[test]
fn a_runtime_that_has_shut_down_takes_nothing() {
    for concurrent in [false, true] {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let builder = airlock::tokio::Tasks::builder()
            .runtime(runtime.handle().clone())
            .serving(tasks![quiet]);
        let builder = if concurrent { builder.concurrent() } else { builder };
        let tasks = builder.build().expect("nothing is asked for");
        runtime.shutdown_timeout(Duration::from_secs(10));
        let flush = airlock::scope().executor(tasks).run(|| {
            quiet::enqueue(1)?;
            quiet::enqueue(2)
        });
        let error = flush.expect_err("nobody takes it");
        assert!(error.to_string().contains("has shut down"), "{error}");
        assert_adds_up(error.report(), 2);
        assert_eq!(error.into_intents().len(), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn waiting_for_tokio_tasks_can_be_given_up_and_begun_again() {
    #[airlock::task]
    async fn slow(#[state] ran: &Ran) {
        tokio::time::sleep(Duration::from_millis(100)).await;
        ran.push("slow");
    }
    let ran = Ran::new();
    let executor = airlock::tokio::Tasks::builder()
        .state(ran.clone())
        .serving(tasks![slow])
        .build()
        .expect("given");
    let run = airlock::scope().executor(executor.clone()).run_async(async { slow::enqueue() });
    run.await.expect("handed over").expect("enqueued");
    let gave_up = tokio::time::timeout(Duration::from_millis(5), executor.finished()).await;
    assert!(gave_up.is_err());
    tokio::join!(executor.finished(), executor.finished());
    assert_eq!(ran.list(), ["slow"]);
}
