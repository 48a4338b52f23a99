//! Intents whose failure fails no flush.

use airlock::{
    Batch, DispatchError, Executor, Fallback, Fate, FlushError, Intent, OnFailure, Retry, Scope,
    ThreadPool,
};

use crate::support::block_on;

#[airlock::task(name = "best_effort.greet", best_effort)]
fn greet(order_id: u64) -> Result<(), String> {
    if order_id == 0 { Err("mailbox full".into()) } else { Ok(()) }
}

#[airlock::task(name = "best_effort.thank", best_effort)]
async fn thank(order_id: u64) -> Result<(), String> {
    std::future::ready(()).await;
    greet(order_id)
}

#[airlock::task(name = "best_effort.charge")]
fn charge(order_id: u64) -> Result<(), String> {
    greet(order_id)
}

fn fates(report: &airlock::Report) -> Vec<String> {
    report.entries().iter().map(|entry| entry.fate().to_string()).collect()
}

/// Flushes intents of best effort that fail among others, in every way in which a scope ends.
fn flush(scope: impl Fn() -> Scope) -> Vec<Result<airlock::Report, FlushError>> {
    let enqueue = || {
        greet::enqueue(0)?;
        charge::enqueue(1)?;
        charge::intent(0).best_effort().enqueue()?;
        charge::enqueue(2)
    };
    let (enqueued, sealed) = scope().seal(enqueue);
    enqueued.expect("enqueued");
    let flushed = sealed.flush();
    let (enqueued, sealed) = scope().seal(enqueue);
    enqueued.expect("enqueued");
    let awaited = block_on(sealed.flush_async());
    scope().run(enqueue).expect("the flush does not fail").expect("enqueued");
    block_on(scope().run_async(async { enqueue() }))
        .expect("the flush does not fail")
        .expect("enqueued");
    vec![flushed, awaited]
}

#[track_caller]
fn assert_excused(flushed: Vec<Result<airlock::Report, FlushError>>) {
    for report in flushed {
        let report = report.expect("nothing fails that matters");
        assert_eq!(
            fates(&report),
            ["failed: mailbox full", "dispatched", "failed: mailbox full", "dispatched"]
        );
    }
}

#[test]
fn its_failure_fails_no_flush_and_holds_up_nothing() {
    assert_excused(flush(airlock::scope));
    assert_excused(flush(|| airlock::scope().on_failure(OnFailure::Continue)));
    assert_excused(flush(|| airlock::scope().chunks(1)));
    assert_excused(flush(|| airlock::scope().chunks(3)));
}

#[test]
fn an_async_task_may_be_one() {
    let (enqueued, sealed) = airlock::scope().seal(|| {
        thank::enqueue(0)?;
        charge::enqueue(1)
    });
    enqueued.expect("enqueued");
    let report = block_on(sealed.flush_async()).expect("it does not fail");
    assert_eq!(fates(&report), ["failed: mailbox full", "dispatched"]);
}

fn order(intent: &Intent) -> u64 {
    intent.arguments()["order_id"].as_u64().expect("a number")
}

/// Stops at the first that fails, as an engine does that takes them one after another.
#[derive(Clone)]
struct OneByOne;

impl Executor for OneByOne {
    async fn dispatch(&self, batch: &mut Batch) -> Result<(), DispatchError> {
        match batch.iter().position(|intent| order(intent) == 0) {
            Some(index) => Err(DispatchError::at(index, "mailbox full")),
            None => Ok(()),
        }
    }
}

/// Takes a batch whole or not at all, and names what keeps it from that.
#[derive(Clone)]
struct Whole;

impl Executor for Whole {
    async fn dispatch(&self, batch: &mut Batch) -> Result<(), DispatchError> {
        match batch.iter().position(|intent| order(intent) == 0) {
            Some(index) => Err(DispatchError::only(index, "mailbox full")),
            None => Ok(()),
        }
    }
}

#[test]
fn an_executor_that_stops_at_it_is_given_the_rest() {
    assert_excused(flush(|| airlock::scope().executor(OneByOne)));
    assert_excused(flush(|| airlock::scope().executor(Whole)));
    assert_excused(flush(|| airlock::scope().executor(Whole).chunks(2)));
    for report in flush(|| airlock::scope().executor(Fallback::new(Whole, OneByOne))) {
        let report = report.expect("it does not fail");
        assert_eq!((report.dispatched(), report.failed()), (2, 2));
    }
    let closure = |intent: Intent| if order(&intent) == 0 { Err("mailbox full") } else { Ok(()) };
    assert_excused(flush(|| airlock::scope().executor(closure)));
}

/// Is not there.
#[derive(Clone)]
struct Away;

impl Executor for Away {
    async fn dispatch(&self, _: &mut Batch) -> Result<(), DispatchError> {
        Err(DispatchError::refused("connection refused"))
    }
}

#[test]
fn a_flush_of_nothing_else_does_not_fail_where_the_engine_is_away() {
    let (enqueued, sealed) = airlock::scope().executor(Away).seal(|| greet::enqueue(1));
    enqueued.expect("enqueued");
    assert_eq!(fates(&sealed.flush().expect("it does not fail")), ["not attempted"]);
}

#[test]
fn a_flush_fails_for_the_others_and_names_them() {
    let (enqueued, sealed) = airlock::scope().seal(|| {
        greet::enqueue(0)?;
        charge::enqueue(0)?;
        charge::enqueue(1)
    });
    enqueued.expect("enqueued");
    let error = sealed.flush().expect_err("what matters has failed");
    assert_eq!(
        error.to_string(),
        "`best_effort.charge(order_id: 0)` failed: mailbox full \
         (of 3 intents: 2 failed, 1 not attempted)"
    );
    let names: Vec<_> = error.into_intents().iter().map(Intent::name).collect();
    assert_eq!(names, ["best_effort.greet", "best_effort.charge", "best_effort.charge"]);

    let (enqueued, sealed) = airlock::scope().executor(Away).seal(|| {
        greet::enqueue(1)?;
        charge::enqueue(1)
    });
    enqueued.expect("enqueued");
    let error = sealed.flush().expect_err("the engine is away");
    assert_eq!(error.into_intents().len(), 2);
}

#[test]
fn what_it_enqueued_is_discarded_and_what_others_enqueue_leaves() {
    #[airlock::task(name = "best_effort.cascade", best_effort)]
    fn cascade(fails: bool) -> Result<(), String> {
        charge::enqueue(5).map_err(|error| error.to_string())?;
        if fails { Err("too late".into()) } else { Ok(()) }
    }
    let (enqueued, sealed) = airlock::scope().seal(|| {
        cascade::enqueue(true)?;
        cascade::enqueue(false)
    });
    enqueued.expect("enqueued");
    let report = sealed.flush().expect("it does not fail");
    assert_eq!((report.failed(), report.discarded(), report.dispatched()), (1, 1, 2));
}

#[test]
fn its_panic_is_its_failure() {
    #[airlock::task(name = "best_effort.panics", best_effort)]
    fn panics() {
        panic!("out of paper");
    }
    let (enqueued, sealed) = airlock::scope().seal(|| {
        panics::enqueue()?;
        charge::enqueue(1)
    });
    enqueued.expect("enqueued");
    let report = sealed.flush().expect("it does not fail");
    assert_eq!(fates(&report), ["failed: the task panicked: out of paper", "dispatched"]);
}

#[test]
fn what_was_tried_again_says_so() {
    let retry = || Retry::new(Away).attempts(1);
    let (enqueued, sealed) = airlock::scope().executor(retry()).seal(|| greet::enqueue(1));
    enqueued.expect("enqueued");
    assert_eq!(sealed.flush().expect("it does not fail").dispatched(), 0);
}

#[test]
fn a_pool_has_it_fail_alone() {
    let pool = ThreadPool::builder().serving(airlock::tasks![greet]).build().expect("no states");
    assert!(airlock::scope().executor(pool).run(|| greet::enqueue(0)).is_ok());
}

#[test]
fn it_is_known_of_the_task_the_intent_and_the_entry() {
    assert!(greet::intent(1).is_best_effort() && greet::intent(1).task().is_best_effort());
    assert!(!charge::intent(1).is_best_effort());
    let intent = charge::intent(1).best_effort();
    assert!(intent.is_best_effort() && intent.options().is_best_effort());
    assert_eq!(intent.options().given().count(), 0);
    assert!(!intent.is_same(&charge::intent(1)));
    let (_, sealed) = airlock::scope().seal(|| greet::enqueue(0));
    let report = sealed.flush().expect("it does not fail");
    assert!(report.entries()[0].is_best_effort());
    assert!(matches!(report.entries()[0].fate(), Fate::Failed { .. }));
}
