//! One batch, the engine's own bulk path, and one by one.

use std::time::{Duration, Instant};

use airlock::Executor;

use crate::noop::noop;
use crate::rounds::{Bench, median_of, millis};

/// How many intents a batch has.
pub(crate) const BATCH: u64 = 10_000;

/// How many are sent one by one in each round: it takes as long for each, however many.
const SINGLY: u64 = 1_000;

/// How much longer than the engine's own bulk path a batch may take.
const OWN: f64 = 1.15;

/// An engine, with its own client beside airlock.
pub(crate) trait Pushing {
    /// How many times faster a batch has to be than the same one by one.
    const FASTER: f64 = 10.0;

    /// Sends this many messages by the engine's own bulk path.
    async fn theirs(&self, count: u64);

    /// How many messages are in the queue, as the server says.
    async fn held(&self) -> u64;

    /// Empties the queue.
    async fn empty(&self);

    fn ours(&self) -> impl Executor + Clone;
}

struct Round {
    ours: Duration,
    theirs: Duration,
    singly: Duration,
}

impl Round {
    fn to_theirs(&self) -> f64 {
        self.ours.as_secs_f64() / self.theirs.as_secs_f64()
    }

    fn faster(&self) -> f64 {
        self.singly.as_secs_f64() / self.ours.as_secs_f64()
    }
}

pub(crate) fn head(bench: &Bench) {
    println!("{BATCH} intents, medians of {} rounds", bench.rounds);
    println!(
        "{:20} {:>9} {:>9} {:>6} {:>6} {:12} {:>10} {:>7} {:>6}",
        "", "airlock", "its own", "ratio", "limit", "", "one by one", "faster", "limit"
    );
}

/// Measures one engine, and prints a line.
pub(crate) async fn measure<P: Pushing>(bench: &mut Bench, name: &str, engine: P) {
    // Not counted: connections are made and statements prepared.
    round(&engine, true).await;
    let mut rounds = Vec::new();
    for number in 0..bench.rounds {
        rounds.push(round(&engine, number % 2 == 0).await);
    }
    let ratio = median_of(&rounds, Round::to_theirs);
    let faster = median_of(&rounds, Round::faster);
    let close = bench.verdict(&format!("{name}: {ratio:.2} x its own"), ratio <= OWN);
    let fast = bench.verdict(&format!("{name}: {faster:.1} x faster"), faster >= P::FASTER);
    println!(
        "{name:20} {:6.1} ms {:6.1} ms {ratio:6.2} {OWN:6.2} {close:12} {:7.0} ms {faster:7.1} {:6} {fast}",
        median_of(&rounds, |round| millis(round.ours)),
        median_of(&rounds, |round| millis(round.theirs)),
        median_of(&rounds, |round| millis(round.singly)),
        P::FASTER,
    );
}

async fn round<P: Pushing>(engine: &P, ours_first: bool) -> Round {
    let (mut ours, mut theirs) = (Duration::ZERO, Duration::ZERO);
    for turn in [ours_first, !ours_first] {
        if turn {
            ours = timed(engine, BATCH, batch(engine.ours(), BATCH)).await;
        } else {
            theirs = timed(engine, BATCH, engine.theirs(BATCH)).await;
        }
    }
    let singly = async {
        let executor = engine.ours();
        for _ in 0..SINGLY {
            batch(executor.clone(), 1).await;
        }
    };
    let singly = timed(engine, SINGLY, singly).await;
    Round { ours, theirs, singly: singly * u32::try_from(BATCH / SINGLY).expect("few") }
}

/// How long it takes from an empty queue; that it has arrived is looked at afterwards.
async fn timed<P: Pushing>(engine: &P, count: u64, pushing: impl Future<Output = ()>) -> Duration {
    let begun = Instant::now();
    pushing.await;
    let time = begun.elapsed();
    assert_eq!(engine.held().await, count, "all have arrived");
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
