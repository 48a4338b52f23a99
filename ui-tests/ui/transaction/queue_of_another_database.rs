//! A queue whose tables are in another database than the transaction.

use airlock::transaction::{Connection, Queue, Settings, dialect};
use airlock::{Batch, DispatchError};

/// Stands for a queue in SQLite.
struct Jobs;

impl<C: Connection<dialect::Sqlite>> Queue<C> for Jobs {
    async fn push(&self, _: &mut C, _: &mut Batch) -> Result<(), DispatchError> {
        Ok(())
    }
}

/// Stands for a connection to PostgreSQL.
struct PgConnection;

impl Connection<dialect::Postgres> for PgConnection {
    async fn query(
        &mut self,
        _: &str,
        _: &str,
    ) -> Result<Vec<airlock::transaction::Row>, airlock::BoxError> {
        Ok(Vec::new())
    }
}

fn main() {
    let _ = Settings::<PgConnection>::default().queue(Jobs);
}
