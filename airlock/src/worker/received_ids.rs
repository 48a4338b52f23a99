//! Which messages a worker knows that it has received.

use std::collections::HashSet;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The ids of the deliveries that a worker has received and not settled. A message that was taken over, and comes back
/// to this worker, is another delivery.
///
/// A connection may break after the engine has assigned messages and before the worker receives them. As
/// long as the worker lives, no other worker takes these over. So the worker releases every message that
/// is assigned to it and whose id is not here.
///
/// A clone belongs to another worker, and is empty.
pub(crate) struct ReceivedIds<I> {
    ids: Mutex<HashSet<I>>,
    receiving: ::tokio::sync::Mutex<()>,
}

impl<I: Clone + Eq + Hash> ReceivedIds<I> {
    /// Runs what receives messages, and notes their ids.
    pub(crate) async fn receive<T, E>(
        &self,
        receive: impl Future<Output = Result<Vec<T>, E>>,
        id: impl Fn(&T) -> I,
    ) -> Result<Vec<T>, E> {
        let _receiving = self.receiving.lock().await;
        let received = receive.await?;
        self.ids().extend(received.iter().map(id));
        Ok(received)
    }

    /// Forgets messages that are settled.
    pub(crate) fn forget(&self, settled: impl IntoIterator<Item = I>) {
        let mut ids = self.ids();
        for id in settled {
            ids.remove(&id);
        }
    }

    /// Runs what releases all messages but these. Nothing is received meanwhile.
    #[cfg(feature = "_postgres")]
    pub(crate) async fn release_others<F: Future>(
        &self,
        release: impl FnOnce(Vec<I>) -> F,
    ) -> F::Output {
        let _receiving = self.receiving.lock().await;
        let received = self.ids().iter().cloned().collect();
        release(received).await
    }

    /// The same at once, for a heartbeat, which does not wait for what is received: while that is on its way, the ids are
    /// not known.
    #[cfg(feature = "apalis-redis")]
    pub(crate) async fn release_others_now<F: Future>(
        &self,
        release: impl FnOnce(Option<Vec<I>>) -> F,
    ) -> F::Output {
        let receiving = self.receiving.try_lock();
        let received = receiving.is_ok().then(|| self.ids().iter().cloned().collect());
        release(received).await
    }

    fn ids(&self) -> MutexGuard<'_, HashSet<I>> {
        self.ids.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<I> Default for ReceivedIds<I> {
    fn default() -> Self {
        Self { ids: Mutex::default(), receiving: ::tokio::sync::Mutex::default() }
    }
}

impl<I> Clone for ReceivedIds<I> {
    fn clone(&self) -> Self {
        Self::default()
    }
}
