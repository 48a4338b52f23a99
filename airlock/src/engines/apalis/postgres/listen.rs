//! Hearing of new jobs.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::Deserialize;
use sqlx::PgPool;
use sqlx::postgres::{PgListener, PgPoolOptions};
use tokio::sync::watch;
use tokio::task::AbortHandle;

use crate::core::task::called::BoxError;
use crate::worker::log;

/// Where apalis' triggers, and our own statement, tell of jobs.
const CHANNEL: &str = "apalis::job::insert";

/// A worker's ear, until it is dropped; a clone is another worker and begins without one.
#[derive(Default)]
pub(super) struct Listening(Mutex<Option<AbortHandle>>);

impl Listening {
    /// Passes on what is told of these queues.
    pub(super) fn start(&self, pool: PgPool, queues: Vec<String>, news: watch::Sender<()>) {
        let listening = tokio::spawn(listen(pool, queues, news)).abort_handle();
        self.replace(Some(listening));
    }

    fn replace(&self, listening: Option<AbortHandle>) {
        let mut current = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(before) = std::mem::replace(&mut *current, listening) {
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
        self.replace(None);
    }
}

/// Listens for ever. Where it can't, workers find jobs when they look for them.
async fn listen(pool: PgPool, queues: Vec<String>, news: watch::Sender<()>) {
    const PAUSE: Duration = Duration::from_secs(1);
    loop {
        let Err(error) = hear(&pool, &queues, &news).await;
        log::engine_trouble("listen", &BoxError::from(error));
        tokio::time::sleep(PAUSE).await;
    }
}

async fn hear(
    pool: &PgPool,
    queues: &[String],
    news: &watch::Sender<()>,
) -> Result<Infallible, sqlx::Error> {
    // On a connection of its own: the program's pool may have none to spare for good.
    let own = PgPoolOptions::new()
        .max_connections(1)
        .idle_timeout(None)
        .max_lifetime(None)
        .connect_lazy_with(Arc::unwrap_or_clone(pool.connect_options()));
    let mut listener = PgListener::connect_with(&own).await?;
    listener.listen(CHANNEL).await?;
    news.send_replace(());
    loop {
        match listener.try_recv().await? {
            Some(told) if !concerns(told.payload(), queues) => {}
            // Also after a lost connection, for nobody tells again what was told meanwhile.
            Some(_) | None => news.send_modify(|()| ()),
        }
    }
}

/// Whether a notification is about one of the queues; one that can't be read may be.
fn concerns(payload: &str, queues: &[String]) -> bool {
    #[derive(Deserialize)]
    struct Told {
        job_type: String,
    }
    serde_json::from_str(payload).map_or(true, |Told { job_type }| queues.contains(&job_type))
}
