//! Waiting for a moment, to do many things at once.

use ::tokio::task::yield_now;

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
