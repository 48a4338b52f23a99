//! A worker stops also while its engine does not answer.

use std::time::Duration;

use airlock::worker::Served;
use tokio::time::{Instant, sleep};

use super::memory::{ALWAYS, Fault, Memory};
use super::{build, worker};
use crate::support::{Ran, note};
use crate::worker::stopping::{FAREWELL, GRACE, ends, gate, holding};

/// How long a worker takes to stop while the calls of `call` end in `fault`.
async fn takes_to_stop(call: &'static str, fault: Fault) -> Duration {
    let memory = Memory::new();
    memory.send(&note::intent(1));
    memory.fail(call, fault, ALWAYS);
    let worker = build(worker(&Ran::new()).grace(GRACE));
    let stop = Duration::from_secs(100);
    let begun = Instant::now();
    ends(worker.run(memory.clone(), sleep(stop))).await.expect("it opens");
    memory.assert_sound();
    begun.elapsed().saturating_sub(stop)
}

fn is_about(time: Duration, expected: Duration) -> bool {
    time >= expected && time <= expected + Duration::from_millis(100)
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_does_not_answer_keeps_no_worker_from_stopping() {
    for (call, fault, expected) in [
        ("open", Fault::Hang, Duration::ZERO),
        ("receive", Fault::Error, Duration::ZERO),
        ("receive", Fault::Hang, GRACE + FAREWELL),
        ("settle", Fault::Error, GRACE + FAREWELL),
        ("settle", Fault::Hang, GRACE + FAREWELL),
        ("close", Fault::Error, Duration::ZERO),
        ("close", Fault::Hang, FAREWELL),
    ] {
        let took = takes_to_stop(call, fault).await;
        assert!(is_about(took, expected), "{call}: {took:?}, and not {expected:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_answers_to_nothing_is_waited_for_once() {
    for hanging in [&["settle", "close"][..], &["receive", "settle", "close"]] {
        let memory = Memory::new();
        memory.send(&note::intent(1));
        let worker = build(worker(&Ran::new()).grace(GRACE));
        let begun = Instant::now();
        let stop = async {
            for call in hanging {
                memory.fail(call, Fault::Hang, ALWAYS);
            }
            sleep(Duration::from_secs(100)).await;
        };
        ends(worker.run(memory.clone(), stop)).await.expect("it opens");
        let took = begun.elapsed().saturating_sub(Duration::from_secs(100));
        assert!(is_about(took, GRACE + FAREWELL), "{hanging:?}: {took:?}");
        assert_eq!(memory.calls("close"), 1, "it is asked all the same");
    }
}

/// The grace is that of the tasks: it runs also while the engine leaves the worker waiting for messages.
#[tokio::test(start_paused = true)]
async fn what_runs_is_given_back_in_time_while_the_engine_gives_nothing() {
    let (ran, gate, memory) = (Ran::new(), gate(), Memory::new());
    let worker = build(holding(&ran, &gate, &memory).prefetch(10).grace(GRACE));
    let stop = async {
        memory.holds(6).await;
        memory.fail("receive", Fault::Hang, ALWAYS);
        memory.called("receive", memory.calls("receive") + 1).await;
    };
    let stopped = Instant::now();
    let all_back = async {
        memory.holds(6).await;
        memory.holds(0).await;
        stopped.elapsed()
    };
    let (served, told) = tokio::join!(ends(worker.run(memory.clone(), stop)), all_back);
    assert!(is_about(told, GRACE), "{told:?}");
    assert!(is_about(stopped.elapsed(), GRACE + FAREWELL), "{:?}", stopped.elapsed());
    memory.assert_sound();
    assert_eq!(served.expect("it opens"), Served { returned: 6, ..Served::default() });
    assert_eq!(memory.queue().len(), 6);
}

#[tokio::test(start_paused = true)]
async fn what_could_not_be_acknowledged_is_counted() {
    let (ran, memory) = (Ran::new(), Memory::new());
    for n in 0..2_500 {
        memory.send(&note::intent(n));
    }
    memory.fail("settle", Fault::Error, ALWAYS);
    let worker = build(worker(&ran).concurrency(10).prefetch(3_000).grace(GRACE));
    let begun = Instant::now();
    let shutdown = async {
        memory.called("settle", 1).await;
        sleep(Duration::from_mins(1)).await;
    };
    let served = ends(worker.run(memory.clone(), shutdown)).await.expect("it opens");
    let took = begun.elapsed().saturating_sub(Duration::from_mins(1));
    assert!(is_about(took, GRACE + FAREWELL), "however many there are: {took:?}");
    assert_eq!(served, Served { done: 2_500, untold: 2_500, ..Served::default() });
    assert_eq!(memory.told(), [""; 0], "the engine delivers them again");
}
