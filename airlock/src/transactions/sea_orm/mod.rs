//! Transactions of [SeaORM](https://docs.rs/sea-orm) that are scopes.
//!
//! `airlock::sea_orm` is for SeaORM 2. `airlock::sea_orm_1` is the same for SeaORM 1.1: write it where the examples have
//! `airlock::sea_orm`.
//!
//! What leaves when is as in [`airlock::sqlx`](super::driver::lower).
//!
//! # Examples
//!
//! ```no_run
//! use airlock::BoxError;
//! use sea_orm::{ConnectionTrait, DatabaseConnection, DatabaseTransaction};
//!
//! #[airlock::task]
//! fn send_mail(order_id: i64) {}
//!
//! async fn place(database: &DatabaseConnection) -> Result<(), BoxError> {
//!     airlock::sea_orm::transaction(database, async |tx: &DatabaseTransaction| {
//!         tx.execute_unprepared("INSERT INTO orders (id) VALUES (42)").await?;
//!         send_mail::enqueue(42)?;                            // leaves after the commit
//!         Ok::<_, BoxError>(())
//!     })
//!     .await
//! }
//! ```

use super::driver;

mod begin;
mod begun;
mod conflict;
mod connection;
mod database;
mod failure;
mod into_connection;
mod nesting;
mod retrying;

pub use begin::Begin;
pub use begun::Begun;
pub use conflict::is_conflict;
pub use database::Database;
pub use into_connection::IntoConnection;

use crate::transactions::shared::{self as transaction, FailedAttempt, Settings, TransactionError};

use self::driver::sea_orm::DatabaseTransaction;

/// A transaction of SeaORM with a scope, for code that can't use a closure; made by [`begin`] and
/// [`Database::begin`]. It derefs to SeaORM's transaction.
pub type Guard = transaction::Guard<Begun>;

/// Runs `body` in a transaction that is a scope: its effects leave after the commit.
///
/// `on` is a connection, or a transaction. Inside a transaction this is a savepoint, whose effects move into the outer
/// transaction's scope. An outer transaction that was opened without airlock needs a scope around it.
///
#[doc = include_str!("../shared/docs/body.md")]
///
#[doc = include_str!("../shared/docs/errors.md")]
#[doc = include_str!("../shared/docs/panics.md")]
///
/// # Examples
///
/// ```no_run
#[doc = include_str!("orders.md")]
/// let placed = airlock::sea_orm::transaction(&connection, async |tx: &DatabaseTransaction| {
///     insert(tx).await?;
///     send_mail::enqueue(42)?;                                // leaves after the commit
///     Ok::<_, BoxError>(())
/// });
/// placed.await?;
/// # Ok(())
/// # }
/// ```
pub async fn transaction<T, E>(
    on: &impl Begin,
    body: impl AsyncFnOnce(&DatabaseTransaction) -> Result<T, E>,
) -> Result<T, E>
where
    T: Send + 'static,
    E: From<TransactionError>,
{
    run(on.begun().await?, &Settings::default(), body).await
}

#[doc = include_str!("../shared/docs/begin.md")]
///
/// # Examples
///
/// ```no_run
#[doc = include_str!("orders.md")]
/// let mut tx = airlock::sea_orm::begin(&connection).await?;
/// insert(&tx).await?;
/// tx.run(|_| send_mail::enqueue(42))?;
/// tx.commit().await?;                                         // the mail leaves here
/// # Ok(())
/// # }
/// ```
pub async fn begin(on: &impl Begin) -> Result<Guard, TransactionError> {
    Guard::new(on.begun().await?, Settings::default()).await
}

async fn run<T, E>(
    begun: Begun,
    settings: &Settings<DatabaseTransaction>,
    body: impl AsyncFnOnce(&DatabaseTransaction) -> Result<T, E>,
) -> Result<T, E>
where
    T: Send + 'static,
    E: From<TransactionError>,
{
    attempt(begun, settings, body).await.map_err(FailedAttempt::into_error)
}

async fn attempt<T, E>(
    begun: Begun,
    settings: &Settings<DatabaseTransaction>,
    body: impl AsyncFnOnce(&DatabaseTransaction) -> Result<T, E>,
) -> Result<T, FailedAttempt<E>>
where
    T: Send + 'static,
    E: From<TransactionError>,
{
    transaction::attempt(begun, settings, async |tx: &mut DatabaseTransaction| body(tx).await).await
}
