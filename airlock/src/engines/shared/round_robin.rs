//! Queues that are served in turn.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::core::task::called::BoxError;

/// Begins with another queue each time, so that none starves.
#[derive(Default)]
pub(crate) struct RoundRobin {
    turn: AtomicUsize,
}

impl RoundRobin {
    /// Receives from so many queues until there is no room left. `take` is given the index of a queue and
    /// the room that is left.
    ///
    /// # Errors
    ///
    /// That of a queue, where nothing was received before it.
    pub(crate) async fn receive<M, E, F>(
        &self,
        queues: usize,
        room: usize,
        take: impl Fn(usize, usize) -> F + Send,
    ) -> Result<Vec<M>, BoxError>
    where
        E: Into<BoxError>,
        F: Future<Output = Result<Vec<M>, E>> + Send,
    {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let mut messages = Vec::new();
        for next in 0..queues {
            match take(turn.wrapping_add(next) % queues, room - messages.len()).await {
                Ok(more) => messages.extend(more),
                Err(error) if messages.is_empty() => return Err(error.into()),
                // What was taken so far is this worker's to run; the error will come again.
                Err(_) => break,
            }
            if messages.len() >= room {
                break;
            }
        }
        Ok(messages)
    }
}

#[cfg(test)]
mod tests {
    use std::future::ready;

    use super::*;
    use crate::core::wait::wait;

    /// Queues with so many messages each, of which the one at `broken` is an error.
    fn received(
        turns: &RoundRobin,
        queues: &[usize],
        room: usize,
        broken: Option<usize>,
    ) -> Result<Vec<usize>, BoxError> {
        let take = |queue: usize, room: usize| {
            let taken = vec![queue; queues[queue].min(room)];
            ready(if broken == Some(queue) { Err("broken") } else { Ok(taken) })
        };
        wait(None, turns.receive(queues.len(), room, take))
    }

    #[test]
    fn another_queue_is_the_first_each_time() {
        let turns = RoundRobin::default();
        let first = |room| received(&turns, &[5, 5, 5], room, None).expect("no queue is broken");
        assert_eq!(first(2), [0, 0]);
        assert_eq!(first(7), [1, 1, 1, 1, 1, 2, 2]);
        assert_eq!(first(1), [2]);
        assert!(received(&turns, &[], 1, None).expect("there is none").is_empty());
    }

    #[test]
    fn an_error_takes_nothing_back_that_was_received() {
        let turns = RoundRobin::default();
        assert_eq!(received(&turns, &[2, 2], 9, Some(1)).expect("the first is not broken"), [0, 0]);
        received(&turns, &[2, 2], 9, Some(1)).expect_err("the first is broken");
    }
}
