//! `ThreadPool` runs tasks on threads of its own.

use std::sync::{Arc, Mutex, mpsc};

use airlock::{ThreadPool, tasks};

use crate::support::{Ran, anote, boom, fail, note, quiet, short};

pub(super) fn pool(ran: &Ran, threads: usize) -> airlock::ThreadPoolBuilder {
    let tasks = tasks![note, anote, fail, boom, quiet];
    ThreadPool::builder().threads(threads).state(ran.clone()).serving(tasks)
}

#[test]
fn a_thread_pool_carries_out_in_order_and_is_waited_for_when_dropped() {
    let ran = Ran::new();
    let pool = pool(&ran, 1).build().expect("a thread");
    airlock::scope()
        .executor(pool)
        .run(|| {
            for n in 0..50 {
                if n % 2 == 0 { note::enqueue(n)? } else { anote::enqueue(n)? }
            }
            Ok::<_, airlock::EnqueueError>(())
        })
        .expect("handed over")
        .expect("enqueued");
    let expected: Vec<_> = (0..50)
        .map(|n| if n % 2 == 0 { format!("note {n}") } else { format!("anote {n}") })
        .collect();
    assert_eq!(ran.list(), expected, "the scope owned the pool, and dropped it");
}

#[test]
fn a_thread_pool_reports_what_failed_and_hands_it_back() {
    let ran = Ran::new();
    let (tell, told) = mpsc::channel();
    let tell = Mutex::new(tell);
    let pool = pool(&ran, 2)
        .on_error(move |error| tell.lock().expect("not poisoned").send(error).expect("awaited"))
        .build()
        .expect("threads");
    airlock::scope()
        .executor(pool)
        .run(|| {
            note::enqueue(1)?;
            fail::enqueue(2)?;
            boom::enqueue(3)?;
            note::enqueue(4)
        })
        .expect("handed over")
        .expect("enqueued");
    let mut handed_back: Vec<_> = told
        .iter()
        .flat_map(airlock::FlushError::into_intents)
        .map(|intent| short(&intent))
        .collect();
    handed_back.sort();
    assert_eq!(handed_back, ["boom(n: 3)", "fail(n: 2)"]);
    let mut list = ran.list();
    list.sort();
    assert_eq!(list, ["fail 2", "note 1", "note 4"]);
}

/// Whoever is told of an error may panic; the pool's work goes on.
#[test]
fn a_thread_pool_survives_a_panic_in_its_error_handler() {
    let ran = Ran::new();
    let pool = Arc::new(pool(&ran, 1).on_error(|_| panic!("told")).build().expect("a thread"));
    let scope = || airlock::scope().executor(pool.clone());
    scope().run(|| fail::enqueue(1)).expect("handed over").expect("enqueued");
    // The one thread is to run this one as well.
    scope().run(|| note::enqueue(2)).expect("handed over").expect("enqueued");
    drop(pool);
    assert_eq!(ran.list(), ["fail 1", "note 2"]);
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
fn a_thread_pool_survives_an_argument_that_panics_when_it_is_dropped() {
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

/// Runs on the pool, and waits for the runtime that the pool is dropped in.
#[airlock::task]
fn wait_for_the_runtime(#[state] runtime: &tokio::runtime::Handle, #[state] ran: &Ran) {
    let (done, waiting) = tokio::sync::oneshot::channel();
    runtime.spawn(async move { done.send("done") });
    ran.push(waiting.blocking_recv().expect("it is sent"));
}

async fn drop_a_pool(ran: Ran) {
    let pool = ThreadPool::builder()
        .threads(1)
        .state(tokio::runtime::Handle::current())
        .state(ran)
        .serving(tasks![wait_for_the_runtime])
        .build()
        .expect("a pool");
    let pool = std::sync::Arc::new(pool);
    let scope = airlock::scope().executor(pool.clone());
    scope
        .run_async(async { wait_for_the_runtime::enqueue() })
        .await
        .expect("flushed")
        .expect("enqueued");
    drop(pool);
}

#[test]
fn a_pool_that_is_dropped_on_a_runtimes_only_thread_is_not_waited_for() {
    crate::support::unless_it_hangs(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
        let ran = Ran::new();
        runtime.expect("a runtime").block_on(async {
            drop_a_pool(ran.clone()).await;
            while ran.list().is_empty() {
                tokio::time::sleep(std::time::Duration::from_millis(1)).await;
            }
        });
    });
}

#[test]
fn a_pool_that_is_dropped_on_one_of_many_threads_is_waited_for() {
    crate::support::unless_it_hangs(|| {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build();
        let ran = Ran::new();
        let dropped = ran.clone();
        runtime.expect("a runtime").block_on(async {
            tokio::spawn(async { drop_a_pool(dropped).await }).await.expect("no panic");
        });
        assert_eq!(ran.list(), ["done"]);
    });
}
