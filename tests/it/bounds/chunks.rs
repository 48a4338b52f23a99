//! A flush in chunks.

use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use airlock::{
    Batch, DispatchError, EnqueueError, Executor, Fate, FlushError, OnFailure, Scope, Verdict,
};

use super::{enqueue_all, limit_of};
use crate::support::{Reports, assert_adds_up, block_on, fates, quiet, yield_once};

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
fn what_the_tasks_of_a_chunk_enqueue_leaves_with_it_and_is_reported() {
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
fn a_flush_that_is_dropped_in_its_second_chunk_reports_every_intent() {
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
