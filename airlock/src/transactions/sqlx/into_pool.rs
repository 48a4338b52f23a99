//! What a database is opened on. A trait, so that the compiler names the module for a pool of another version of sqlx.

use super::Backend;
use super::driver::sqlx::Pool;

/// What [`Database::new`](super::Database::new) takes: a pool.
///
/// # Examples
///
/// ```
#[doc = include_str!("orders.md")]
/// use airlock::sqlx::IntoPool;
/// use sqlx::Sqlite;
///
/// fn database(pool: impl IntoPool<Sqlite>) -> Database<Sqlite> {
///     Database::new(pool).begin_with("BEGIN IMMEDIATE")
/// }
/// database(pool().await?);
/// # Ok(())
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no pool of this version of sqlx",
    label = "not a pool of the version of sqlx that this module is for",
    note = "`airlock::sqlx` is for sqlx 0.9, and `airlock::sqlx_08`, with the feature `sqlx-08`, for sqlx 0.8: `cargo tree -i sqlx` says which ones the program has"
)]
pub trait IntoPool<DB: Backend> {
    /// The pool.
    #[doc(hidden)]
    fn into_pool(self) -> Pool<DB>;
}

impl<DB: Backend> IntoPool<DB> for Pool<DB> {
    fn into_pool(self) -> Self {
        self
    }
}
