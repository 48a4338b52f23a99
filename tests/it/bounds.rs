//! What a scope around has room for, and flushing in chunks.

use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use airlock::{
    Batch, Bound, DispatchError, EnqueueError, Executor, Fate, FlushError, OnFailure,
    PolicyViolation, Scope, Verdict,
};

use crate::support::{Ran, Reports, assert_adds_up, block_on, fates, quiet, yield_once};

fn enqueue_all(numbers: std::ops::RangeInclusive<u64>) -> Result<(), EnqueueError> {
    numbers.into_iter().try_for_each(quiet::enqueue)
}

/// The limit that the error names.
#[track_caller]
fn limit_of(result: Result<(), EnqueueError>) -> usize {
    match result {
        Err(EnqueueError::Full(_, Bound::Intents(limit))) => limit,
        other => panic!("it is not full: {other:?}"),
    }
}

// ---- limits of the scopes around

#[test]
fn a_nested_scope_holds_no_more_than_the_outer_has_room_for() {
    let ((), sealed) = airlock::scope().limit(3).seal(|| {
        quiet::enqueue(1).expect("there is room");
        let full = airlock::scope().run(|| {
            enqueue_all(2..=3).expect("there is room");
            let full = quiet::enqueue(4);
            let text = full.as_ref().expect_err("it is full").to_string();
            assert!(text.contains("quiet(n: 4)") && text.contains("bounds.rs"), "{text}");
            assert!(text.contains("its limit of 3 intents: raise `.limit(…)`"), "{text}");
            assert_eq!(limit_of(full), 3);
        });
        full.expect("captured");
        assert_eq!(limit_of(quiet::enqueue(5)), 3);
    });
    assert_eq!(sealed.len(), 3);
    sealed.discard();
}

#[test]
fn of_two_limits_the_one_that_was_reached_is_named() {
    let of = |outer: usize, inner: usize| {
        let scope = airlock::scope().limit(outer);
        let (limit, sealed) = scope.seal(|| {
            let (full, sealed) = airlock::scope().limit(inner).seal(|| enqueue_all(1..=10));
            sealed.discard();
            limit_of(full)
        });
        sealed.discard();
        limit
    };
    assert_eq!((of(2, 5), of(5, 2), of(4, 4)), (2, 2, 4));
}

#[test]
fn the_limit_holds_however_deep_the_scope_is_nested() {
    let (limit, sealed) = airlock::scope().limit(2).seal(|| {
        airlock::scope().run(|| {
            quiet::enqueue(1).expect("there is room");
            let inner = || {
                quiet::enqueue(2).expect("there is room");
                airlock::Success(limit_of(quiet::enqueue(3)))
            };
            airlock::scope().run(inner)
        })
    });
    let limit = limit.expect("captured").expect("captured");
    assert_eq!((limit.0, sealed.len()), (2, 2));
    sealed.discard();
}

#[test]
fn what_a_nested_scope_discards_leaves_its_room() {
    let (result, sealed) = airlock::scope().limit(2).seal(|| {
        let inner: Result<(), &str> = airlock::scope()
            .run(|| {
                enqueue_all(1..=2).expect("there is room");
                Err("no")
            })
            .expect("nothing to flush");
        assert!(inner.is_err());
        enqueue_all(3..=4)
    });
    result.expect("there is room again");
    assert_eq!(sealed.len(), 2);
    sealed.discard();
}

#[test]
fn a_scope_that_releases_sets_no_limit_to_those_inside() {
    let ran = Ran::new();
    let scope = airlock::scope().limit(1).release_all().executor(ran.collector());
    let nested = scope.run(|| airlock::scope().run(|| enqueue_all(1..=3)));
    nested.expect("flushed").expect("released").expect("enqueued");
    assert_eq!(ran.list().len(), 3);
}

#[test]
fn the_limit_holds_for_a_scope_inside_a_handles() {
    let ((), sealed) = airlock::scope().limit(2).seal(|| {
        quiet::enqueue(1).expect("there is room");
        let scope = airlock::current().expect("inside");
        let elsewhere =
            move || scope.run(|| airlock::scope().run(|| airlock::Success(enqueue_all(2..=3))));
        let nested = std::thread::spawn(elsewhere).join().expect("no panic");
        assert_eq!(limit_of(nested.expect("captured").0), 2);
    });
    assert_eq!(sealed.len(), 2);
    sealed.discard();
}

#[test]
fn the_configured_limit_is_that_of_each_scope_that_has_none() {
    airlock::configure().limit(2).run(|| {
        let ((), sealed) = airlock::scope().seal(|| {
            let nested = airlock::scope().run(|| airlock::Success(enqueue_all(1..=3)));
            assert_eq!(limit_of(nested.expect("captured").0), 2);
        });
        sealed.discard();
        let (own, sealed) = airlock::scope().limit(3).seal(|| enqueue_all(1..=3));
        own.expect("its own comes first");
        sealed.discard();
    });
}

#[test]
fn a_list_that_a_refusal_left_empty_has_no_room_of_its_own() {
    let refuse_first = |intent: &airlock::Intent| -> Result<(), PolicyViolation> {
        if intent.is_same(&quiet::intent(0)) {
            Err(PolicyViolation::new("not this one"))
        } else {
            Ok(())
        }
    };
    let ((), sealed) = airlock::scope().policy(OnEnqueue(refuse_first)).limit(3).seal(|| {
        quiet::enqueue(0).expect_err("refused, and the list stays allocated");
        airlock::scope().run(|| enqueue_all(1..=3)).expect("captured").expect("there is room");
        assert_eq!(limit_of(quiet::enqueue(4)), 3);
    });
    assert_eq!(sealed.len(), 3);
    sealed.discard();
}

/// A policy that refuses and drops nothing.
struct OnEnqueue<F>(F);

impl<F> airlock::Policy for OnEnqueue<F>
where
    F: Fn(&airlock::Intent) -> Result<(), PolicyViolation> + Send + Sync + 'static,
{
    fn on_enqueue(&self, intent: &airlock::Intent) -> Result<(), PolicyViolation> {
        (self.0)(intent)
    }

    fn allows(&self, _: &airlock::Intent) -> Verdict {
        Verdict::Allow
    }
}

// ---- chunks

type Answer = fn(usize) -> Result<(), DispatchError>;

/// Notes the numbers of each batch that it is handed, and answers as it is told by the batch's index.
#[derive(Clone)]
struct Engine {
    batches: Arc<Mutex<Vec<Vec<u64>>>>,
    answer: Answer,
}

impl Engine {
    fn that(answer: Answer) -> Self {
        Self { batches: Arc::default(), answer }
    }

    fn batches(&self) -> Vec<Vec<u64>> {
        self.batches.lock().expect("no panic").clone()
    }

    fn scope(&self) -> Scope {
        airlock::scope().executor(self.clone()).chunks(2)
    }
}

impl Executor for Engine {
    async fn dispatch(&self, batch: &mut Batch) -> Result<(), DispatchError> {
        yield_once().await;
        let index = {
            let mut batches = self.batches.lock().expect("no panic");
            batches.push(batch.iter().map(number).collect());
            batches.len() - 1
        };
        (self.answer)(index)
    }
}

fn number(intent: &airlock::Intent) -> u64 {
    intent.arguments_of::<quiet>().expect("a number").0
}

fn numbers(intents: &[airlock::Intent]) -> Vec<u64> {
    intents.iter().map(number).collect()
}

fn flush(scope: Scope, count: u64) -> Result<airlock::Report, FlushError> {
    let (enqueued, sealed) = scope.seal(|| enqueue_all(1..=count));
    enqueued.expect("there is room");
    sealed.flush()
}

#[test]
fn a_flush_in_chunks_leaves_in_order() {
    let engine = Engine::that(|_| Ok(()));
    let report = flush(engine.scope(), 5).expect("flushed");
    assert_eq!(engine.batches(), [vec![1, 2], vec![3, 4], vec![5]]);
    assert_adds_up(&report, 5);
    assert_eq!(report.dispatched(), 5);
}

#[test]
fn a_limit_holds_for_a_scope_that_flushes_in_chunks() {
    let engine = Engine::that(|_| Ok(()));
    let scope = engine.scope().limit(5);
    let (full, sealed) = scope.seal(|| enqueue_all(1..=9));
    assert_eq!(limit_of(full), 5);
    assert_eq!(sealed.flush().expect("the engine takes them").dispatched(), 5);
    assert_eq!(engine.batches(), [vec![1, 2], vec![3, 4], vec![5]]);
}

#[test]
fn what_fits_into_one_chunk_is_one_batch() {
    let engine = Engine::that(|_| Ok(()));
    flush(engine.scope(), 2).expect("flushed");
    assert_eq!(engine.batches(), [vec![1, 2]]);
}

#[test]
fn an_async_flush_leaves_in_chunks_as_well() {
    let engine =
        Engine::that(|index| if index == 1 { Err(DispatchError::at(0, "no")) } else { Ok(()) });
    let run = engine.scope().run_async(async { enqueue_all(1..=5) });
    let error = block_on(run).expect_err("the second chunk fails");
    assert_eq!(engine.batches(), [vec![1, 2], vec![3, 4]]);
    assert_adds_up(error.report(), 5);
    assert_eq!(numbers(&error.into_intents()), [3, 4, 5]);
}

#[test]
fn a_failed_chunk_is_the_last_and_nothing_is_lost() {
    // Each answer of the second chunk, with how many of the six were dispatched, failed and were not
    // attempted.
    let answers: [(Answer, [usize; 3]); 4] = [
        (|i| if i == 1 { Err(DispatchError::at(0, "no")) } else { Ok(()) }, [2, 1, 3]),
        (|i| if i == 1 { Err(DispatchError::at(1, "no")) } else { Ok(()) }, [3, 1, 2]),
        (|i| if i == 1 { Err(DispatchError::all("no")) } else { Ok(()) }, [2, 2, 2]),
        (|i| if i == 1 { Err(DispatchError::refused("no")) } else { Ok(()) }, [2, 0, 4]),
    ];
    for (answer, counts) in answers {
        let engine = Engine::that(answer);
        let error = flush(engine.scope(), 6).expect_err("the second chunk fails");
        assert_eq!(engine.batches(), [vec![1, 2], vec![3, 4]]);
        let report = error.report();
        assert_adds_up(report, 6);
        assert_eq!([report.dispatched(), report.failed(), report.not_attempted()], counts);
        let text = error.to_string();
        assert!(text.contains("no") && !text.contains("nothing was dispatched"), "{text}");
        let (_, failed, rest) = error.into_parts();
        assert_eq!((failed.len(), rest.len()), (counts[1], counts[2]));
        let failed = failed.into_iter().filter_map(|failed| failed.intent);
        let first = u64::try_from(counts[0]).expect("small") + 1;
        assert_eq!(
            numbers(&failed.chain(rest).collect::<Vec<_>>()),
            (first..=6).collect::<Vec<_>>()
        );
    }
}

#[test]
fn a_failed_chunk_is_not_the_last_where_the_scope_says_so() {
    let engine = Engine::that(|i| if i < 2 { Err(DispatchError::at(0, "no")) } else { Ok(()) });
    let error = flush(engine.scope().on_failure(OnFailure::Continue), 5).expect_err("two fail");
    assert_eq!(engine.batches(), [vec![1, 2], vec![3, 4], vec![5]]);
    let expected = ["failed: no", "not attempted", "failed: no", "not attempted", "dispatched"];
    assert_eq!(fates(error.report()), expected.map(|fate| format!("quiet: {fate}")));
    let (_, failed, rest) = error.into_parts();
    let failed: Vec<_> = failed.into_iter().filter_map(|failed| failed.intent).collect();
    assert_eq!((numbers(&failed), numbers(&rest)), (vec![1, 3], vec![2, 4]));
}

#[test]
fn what_was_dropped_keeps_its_place_in_the_report() {
    let engine = Engine::that(|i| if i == 1 { Err(DispatchError::at(0, "no")) } else { Ok(()) });
    let drop_second = |intent: &airlock::Intent| {
        if number(intent) == 2 { Verdict::Drop } else { Verdict::Allow }
    };
    let error = flush(engine.scope().policy(drop_second), 5).expect_err("the second chunk fails");
    assert_eq!(engine.batches(), [vec![1, 3], vec![4, 5]]);
    let entries = error.report().entries();
    let list: Vec<_> = entries.iter().map(|entry| entry.fate().to_string()).collect();
    assert_eq!(list[0], "dispatched");
    assert!(list[1].starts_with("dropped"), "{list:?}");
    assert_eq!(list[2..], ["dispatched", "failed: no", "not attempted"]);
}

#[airlock::task]
fn twice(n: u64) -> Result<(), EnqueueError> {
    quiet::enqueue(n * 10)
}

#[test]
fn what_the_tasks_of_a_chunk_enqueue_leaves_with_it_and_is_told() {
    let (enqueued, sealed) =
        airlock::scope().chunks(2).seal(|| (1..=3).try_for_each(twice::enqueue));
    enqueued.expect("there is room");
    let report = sealed.flush().expect("flushed");
    assert_adds_up(&report, 6);
    assert!(report.entries().iter().all(|entry| *entry.fate() == Fate::Dispatched), "{report}");
    let list = report.entries().iter().map(|entry| {
        let line = entry.to_string();
        line[line.find('(').expect("a call")..].to_owned()
    });
    let expected = [1, 2, 3, 10, 20, 30].map(|n| format!("(n: {n}): dispatched"));
    assert_eq!(list.collect::<Vec<_>>(), expected);
}

#[test]
fn a_flush_that_is_dropped_in_its_second_chunk_tells_of_every_intent() {
    let (engine, reports) = (Engine::that(|_| Ok(())), Reports::new());
    let scope = engine.scope().on_report(reports.keep());
    let mut run = Box::pin(scope.run_async(async { enqueue_all(1..=5) }));
    let mut context = Context::from_waker(Waker::noop());
    while engine.batches().is_empty() {
        assert!(matches!(run.as_mut().poll(&mut context), Poll::Pending));
    }
    drop(run);
    let report = reports.only();
    assert_adds_up(&report, 5);
    assert_eq!((report.dispatched(), report.discarded()), (2, 3), "{report}");
}

#[test]
#[should_panic(expected = "`.chunks(1)` is the smallest")]
fn a_chunk_of_nothing_is_refused() {
    let _ = airlock::scope().chunks(0);
}
