//! What a database is opened on. A trait, so that the compiler names the module for a connection of another version of
//! SeaORM.

use super::driver::sea_orm::DatabaseConnection;

/// What [`Database::new`](super::Database::new) takes: a connection.
///
/// # Examples
///
/// ```no_run
#[doc = include_str!("orders.md")]
/// use airlock::sea_orm::IntoConnection;
///
/// fn database(connection: impl IntoConnection) -> Database {
///     Database::new(connection)
/// }
/// database(connection);
/// # Ok(())
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no connection of this version of SeaORM",
    label = "not a connection of the version of SeaORM that this module is for",
    note = "`airlock::sea_orm` is for SeaORM 2, and `airlock::sea_orm_1`, with the feature `sea-orm-1`, for SeaORM 1.1: `cargo tree -i sea-orm` says which ones the program has"
)]
pub trait IntoConnection {
    /// The connection.
    #[doc(hidden)]
    fn into_connection(self) -> DatabaseConnection;
}

impl IntoConnection for DatabaseConnection {
    fn into_connection(self) -> Self {
        self
    }
}
