//! A worker's own connections: what it says of itself never waits for the tasks that use the program's pool.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sqlx::pool::PoolOptions;
use sqlx::{Connection, Database, Pool};

use crate::engines::shared::connect_timeout::CONNECT_TIMEOUT;

/// After what time an unused connection is closed.
const IDLE_TIMEOUT: Duration = Duration::from_mins(1);

/// A small pool beside the program's, configured like that; it is made when it is first used.
pub(crate) struct ControlPool<DB: Database> {
    own: Mutex<Option<Own<DB>>>,
}

struct Own<DB: Database> {
    pool: Pool<DB>,
    /// Those of the program's pool, which may get others: a new password, say.
    options: Arc<Options<DB>>,
}

type Options<DB> = <<DB as Database>::Connection as Connection>::Options;

impl<DB: Database> ControlPool<DB> {
    /// A pool of at most so many connections to the database of the program's pool.
    pub(crate) fn beside(&self, shared: &Pool<DB>, size: u32) -> Pool<DB> {
        let options = shared.connect_options();
        let mut own = self.own();
        if let Some(own) = &*own
            && Arc::ptr_eq(&own.options, &options)
        {
            return own.pool.clone();
        }
        let settings: PoolOptions<DB> = shared.options().clone();
        let pool = settings
            .min_connections(0)
            .max_connections(size)
            .acquire_timeout(CONNECT_TIMEOUT)
            .idle_timeout(IDLE_TIMEOUT)
            .connect_lazy_with(Options::<DB>::clone(&options));
        *own = Some(Own { pool: pool.clone(), options });
        pool
    }

    /// Closes the connections.
    pub(crate) async fn close(&self) {
        let own = self.own().take();
        if let Some(own) = own {
            own.pool.close().await;
        }
    }

    fn own(&self) -> MutexGuard<'_, Option<Own<DB>>> {
        self.own.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<DB: Database> Default for ControlPool<DB> {
    fn default() -> Self {
        Self { own: Mutex::new(None) }
    }
}
