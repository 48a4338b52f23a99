//! Scopes around futures that a Tokio runtime polls, on as many threads as it is asked for.
//!
//! Each case spawns [`FUTURES`] futures and waits for them all.

use std::hint::black_box;
use std::sync::LazyLock;

use airlock::{AllowAll, EnqueueError};
use tokio::runtime::{Builder, Runtime};
use tokio::task::{JoinSet, yield_now};

use crate::cases::INTENTS;
use crate::cases::polls::Yields;
use crate::cases::tasks::notify_warehouse;

/// The number of futures that a case spawns.
pub(crate) const FUTURES: u64 = 8;

/// The number of times that each is polled.
pub(crate) const POLLS: u64 = 1_000;

/// A future that enqueues lets go of its thread after so many intents.
const AT_A_TIME: u64 = 100;

const SOUND: &str = "every intent is accepted and every task succeeds";

/// Every future is a scope and enqueues nothing.
#[inline(never)]
pub(crate) fn polls(threads: u64) {
    spawn_all(threads, || async {
        airlock::scope().run_async(Yields::after(black_box(POLLS))).await.expect(SOUND);
    });
}

/// The inner futures alone.
#[inline(never)]
pub(crate) fn polls_by_hand(threads: u64) {
    spawn_all(threads, || Yields::after(black_box(POLLS)));
}

/// Every future is a scope and enqueues a thousand intents, judged by one policy.
#[inline(never)]
pub(crate) fn judged(threads: u64) {
    spawn_all(threads, || async {
        let enqueue_all = async {
            for order_id in 0..INTENTS {
                notify_warehouse::enqueue(black_box(order_id))?;
                if order_id % AT_A_TIME == 0 {
                    yield_now().await;
                }
            }
            Ok::<_, EnqueueError>(())
        };
        airlock::scope().policy(AllowAll).run_async(enqueue_all).await.expect(SOUND).expect(SOUND);
    });
}

/// Every future has a list of boxed closures of its own: a thread's would mix them up.
#[inline(never)]
pub(crate) fn judged_by_hand(threads: u64) {
    spawn_all(threads, || async {
        let mut effects: Vec<Box<dyn FnOnce() + Send>> = Vec::new();
        for order_id in 0..INTENTS {
            let id = black_box(order_id);
            effects.push(Box::new(move || notify_warehouse(id)));
            if order_id % AT_A_TIME == 0 {
                yield_now().await;
            }
        }
        for effect in effects {
            effect();
        }
    });
}

fn spawn_all<F>(threads: u64, future: fn() -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    runtime(threads).block_on(async {
        let mut spawned: JoinSet<()> = (0..FUTURES).map(|_| future()).collect();
        while let Some(ended) = spawned.join_next().await {
            ended.expect("nothing panics");
        }
    });
}

/// The runtime with this many threads of its own; with none it runs where it is asked to.
fn runtime(threads: u64) -> &'static Runtime {
    static HERE: LazyLock<Runtime> = LazyLock::new(|| built(&mut Builder::new_current_thread()));
    static ONE: LazyLock<Runtime> = LazyLock::new(|| threaded(1));
    static EIGHT: LazyLock<Runtime> = LazyLock::new(|| threaded(8));
    match threads {
        0 => &HERE,
        1 => &ONE,
        8 => &EIGHT,
        other => unreachable!("there is no runtime of {other} threads"),
    }
}

fn threaded(threads: usize) -> Runtime {
    built(Builder::new_multi_thread().worker_threads(threads))
}

fn built(builder: &mut Builder) -> Runtime {
    builder.build().expect("the runtime asks for nothing but threads")
}
