//! Law 6: **Units of work are isolated.** A scope follows its own thread's calls and its own future's polls, on
//! whatever thread they happen, and nothing else: what is spawned starts without a scope unless handed one.

use std::sync::{Arc, mpsc};

use airlock::EnqueueError;
use futures::future::join_all;
use proptest::prelude::*;
use rayon::iter::{IntoParallelIterator, ParallelIterator};

use super::programs::{Release, Rule, Tally, check, run_async, steps};
use crate::support::{Ran, quiet, yield_once};

const SCOPES: u64 = 1_000;
const EACH: u64 = 5;

fn expected(scope: u64) -> Vec<String> {
    (0..EACH).map(|n| format!("quiet(n: {})", scope * EACH + n)).collect()
}

/// Enqueues its own numbers, giving way between them.
async fn fill(scope: u64) -> Result<(), EnqueueError> {
    for n in 0..EACH {
        yield_once().await;
        quiet::enqueue(scope * EACH + n)?;
        let seen = airlock::current().expect("inside its scope").inspect().own().len();
        assert_eq!(u64::try_from(seen).expect("few"), n + 1, "scope {scope} sees only its own");
    }
    Ok(())
}

#[test]
fn a_thousand_concurrent_scopes_over_eight_threads_see_only_their_own() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(8).build();
    runtime.expect("threads can be started").block_on(async {
        let gate = Arc::new(tokio::sync::Barrier::new(usize::try_from(SCOPES).expect("few")));
        let runs: Vec<_> = (0..SCOPES)
            .map(|scope| {
                let gate = gate.clone();
                tokio::spawn(async move {
                    let ran = Ran::new();
                    let run = airlock::scope().executor(ran.collector()).run_async(async {
                        gate.wait().await;
                        fill(scope).await?;
                        tokio::task::yield_now().await;
                        Ok::<_, EnqueueError>(())
                    });
                    run.await.expect("flushed").expect("enqueued");
                    assert_eq!(ran.list(), expected(scope));
                    assert!(matches!(quiet::enqueue(0), Err(EnqueueError::NoScope(_))));
                })
            })
            .collect();
        for run in runs {
            run.await.expect("no panic");
        }
    });
}

#[test]
fn a_thousand_joined_futures_see_only_their_own() {
    let all: Vec<_> = (0..SCOPES).map(|_| Ran::new()).collect();
    let runs = (0..SCOPES)
        .zip(&all)
        .map(|(scope, ran)| airlock::scope().executor(ran.collector()).run_async(fill(scope)));
    for run in crate::support::block_on(join_all(runs)) {
        run.expect("flushed").expect("enqueued");
    }
    for (scope, ran) in (0..SCOPES).zip(&all) {
        assert_eq!(ran.list(), expected(scope));
    }
}

#[tokio::test]
async fn joined_futures_on_one_task_see_only_their_own() {
    let (a, b, c) = (Ran::new(), Ran::new(), Ran::new());
    let scope = |ran: &Ran| airlock::scope().executor(ran.collector());
    let (one, two, three) = tokio::join!(
        scope(&a).run_async(fill(1)),
        scope(&b).run_async(fill(2)),
        scope(&c).run_async(fill(3)),
    );
    for run in [one, two, three] {
        run.expect("flushed").expect("enqueued");
    }
    assert_eq!((a.list(), b.list(), c.list()), (expected(1), expected(2), expected(3)));
}

#[test]
fn a_thousand_scopes_on_threads_see_only_their_own() {
    std::thread::scope(|threads| {
        for thread in 0..8 {
            threads.spawn(move || {
                for scope in 0..SCOPES / 8 {
                    let (scope, ran) = (thread * 1_000 + scope, Ran::new());
                    airlock::scope()
                        .executor(ran.collector())
                        .run(|| (0..EACH).try_for_each(|n| quiet::enqueue(scope * EACH + n)))
                        .expect("flushed")
                        .expect("enqueued");
                    assert_eq!(ran.list(), expected(scope));
                }
            });
        }
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_is_spawned_without_a_handle_has_no_scope() {
    let run = airlock::scope().run_async(async {
        let spawned: Vec<_> = (0..100)
            .map(|n| {
                tokio::spawn(async move {
                    yield_once().await;
                    quiet::enqueue(n)
                })
            })
            .collect();
        for spawned in spawned {
            let result = spawned.await.expect("no panic");
            assert!(matches!(result, Err(EnqueueError::NoScope(_))));
        }
        let blocking = tokio::task::spawn_blocking(|| quiet::enqueue(1)).await.expect("no panic");
        assert!(matches!(blocking, Err(EnqueueError::NoScope(_))));
    });
    run.await.expect("nothing to flush");
}

#[tokio::test]
async fn on_one_thread_too_what_is_spawned_has_no_scope() {
    let run = airlock::scope().run_async(async {
        let result = tokio::spawn(async { quiet::enqueue(1) }).await.expect("no panic");
        assert!(matches!(result, Err(EnqueueError::NoScope(_))));
        let local = tokio::task::LocalSet::new();
        local.spawn_local(async { assert!(airlock::current().is_none()) });
    });
    run.await.expect("nothing to flush");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_scope_follows_its_future_from_thread_to_thread() {
    let ran = Ran::new();
    let mut run = Box::pin(airlock::scope().executor(ran.collector()).run_async(async {
        for n in 0..4 {
            quiet::enqueue(n)?;
            yield_once().await;
        }
        Ok::<_, EnqueueError>(())
    }));
    for _ in 0..4 {
        run = std::thread::spawn(move || {
            assert!(futures::FutureExt::now_or_never(&mut run).is_none());
            run
        })
        .join()
        .expect("no panic");
    }
    run.await.expect("flushed").expect("enqueued");
    assert_eq!(ran.list(), (0..4).map(|n| format!("quiet(n: {n})")).collect::<Vec<_>>());
}

#[test]
fn policies_and_configurations_are_isolated_as_well() {
    let run = |blocked: bool| async move {
        let ran = Ran::new();
        let body = async {
            for n in 0..3 {
                yield_once().await;
                quiet::enqueue(n)?;
            }
            Ok::<_, EnqueueError>(())
        };
        let scope = airlock::scope().executor(ran.collector());
        let configuration = if blocked {
            airlock::configure().policy(airlock::DropAll)
        } else {
            airlock::configure()
        };
        let run = configuration.run_async(scope.run_async(body)).await;
        run.expect("flushed").expect("enqueued");
        ran.list().len()
    };
    let (open, blocked) = crate::support::block_on(futures::future::join(run(false), run(true)));
    assert_eq!((open, blocked), (3, 0));
}

fn pool() -> rayon::ThreadPool {
    rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a pool")
}

/// A job of somebody else's, which enqueues and tells how that went.
fn foreign_job(told: mpsc::Sender<bool>) {
    rayon::spawn(move || told.send(quiet::enqueue(666).is_ok()).expect("it is waited for"));
}

/// Work stealing: a thread of rayon's that waits runs other jobs meanwhile, under what it is waiting in.
#[test]
fn a_job_that_is_stolen_inside_a_scopes_call_runs_inside_the_scope() {
    let (ran, (told, heard)) = (Ran::new(), mpsc::channel());
    pool().install(|| {
        let scope = ran.scope().executor(ran.collector());
        let waits = || {
            foreign_job(told);
            while rayon::yield_now() == Some(rayon::Yield::Executed) {}
        };
        scope.run(waits).expect("flushed");
    });
    assert_eq!(heard.recv(), Ok(true));
    assert_eq!(ran.list(), ["quiet(n: 666)"]);
}

/// The way round: a thread that is none of rayon's waits without stealing, and hands its scope to its own jobs.
#[test]
fn a_scope_that_is_opened_outside_the_pool_is_only_its_own_jobs() {
    let (ran, (told, heard)) = (Ran::new(), mpsc::channel());
    let pool = pool();
    let opened = ran.scope().executor(ran.collector()).run(|| {
        let scope = airlock::current().expect("a scope");
        pool.install(|| {
            foreign_job(told);
            (0..100).into_par_iter().try_for_each(|n| scope.run(|| quiet::enqueue(n)))
        })
    });
    opened.expect("flushed").expect("enqueued");
    assert_eq!(heard.recv(), Ok(false));
    let (mut numbers, mut expected) = (ran.list(), (0..100).map(called).collect::<Vec<_>>());
    numbers.sort();
    expected.sort();
    assert_eq!(numbers, expected);
}

/// The other one, for code that is on a thread of the pool: the parallel work comes first, and the scope waits for none.
#[test]
fn a_scope_that_waits_for_no_job_steals_none() {
    let (ran, (told, heard)) = (Ran::new(), mpsc::channel());
    pool().install(|| {
        foreign_job(told);
        let results: Vec<u64> = (0..100).into_par_iter().map(|n| n * 2).collect();
        let scope = ran.scope().executor(ran.collector());
        let enqueued = scope.run(|| results.into_iter().try_for_each(quiet::enqueue));
        enqueued.expect("flushed").expect("enqueued");
    });
    assert_eq!(heard.recv(), Ok(false));
    assert_eq!(ran.list(), (0..100).map(|n| called(n * 2)).collect::<Vec<_>>());
}

fn called(n: u64) -> String {
    format!("quiet(n: {n})")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn programs_that_take_turns_do_not_meet(programs in prop::collection::vec(steps(), 2..6)) {
        let tallies: Vec<_> = programs.iter().map(|_| Tally::default()).collect();
        let runs = programs.iter().zip(&tallies).map(|(steps, tally)| {
            tally.scope(Rule::None, Release::None).run_async(run_async(tally, steps))
        });
        for run in crate::support::block_on(futures::future::join_all(runs)) {
            run.expect("nothing fails");
        }
        for tally in &tallies {
            check(tally)?;
        }
    }
}
