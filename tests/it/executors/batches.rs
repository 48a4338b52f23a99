//! A flush is one batch, in the order of enqueue.

use std::sync::Arc;

use airlock::{Batch, DispatchError, Executor};

use crate::support::{Ran, block_on, quiet, short, yield_once};

/// Takes a whole batch and notes it as one.
struct Engine(Ran);

impl Executor for Engine {
    async fn dispatch(&self, batch: &mut Batch) -> Result<(), DispatchError> {
        yield_once().await;
        let calls: Vec<_> = batch.iter().map(short).collect();
        self.0.push(calls.join(" "));
        Ok(())
    }
}

#[test]
fn a_whole_flush_is_one_batch_in_order() {
    let ran = Ran::new();
    let body = || {
        quiet::enqueue(1)?;
        airlock::policy(airlock::AllowAll).run(|| quiet::enqueue(2))?;
        airlock::scope().run(|| quiet::enqueue(3)).expect("captured")?;
        quiet::enqueue(4)
    };
    airlock::scope().executor(Engine(ran.clone())).run(body).expect("flushed").expect("enqueued");
    let run = airlock::scope().executor(Engine(ran.clone())).run_async(async { body() });
    block_on(run).expect("flushed").expect("enqueued");
    let batch = "quiet(n: 1) quiet(n: 2) quiet(n: 3) quiet(n: 4)";
    assert_eq!(ran.list(), [batch, batch]);
}

#[test]
fn an_executor_is_not_asked_where_nothing_is_left() {
    let ran = Ran::new();
    let scope = || airlock::scope().executor(Engine(ran.clone()));
    scope().run(|| ()).expect("nothing to flush");
    scope().policy(airlock::DropAll).run(|| quiet::enqueue(1)).expect("flushed").expect("enqueued");
    assert!(ran.list().is_empty());
}

#[test]
fn an_arc_of_an_executor_is_one() {
    let ran = Ran::new();
    let engine = Arc::new(Engine(ran.clone()));
    for n in 0..2 {
        let scope = airlock::scope().executor(engine.clone());
        scope.run(|| quiet::enqueue(n)).expect("flushed").expect("enqueued");
    }
    assert_eq!(ran.list(), ["quiet(n: 0)", "quiet(n: 1)"]);
}
