//! Which tasks the engine hears of while they run, so that their attempts count if the worker dies.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use airlock::tasks;
use airlock::worker::WorkerBuilder;
use tokio::time::{Instant, sleep};

use super::build;
use super::memory::{Fault, Memory};

/// How many run now, and the numbers of those that ran beside others.
#[derive(Clone, Default)]
struct Beside(Arc<AtomicUsize>);

#[airlock::task]
async fn take(#[state] beside: &Beside, millis: u64, alone: bool) -> Result<(), String> {
    let others = beside.0.fetch_add(1, Ordering::SeqCst);
    if millis > 0 {
        sleep(Duration::from_millis(millis)).await;
    }
    beside.0.fetch_sub(1, Ordering::SeqCst);
    if alone && others > 0 { Err(format!("{others} ran beside it")) } else { Ok(()) }
}

fn worker() -> WorkerBuilder {
    airlock::worker().serving(tasks![take]).state(Beside::default()).concurrency(4).max_attempts(3)
}

async fn serve(memory: &Memory) {
    let worker = build(worker());
    let counted = worker.clone();
    let total = memory.queue().len() as u64;
    let all_done = async {
        while counted.served().done < total {
            sleep(Duration::from_millis(1)).await;
        }
    };
    let run = worker.run(memory.clone(), all_done);
    let ran = tokio::time::timeout(Duration::from_mins(10), run).await;
    ran.expect("it stops").expect("it opens");
    memory.assert_sound();
}

#[tokio::test(start_paused = true)]
async fn begin_is_called_for_what_runs_for_a_while_and_for_many_at_once() {
    let memory = Memory::new();
    for millis in [0, 500, 500, 49, 500] {
        memory.send(&take::intent(millis, false));
    }
    serve(&memory).await;
    let told = memory.begun();
    assert_eq!(told.concat(), [2, 3, 5], "{told:?}");
    assert!(told.len() <= 2, "those that began together are told of together: {told:?}");
}

#[tokio::test(start_paused = true)]
async fn begin_is_called_for_a_last_attempt_before_it_runs() {
    let memory = Memory::new();
    memory.fail("begin", Fault::Error, 2);
    memory.send_attempt(&take::intent(0, false), 3);
    memory.send_attempt(&take::intent(0, false), 2);
    serve(&memory).await;
    assert_eq!(memory.begun(), [[1]]);
    assert_eq!(memory.calls("begin"), 3, "it was asked until it answered");
    let order = memory.order_of_calls();
    let place = |call| order.iter().position(|called| *called == call);
    assert!(place("begin") < place("settle"), "{order:?}");
}

#[tokio::test(start_paused = true)]
async fn the_last_attempt_of_a_message_whose_worker_was_killed_runs_alone() {
    let memory = Memory::new();
    for _ in 0..8 {
        memory.send(&take::intent(20, false));
    }
    let alone = memory.send(&take::intent(20, true));
    let beside = memory.send(&take::intent(20, false));
    for _ in 0..8 {
        memory.send(&take::intent(20, false));
    }
    memory.interrupt(alone, 3);
    memory.interrupt(beside, 2);
    serve(&memory).await;
    assert_eq!(memory.told().len(), 18);
    assert!(memory.told().iter().all(|told| told.ends_with(": done")), "{:?}", memory.told());
    assert_eq!(memory.begun(), [[alone], [beside]]);
    // All before it are settled first, so that no death of its worker counts for them.
    let settled = memory.settled().concat();
    let place = settled.iter().position(|number| *number == alone);
    assert_eq!(place, Some(8), "{settled:?}");
}

/// One that never ends, and one that waits for a moment without it.
#[tokio::test(start_paused = true)]
async fn what_runs_alone_does_not_hold_up_a_worker_for_long() {
    let memory = Memory::new();
    let endless = memory.send(&take::intent(u64::MAX, false));
    let worker = build(worker());
    let begun = Instant::now();
    let shutdown = async {
        memory.called("begin", 1).await;
        let alone = memory.send(&take::intent(20, true));
        memory.interrupt(alone, 3);
        for _ in 0..8 {
            memory.send(&take::intent(20, false));
        }
        memory.has_settled(8).await;
        assert!(begun.elapsed() < Duration::from_secs(11), "{:?}", begun.elapsed());
        // The others have six times as long as they had to wait, each time.
        for _ in 0..60 {
            memory.send(&take::intent(0, false));
            sleep(Duration::from_secs(10)).await;
        }
        let told = memory.told().len();
        assert!(told > 60 * 4 / 5, "it has mostly gone on: {told}");
    };
    let served = worker.run(memory.clone(), shutdown).await.expect("it opens");
    memory.assert_sound();
    assert_eq!((served.done, served.returned), (68, 2), "{served}");
    assert_eq!(memory.begun(), [[endless]], "what would have run alone has not begun");
    assert_eq!(memory.attempts(), [1, 3]);
}

/// Also before its turn has come: there is nothing that it would keep waiting.
#[tokio::test(start_paused = true)]
async fn what_runs_alone_begins_when_nothing_else_runs() {
    let memory = Memory::new();
    memory.send(&take::intent(12_000, false));
    let worker = build(worker());
    let begun = Instant::now();
    let shutdown = async {
        memory.called("begin", 1).await;
        let alone = memory.send(&take::intent(20, true));
        memory.interrupt(alone, 3);
        memory.has_settled(2).await;
        assert!(begun.elapsed() < Duration::from_secs(13), "{:?}", begun.elapsed());
    };
    let served = worker.run(memory.clone(), shutdown).await.expect("it opens");
    assert_eq!(served.done, 2, "{served}");
}

/// However long the others take.
#[tokio::test(start_paused = true)]
async fn what_runs_alone_has_its_turn_between_tasks_that_take_long() {
    let memory = Memory::new();
    for _ in 0..4 {
        memory.send(&take::intent(25_000, false));
    }
    let alone = memory.send(&take::intent(20, true));
    memory.interrupt(alone, 3);
    for _ in 0..76 {
        memory.send(&take::intent(25_000, false));
    }
    serve(&memory).await;
    let told = memory.told();
    let place = told.iter().position(|told| *told == format!("{alone}: done"));
    assert!(place.is_some_and(|place| place < 60), "{place:?} in {told:?}");
}

/// After a mass take-over there are many of them, and each may take long.
#[tokio::test(start_paused = true)]
async fn what_runs_alone_lets_others_begin_after_a_minute() {
    const TASK: u64 = 240_000;
    let memory = Memory::new();
    for _ in 0..3 {
        let alone = memory.send(&take::intent(TASK, false));
        memory.interrupt(alone, 3);
    }
    let others: Vec<_> = (0..8).map(|_| memory.send(&take::intent(20, false))).collect();
    let begun = Instant::now();
    serve(&memory).await;
    let took = begun.elapsed();
    assert!(took < Duration::from_millis(TASK) + Duration::from_mins(4), "{took:?}");
    let told = memory.told();
    let done: Vec<_> = others.iter().map(|number| format!("{number}: done")).collect();
    assert!(done.iter().all(|one| told[..8].contains(one)), "the others don't wait: {told:?}");
    assert_eq!(memory.begun(), [[1], [2], [3]], "one at a time");
}

/// After a mass take-over these are most of what the worker held.
#[tokio::test(start_paused = true)]
async fn what_only_waited_in_a_killed_worker_runs_beside_others_at_its_last_attempt() {
    const TASK: u64 = 50_000;
    let memory = Memory::new();
    let waited: Vec<_> = (0..40).map(|_| memory.send(&take::intent(TASK, false))).collect();
    for number in &waited {
        memory.interrupt_waiting(*number, 3);
    }
    let begun = Instant::now();
    serve(&memory).await;
    let took = begun.elapsed();
    // Four at once.
    assert!(took < Duration::from_millis(11 * TASK), "{took:?}");
    assert_eq!(memory.begun().concat(), waited, "each is told of before it begins");
}
