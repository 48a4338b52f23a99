//! What queues write their jobs through.

use crate::core::task::called::BoxError;

/// What a database understands: what queues say which one their tables are in.
///
/// # Examples
///
/// ```
/// use airlock::transaction::{Connection, Queue, dialect};
///
/// /// Whatever library the connection is of.
/// fn is_for_postgres<C: Connection<dialect::Postgres>, Q: Queue<C>>(_queue: &Q) {}
/// ```
pub mod dialect {
    /// PostgreSQL.
    ///
    /// # Examples
    ///
    /// ```
    /// use airlock::transaction::{Connection, dialect};
    ///
    /// fn speaks_postgres<C: Connection<dialect::Postgres>>(_connection: &C) {}
    /// ```
    #[derive(Debug)]
    pub enum Postgres {}

    /// SQLite.
    ///
    /// # Examples
    ///
    /// ```
    /// use airlock::transaction::{Connection, dialect};
    ///
    /// fn speaks_sqlite<C: Connection<dialect::Sqlite>>(_connection: &C) {}
    /// ```
    #[derive(Debug)]
    pub enum Sqlite {}
}

/// A row of two texts, either of which may be NULL.
///
/// # Examples
///
/// ```
/// use airlock::transaction::Row;
///
/// let row: Row = (Some("3".to_owned()), None);
/// let (held, missing) = row;
/// assert!(held.is_some() && missing.is_none());
/// ```
pub type Row = (Option<String>, Option<String>);

/// A connection on which a queue can write its jobs, whatever the library: it runs statements of one
/// parameter, a text, in the dialect `D`.
///
/// Each of airlock's queues whose tables are in a database is a [`Queue`](crate::transaction::Queue) for
/// all of these.
///
/// # Examples
///
/// ```
/// use airlock::BoxError;
/// use airlock::transaction::{Connection, Row, dialect};
///
/// /// A client of PostgreSQL.
/// struct Client;
///
/// impl Client {
///     async fn rows(&mut self, statement: &str, parameter: &str) -> std::io::Result<Vec<Row>> {
///         // …
/// #         let _ = (statement, parameter);
///         Ok(Vec::new())
///     }
/// }
///
/// impl Connection<dialect::Postgres> for Client {
///     async fn query(&mut self, statement: &str, parameter: &str) -> Result<Vec<Row>, BoxError> {
///         Ok(self.rows(statement, parameter).await?)
///     }
/// }
/// ```
pub trait Connection<D>: Send {
    /// Runs a statement whose one parameter, `$1` or `?1`, is a text, and returns its rows, which have
    /// two columns, `held` and `missing`.
    ///
    /// # Errors
    ///
    /// What the database says.
    fn query(
        &mut self,
        statement: &str,
        parameter: &str,
    ) -> impl Future<Output = Result<Vec<Row>, BoxError>> + Send;
}
