//! Messages that a server refuses to settle, which keep no others waiting.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};
#[cfg(any(feature = "apalis-redis", feature = "celery-redis"))]
use std::time::Duration;

use crate::core::task::called::BoxError;
#[cfg(any(feature = "apalis-redis", feature = "celery-redis"))]
use crate::worker::within_heartbeat;
use crate::worker::{Settled, log};

/// Which of some messages the server refused to settle.
#[derive(Default)]
pub(crate) struct Refusals {
    pub(crate) indices: BTreeSet<usize>,
    /// What the server says of one of them.
    reason: Option<BoxError>,
    /// Which of them were no longer the worker's.
    pub(crate) lost: Vec<usize>,
}

impl Refusals {
    pub(crate) fn add(&mut self, index: usize, reason: impl Into<BoxError>) {
        self.indices.insert(index);
        self.reason.get_or_insert_with(|| reason.into());
    }

    /// The error about them, where there are any.
    fn into_result(self) -> Result<(), BoxError> {
        let Some(reason) = self.reason else { return Ok(()) };
        let messages = match self.indices.len() {
            1 => "1 message".to_owned(),
            messages => format!("{messages} messages"),
        };
        Err(format!("{messages} can't be put where they belong, and stay unsettled: {reason}")
            .into())
    }
}

/// The messages of a worker that are refused so far. It tries them again with its heartbeats.
pub(crate) struct Refused<R>(Mutex<Vec<Settled<R>>>);

impl<R: Clone> Refused<R> {
    /// Keeps the refused ones of these messages, and logs it: the others are settled. Returns the indices of those that
    /// were no longer the worker's.
    pub(crate) fn keep(&self, settled: &[Settled<R>], mut refusals: Refusals) -> Vec<usize> {
        let lost = std::mem::take(&mut refusals.lost);
        self.lock().extend(refusals.indices.iter().map(|index| settled[*index].clone()));
        if let Err(refused) = refusals.into_result() {
            log::engine_trouble("settle", &refused);
        }
        lost
    }

    /// Tries all of them again, beside a heartbeat, and logs what is refused: the worker lives all the same.
    #[cfg(any(feature = "apalis-redis", feature = "celery-redis"))]
    pub(crate) async fn retry_beside_heartbeat<F>(
        &self,
        interval: Duration,
        settle: impl FnOnce(Vec<Settled<R>>) -> F,
    ) where
        F: Future<Output = Result<Refusals, BoxError>>,
    {
        if let Err(refused) = within_heartbeat(interval, self.retry(settle)).await {
            log::engine_trouble("settle", &refused);
        }
    }

    /// Tries all of them again.
    ///
    /// # Errors
    ///
    /// Where the server refuses some of them again: they stay for the next time.
    pub(crate) async fn retry<F>(
        &self,
        settle: impl FnOnce(Vec<Settled<R>>) -> F,
    ) -> Result<(), BoxError>
    where
        F: Future<Output = Result<Refusals, BoxError>>,
    {
        let again = self.lock().clone();
        let tried = again.len();
        if tried == 0 {
            return Ok(());
        }
        let still = settle(again).await?;
        // More may have come behind them meanwhile.
        let mut number = 0..tried;
        self.lock().retain(|_| number.next().is_none_or(|index| still.indices.contains(&index)));
        still.into_result()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Settled<R>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<R> Default for Refused<R> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}
