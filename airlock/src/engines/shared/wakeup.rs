//! What wakes an idle worker.

#[cfg(feature = "_sql")]
use std::time::Duration;

#[cfg(feature = "_sql")]
use ::tokio::select;
use ::tokio::sync::{Mutex, watch};
#[cfg(feature = "_sql")]
use ::tokio::time::sleep;

/// Wakes the idle workers of a handle and its clones. A notification that arrives while a worker is busy
/// ends its next wait at once.
pub(crate) struct Wakeup {
    notifier: Notifier,
    receiver: Mutex<watch::Receiver<()>>,
}

/// Notifies all that are made of one [`Wakeup`].
#[derive(Clone)]
pub(crate) struct Notifier(watch::Sender<()>);

impl Notifier {
    pub(crate) fn notify(&self) {
        self.0.send_replace(());
    }
}

impl Wakeup {
    #[cfg(feature = "_apalis-sql")]
    pub(crate) fn notify(&self) {
        self.notifier.notify();
    }

    /// For what notifies from elsewhere.
    pub(crate) fn notifier(&self) -> Notifier {
        self.notifier.clone()
    }

    /// Returns when there was a notification since the last wait.
    #[cfg(feature = "apalis-redis")]
    pub(crate) async fn notified(&self) {
        // The sender is in this as well.
        let _ = self.receiver.lock().await.changed().await;
    }

    /// Returns when there was a notification since the last wait, or when `due` says that a job is due,
    /// which is asked at intervals: no notification comes when a delayed job becomes due, nor from another
    /// process where the engine has none.
    #[cfg(feature = "_sql")]
    pub(crate) async fn wait<F: Future<Output = bool>>(&self, poll: Duration, due: impl Fn() -> F) {
        let mut receiver = self.receiver.lock().await;
        loop {
            select! {
                biased;
                _ = receiver.changed() => return,
                () = sleep(poll) => if due().await { return },
            }
        }
    }
}

impl From<Notifier> for Wakeup {
    fn from(notifier: Notifier) -> Self {
        let receiver = Mutex::new(notifier.0.subscribe());
        Self { notifier, receiver }
    }
}

impl Default for Wakeup {
    fn default() -> Self {
        Notifier(watch::Sender::new(())).into()
    }
}

impl Clone for Wakeup {
    fn clone(&self) -> Self {
        self.notifier().into()
    }
}
