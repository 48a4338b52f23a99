//! Rare ways to lose an effect, to wait for ever or to be told something untrue: each was found by
//! somebody, and none is there any more.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use airlock::{
    Coalesce, DispatchError, Executor, Fate, Handle, Intent, Policy, ThreadPool, Verdict,
    assert_enqueued, block_tasks, tasks, testing,
};

use crate::support::{Ran, Reports, assert_adds_up, note, quiet};

/// Asks the scope that it judges for.
struct Inspects(Arc<std::sync::Mutex<Option<Handle>>>);

impl Policy for Inspects {
    fn allows(&self, _: &Intent) -> Verdict {
        let handle = self.0.lock().expect("not poisoned").clone();
        let inspection = handle.expect("given").inspect();
        assert!(inspection.own().is_empty(), "a policy sees nothing");
        Verdict::Allow
    }
}

#[test]
fn a_policy_that_inspects_its_own_scope_does_not_wait_for_itself() {
    let handle = Arc::default();
    airlock::scope()
        .policy(Inspects(Arc::clone(&handle)))
        .run(|| {
            quiet::enqueue(1).expect("enqueued");
            let current = airlock::current().expect("inside");
            *handle.lock().expect("not poisoned") = Some(current.clone());
            assert_eq!(current.inspect().own().len(), 1);
        })
        .expect("flushed");
}

struct PanicsBeforeItIsAFuture;

impl Executor for PanicsBeforeItIsAFuture {
    fn dispatch(
        &self,
        batch: &mut airlock::Batch,
    ) -> impl Future<Output = Result<(), DispatchError>> + Send {
        assert!(batch.is_empty(), "too early");
        async { Ok(()) }
    }
}

#[test]
fn an_executor_that_panics_before_it_is_a_future_hands_back() {
    let flush = airlock::scope().executor(PanicsBeforeItIsAFuture).run(|| quiet::enqueue(1));
    let error = flush.expect_err("it panics");
    assert!(error.to_string().contains("too early"), "{error}");
    assert_eq!(error.into_intents().len(), 1);
}

#[test]
fn an_error_for_no_intent_of_the_batch_is_everyones() {
    struct Miscounts;
    impl Executor for Miscounts {
        async fn dispatch(&self, _: &mut airlock::Batch) -> Result<(), DispatchError> {
            Err(DispatchError::at(9, "out of paper"))
        }
    }
    let flush = airlock::scope().executor(Miscounts).run(|| quiet::enqueue(1));
    let error = flush.expect_err("it fails");
    assert!(error.to_string().contains("out of paper"), "{error}");
    assert_eq!(error.report().failed(), 1);
    assert_eq!(error.into_intents().len(), 1);
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

#[tokio::test]
async fn whoever_waits_for_tokio_tasks_may_give_up_and_wait_again() {
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

struct Explosive;

impl Drop for Explosive {
    fn drop(&mut self) {
        assert!(std::thread::panicking(), "dropped");
    }
}

#[airlock::task(local)]
fn keeps(_explosive: Arc<Explosive>) {}

#[test]
fn a_pool_survives_an_argument_that_panics_when_it_is_dropped() {
    let ran = Ran::new();
    let pool = ThreadPool::builder().threads(1).state(ran.clone()).serving(tasks![note]).build();
    let pool = Arc::new(pool.expect("a thread"));
    for n in 1..=2 {
        let flush = airlock::scope().executor(pool.clone()).run(|| {
            keeps::enqueue(Arc::new(Explosive))?;
            note::enqueue(n)
        });
        flush.expect("handed over").expect("enqueued");
    }
    drop(pool);
    assert_eq!(ran.list(), ["note 1", "note 2"]);
}

#[test]
fn a_destructor_that_panics_in_a_dropped_future_does_not_lose_its_scope() {
    let reports = Reports::new();
    let (sender, receiver) = std::sync::mpsc::channel();
    let mut future = Box::pin(airlock::scope().on_report(reports.keep()).run_async(async move {
        let _explosive = Explosive;
        quiet::enqueue(1).expect("enqueued");
        sender.send(airlock::current().expect("inside")).expect("listened to");
        std::future::pending::<()>().await;
    }));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(future.as_mut().poll(&mut context).is_pending());
    let dropped = std::panic::AssertUnwindSafe(|| drop(future));
    assert!(std::panic::catch_unwind(dropped).is_err());
    let report = reports.only();
    assert_adds_up(&report, 1);
    assert_eq!(report.discarded(), 1);
    let handle = receiver.recv().expect("sent");
    assert!(matches!(handle.run(|| quiet::enqueue(2)), Err(airlock::EnqueueError::Closed(_))));
}

#[test]
fn a_cancelled_flush_tells_what_the_running_task_had_enqueued() {
    #[airlock::task]
    async fn half() -> Result<(), airlock::EnqueueError> {
        quiet::enqueue(5)?;
        std::future::pending().await
    }
    let reports = Reports::new();
    let mut run =
        Box::pin(airlock::scope().on_report(reports.keep()).run_async(async { half::enqueue() }));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(run.as_mut().poll(&mut context).is_pending());
    drop(run);
    let report = reports.only();
    assert_adds_up(&report, 2);
    assert_eq!(report.discarded(), 2);
}

#[test]
fn a_listener_that_panics_keeps_nothing_back() {
    let flush = airlock::scope()
        .on_report(|_| panic!("no news, please"))
        .executor(|_: Intent| Err("nobody home"))
        .run(|| quiet::enqueue(1));
    assert_eq!(flush.expect_err("it fails").into_intents().len(), 1);
    // While another panic unwinds it would be the second.
    let body =
        || airlock::scope().on_report(|_| panic!("no news")).run(|| -> () { panic!("body") });
    let panic = std::panic::catch_unwind(body).expect_err("the body's");
    assert_eq!(panic.downcast_ref(), Some(&"body"));
}

#[test]
fn a_scope_on_a_thread_that_is_being_torn_down_is_none() {
    struct Late;
    impl Drop for Late {
        fn drop(&mut self) {
            airlock::scope()
                .run(|| assert!(quiet::enqueue(1).is_err(), "nothing is current any more"))
                .expect("nothing to flush");
        }
    }
    thread_local!(static LATE: std::cell::RefCell<Option<Late>> = const { std::cell::RefCell::new(None) });
    let thread = std::thread::spawn(|| {
        LATE.with(|late| *late.borrow_mut() = Some(Late));
        // Made later, so torn down earlier.
        airlock::scope().run(|| quiet::enqueue(1)).expect("flushed").expect("enqueued");
    });
    thread.join().expect("no panic");
}

#[airlock::task]
fn tagged(tags: HashMap<String, u8>) {
    let _ = tags;
}

fn tags() -> HashMap<String, u8> {
    ('a'..='z').map(|tag| (tag.to_string(), 1)).collect()
}

#[test]
fn maps_are_equal_whatever_their_order() {
    let (_, effects) = testing::capture(|| tagged::enqueue(tags()));
    for _ in 0..20 {
        assert_enqueued!(effects, tagged(tags()));
    }
    let (_, sealed) = airlock::scope()
        .policy(Coalesce)
        .seal(|| (0..20).try_for_each(|_| tagged::enqueue(tags())));
    assert_eq!(sealed.flush().expect("flushed").dispatched(), 1);
}

#[test]
fn a_policy_that_flushes_is_refused_and_loses_nothing() {
    struct Flushes(std::sync::Mutex<Option<airlock::Sealed>>, Ran);
    impl Policy for Flushes {
        fn allows(&self, _: &Intent) -> Verdict {
            if let Some(sealed) = self.0.lock().expect("not poisoned").take() {
                let error = sealed.flush().expect_err("policies judge");
                self.1.push(format!("{} handed back", error.into_intents().len()));
            }
            Verdict::Allow
        }
    }
    let ran = Ran::new();
    let (_, sealed) = airlock::scope().seal(|| quiet::enqueue(1));
    let policy = Flushes(std::sync::Mutex::new(Some(sealed)), ran.clone());
    airlock::scope().policy(policy).run(|| quiet::enqueue(2)).expect("flushed").expect("enqueued");
    assert_eq!(ran.list(), ["1 handed back"]);
}

/// The inner of two releasing scopes has ended when a nested one, entered through its handle,
/// flushes: positions in the report are given to those refused, captured and dropped.
#[test]
fn a_report_ends_also_where_some_are_handed_back_some_captured_and_some_dropped() {
    let (outer, _sealed) = airlock::scope()
        .release(|intent| matches!(intent.arguments_of::<note>(), Some((4 | 5,))))
        .seal(|| {
            let (handle, inner) = airlock::scope()
                .release(|intent| matches!(intent.arguments_of::<note>(), Some((0 | 3..=5,))))
                .seal(|| airlock::current().expect("inside"));
            inner.discard();
            handle.run(|| {
                airlock::scope()
                    .policy(block_tasks![note])
                    .run(|| (0..6).try_for_each(|n| note::enqueue(n)))
            })
        });
    let error = outer.expect_err("the inner one has ended");
    assert_adds_up(error.report(), 6);
    let kept = error.report().entries().iter().filter(|entry| *entry.fate() == Fate::Captured);
    assert_eq!(kept.count(), 2, "{}", error.report());
}
