//! Runs a body in a transaction that has begun, as a scope.

use crate::core::stack::enclosing::is_enclosed;
#[cfg(feature = "diesel")]
use crate::core::wait::wait;
use crate::transactions::shared::commit::roll_back;
use crate::transactions::shared::outcome::{FailedAttempt, end};
use crate::transactions::shared::{Begun, DatabaseError, Settings, Step, TransactionError};

/// Runs `body` in a transaction that has just begun, as a scope, and ends both: the entry point for integrations
/// of other libraries.
///
/// # Errors
///
/// The body's own error, after a rollback; otherwise [`TransactionError`], converted into the body's error type.
///
/// # Panics
///
/// Where `body` panics, after a rollback. Where a policy panics that is asked at the flush: this is after the
/// commit, and its effects are discarded; effects that become rows of the transaction are judged before the commit.
///
/// # Examples
///
/// ```
#[doc = include_str!("docs/ledger.md")]
/// use airlock::transaction::run;
///
/// let mut ledger = Ledger::default();
/// let settings = Settings::default();
/// let placed = run(ledger.begin(), &settings, async |orders: &mut Vec<i64>| {
///     orders.push(42);
///     send_mail::enqueue(42)?;
///     Ok::<_, BoxError>("placed")
/// });
/// assert_eq!(placed.await?, "placed");                        // committed, and then sent
///
/// let failed = run(ledger.begin(), &settings, async |orders: &mut Vec<i64>| {
///     orders.push(43);
///     send_mail::enqueue(43)?;
///     Err::<(), BoxError>("out of stock".into())
/// });
/// assert!(failed.await.is_err());                             // rolled back, and discarded
/// assert_eq!(ledger.0, [42]);
/// # Ok(())
/// # }
/// ```
pub async fn run<B, T, E>(
    begun: B,
    settings: &Settings<B::Connection>,
    body: impl AsyncFnOnce(&mut B::Connection) -> Result<T, E>,
) -> Result<T, E>
where
    B: Begun,
    T: Send + 'static,
    E: From<TransactionError>,
{
    attempt(begun, settings, body).await.map_err(FailedAttempt::into_error)
}

/// [`run`], whose error says whether the transaction may be run again.
pub(crate) fn attempt<B, T, E>(
    begun: B,
    settings: &Settings<B::Connection>,
    body: impl AsyncFnOnce(&mut B::Connection) -> Result<T, E>,
) -> impl Future<Output = Result<T, FailedAttempt<E>>>
where
    B: Begun,
    T: Send + 'static,
    E: From<TransactionError>,
{
    attempt_on(begun, settings, B::connection, body)
}

/// [`attempt`] with a body that is handed something else of the transaction than its connection.
pub(crate) async fn attempt_on<B, H, T, E>(
    begun: B,
    settings: &Settings<B::Connection>,
    handed: fn(&mut B) -> &mut H,
    body: impl AsyncFnOnce(&mut H) -> Result<T, E>,
) -> Result<T, FailedAttempt<E>>
where
    B: Begun,
    T: Send + 'static,
    E: From<TransactionError>,
{
    let enclosed = require_enclosing_scope(begun, settings).await;
    let mut begun = enclosed.map_err(FailedAttempt::savepoint_not_set)?;
    // A body that is no `async` closure runs its first part when it is called: that has to be inside the scope too.
    let body = async { body(handed(&mut begun)).await };
    let (value, sealed) = settings.make_scope().seal_async(body).await;
    end(begun, settings, sealed, value).await.flush_async().await
}

/// [`attempt`] from sync code, for libraries whose futures are always ready.
#[cfg(feature = "diesel")]
pub(crate) fn attempt_sync<B, T, E>(
    begun: B,
    settings: &Settings<B::Connection>,
    body: impl FnOnce(&mut B::Connection) -> Result<T, E>,
) -> Result<T, FailedAttempt<E>>
where
    B: Begun,
    T: Send + 'static,
    E: From<TransactionError>,
{
    let enclosed = wait(None, require_enclosing_scope(begun, settings));
    let mut begun = enclosed.map_err(FailedAttempt::savepoint_not_set)?;
    let (value, sealed) = settings.make_scope().seal(|| body(begun.connection()));
    wait(None, end(begun, settings, sealed, value)).flush()
}

/// Rejects a savepoint whose effects would never leave: they leave when the outer transaction has ended, and only a
/// scope around that one waits for its end.
pub(crate) async fn require_enclosing_scope<B: Begun>(
    mut begun: B,
    settings: &Settings<B::Connection>,
) -> Result<B, TransactionError> {
    if !begun.is_nested() || settings.queue.is_some() || is_enclosed() {
        return Ok(begun);
    }
    let why = "the connection is in a transaction already, and no scope is around: nobody would know \
               when that commits, and when effects may leave";
    let next =
        "open the outer transaction with airlock, or a scope around it that ends after its commit";
    let error = DatabaseError::new(Step::Begin, settings.display_name(&begun), why);
    roll_back(begun, settings).await;
    Err(error.with_next_step(next).into())
}
