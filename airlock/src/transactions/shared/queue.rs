//! Queues whose jobs are rows of the same database.

use std::pin::Pin;

use crate::core::executor::{Batch, DispatchError};
use crate::core::panics::{Contained, panic_message};

/// A queue whose jobs are rows of a database that the program's own data is in, reached through a
/// connection `C`: with one, data and effects are committed together or not at all.
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
pub trait Queue<C>: Send + Sync + 'static {
    /// Inserts the jobs of a batch, as part of the connection's transaction.
    ///
    /// # Errors
    ///
    /// [`DispatchError`] says which intents it was; the transaction is rolled back then.
    fn push(
        &self,
        connection: &mut C,
        batch: &mut Batch,
    ) -> impl Future<Output = Result<(), DispatchError>> + Send;

    /// Is told after the commit, for workers that the database doesn't wake.
    fn committed(&self) {}

    /// Whether a push that has succeeded shows that the database would commit: one of airlock's own, which
    /// runs a statement.
    #[doc(hidden)]
    fn proves_good(&self) -> bool {
        false
    }
}

/// A [`Queue`] whose type is forgotten.
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

/// Pushes a batch; a panic is an error.
pub(crate) async fn push<C>(
    queue: &dyn DynQueue<C>,
    connection: &mut C,
    batch: &mut Batch,
) -> Result<(), DispatchError> {
    match Contained(queue.dyn_push(connection, batch)).await {
        Ok(result) => result,
        Err(panic) => {
            let said = format!("the queue panicked: {}", panic_message(&*panic));
            Err(DispatchError::all(said))
        }
    }
}
