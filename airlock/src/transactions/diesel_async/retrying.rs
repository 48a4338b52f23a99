//! Transactions of diesel-async that are run again.

use diesel_async::AsyncConnection;

use crate::transactions::diesel_async::{Database, attempt};
use crate::transactions::shared::{Passing, Retrying, TransactionError};

impl<C: AsyncConnection, W> Retrying<'_, Database<C>, W> {
    #[doc = include_str!("../shared/docs/retrying.md")]
    ///
    #[doc = include_str!("panics.md")]
    ///
    /// # Examples
    ///
    /// ```no_run
    #[doc = include_str!("orders.md")]
    /// use airlock::diesel_async::is_conflict;
    ///
    /// let database = Database::new();
    /// let again = database.retry_if(3, |error: &BoxError| is_conflict(&**error));
    /// let placed = again.transaction(connection, async |tx: &mut C| {
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
        connection: &mut C,
        mut body: impl AsyncFnMut(&mut C) -> Result<T, E>,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<TransactionError>,
        W: Passing<E>,
    {
        loop {
            match attempt(connection, &self.database.settings, &mut body).await {
                Ok(value) => return Ok(value),
                Err(failed) => self.attempts.wait_after(failed).await?,
            }
        }
    }
}
