//! Many messages: how many run at once, in which order, and how many are held.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use airlock::tasks;
use airlock::worker::Served;
use tokio::sync::{Barrier, Notify};

use super::memory::Memory;
use super::{build, serve, worker};
use crate::support::{Ran, anote, note, yield_once};

/// Counts what runs at once, and lets as many wait for one another.
#[derive(Clone)]
struct Crowd(Arc<(AtomicUsize, AtomicUsize, Barrier, std::sync::Barrier)>);

impl Crowd {
    fn of(tasks: usize) -> Self {
        let barriers = (Barrier::new(tasks), std::sync::Barrier::new(tasks));
        Self(Arc::new((AtomicUsize::new(0), AtomicUsize::new(0), barriers.0, barriers.1)))
    }

    fn enter(&self) {
        let inside = self.0.0.fetch_add(1, Ordering::SeqCst) + 1;
        self.0.1.fetch_max(inside, Ordering::SeqCst);
    }

    fn leave(&self) {
        self.0.0.fetch_sub(1, Ordering::SeqCst);
    }

    fn most(&self) -> usize {
        self.0.1.load(Ordering::SeqCst)
    }
}

#[airlock::task]
async fn meet(#[state] crowd: &Crowd) {
    crowd.enter();
    crowd.0.2.wait().await;
    yield_once().await;
    crowd.leave();
}

#[airlock::task]
fn meet_here(#[state] crowd: &Crowd) {
    crowd.enter();
    crowd.0.3.wait();
    crowd.leave();
}

#[airlock::task]
async fn wait_for(#[state] opened: &Arc<Notify>, n: u64) {
    let _ = n;
    opened.notified().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn as_many_run_at_once_as_may_and_no_more() {
    for intent in [meet::intent, meet_here::intent] {
        let (crowd, memory) = (Crowd::of(7), Memory::new());
        for _ in 0..70 {
            memory.send(&intent());
        }
        let worker = airlock::worker().state(crowd.clone()).serving(tasks![meet, meet_here]);
        // Were fewer to run at once, they would wait for one another for ever.
        let served = serve(worker.concurrency(7), &memory).await;
        assert_eq!(served.done, 70);
        assert_eq!(crowd.most(), 7);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_at_a_time_is_in_order() {
    let (ran, memory) = (Ran::new(), Memory::new());
    for n in 0..1_000 {
        memory.send(&if n % 2 == 0 { note::intent(n) } else { anote::intent(n) });
    }
    serve(worker(&ran).concurrency(1), &memory).await;
    let note =
        |n: usize| if n.is_multiple_of(2) { format!("note {n}") } else { format!("anote {n}") };
    assert_in_order(&ran.list(), note);
    assert_in_order(&memory.told(), |n| format!("{}: done", n + 1));
}

/// There are a thousand, each as expected.
#[track_caller]
fn assert_in_order(list: &[String], expected: impl Fn(usize) -> String) {
    let wrong = (0..1_000).find(|n| list.get(*n) != Some(&expected(*n)));
    assert_eq!((wrong, list.len()), (None, 1_000), "{:?}", wrong.map(|n| list.get(n)));
}

#[tokio::test(start_paused = true)]
async fn messages_in_flight_are_bounded_by_concurrency_and_prefetch() {
    for (concurrency, prefetch) in [(1, 0), (1, 1), (3, 0), (3, 10), (16, 64)] {
        let (opened, memory) = (Arc::new(Notify::new()), Memory::new());
        for n in 0..200 {
            memory.send(&wait_for::intent(n));
        }
        let worker = airlock::worker().state(opened.clone()).serving(tasks![wait_for]);
        let worker = build(worker.concurrency(concurrency).prefetch(prefetch));
        let full = async {
            memory.holds(concurrency + prefetch).await;
            // The clock goes on when nothing else can happen: more could have been taken.
            tokio::time::sleep(Duration::from_millis(30)).await;
            assert_eq!(memory.most_held(), concurrency + prefetch);
            loop {
                opened.notify_waiters();
                tokio::select! {
                    () = memory.idle() => return,
                    () = tokio::time::sleep(Duration::from_millis(1)) => {}
                }
            }
        };
        let served = worker.run(memory.clone(), full).await.expect("it opens");
        assert_eq!(served.done, 200);
        // What has ended and is not settled doesn't keep others from being taken.
        assert!(memory.most_held() <= 2 * (concurrency + prefetch), "{}", memory.most_held());
    }
}

#[tokio::test(start_paused = true)]
async fn prefetch_is_four_times_the_concurrency_unless_it_is_set() {
    let (opened, memory) = (Arc::new(Notify::new()), Memory::new());
    for n in 0..200 {
        memory.send(&wait_for::intent(n));
    }
    let worker = airlock::worker().state(opened.clone()).serving(tasks![wait_for]);
    let worker = build(worker.grace(Duration::ZERO));
    let full = async {
        memory.holds(80).await;
        tokio::time::sleep(Duration::from_millis(30)).await;
    };
    let served = worker.run(memory.clone(), full).await.expect("it opens");
    assert_eq!(memory.most_held(), 80);
    assert_eq!(served, Served { returned: 80, ..Served::default() });
}

#[test]
fn a_current_thread_runtime_is_enough() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let (ran, memory) = (Ran::new(), Memory::new());
    for n in 0..100 {
        memory.send(&note::intent(n));
        memory.send(&anote::intent(n));
    }
    memory.send(&super::tasks::follow::intent(100));
    let served = runtime.expect("a runtime").block_on(serve(worker(&ran), &memory));
    assert_eq!(served.done, 201);
    assert_eq!(ran.list().len(), 202);
}
