//! What airlock asks of a library's transaction.

use std::error::Error;
use std::future::ready;

use crate::core::task::called::BoxError;
use crate::transactions::shared::CommitError;

/// A transaction, or a savepoint inside one, that has begun and not ended; dropping it rolls back.
///
/// airlock implements it for the transactions of the libraries that it knows. It is all that an integration of another
/// library has to implement.
///
/// Where futures with a transaction in them are spawned, as every handler's of axum is, let the type own its connection and
/// have no lifetime parameter: of `Tx<'l>` in a future, rustc says that "implementation of `Send` is not general enough".
///
/// # Examples
///
/// ```
/// use airlock::BoxError;
/// use airlock::transaction::{Begun, CommitError, Settings, run};
///
/// /// Orders that are there once they are committed.
/// #[derive(Default)]
/// struct Ledger(Vec<i64>);
///
/// struct Tx<'l> {
///     ledger: &'l mut Ledger,
///     written: Vec<i64>,
/// }
///
/// impl Begun for Tx<'_> {
///     type Connection = Vec<i64>;
///
///     fn connection(&mut self) -> &mut Vec<i64> {
///         &mut self.written
///     }
///
///     fn place(&self) -> String {
///         "the ledger".to_owned()
///     }
///
///     fn is_nested(&mut self) -> bool {
///         false                                               // it has no savepoints
///     }
///
///     async fn check(&mut self) -> Result<(), BoxError> {
///         Ok(())
///     }
///
///     async fn commit(self) -> Result<(), CommitError> {
///         if self.written.contains(&0) {
///             return Err(CommitError::rolled_back("0 is no order"));
///         }
///         self.ledger.0.extend(self.written);
///         Ok(())
///     }
///
///     async fn rollback(self) -> Result<(), BoxError> {
///         Ok(())                                              // what was written goes with it
///     }
/// }
///
/// # #[airlock::task]
/// # fn send_mail(order: i64) {}
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// let mut ledger = Ledger::default();
/// let tx = Tx { ledger: &mut ledger, written: Vec::new() };
/// let settings = Settings::default();
/// let placed = run(tx, &settings, async |orders: &mut Vec<i64>| {
///     orders.push(42);
///     send_mail::enqueue(42)?;                                // leaves after the commit
///     Ok::<_, BoxError>(())
/// });
/// placed.await?;
/// assert_eq!(ledger.0, [42]);
/// # Ok(())
/// # }
/// ```
pub trait Begun: Send + Sized {
    /// What statements are run through.
    type Connection: Send;

    /// The connection that the transaction is on.
    fn connection(&mut self) -> &mut Self::Connection;

    /// The database's display name, for errors.
    fn place(&self) -> String;

    /// Whether this is a savepoint: whether its data is committed is decided by the outer transaction.
    fn is_nested(&mut self) -> bool;

    /// Fails if a commit would not end this transaction: because one was begun inside it and has not ended, or because
    /// this one has already ended. It is called before anything is committed.
    ///
    /// `writes` says that rows are about to be written. If the database has ended the transaction by itself, it would
    /// commit them one by one, so this has to be found out now; otherwise the commit may find it out.
    ///
    /// # Errors
    ///
    /// [`CommitError`], as of a commit.
    fn ready(&mut self, writes: bool) -> impl Future<Output = Result<(), CommitError>> + Send {
        let _ = writes;
        ready(Ok(()))
    }

    /// Fails if the database would answer a commit with a rollback, as PostgreSQL does after a statement that failed.
    /// It is not called if a statement has just written effects successfully.
    ///
    /// # Errors
    ///
    /// The database's error.
    fn check(&mut self) -> impl Future<Output = Result<(), BoxError>> + Send;

    /// Whether [`execute`](Self::execute) runs statements of SQL.
    #[doc(hidden)]
    const EXECUTES: bool = false;

    /// Runs a statement inside the transaction.
    #[doc(hidden)]
    fn execute(
        &mut self,
        statement: &'static str,
    ) -> impl Future<Output = Result<(), BoxError>> + Send {
        ready(Err(format!("no statement is run through it: {statement}").into()))
    }

    /// Whether an error of this transaction is a conflict, so that it may succeed if it is run again.
    #[doc(hidden)]
    fn is_conflict(error: &(dyn Error + 'static)) -> bool {
        let _ = error;
        false
    }

    /// Commits, or releases the savepoint.
    ///
    /// # Errors
    ///
    /// [`CommitError`], which says whether it is certain that nothing was committed.
    fn commit(self) -> impl Future<Output = Result<(), CommitError>> + Send;

    /// Rolls back.
    ///
    /// # Errors
    ///
    /// If the rollback can't be sent, or fails.
    fn rollback(self) -> impl Future<Output = Result<(), BoxError>> + Send;
}
