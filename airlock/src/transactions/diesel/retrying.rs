//! Transactions of diesel that are run again.

use diesel::connection::Connection;

use crate::transactions::diesel::{Database, attempt};
use crate::transactions::shared::{Passing, Retrying, TransactionError};

impl<C: Connection, W> Retrying<'_, Database<C>, W> {
    #[doc = include_str!("../shared/docs/retrying.md")]
    ///
    #[doc = include_str!("../shared/docs/panics.md")]
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("orders.md")]
    /// use airlock::diesel::is_conflict;
    ///
    /// let database = Database::new();
    /// let again = database.retry_if(3, |error: &BoxError| is_conflict(&**error));
    /// again.transaction(connection, |tx| {
    ///     insert(tx)?;
    ///     send_mail::enqueue(1)?;
    ///     Ok::<_, BoxError>(())
    /// })?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn transaction<T, E>(
        mut self,
        connection: &mut C,
        mut body: impl FnMut(&mut C) -> Result<T, E>,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<TransactionError>,
        W: Passing<E>,
    {
        loop {
            match attempt(connection, &self.database.settings, &mut body) {
                Ok(value) => return Ok(value),
                Err(failed) => self.attempts.sleep_after(failed)?,
            }
        }
    }
}
