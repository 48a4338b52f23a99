//! A worker's listener: it receives PostgreSQL's notifications.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ::tokio::task::AbortHandle;
use ::tokio::time::sleep;
use sqlx::PgPool;
use sqlx::postgres::{PgListener, PgNotification, PgPoolOptions};

use crate::core::task::called::BoxError;
use crate::worker::log;

/// A task that listens until this is dropped.
#[derive(Default)]
pub(crate) struct Listener {
    task: Mutex<Option<AbortHandle>>,
}

impl Listener {
    /// Listens on a channel, in place of the task before. `notified` gets the payload of each
    /// notification, and `None` where some may have been missed: at the beginning and after a lost
    /// connection.
    pub(crate) fn start(
        &self,
        pool: PgPool,
        channel: &'static str,
        notified: impl Fn(Option<&str>) + Send + Sync + 'static,
    ) {
        self.replace(Some(::tokio::spawn(listen(pool, channel, notified)).abort_handle()));
    }

    pub(crate) fn stop(&self) {
        self.replace(None);
    }

    fn replace(&self, task: Option<AbortHandle>) {
        let mut current = self.task.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(before) = std::mem::replace(&mut *current, task) {
            before.abort();
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Listens for ever, also while the worker is busy: notifications that no one reads fill the server's
/// queue. Without a connection, workers still find jobs when they poll.
async fn listen(
    pool: PgPool,
    channel: &'static str,
    notified: impl Fn(Option<&str>) + Send + Sync + 'static,
) {
    const RECONNECT_DELAY: Duration = Duration::from_secs(1);
    loop {
        let Err(error) = listen_once(&pool, channel, &notified).await;
        log::engine_trouble("listen", &BoxError::from(error));
        sleep(RECONNECT_DELAY).await;
    }
}

async fn listen_once(
    pool: &PgPool,
    channel: &'static str,
    notified: &(impl Fn(Option<&str>) + Sync),
) -> Result<Infallible, sqlx::Error> {
    // A connection of its own: the program's pool may have none to spare for good.
    let own = PgPoolOptions::new()
        .max_connections(1)
        .idle_timeout(None)
        .max_lifetime(None)
        .connect_lazy_with(Arc::unwrap_or_clone(pool.connect_options()));
    let mut listener = PgListener::connect_with(&own).await?;
    listener.listen(channel).await?;
    notified(None);
    loop {
        let notification = listener.try_recv().await?;
        notified(notification.as_ref().map(PgNotification::payload));
    }
}
