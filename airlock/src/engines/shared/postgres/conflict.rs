//! Statements of an engine that run again after a conflict.
//!
//! Where `default_transaction_isolation` is `serializable` or `repeatable read`, PostgreSQL rolls back a statement that
//! meets the changes of another one, and says so. Nothing has changed then.

use std::error::Error;
use std::time::Duration;

use ::tokio::time::sleep;

use crate::core::backoff::Backoff;
use crate::transactions::sqlx::is_conflict;

/// How often a statement has met another one.
#[derive(Default)]
pub(crate) struct Conflicts(u32);

impl Conflicts {
    /// Waits where the error is a conflict and the statement may run again: a few dozen times, within some seconds.
    pub(crate) async fn again(&mut self, error: &(dyn Error + Send + Sync + 'static)) -> bool {
        const TIMES: u32 = 40;
        const BACKOFF: Backoff =
            Backoff::new(Duration::from_millis(4)).longest(Duration::from_millis(200));
        if self.0 == TIMES || !is_conflict(error) {
            return false;
        }
        self.0 += 1;
        sleep(BACKOFF.after(self.0)).await;
        true
    }
}
