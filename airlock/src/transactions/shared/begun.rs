//! What a library's transaction has to be able to do.

use std::future::ready;

use crate::core::task::called::BoxError;

/// A transaction, or a savepoint inside one, that has begun and not ended; one that is dropped rolls
/// back.
///
/// It is implemented for the transactions of the libraries that airlock knows, and is all that an
/// integration of another one has to write.
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

    /// What statements are run through.
    fn connection(&mut self) -> &mut Self::Connection;

    /// What errors call the database.
    fn place(&self) -> String;

    /// Whether this is a savepoint: ending it leaves what is decided to the transaction around.
    fn is_nested(&mut self) -> bool;

    /// Fails where this is not the transaction that a commit would end: one was begun inside it and has not ended,
    /// or it has ended itself. It is asked before anything is committed.
    ///
    /// `writes` says that rows are about to be written, which a database that has ended the transaction by itself
    /// would commit one by one. Elsewhere it may leave that to the commit.
    ///
    /// # Errors
    ///
    /// [`CommitError`], as of a commit.
    fn ready(&mut self, writes: bool) -> impl Future<Output = Result<(), CommitError>> + Send {
        let _ = writes;
        ready(Ok(()))
    }

    /// Fails where the database would answer a commit with a rollback, as PostgreSQL does after a
    /// statement that failed. It is not asked where effects have just been written by a statement.
    ///
    /// # Errors
    ///
    /// What the database says.
    fn check(&mut self) -> impl Future<Output = Result<(), BoxError>> + Send;

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
    /// Where the database can't be told.
    fn rollback(self) -> impl Future<Output = Result<(), BoxError>> + Send;
}

/// A commit that failed.
///
/// # Examples
///
/// ```
/// use airlock::transaction::CommitError;
///
/// fn commit_error(error: std::io::Error) -> CommitError {
///     match error.kind() {
///         std::io::ErrorKind::InvalidData => CommitError::rolled_back(error),
///         _ => CommitError::unknown(error),                   // the answer did not arrive
///     }
/// }
/// ```
#[derive(Debug)]
pub struct CommitError {
    pub(crate) source: BoxError,
    pub(crate) certain: bool,
}

impl CommitError {
    /// The database said that it has rolled back.
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("ledger.md")]
    /// let mut ledger = Ledger::default();
    /// let mut tx = Transaction::new(ledger.begin(), Settings::default()).await?;
    /// tx.run(|orders| orders.push(0));                            // which the ledger refuses to commit
    /// let error = tx.commit().await.expect_err("rolled back");
    /// assert_eq!(error.to_string(), "can't commit to the ledger: 0 is no order");
    /// # Ok(())
    /// # }
    /// ```
    pub fn rolled_back(source: impl Into<BoxError>) -> Self {
        Self { source: source.into(), certain: true }
    }

    /// The connection was lost before the database said anything: it may have committed.
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("ledger.md")]
    /// let mut ledger = Ledger::default();
    /// let mut tx = Transaction::new(ledger.begin(), Settings::default()).await?;
    /// tx.run(|orders| orders.push(99));                           // whose commit nobody hears of
    /// let error = tx.commit().await.expect_err("nobody can tell");
    /// assert!(error.to_string().starts_with("can't tell whether the ledger committed"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn unknown(source: impl Into<BoxError>) -> Self {
        Self { source: source.into(), certain: false }
    }

    /// The same of a savepoint: whatever is not heard of its release, it is not committed by that.
    pub(crate) fn of_savepoint(self) -> Self {
        Self { certain: true, ..self }
    }

    /// What a database answered, with its SQLSTATE: it has rolled back.
    ///
    /// Unless somebody else answered for it. Class 08 says that a connection was lost, as a proxy before
    /// the server does, and 40003 that nobody can tell.
    ///
    /// Source: <https://www.postgresql.org/docs/current/errcodes-appendix.html>.
    #[cfg(feature = "sqlx")]
    pub(crate) fn answered(source: impl Into<BoxError>, sqlstate: Option<&str>) -> Self {
        let elsewhere = |state: &str| state.starts_with("08") || state == "40003";
        Self { source: source.into(), certain: !sqlstate.is_some_and(elsewhere) }
    }
}

/// Why a transaction can't be committed, nor another one begin inside it.
#[cfg(any(feature = "diesel", feature = "diesel-async", feature = "sea-orm"))]
pub(crate) const LEFT_OPEN: &str =
    "a transaction inside it was begun and has not ended: end that one first";

/// What PostgreSQL says to each statement after one that has failed, `25P02`.
#[cfg(any(feature = "diesel", feature = "diesel-async", feature = "sqlx"))]
#[derive(Debug)]
pub(crate) struct PassedOver(pub(crate) BoxError);

#[cfg(any(feature = "diesel", feature = "diesel-async", feature = "sqlx"))]
impl std::fmt::Display for PassedOver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{}: an error before was passed over: return such errors, or put what may fail in a \
             savepoint",
            self.0
        )
    }
}

#[cfg(any(feature = "diesel", feature = "diesel-async", feature = "sqlx"))]
impl std::error::Error for PassedOver {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&*self.0)
    }
}
