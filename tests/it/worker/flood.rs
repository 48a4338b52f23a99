//! An engine with more messages than fit into memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use airlock::envelope::Envelope;
use airlock::worker::{Message, Served, Settled, Settlement, Source};
use airlock::{BoxError, tasks};
use tokio::sync::Notify;

use super::build;
use crate::support::quiet;

/// An engine that makes messages when they are taken, and forgets them when they are settled.
#[derive(Clone)]
struct Flood(Arc<Counts>);

#[derive(Default)]
struct Counts {
    left: AtomicU64,
    held: AtomicU64,
    most: AtomicU64,
    done: AtomicU64,
    empty: Notify,
    body: Vec<u8>,
}

impl Source for Flood {
    type Receipt = u64;

    async fn wait(&self) {
        if self.0.held.load(Ordering::SeqCst) == 0 {
            self.0.empty.notify_one();
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }

    async fn receive(&self, room: usize) -> Result<Vec<Message<u64>>, BoxError> {
        let left = self.0.left.load(Ordering::SeqCst);
        let taken = left.min(room as u64);
        self.0.left.store(left - taken, Ordering::SeqCst);
        let held = self.0.held.fetch_add(taken, Ordering::SeqCst) + taken;
        self.0.most.fetch_max(held, Ordering::SeqCst);
        let message = |receipt| Message::new(receipt, Envelope::from_json(&self.0.body));
        Ok((left - taken..left).map(message).collect())
    }

    async fn settle(&self, settled: &[Settled<u64>]) -> Result<Vec<usize>, BoxError> {
        let done = settled.iter().filter(|settled| settled.settlement == Settlement::Done).count();
        self.0.done.fetch_add(done as u64, Ordering::SeqCst);
        self.0.held.fetch_sub(settled.len() as u64, Ordering::SeqCst);
        Ok(Vec::new())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_thousand_messages_take_no_more_room_than_a_few() {
    let now = std::time::SystemTime::now();
    let body = Envelope::of(&quiet_async::intent(1), now).expect("it has JSON").to_json();
    let left = AtomicU64::new(100_000);
    let flood = Flood(Arc::new(Counts { left, body, ..Counts::default() }));
    let worker = build(airlock::worker().serving(tasks![quiet_async, quiet]));
    let served = worker.run(flood.clone(), flood.0.empty.notified()).await.expect("it opens");
    assert_eq!(served, Served { done: 100_000, ..Served::default() });
    assert_eq!(flood.0.done.load(Ordering::SeqCst), 100_000);
    assert!(flood.0.most.load(Ordering::SeqCst) <= 2 * 80);
}

#[airlock::task]
async fn quiet_async(n: u64) {
    std::future::ready(n).await;
}
