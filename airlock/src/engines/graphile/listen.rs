//! Hearing of new jobs.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ::tokio::sync::Notify;
use ::tokio::task::AbortHandle;
use ::tokio::time::sleep;
use sqlx::PgPool;
use sqlx::postgres::{PgListener, PgPoolOptions};

use crate::core::task::called::BoxError;
use crate::worker::log;

/// Where Graphile tells of jobs: of all schemas and queues of a database.
const CHANNEL: &str = "jobs:insert";

/// A worker's ear, until it is dropped; a clone is another worker and begins without one.
#[derive(Default)]
pub(super) struct Listening {
    news: Arc<Notify>,
    ear: Mutex<Option<AbortHandle>>,
}

impl Listening {
    pub(super) fn start(&self, pool: PgPool) {
        self.replace(Some(::tokio::spawn(listen(pool, self.news.clone())).abort_handle()));
    }

    pub(super) fn stop(&self) {
        self.replace(None);
    }

    /// Returns when there was news since the last time.
    pub(super) async fn news(&self) {
        self.news.notified().await;
    }

    fn replace(&self, ear: Option<AbortHandle>) {
        let mut current = self.ear.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(before) = std::mem::replace(&mut *current, ear) {
            before.abort();
        }
    }
}

impl Clone for Listening {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Listens for ever, also while the worker is busy: what nobody reads would fill the server's queue of
/// notifications. Where it can't, workers find jobs when they look for them.
async fn listen(pool: PgPool, news: Arc<Notify>) {
    const PAUSE: Duration = Duration::from_secs(1);
    loop {
        let Err(error) = hear(&pool, &news).await;
        log::engine_trouble("listen", &BoxError::from(error));
        sleep(PAUSE).await;
    }
}

async fn hear(pool: &PgPool, news: &Notify) -> Result<Infallible, sqlx::Error> {
    // On a connection of its own: the program's pool may have none to spare for good.
    let own = PgPoolOptions::new()
        .max_connections(1)
        .idle_timeout(None)
        .max_lifetime(None)
        .connect_lazy_with(Arc::unwrap_or_clone(pool.connect_options()));
    let mut listener = PgListener::connect_with(&own).await?;
    listener.listen(CHANNEL).await?;
    loop {
        // Also at the beginning and after a lost connection, for nobody tells again what was told before.
        news.notify_one();
        listener.try_recv().await?;
    }
}
