//! Transactions of SeaORM that are run again.

use crate::transactions::shared::{Passing, Retrying, TransactionError};

use super::Database;
use super::driver::sea_orm::DatabaseTransaction;

impl<W> Retrying<'_, Database, W> {
    #[doc = include_str!("../shared/docs/retrying.md")]
    ///
    #[doc = include_str!("../shared/docs/panics.md")]
    ///
    /// # Examples
    ///
    /// ```no_run
    #[doc = include_str!("orders.md")]
    /// use airlock::sea_orm::is_conflict;
    ///
    /// let database = Database::new(connection);
    /// let again = database.retry_if(3, |error: &BoxError| is_conflict(&**error));
    /// let placed = again.transaction(async |tx: &DatabaseTransaction| {
    ///     insert(tx).await?;
    ///     send_mail::enqueue(42)?;                                // leaves after the commit
    ///     Ok::<_, BoxError>(())
    /// });
    /// placed.await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn transaction<T, E>(
        mut self,
        mut body: impl AsyncFnMut(&DatabaseTransaction) -> Result<T, E>,
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
}
