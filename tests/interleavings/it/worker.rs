//! A worker's loops, which receive, run, settle and send heartbeats at the same time.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use airlock::envelope::Envelope;
use airlock::worker::{Message, Served, Settled, Settlement, Source};
use airlock::{BoxError, tasks};
use shuttle::check_random;
use shuttle::future::{block_on, spawn, yield_now};
use shuttle::sync::Mutex;

use crate::ORDERS_OF_A_WORKER;
use crate::counted::{Ran, count};

const MESSAGES: u64 = 3;

/// Messages in memory.
#[derive(Clone, Default)]
struct Memory(Arc<Mutex<Queue>>);

#[derive(Default)]
struct Queue {
    waiting: VecDeque<(u64, Envelope)>,
    held: BTreeMap<u64, Envelope>,
    done: Vec<u64>,
    heartbeats: usize,
}

impl Memory {
    fn full() -> Self {
        let memory = Self::default();
        let envelope = |number| Envelope::of(&count::intent(number), SystemTime::UNIX_EPOCH);
        let waiting = (0..MESSAGES).map(|number| (number, envelope(number).expect("an envelope")));
        memory.0.lock().expect("nobody panics").waiting.extend(waiting);
        memory
    }

    /// How many are done, wait, and are held.
    fn counts(&self) -> (usize, usize, usize) {
        let queue = self.0.lock().expect("nobody panics");
        (queue.done.len(), queue.waiting.len(), queue.held.len())
    }

    async fn until_done(self) {
        while self.counts().0 < usize::try_from(MESSAGES).expect("few") {
            yield_now().await;
        }
    }
}

impl Source for Memory {
    type Receipt = u64;

    async fn wait(&self) {
        yield_now().await;
    }

    async fn receive(&self, room: usize) -> Result<Vec<Message<u64>>, BoxError> {
        let mut queue = self.0.lock().expect("nobody panics");
        let room = room.min(queue.waiting.len());
        let taken: Vec<_> = queue.waiting.drain(..room).collect();
        queue.held.extend(taken.iter().cloned());
        Ok(taken.into_iter().map(|(number, envelope)| Message::new(number, Ok(envelope))).collect())
    }

    async fn settle(&self, settled: &[Settled<u64>]) -> Result<Vec<usize>, BoxError> {
        let mut queue = self.0.lock().expect("nobody panics");
        for Settled { receipt, settlement } in settled {
            let envelope = queue.held.remove(receipt).expect("it is settled once");
            match settlement {
                Settlement::Done => queue.done.push(*receipt),
                Settlement::Return => queue.waiting.push_back((*receipt, envelope)),
                other => panic!("{other:?}"),
            }
        }
        Ok(Vec::new())
    }

    async fn keep_alive(&self) -> Result<(), BoxError> {
        // Sleeps are over at once, and so the loop of the heartbeats would leave no turn to what is beside it.
        yield_now().await;
        self.0.lock().expect("nobody panics").heartbeats += 1;
        Ok(())
    }

    fn heartbeat(&self) -> Option<Duration> {
        Some(Duration::from_secs(10))
    }
}

async fn serve(memory: Memory, ran: Ran, shutdown: impl Future<Output = ()> + Send) -> Served {
    let worker = airlock::worker().serving(tasks![count]).state(ran).concurrency(2).prefetch(1);
    worker.build().expect("a worker").run(memory, shutdown).await.expect("served")
}

/// Heartbeats go on beside everything else.
#[test]
fn what_two_workers_share_runs_once_and_is_settled_once() {
    check_random(
        || {
            block_on(async {
                let (memory, ran) = (Memory::full(), Ran::default());
                let other = spawn(serve(memory.clone(), ran.clone(), memory.clone().until_done()));
                let one = serve(memory.clone(), ran.clone(), memory.clone().until_done()).await;
                let other = other.await.expect("it ends");
                assert_eq!(ran.sorted(), [0, 1, 2]);
                assert_eq!(memory.counts(), (3, 0, 0));
                assert_eq!(one.done + other.done, MESSAGES);
            });
        },
        ORDERS_OF_A_WORKER,
    );
}

/// Its grace may be over at any time. What did not run is given back, what ran is done; and what the source is not told of
/// any more, the worker counts.
#[test]
fn a_worker_that_shuts_down_at_any_time_forgets_no_message() {
    check_random(
        || {
            block_on(async {
                let (memory, ran) = (Memory::full(), Ran::default());
                let begun = ran.clone();
                let shutdown = async move {
                    while begun.count() == 0 {
                        yield_now().await;
                    }
                };
                let served = serve(memory.clone(), ran.clone(), shutdown).await;
                let (done, waiting, held) = memory.counts();
                assert_eq!(done + waiting + held, 3);
                assert!(done <= ran.count(), "done without having run");
                let sorted = ran.sorted();
                assert!(sorted.windows(2).all(|pair| pair[0] != pair[1]), "ran twice: {sorted:?}");
                assert_eq!(held as u64, served.untold, "{served}");
            });
        },
        ORDERS_OF_A_WORKER,
    );
}
