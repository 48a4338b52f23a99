//! Tokio tasks, which scopes hand their intents to.

use airlock::tokio::Tasks;
use shuttle::check_random;
use shuttle::future::{block_on, spawn};

use crate::ORDERS_OF_TASKS;
use crate::counted::{Ran, count};

/// What was handed over before has run when the wait for it is over, whoever hands over more meanwhile.
#[test]
fn what_was_handed_over_has_run_when_it_has_finished() {
    check_random(
        || {
            block_on(async {
                let ran = Ran::default();
                let tasks = Tasks::builder().concurrent().state(ran.clone()).build();
                let tasks = tasks.expect("an executor");
                let other = spawn(flush(tasks.clone(), 0));
                flush(tasks.clone(), 10).await;
                tasks.finished().await;
                let sorted = ran.sorted();
                assert!([10, 11].iter().all(|own| sorted.contains(own)), "{sorted:?}");
                other.await.expect("it ends");
                tasks.finished().await;
                assert_eq!(ran.sorted(), [0, 1, 10, 11]);
            });
        },
        ORDERS_OF_TASKS,
    );
}

async fn flush(tasks: Tasks, first: u64) {
    let scope = airlock::scope().executor(tasks);
    let enqueued = scope.run_async(async { (first..first + 2).try_for_each(count::enqueue) }).await;
    enqueued.expect("flushed").expect("enqueued");
}
