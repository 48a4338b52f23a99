//! What has expired when its turn comes is not run.

use std::sync::mpsc;
use std::time::Duration;

use airlock::{Intent, OnFailure, tasks};

use super::thread_pool::pool;
use super::tokio_tasks::tokio_tasks;
use crate::support::{Ran, note};

/// Holds up whatever comes behind it.
#[airlock::task]
fn delay_the_next() {
    std::thread::sleep(Duration::from_millis(60));
}

/// What is late, what comes behind it, and what would be in time for long.
fn some_that_expire() -> [Intent; 5] {
    [
        note::intent(0).expires(Duration::from_hours(1)),
        delay_the_next::intent(),
        note::intent(1).expires(Duration::from_millis(50)),
        note::intent(2),
        note::intent(3).expires(Duration::MAX),
    ]
}

#[test]
fn what_expires_before_a_thread_is_free_has_failed() {
    let ran = Ran::new();
    let (failed, failures) = mpsc::channel();
    let tell = move |error: airlock::FlushError| drop(failed.send(error));
    let pool =
        pool(&ran, 1).serving(tasks![note, delay_the_next]).on_error(tell).build().expect("built");
    let scope = airlock::scope().executor(pool);
    let enqueue = || some_that_expire().into_iter().try_for_each(Intent::enqueue);
    scope.run(enqueue).expect("handed over").expect("enqueued");
    // The pool is gone, and has done what it was handed.
    assert_eq!(ran.list(), ["note 0", "note 2", "note 3"]);
    let error = failures.recv().expect("told");
    assert!(error.to_string().contains("it expired before it could be begun"), "{error}");
    let back = error.into_intents();
    assert_eq!(back.len(), 1);
    let late = note::intent(1).expires(Duration::from_millis(50));
    assert!(back[0].is_same(&late), "as it was: {back:?}");
    assert!(failures.recv().is_err(), "no other has failed");
}

#[tokio::test]
async fn what_expires_before_the_runtime_begins_it_has_failed() {
    for concurrent in [false, true] {
        let ran = Ran::new();
        let (failed, failures) = mpsc::channel();
        let tasks = tokio_tasks(&ran).serving(tasks![note, delay_the_next]);
        let tasks = if concurrent { tasks.concurrent() } else { tasks };
        let tell = move |error: airlock::FlushError| drop(failed.send(error.to_string()));
        let tasks = tasks.on_error(tell).build().expect("built");
        let scope = airlock::scope().executor(tasks.clone()).on_failure(OnFailure::Continue);
        let enqueue = async { some_that_expire().into_iter().try_for_each(Intent::enqueue) };
        scope.run_async(enqueue).await.expect("handed over").expect("enqueued");
        tasks.finished().await;
        assert_eq!(ran.list(), ["note 0", "note 2", "note 3"]);
        let error = failures.recv().expect("told");
        assert!(error.contains("it expired before it could be begun"), "{error}");
        assert!(failures.try_recv().is_err(), "no other has failed");
    }
}
