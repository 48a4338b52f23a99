//! `Route` gives each executor its part of a batch.

use airlock::{Batch, DispatchError, Executor, Fate, Intent, OnFailure, Route, tasks};

use super::{Answer, Answers, Never, became, flush, flush_with, number, numbers, third};
use crate::support::{Ran, Reports, assert_adds_up, block_on, fail, fates, note, quiet, short};

#[test]
fn route_gives_each_executor_one_batch_in_order() {
    let ran = Ran::new();
    let ok = || Answers::new(&ran, [|| Ok(())]);
    let route = Route::to(ok()).when(third(1)).and_to(ok()).when(third(0)).otherwise(ok());
    flush(route, 8).expect("out");
    assert_eq!(ran.list(), ["1 4 7", "0 3 6", "2 5"]);
}

#[test]
fn route_goes_by_task_by_queue_and_by_rule_and_the_first_match_wins() {
    #[airlock::task(queue = "emails")]
    fn mail(n: u64) {
        let _ = n;
    }
    let ran = Ran::new();
    let named = |name: &'static str| {
        let ran = ran.clone();
        move |intent: Intent| {
            ran.push(format!("{name}: {}", short(&intent)));
            Ok::<_, String>(())
        }
    };
    let route = Route::to(named("tasks"))
        .tasks(tasks![note, fail])
        .and_to(named("queue"))
        .queue("emails")
        .and_to(named("rule"))
        .when(|intent| number(intent) > 5)
        .otherwise(named("otherwise"));
    let scope = airlock::scope().executor(route);
    scope
        .run(|| {
            quiet::enqueue(1)?;
            mail::enqueue(2)?;
            mail::intent(3).queue("bulk").enqueue()?;
            quiet::intent(4).queue("emails").enqueue()?;
            note::intent(5).queue("emails").enqueue()?;
            mail::enqueue(6)?;
            quiet::enqueue(7)
        })
        .expect("out")
        .expect("enqueued");
    assert_eq!(
        ran.list(),
        [
            "tasks: note(n: 5)",
            "queue: mail(n: 2)",
            "queue: quiet(n: 4)",
            "queue: mail(n: 6)",
            "rule: quiet(n: 7)",
            "otherwise: quiet(n: 1)",
            "otherwise: mail(n: 3)",
        ]
    );
}

#[test]
fn route_stops_behind_a_target_that_fails() {
    let ran = Ran::new();
    let route = |answer: fn() -> Answer| {
        let ok = || Answers::new(&ran, [|| Ok(())]);
        let failing = Answers::new(&ran, [answer]);
        Route::to(ok()).when(third(1)).and_to(failing).when(third(0)).otherwise(ok())
    };
    let busy: fn() -> Answer = || Err(DispatchError::at(1, "busy"));
    let error = flush(route(busy), 8).expect_err("busy");
    assert_eq!(ran.list(), ["1 4 7", "0 3 6"]);
    assert_eq!(
        fates(error.report()),
        [
            "quiet: dispatched",
            "quiet: dispatched",
            "quiet: not attempted",
            "quiet: failed: busy",
            "quiet: dispatched",
            "quiet: not attempted",
            "quiet: not attempted",
            "quiet: dispatched",
        ]
    );
    let arguments: Vec<_> =
        error.report().entries().iter().map(|entry| entry.arguments()["n"].clone()).collect();
    assert_eq!(arguments, [0, 1, 2, 3, 4, 5, 6, 7], "the report keeps the order of enqueue");
    let (report, failed, rest) = error.into_parts();
    assert_adds_up(&report, 8);
    assert_eq!(failed.len(), 1);
    assert!(failed[0].intent.as_ref().is_some_and(|intent| number(intent) == 3));
    assert_eq!(numbers(&rest), [2, 5, 6]);

    let error = flush_with(route(busy), OnFailure::Continue, 8).expect_err("busy");
    assert_eq!(error.report().dispatched(), 6);
    assert_eq!(numbers(&error.into_intents()), [3, 6]);

    let refuses = route(|| Err(DispatchError::refused("down")));
    let error = flush_with(refuses, OnFailure::Continue, 8).expect_err("down");
    assert_eq!(error.report().entries()[0].fate().to_string(), "failed: down");
    assert_eq!(error.report().not_attempted(), 2);
    assert_eq!(numbers(&error.into_intents()), [0, 3, 6]);
}

#[test]
fn route_keeps_duplicates_and_what_policies_dropped_in_their_places() {
    /// Holds the keys of all but the first.
    struct Holds;
    impl Executor for Holds {
        async fn dispatch(&self, batch: &mut Batch) -> Answer {
            (1..batch.len()).for_each(|index| batch.left_out(index));
            Ok(())
        }
    }
    let busy = Answers::new(&Ran::new(), [|| Err(DispatchError::at(0, "busy"))]);
    let error = airlock::scope()
        .policy(airlock::block_tasks![note])
        .executor(Route::to(Holds).when(third(1)).otherwise(busy))
        .run(|| (0..8).try_for_each(|n| if n == 4 { note::enqueue(n) } else { quiet::enqueue(n) }))
        .expect_err("busy");
    let expected = [
        "failed: busy",
        "dispatched",
        "not attempted",
        "not attempted",
        "dropped by BlockTasks",
        "not attempted",
        "not attempted",
    ];
    assert_eq!(became(&error)[..7], expected);
    assert_eq!(error.report().entries()[7].fate(), &Fate::Duplicate);
}

#[test]
fn a_rule_of_a_route_that_panics_dispatches_nothing() {
    let ran = Ran::new();
    let ok = || Answers::new(&ran, [|| Ok(())]);
    let panics = |intent: &Intent| {
        if number(intent) == 2 {
            std::panic::resume_unwind(Box::new("on purpose"));
        }
        true
    };
    let error = flush(Route::to(ok()).when(panics).otherwise(ok()), 3).expect_err("it panics");
    assert!(ran.list().is_empty());
    assert_eq!(error.report().failed(), 3);
    assert_eq!(numbers(&error.into_intents()), [0, 1, 2]);
}

#[test]
fn a_flush_dropped_between_two_targets_of_a_route_reports_what_left() {
    let reports = Reports::new();
    let ok = Answers::new(&Ran::new(), [|| Ok(())]);
    let route = Route::to(ok).when(third(1)).otherwise(Never);
    let scope = airlock::scope().executor(route).on_report(reports.keep());
    let mut run = Box::pin(scope.run_async(async { (0..5).try_for_each(quiet::enqueue) }));
    block_on(async {
        for _ in 0..5 {
            assert!(futures::poll!(&mut run).is_pending());
        }
    });
    drop(run);
    let report = reports.only();
    assert_adds_up(&report, 5);
    let left: Vec<_> = report
        .entries()
        .iter()
        .filter(|entry| *entry.fate() == Fate::Dispatched)
        .map(|entry| entry.arguments()["n"].clone())
        .collect();
    assert_eq!(left, [1, 4]);
    assert_eq!(report.discarded(), 3);
}

#[test]
fn a_route_that_gets_a_batch_in_chunks_reports_every_intent() {
    let busy = Answers::new(&Ran::new(), [|| Err(DispatchError::at(0, "busy"))]);
    let ok = Answers::new(&Ran::new(), [|| Ok(())]);
    let error = airlock::scope()
        .executor(Route::to(ok).when(third(1)).otherwise(busy))
        .chunks(4)
        .run(|| (0..10).try_for_each(quiet::enqueue))
        .expect_err("busy");
    let numbers: Vec<_> =
        error.report().entries().iter().map(|entry| entry.arguments()["n"].clone()).collect();
    assert_eq!(numbers, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    assert_eq!(
        became(&error)[..4],
        ["failed: busy", "dispatched", "not attempted", "not attempted"]
    );
    assert_eq!(error.report().not_attempted(), 8);
    assert_eq!(error.into_intents().len(), 9);
}
