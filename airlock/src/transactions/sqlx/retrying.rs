//! Transactions of sqlx that are run again.

use crate::transactions::shared::{Passing, Retrying, TransactionError};

use super::driver::sqlx;
use super::{Backend, Database};

impl<DB: Backend, W> Retrying<'_, Database<DB>, W> {
    #[doc = include_str!("../shared/docs/retrying.md")]
    ///
    #[doc = include_str!("../shared/docs/panics.md")]
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("orders.md")]
    /// use airlock::sqlx::is_conflict;
    ///
    /// let database = Database::new(pool().await?);
    /// let again = database.retry_if(3, |error: &BoxError| is_conflict(&**error));
    /// let placed = again.transaction(async |tx: &mut SqliteConnection| {
    ///     let order = insert(tx).await?;
    ///     send_mail::enqueue(order)?;
    ///     Ok::<_, BoxError>(order)
    /// });
    /// assert_eq!(placed.await?, 1);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn transaction<T, E>(
        mut self,
        mut body: impl AsyncFnMut(&mut DB::Connection) -> Result<T, E>,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<TransactionError>,
        W: Passing<E>,
    {
        loop {
            match self.database.attempt(&mut body).await {
                Ok(value) => return Ok(value),
                Err(failed) => self.attempts.wait_after(failed).await?,
            }
        }
    }

    /// The same for a body that takes sqlx's own transaction, as in [`Database::sqlx_transaction`].
    ///
    /// # Errors
    ///
    /// The error of the last attempt.
    ///
    #[doc = include_str!("../shared/docs/panics.md")]
    pub async fn sqlx_transaction<T, E>(
        mut self,
        mut body: impl AsyncFnMut(&mut sqlx::Transaction<'_, DB>) -> Result<T, E>,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<TransactionError>,
        W: Passing<E>,
    {
        loop {
            match self.database.sqlx_attempt(&mut body).await {
                Ok(value) => return Ok(value),
                Err(failed) => self.attempts.wait_after(failed).await?,
            }
        }
    }
}
