//! What queues write their jobs through.

use crate::private::BoxError;

/// What a database understands: what queues say which one their tables are in.
pub mod dialect {
    /// PostgreSQL.
    #[derive(Debug)]
    pub enum Postgres {}

    /// SQLite.
    #[derive(Debug)]
    pub enum Sqlite {}
}

/// A row of two texts, either of which may be NULL.
pub type Row = (Option<String>, Option<String>);

/// A connection on which a queue can write its jobs, whatever the library: it runs statements of one
/// parameter, a text, in the dialect `D`.
///
/// Each of airlock's queues whose tables are in a database is a [`Queue`](crate::transaction::Queue) for
/// all of these.
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
