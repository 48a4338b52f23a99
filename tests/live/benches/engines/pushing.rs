//! One batch, the engine's own bulk path, and one by one.

use std::time::{Duration, Instant};

use airlock::Executor;
use airlock_live::Sender;

use crate::noop::noop;
use crate::queue::Queue;
use crate::rounds::{Bench, median_of, millis};

/// How many intents a batch has, and how many are sent one by one.
pub(crate) const BATCH: u64 = 10_000;

/// How much longer than the engine's own bulk path a batch may take.
const OWN: f64 = 1.15;

/// An engine, with its own client beside airlock.
pub(crate) trait Pushing {
    type Ours: Sender;

    /// How many times faster a batch has to be than the same one by one.
    const FASTER: f64 = 10.0;

    /// Sends this many messages by the engine's own bulk path.
    async fn theirs(&self, count: u64);

    /// Empties the queue.
    async fn empty(&self);

    fn queue(&self) -> &Queue<Self::Ours>;
}

struct Round {
    ours: Duration,
    theirs: Duration,
}

impl Round {
    fn to_theirs(&self) -> f64 {
        self.ours.as_secs_f64() / self.theirs.as_secs_f64()
    }

    /// How many times faster a batch is than this.
    fn faster(&self, singly: Duration) -> f64 {
        singly.as_secs_f64() / self.ours.as_secs_f64()
    }
}

pub(crate) fn head(bench: &Bench) {
    println!("{BATCH} intents, medians of {} rounds; one by one once", bench.rounds);
    println!(
        "{:20} {:>9} {:>9} {:>6} {:>6} {:12} {:>10} {:>7} {:>6}",
        "", "airlock", "its own", "ratio", "limit", "", "one by one", "faster", "limit"
    );
}

/// Measures one engine, and prints a line.
pub(crate) async fn measure<P: Pushing>(bench: &mut Bench, name: &str, engine: &P) {
    // Not counted: connections are made and statements prepared.
    round(engine, true).await;
    let singly = timed(engine, one_by_one(&engine.queue().ours)).await;
    let mut rounds = Vec::new();
    for number in 0..bench.rounds {
        rounds.push(round(engine, number % 2 == 0).await);
    }
    let ratio = median_of(&rounds, Round::to_theirs);
    let faster = median_of(&rounds, |round| round.faster(singly));
    let close = bench.verdict(&format!("{name}: {ratio:.2} x its own"), ratio <= OWN);
    let fast = bench.verdict(&format!("{name}: {faster:.1} x faster"), faster >= P::FASTER);
    println!(
        "{name:20} {:6.1} ms {:6.1} ms {ratio:6.2} {OWN:6.2} {close:12} {:7.0} ms {faster:7.1} {:6} {fast}",
        median_of(&rounds, |round| millis(round.ours)),
        median_of(&rounds, |round| millis(round.theirs)),
        millis(singly),
        P::FASTER,
    );
}

async fn round<P: Pushing>(engine: &P, ours_first: bool) -> Round {
    let (mut ours, mut theirs) = (Duration::ZERO, Duration::ZERO);
    for turn in [ours_first, !ours_first] {
        if turn {
            ours = timed(engine, batch(engine.queue().ours.clone(), BATCH)).await;
        } else {
            theirs = timed(engine, engine.theirs(BATCH)).await;
        }
    }
    Round { ours, theirs }
}

async fn one_by_one(executor: &(impl Executor + Clone)) {
    for _ in 0..BATCH {
        batch(executor.clone(), 1).await;
    }
}

/// How long it takes from an empty queue; that all has arrived is looked at afterwards.
async fn timed<P: Pushing>(engine: &P, pushing: impl Future<Output = ()>) -> Duration {
    let begun = Instant::now();
    pushing.await;
    let time = begun.elapsed();
    assert_eq!(engine.queue().held().await, BATCH, "all have arrived");
    engine.empty().await;
    time
}

/// Enqueues and flushes this many intents in one scope.
pub(crate) async fn batch(executor: impl Executor, count: u64) {
    let enqueue = async {
        for order_id in 0..count {
            noop::enqueue(order_id)?;
        }
        Ok::<_, airlock::EnqueueError>(())
    };
    let flushed = airlock::scope().executor(executor).run_async(enqueue).await;
    flushed.expect("flushed").expect("enqueued");
}
