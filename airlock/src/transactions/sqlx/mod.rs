//! Transactions of [sqlx](https://docs.rs/sqlx) that are scopes.
//!
//! `airlock::sqlx` is for sqlx 0.9. `airlock::sqlx_08` is the same for sqlx 0.8: write it where the examples have
//! `airlock::sqlx`, and make queues by `connect(url)`, for their own pools are of sqlx 0.9.
//!
//! # Which construct do I choose?
//!
//! | to | write |
//! | --- | --- |
//! | let effects leave after the commit | [`transaction`](fn@transaction)`(&pool, async \|tx: &mut PgConnection\| …)` |
//! | keep settings in the program's state | [`Database::new`]`(pool)`, then [`.transaction(…)`](Database::transaction) |
//! | commit effects atomically with the data (transactional outbox) | [`.queue(jobs)`](Database::queue) |
//! | run it again after a conflict between transactions | [`.retry(3)`](Database::retry) |
//! | roll a part of it back | [`transaction`](fn@transaction)`(&mut *tx, …)`, which is a savepoint |
//! | work in a transaction that other code opened | [`Database::within`] |
//! | begin here and commit there | [`begin`], [`Database::begin`] |
//! | commit in several databases | [`commit_all`](crate::transaction::commit_all) |
//!
//! Write out the type of the closure's parameter: `async |tx: &mut SqliteConnection| …`. The closure's error type
//! implements `From<`[`TransactionError`]`>`.
//!
//! # What leaves when
//!
//! | the transaction | its effects |
//! | --- | --- |
//! | is committed | leave: they move into the enclosing scope unless that releases them; without one, they pass the policies and go to the executor |
//! | is committed, with a [queue](Database::queue) | are its rows, also inside an enclosing scope; what the policies drop is not written |
//! | is rolled back: by an error, a panic, a dropped future or guard, a commit that the database refuses | are discarded |
//! | is a savepoint that is released | move into the scope of the outer transaction |
//! | loses its connection or times out during the commit, so that the outcome is unknown | are handed back in the error; rows exist if it is committed |
//!
//! # Examples
//!
//! ```
#![doc = include_str!("orders.md")]
//! # let pool = pool().await?;
//! let order = airlock::sqlx::transaction(&pool, async |tx: &mut SqliteConnection| {
//!     let order = insert(tx).await?;
//!     send_mail::enqueue(order)?;                             // leaves after the commit
//!     Ok::<_, airlock::BoxError>(order)
//! });
//! assert_eq!(order.await?, 1);
//! # Ok(())
//! # }
//! ```

use super::driver;

mod begin;
mod begun;
pub(crate) mod clean_connection;
pub(crate) mod conflict;
mod database;
mod display_name;
mod failure;
mod into_pool;
mod retrying;

pub use begin::Begin;
pub use begun::{Backend, Begun};
pub use conflict::is_conflict;
pub use database::Database;
pub use into_pool::IntoPool;

use crate::transactions::shared::{self as transaction, Settings, TransactionError};

use self::begin::begin_on;

/// A transaction of sqlx with a scope, for code that can't use a closure; made by [`begin`] and
/// [`Database::begin`]. It derefs to sqlx's connection.
pub type Guard<'c, DB> = transaction::Guard<Begun<'c, DB>>;

/// Runs `body` in a transaction that is a scope: its effects leave after the commit.
///
/// `on` is a pool, a connection, or a transaction. Inside a transaction this is a savepoint, whose effects move into
/// the outer transaction's scope. An outer transaction that was opened without airlock needs a scope around it.
///
#[doc = include_str!("../shared/docs/body.md")]
///
#[doc = include_str!("../shared/docs/errors.md")]
#[doc = include_str!("../shared/docs/panics.md")]
///
/// # Examples
///
/// A savepoint that is rolled back, together with what was enqueued inside it.
///
/// ```
#[doc = include_str!("orders.md")]
/// # let pool = pool().await?;
/// let (_, effects) = airlock::testing::capture_async(airlock::sqlx::transaction(
///     &pool,
///     async |tx: &mut SqliteConnection| {
///         send_mail::enqueue(insert(tx).await?)?;
///         let nested = airlock::sqlx::transaction(&mut *tx, async |tx: &mut SqliteConnection| {
///             send_mail::enqueue(insert(tx).await?)?;
///             Err::<(), airlock::BoxError>("out of stock".into())
///         });
///         assert!(nested.await.is_err());
///         Ok::<_, airlock::BoxError>(())
///     },
/// ))
/// .await;
/// assert_eq!(effects.len(), 1);
/// # Ok(())
/// # }
/// ```
pub async fn transaction<'c, A, DB, T, E>(
    on: A,
    body: impl AsyncFnOnce(&mut DB::Connection) -> Result<T, E>,
) -> Result<T, E>
where
    A: Begin<'c, Database = DB>,
    DB: Backend,
    T: Send + 'static,
    E: From<TransactionError>,
{
    let begun = begin_on(on, None).await?;
    transaction::run(begun, &Settings::default(), body).await
}

/// Begins a transaction that is a scope, for code that can't use a closure.
///
/// `on` is what [`transaction`](fn@transaction) takes.
///
/// # Errors
///
/// [`TransactionError`] if the database does not begin one.
///
/// # Examples
///
/// ```
#[doc = include_str!("orders.md")]
/// # let pool = pool().await?;
/// use airlock::InScope;
///
/// async fn place(tx: &mut SqliteConnection) -> Result<i64, airlock::BoxError> {
///     let order = insert(tx).await?;
///     send_mail::enqueue(order)?;
///     Ok(order)
/// }
///
/// let mut tx = airlock::sqlx::begin(&pool).await?;
/// let scope = tx.handle();
/// place(&mut tx).in_scope(scope).await?;
/// tx.commit().await?;                                         // the mail leaves here
/// # Ok(())
/// # }
/// ```
pub async fn begin<'c, A, DB>(on: A) -> Result<Guard<'c, DB>, TransactionError>
where
    A: Begin<'c, Database = DB>,
    DB: Backend,
{
    let begun = begin_on(on, None).await?;
    Guard::new(begun, Settings::default()).await
}
