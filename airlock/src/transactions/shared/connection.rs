//! How a queue writes its jobs into a transaction, whatever the library.

use crate::core::task::called::BoxError;

/// The SQL that a database understands, and so which database a queue's tables are in.
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
    #[derive(Debug)]
    pub enum Postgres {}

    /// SQLite.
    #[derive(Debug)]
    pub enum Sqlite {}
}

/// A row of two texts, `held` and `missing`, either of which may be NULL.
pub type Row = (Option<String>, Option<String>);

/// A connection on which a queue can write its jobs, whatever the library: it runs statements with one
/// parameter, a text, in the dialect `D`.
///
/// Each of airlock's queues whose tables are in a database implements [`Queue`](crate::transaction::Queue) for
/// every such connection.
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
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a connection to a database of the dialect `{D}`",
    label = "the queue's tables are in a database of another dialect than the transaction's",
    note = "rows are written through the transaction's connection, so the queue has to be in its database: `airlock::apalis::Sqlite` in SQLite, `airlock::apalis::Postgres` and `airlock::graphile::Graphile` in PostgreSQL"
)]
pub trait Connection<D>: Send {
    /// Runs a statement whose one parameter, `$1` or `?1`, is a text, and returns its rows, which have
    /// two columns, `held` and `missing`.
    ///
    /// # Errors
    ///
    /// The database's error.
    fn query(
        &mut self,
        statement: &str,
        parameter: &str,
    ) -> impl Future<Output = Result<Vec<Row>, BoxError>> + Send;
}
