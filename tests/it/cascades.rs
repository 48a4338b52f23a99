//! Tasks that enqueue: each runs in a scope of its own.

use airlock::{Inline, OnFailure, tasks};

use crate::support::{Ran, assert_adds_up, block_on, fates, note, yield_once};

/// Enqueues two more until `depth` is 0, and notes its path.
#[airlock::task]
fn fork(#[state] ran: &Ran, path: String, depth: u32) -> Result<(), airlock::EnqueueError> {
    ran.push(&*path);
    if depth > 0 {
        fork::enqueue(format!("{path}a"), depth - 1)?;
        fork::enqueue(format!("{path}b"), depth - 1)?;
    }
    Ok(())
}

#[airlock::task]
async fn afork(#[state] ran: &Ran, path: String, depth: u32) -> Result<(), airlock::EnqueueError> {
    ran.push(&*path);
    yield_once().await;
    if depth > 0 {
        afork::enqueue(format!("{path}a"), depth - 1)?;
        yield_once().await;
        afork::enqueue(format!("{path}b"), depth - 1)?;
    }
    Ok(())
}

#[airlock::task]
fn enqueues_and_fails(#[state] ran: &Ran) -> Result<(), &'static str> {
    ran.push("enqueues_and_fails");
    note::enqueue(1).map_err(|_| "no scope")?;
    Err("after all")
}

#[airlock::task]
pub(crate) fn nests(#[state] ran: &Ran) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    ran.push("nests");
    airlock::scope().run(|| note::enqueue(1))??;
    assert_eq!(ran.list(), ["nests"], "captured by the task's own scope");
    let lost = airlock::scope().run(|| {
        note::enqueue(2).expect("enqueued");
        Err::<(), _>(())
    });
    assert!(lost?.is_err());
    note::enqueue(3)?;
    Ok(())
}

pub(crate) fn inline(ran: &Ran) -> airlock::InlineBuilder {
    let tasks = tasks![fork, afork, enqueues_and_fails, nests, note, down, adown];
    Inline::builder().state(ran.clone()).serving(tasks)
}

#[test]
fn a_tasks_effects_leave_when_it_has_succeeded_level_by_level() {
    let ran = Ran::new();
    let (_, sealed) = airlock::scope().executor(inline(&ran).build().expect("given")).seal(|| {
        fork::enqueue("1".into(), 2)?;
        fork::enqueue("2".into(), 1)
    });
    let report = sealed.flush().expect("flushed");
    assert_eq!(ran.list(), ["1", "2", "1a", "1b", "2a", "2b", "1aa", "1ab", "1ba", "1bb"]);
    assert_adds_up(&report, 10);
    assert_eq!(report.dispatched(), 10);
}

#[test]
fn the_effects_of_async_tasks_leave_level_by_level() {
    for awaited in [false, true] {
        let ran = Ran::new();
        let scope = airlock::scope().executor(inline(&ran).build().expect("given"));
        let body = || afork::enqueue("1".into(), 2);
        let run =
            if awaited { block_on(scope.run_async(async { body() })) } else { scope.run(body) };
        run.expect("flushed").expect("enqueued");
        assert_eq!(ran.list(), ["1", "1a", "1b", "1aa", "1ab", "1ba", "1bb"]);
    }
}

#[test]
fn a_failed_tasks_effects_are_discarded() {
    let ran = Ran::new();
    let error = airlock::scope()
        .executor(inline(&ran).build().expect("given"))
        .on_failure(OnFailure::Continue)
        .run(|| {
            enqueues_and_fails::enqueue()?;
            note::enqueue(2)
        })
        .expect_err("it fails");
    assert_eq!(ran.list(), ["enqueues_and_fails", "note 2"]);
    let report = error.report();
    assert_adds_up(report, 3);
    assert_eq!(
        fates(report),
        ["enqueues_and_fails: failed: after all", "note: dispatched", "note: discarded: error"]
    );
    assert_eq!(error.into_intents().len(), 1, "what is discarded is not to be tried again");
}

#[test]
fn scopes_inside_a_task_are_captured_by_the_tasks_own() {
    let ran = Ran::new();
    let scope = airlock::scope().executor(inline(&ran).build().expect("given"));
    scope.run(nests::enqueue).expect("flushed").expect("enqueued");
    assert_eq!(ran.list(), ["nests", "note 1", "note 3"]);
}

#[test]
fn a_task_has_no_part_in_the_scope_around_the_flush() {
    let ran = Ran::new();
    let result =
        airlock::scope().executor(inline(&ran).build().expect("given")).release_all().run(|| {
            let inner = airlock::scope().executor(inline(&ran).build().expect("given"));
            inner.run(|| fork::enqueue("1".into(), 1)).expect("released").expect("enqueued");
            assert_eq!(ran.list(), ["1", "1a", "1b"], "released with what it led to");
            assert_eq!(airlock::current().expect("inside").inspect().own().len(), 0);
            Err::<(), _>(())
        });
    assert!(result.expect("nothing to flush").is_err());
}

#[test]
fn a_policy_that_refuses_refuses_a_task_as_well() {
    #[airlock::task]
    fn insists() -> Result<(), airlock::EnqueueError> {
        note::enqueue(1)
    }
    let error = airlock::scope()
        .policy(airlock::block_tasks![note].refuse())
        .run(insists::enqueue)
        .expect_err("the task fails");
    assert!(error.to_string().contains("the task is on the block list"), "{error}");
}

#[test]
fn a_policy_that_panics_on_a_tasks_effects_fails_the_flush_which_hands_them_back() {
    struct Fussy;
    impl airlock::Policy for Fussy {
        fn allows(&self, intent: &airlock::Intent) -> airlock::Verdict {
            assert!(intent.arguments_of::<note>().is_none(), "no notes");
            airlock::Verdict::Allow
        }
    }
    let ran = Ran::new();
    let inline = inline(&ran).build().expect("given");
    let (_, sealed) = airlock::scope().executor(inline).policy(Fussy).seal(|| {
        nests::enqueue()?;
        fork::enqueue("1".into(), 0)
    });
    let error = sealed.flush().expect_err("a policy panicked");
    assert!(error.to_string().contains("a policy panicked: no notes"), "{error}");
    assert_eq!(ran.list(), ["nests"]);
    assert_adds_up(error.report(), 4);
    assert_eq!(error.into_intents().len(), 3);
}

/// Enqueues itself until `left` is 0.
#[airlock::task]
fn down(#[state] ran: &Ran, left: u32) -> Result<(), airlock::EnqueueError> {
    if left == 0 {
        ran.push("bottom");
        return Ok(());
    }
    down::enqueue(left - 1)
}

#[airlock::task]
async fn adown(#[state] ran: &Ran, left: u32) -> Result<(), airlock::EnqueueError> {
    std::future::ready(()).await;
    if left == 0 {
        ran.push("bottom");
        return Ok(());
    }
    adown::enqueue(left - 1)
}

#[test]
fn a_chain_of_a_hundred_thousand_does_not_grow_the_stack() {
    let small_stack = std::thread::Builder::new().stack_size(256 * 1024);
    let chain = || {
        let ran = Ran::new();
        let scope =
            || airlock::scope().executor(inline(&ran).generations(200_000).build().expect("given"));
        scope().run(|| down::enqueue(100_000)).expect("flushed").expect("enqueued");
        scope().run(|| adown::enqueue(100_000)).expect("flushed").expect("enqueued");
        let run = scope().run_async(async { adown::enqueue(100_000) });
        block_on(run).expect("flushed").expect("enqueued");
        ran.list()
    };
    let list = small_stack.spawn(chain).expect("a thread").join().expect("no overflow");
    assert_eq!(list, ["bottom", "bottom", "bottom"]);
}

#[test]
fn a_runaway_is_refused() {
    for (given, generations) in [(None, 64), (Some(3), 3)] {
        let ran = Ran::new();
        let mut builder = inline(&ran);
        if let Some(generations) = given {
            builder = builder.generations(generations);
        }
        let executor = builder.build().expect("given");
        // Exactly as many as are allowed, the one that is flushed included.
        let scope = airlock::scope().executor(executor.clone());
        scope.run(|| down::enqueue(generations - 1)).expect("flushed").expect("enqueued");
        assert_eq!(ran.list(), ["bottom"]);
        let error = airlock::scope()
            .executor(executor)
            .run(|| down::enqueue(1_000_000))
            .expect_err("it would never end");
        let text = error.to_string();
        assert!(
            text.contains(".generations(") && text.contains(&format!("{generations} generations")),
            "{text}"
        );
        let report = error.report();
        let enqueued = usize::try_from(generations).expect("few") + 1;
        assert_adds_up(report, enqueued);
        assert_eq!((report.dispatched(), report.failed()), (enqueued - 1, 1));
        assert_eq!(error.into_intents().len(), 1);
    }
}

#[test]
fn a_handle_that_a_task_made_is_closed_with_the_task() {
    use std::sync::Mutex;
    static KEPT: Mutex<Option<airlock::Handle>> = Mutex::new(None);
    #[airlock::task]
    fn keeps() {
        *KEPT.lock().expect("not poisoned") = airlock::current();
        crate::support::quiet::enqueue(1).expect("enqueued");
    }
    #[airlock::task]
    fn uses() {
        let kept = KEPT.lock().expect("not poisoned").take().expect("kept");
        let error = kept.run(|| crate::support::quiet::enqueue(2)).expect_err("closed");
        assert!(matches!(error, airlock::EnqueueError::Closed(_)));
    }
    let (_, sealed) = airlock::scope().seal(|| {
        keeps::enqueue()?;
        uses::enqueue()
    });
    let report = sealed.flush().expect("flushed");
    assert_eq!(fates(&report), ["keeps: dispatched", "uses: dispatched", "quiet: dispatched"]);
}
