//! Which messages a worker knows that it has.

use std::collections::HashSet;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The ids of messages that a worker has received and not settled.
///
/// Where a worker loses its connection before it hears which messages it was given, nobody else takes
/// them over from it as long as it lives. So it puts back what it holds without knowing.
///
/// A clone is another worker, and has none.
pub(crate) struct Holds<I> {
    ids: Mutex<HashSet<I>>,
    receiving: ::tokio::sync::Mutex<()>,
}

impl<I: Clone + Eq + Hash> Holds<I> {
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

    /// Notes that these are settled.
    pub(crate) fn settled<'a>(&self, ids: impl IntoIterator<Item = &'a I>)
    where
        I: 'a,
    {
        let mut held = self.ids();
        for id in ids {
            held.remove(id);
        }
    }

    /// Runs what puts back all others. Meanwhile nothing is received.
    pub(crate) async fn put_back_others<F: Future>(
        &self,
        put_back: impl FnOnce(Vec<I>) -> F,
    ) -> F::Output {
        let _receiving = self.receiving.lock().await;
        let held = self.ids().iter().cloned().collect();
        put_back(held).await
    }

    fn ids(&self) -> MutexGuard<'_, HashSet<I>> {
        self.ids.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<I> Default for Holds<I> {
    fn default() -> Self {
        Self { ids: Mutex::default(), receiving: ::tokio::sync::Mutex::default() }
    }
}

impl<I> Clone for Holds<I> {
    fn clone(&self) -> Self {
        Self::default()
    }
}
