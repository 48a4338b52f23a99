//! Waiting for a moment, to do many things at once.

use crate::core::threads::tokio::sync::mpsc::UnboundedReceiver;
use crate::core::threads::tokio::task::{JoinSet, yield_now};

/// Returns when a number stops growing: short tasks end together, and a call of the engine takes as long
/// for one message as for many.
pub(super) async fn until_steady(mut number: impl FnMut() -> usize) {
    const TURNS: usize = 32;
    let (mut last, mut left) = (number(), TURNS);
    while left > 0 {
        yield_now().await;
        left -= 1;
        let now = number();
        if now > last {
            (last, left) = (now, TURNS);
        }
    }
}

/// Receives what there is, at most so many at once; none where nothing comes any more.
#[cfg(not(airlock_shuttle))]
pub(super) async fn receive_many<T>(
    received: &mut UnboundedReceiver<T>,
    batch: &mut Vec<T>,
    most: usize,
) -> usize {
    received.recv_many(batch, most).await
}

/// The same, of a channel that has no such function.
#[cfg(airlock_shuttle)]
pub(super) async fn receive_many<T>(
    received: &mut UnboundedReceiver<T>,
    batch: &mut Vec<T>,
    most: usize,
) -> usize {
    let Some(first) = received.recv().await else { return 0 };
    batch.push(first);
    batch.extend(std::iter::from_fn(|| received.try_recv().ok()).take(most - 1));
    batch.len()
}

/// Forgets the tasks that have ended.
pub(super) fn forget_ended(tasks: &mut JoinSet<()>) {
    #[cfg(not(airlock_shuttle))]
    while tasks.try_join_next().is_some() {}
    // There they are forgotten with the set.
    #[cfg(airlock_shuttle)]
    let _ = tasks;
}
