//! Queues whose jobs are rows in the database of the transaction: the transactional outbox.

use std::pin::Pin;

use crate::core::executor::{Batch, DispatchError};
use crate::core::panics::Contained;

/// A queue whose jobs are rows in the database that has the program's own data, written through a connection `C`:
/// effects are committed atomically with the data (the **transactional outbox** pattern).
///
/// # Examples
///
/// ```
/// use airlock::transaction::Queue;
/// use airlock::{Batch, DispatchError};
///
/// /// Writes a job as a line of text beside what it is about.
/// struct Lines;
///
/// impl Queue<Vec<String>> for Lines {
///     async fn push(
///         &self,
///         connection: &mut Vec<String>,
///         batch: &mut Batch,
///     ) -> Result<(), DispatchError> {
///         connection.extend(batch.iter().map(ToString::to_string));
///         Ok(())
///     }
///
///     fn committed(&self) {
///         println!("there is work to do");
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't write jobs as rows of a transaction on `{C}`",
    label = "no queue in the database of the transaction",
    note = "these can: `airlock::apalis::Sqlite` on connections of SQLite, `airlock::apalis::Postgres` and `airlock::graphile::Graphile` on connections of PostgreSQL, and what implements `airlock::transaction::Queue`",
    note = "to any other executor the effects leave after the commit: write no `.queue(…)`, and name the executor on the transaction's scope, `.scope(move || airlock::scope().executor(executor.clone()))`, or at start, `airlock::configure().executor(executor).install()?`"
)]
pub trait Queue<C>: Send + Sync + 'static {
    /// Inserts the jobs of a batch, as part of the connection's transaction.
    ///
    /// # Errors
    ///
    /// [`DispatchError`], which says which intents failed. The transaction is then rolled back, and rows with it: of these
    /// the error is [`only`](DispatchError::only) or [`all`](DispatchError::all). With [`at`](DispatchError::at) and
    /// [`each`](DispatchError::each) the others have left all the same, as mails have that were sent.
    fn push(
        &self,
        connection: &mut C,
        batch: &mut Batch,
    ) -> impl Future<Output = Result<(), DispatchError>> + Send;

    /// Is called after the commit, to wake workers that the database doesn't wake.
    fn committed(&self) {}

    /// Whether a successful push shows that the database would commit, because it has run a statement: airlock's own
    /// queues do.
    #[doc(hidden)]
    fn proves_good(&self) -> bool {
        false
    }
}

/// A [`Queue`] without its type.
pub(crate) trait DynQueue<C>: Send + Sync {
    fn dyn_push<'a>(
        &'a self,
        connection: &'a mut C,
        batch: &'a mut Batch,
    ) -> Pin<Box<dyn Future<Output = Result<(), DispatchError>> + Send + 'a>>;

    fn dyn_committed(&self);

    fn dyn_proves_good(&self) -> bool;
}

impl<C, Q: Queue<C>> DynQueue<C> for Q {
    fn dyn_push<'a>(
        &'a self,
        connection: &'a mut C,
        batch: &'a mut Batch,
    ) -> Pin<Box<dyn Future<Output = Result<(), DispatchError>> + Send + 'a>> {
        Box::pin(self.push(connection, batch))
    }

    fn dyn_committed(&self) {
        self.committed();
    }

    fn dyn_proves_good(&self) -> bool {
        self.proves_good()
    }
}

/// Pushes a batch; a panic becomes an error.
pub(crate) async fn push<C>(
    queue: &dyn DynQueue<C>,
    connection: &mut C,
    batch: &mut Batch,
) -> Result<(), DispatchError> {
    match Contained::new(queue.dyn_push(connection, batch)).await {
        Ok(result) => result,
        Err(panic) => {
            let said = format!("the queue panicked: {}", panic.message());
            Err(DispatchError::all(said))
        }
    }
}
