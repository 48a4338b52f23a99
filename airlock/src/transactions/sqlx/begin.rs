//! What a transaction of sqlx can begin on, and how it begins.
//!
//! The future may be dropped while the statement is on its way. The database will have begun, or set the savepoint, and
//! sqlx counts neither: whoever uses the connection next has to find it as it was before.

use std::mem;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker, ready};

use crate::core::background::detached::Detached;
use crate::core::panics::shielded;
use crate::transactions::shared::TransactionError;

use super::begun::{Backend, Begun, begin_error};
use super::clean_connection::{clean, depth};
use super::driver::sqlx::pool::PoolConnection;
use super::driver::sqlx::{self, Acquire};
use super::driver::{MaybePoolConnection, Statement, TransactionManager, statement};

/// What a transaction can begin on: a pool, a connection, or a transaction of sqlx.
///
/// # Examples
///
/// ```
#[doc = include_str!("orders.md")]
/// use airlock::sqlx::Begin;
/// use sqlx::Sqlite;
///
/// /// In a transaction, or in a savepoint of one.
/// async fn place<'c>(on: impl Begin<'c, Database = Sqlite>) -> Result<i64, BoxError> {
///     airlock::sqlx::transaction(on, async |tx: &mut SqliteConnection| {
///         let order = insert(tx).await?;
///         send_mail::enqueue(order)?;
///         Ok(order)
///     })
///     .await
/// }
/// assert_eq!(place(&pool().await?).await?, 1);
/// # Ok(())
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "no transaction of this version of sqlx begins on `{Self}`",
    label = "not a pool, a connection or a transaction of the version of sqlx that this module is for",
    note = "`airlock::sqlx` is for sqlx 0.9, and `airlock::sqlx_08`, with the feature `sqlx-08`, for sqlx 0.8: `cargo tree -i sqlx` says which ones the program has"
)]
pub trait Begin<'c>:
    Acquire<'c, Connection: Into<MaybePoolConnection<'c, <Self as Acquire<'c>>::Database>> + 'c>
{
}

#[diagnostic::do_not_recommend]
impl<'c, A> Begin<'c> for A
where
    A: Acquire<'c>,
    A::Connection: Into<MaybePoolConnection<'c, A::Database>> + 'c,
{
}

/// Begins a transaction, or sets a savepoint. In a box, whose type names no connection: else rustc does not see that
/// futures that nest transactions are `Send`.
pub(super) fn begin_on<'c, A, DB>(
    on: A,
    place: Option<&str>,
) -> impl Future<Output = Result<Begun<'c, DB>, TransactionError>>
where
    A: Begin<'c, Database = DB>,
    DB: Backend,
{
    let acquired = on.acquire();
    let begun: Beginning<'c, DB> = Box::pin(async {
        match acquired.await?.into() {
            MaybePoolConnection::PoolConnection(mut connection) => {
                clean(&mut connection).await?;
                begin_owned(connection, None).await
            }
            MaybePoolConnection::Connection(connection) => begin_borrowed(connection).await,
        }
    });
    async move { begun.await.map_err(|error| begin_error::<DB>(place, error)) }
}

type Beginning<'c, DB> = Pin<Box<dyn Future<Output = sqlx::Result<Begun<'c, DB>>> + Send + 'c>>;

/// Begins on a clean connection of a pool. Where this is dropped, it is begun to its end and rolled back: the pool has
/// the connection back after that.
pub(super) fn begin_owned<DB: Backend>(
    connection: PoolConnection<DB>,
    statement: Option<Statement>,
) -> Detached<sqlx::Result<Begun<'static, DB>>> {
    let begun = sqlx::Transaction::begin(connection, statement);
    Detached::new(async { begun.await.map(Begun::own) }, drop)
}

/// Begins on the caller's connection, which is the caller's again when this is dropped.
async fn begin_borrowed<DB: Backend>(
    connection: &mut DB::Connection,
) -> sqlx::Result<Begun<'_, DB>> {
    let nested = depth::<DB>(connection) > 0;
    let mut unanswered = Unanswered::<DB>(Some(connection));
    let connection = unanswered.0.as_deref_mut().expect("it was put in");
    let begin = DB::TransactionManager::begin(connection, None);
    if nested && DB::NAME == "PostgreSQL" {
        Kept(Some(Box::pin(begin))).await?;
    } else {
        begin.await?;
    }
    let connection = unanswered.0.take().expect("it was put in");
    Ok(Begun::borrowed(connection))
}

/// The connection on which a transaction is beginning, until the database has answered.
struct Unanswered<'c, DB: Backend>(Option<&'c mut DB::Connection>);

impl<DB: Backend> Drop for Unanswered<'_, DB> {
    /// SQLite's thread rolls back by itself what nobody waits for. For the others a rollback is sent after the
    /// statement: sqlx writes a statement that begins at once, before it waits for earlier answers (not for MySQL, where
    /// nothing can be sent before the answer is there).
    fn drop(&mut self) {
        let Some(connection) = self.0.take() else { return };
        if DB::NAME != "SQLite" && depth::<DB>(connection) == 0 {
            shielded(|| {
                let rollback = Some(statement("ROLLBACK"));
                let sent = pin!(DB::TransactionManager::begin(connection, rollback));
                let _ = sent.poll(&mut Context::from_waker(Waker::noop()));
            });
        }
    }
}

/// A savepoint that is being set in PostgreSQL. Dropped, sqlx would roll the outer transaction back and commit what is
/// yet to come statement by statement, so it is not dropped. The savepoint that remains makes no difference.
struct Kept<F>(Option<Pin<Box<F>>>);

impl<F: Future> Future for Kept<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let set = self.0.as_mut().expect("it is not polled after its end");
        let set = ready!(set.as_mut().poll(cx));
        self.0 = None;
        Poll::Ready(set)
    }
}

impl<F> Drop for Kept<F> {
    fn drop(&mut self) {
        mem::forget(self.0.take());
    }
}
