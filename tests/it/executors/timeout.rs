//! `Timeout` bounds how long an executor may take.

use std::sync::Arc;
use std::time::Duration;

use airlock::{Backoff, DispatchError, Inline, Retry, Route, Timeout, tasks};

use super::{Answers, Any, Never, became, flush, hang, numbers};
use crate::support::{Ran, anote, assert_adds_up, block_on, quiet};

#[tokio::test(start_paused = true)]
async fn timeout_reports_what_left_and_hands_the_rest_back() {
    let ran = Ran::new();
    let inline = Inline::builder().state(ran.clone()).serving(tasks![anote, hang]).build();
    let inline = inline.expect("it is complete");
    let scope = airlock::scope().executor(Timeout::new(inline, Duration::from_millis(20)));
    let run = scope.run_async(async {
        anote::enqueue(0)?;
        hang::enqueue(1)?;
        anote::enqueue(2)
    });
    let error = run.await.expect_err("it hangs");
    assert_eq!(ran.list(), ["anote 0"]);
    let late = "failed: not done within 20ms: it may have left all the same";
    assert_eq!(became(&error), ["dispatched", late, late]);
    assert_eq!(numbers(&error.into_intents()), [1, 2]);
}

#[test]
fn timeout_reports_what_the_task_that_it_cancels_had_enqueued() {
    #[airlock::task]
    async fn enqueue_and_hang(n: u64) {
        quiet::enqueue(n + 1).expect("it has a scope of its own");
        std::future::pending::<()>().await;
    }
    let inline = || Inline::builder().serving(tasks![]).build().expect("it asks for nothing");
    let limit = Duration::from_millis(20);
    // By itself, and as a part of a batch.
    let route = Route::to(Timeout::new(inline(), limit)).tasks(tasks![enqueue_and_hang]);
    let nested = route.otherwise(inline());
    for executor in [Any(Arc::new(Timeout::new(inline(), limit))), Any(Arc::new(nested))] {
        let run = airlock::scope().executor(executor).run_async(async {
            quiet::enqueue(1)?;
            enqueue_and_hang::enqueue(2)
        });
        let error = block_on(run).expect_err("it hangs");
        let report = error.report();
        assert_adds_up(report, 3);
        assert_eq!((report.failed(), report.discarded()), (1, 1), "{report}");
        assert_eq!(report.entries()[2].arguments()["n"], 3);
    }
}

#[test]
fn timeout_passes_the_answer_on_where_it_comes_in_time() {
    let ran = Ran::new();
    let slow = Answers::new(&ran, [|| DispatchError::each(vec![(1, "busy".into())])]);
    let error = flush(Timeout::new(slow, Duration::from_mins(1)), 3).expect_err("busy");
    assert_eq!(became(&error), ["dispatched", "failed: busy", "dispatched"]);
}

#[tokio::test(start_paused = true)]
async fn timeout_ends_a_retry_that_would_go_on() {
    let answers = Answers::new(&Ran::new(), [|| DispatchError::each(vec![(1, "busy".into())])]);
    let retry = Retry::new(answers).backoff(Backoff::new(Duration::from_hours(1)));
    let executor = Timeout::new(retry, Duration::from_millis(20));
    let run = airlock::scope()
        .executor(executor)
        .run_async(async { (0..3).try_for_each(quiet::enqueue) });
    let error = run.await.expect_err("busy");
    assert_eq!(became(&error), ["dispatched", "failed: busy", "dispatched"]);
}

#[test]
fn timeout_needs_no_runtime() {
    let error = flush(Timeout::new(Never, Duration::from_millis(20)), 2).expect_err("it hangs");
    let late = "failed: not done within 20ms: it may have left all the same";
    assert_eq!(became(&error), [late; 2]);
}
