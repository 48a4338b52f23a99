//! From a body's end to a transaction's: rows are written, the transaction is committed, effects leave.

use std::any::Any;
use std::thread;

use crate::events;
#[cfg(feature = "diesel")]
use crate::executor::blocking::wait;
use crate::executor::{Batch, DispatchError};
use crate::private::BoxError;
use crate::report::Why;
use crate::scope::flush::Flush;
use crate::scope::{FlushError, Sealed, context};
use crate::transaction::queue::push;
use crate::transaction::{Begun, CommitError, DatabaseError, Settings, Step, TransactionError};

/// Runs a body in a transaction that has just begun, as a scope, and ends both: what integrations of
/// other libraries call.
///
/// # Errors
///
/// The body's own, after a rollback; else [`TransactionError`], as the body's error type.
///
/// # Panics
///
/// Where `body` does, after a rollback.
pub async fn run<B, T, E>(
    mut begun: B,
    settings: &Settings<B::Connection>,
    body: impl AsyncFnOnce(&mut B::Connection) -> Result<T, E>,
) -> Result<T, E>
where
    B: Begun,
    T: Send + 'static,
    E: From<TransactionError>,
{
    if let Err(error) = check_enclosed(&mut begun, settings) {
        roll_back(begun, settings).await;
        return Err(error.into());
    }
    let (value, sealed) = settings.make_scope().seal_async(body(begun.connection())).await;
    let mut effects = Effects::After(Held::new(sealed));
    match value {
        Ok(value) => match commit(begun, settings, &mut effects).await {
            Ok(()) => match effects.leave(settings).await {
                Ok(()) => Ok(value),
                Err(error) => Err(TransactionError::committed(error, value).into()),
            },
            Err(error) => {
                effects.leave_anyway().await;
                Err(error.into())
            }
        },
        Err(error) => {
            roll_back(begun, settings).await;
            if let Effects::After(held) = effects
                && let Err(flush) = held.take().settle_async(false).await
            {
                events::failed_elsewhere(&flush);
            }
            Err(error)
        }
    }
}

/// The same from sync code, for libraries whose transactions are never waited for.
#[cfg(feature = "diesel")]
pub(crate) fn run_sync<B, T, E>(
    mut begun: B,
    settings: &Settings<B::Connection>,
    body: impl FnOnce(&mut B::Connection) -> Result<T, E>,
) -> Result<T, E>
where
    B: Begun,
    T: Send + 'static,
    E: From<TransactionError>,
{
    if let Err(error) = check_enclosed(&mut begun, settings) {
        wait(None, roll_back(begun, settings));
        return Err(error.into());
    }
    let (value, sealed) = settings.make_scope().seal(|| body(begun.connection()));
    match value {
        Ok(value) => match commit_sync(begun, settings, sealed) {
            Ok(()) => Ok(value),
            Err(Ended::Before(error)) => Err(error.into()),
            Err(Ended::After(error)) => Err(TransactionError::committed(error, value).into()),
        },
        Err(error) => {
            wait(None, roll_back(begun, settings));
            if let Err(flush) = sealed.settle(false) {
                events::failed_elsewhere(&flush);
            }
            Err(error)
        }
    }
}

/// Where the end of a transaction failed: at the commit, or after it.
#[cfg(feature = "diesel")]
pub(crate) enum Ended {
    Before(TransactionError),
    After(FlushError),
}

/// Commits, and lets the effects go, from sync code.
#[cfg(feature = "diesel")]
pub(crate) fn commit_sync<B: Begun>(
    begun: B,
    settings: &Settings<B::Connection>,
    sealed: Sealed,
) -> Result<(), Ended> {
    let mut effects = Effects::After(Held::new(sealed));
    if let Err(error) = wait(None, commit(begun, settings, &mut effects)) {
        if let Effects::Anyway(flush) = effects
            && let Err(flush) = flush.run()
        {
            events::failed_elsewhere(&flush);
        }
        return Err(Ended::Before(error));
    }
    let left = match effects {
        Effects::After(held) => held.take().settle(true),
        // Nothing of these is waited for.
        other => wait(None, other.leave(settings)),
    };
    left.map_err(Ended::After)
}

/// What is enqueued inside a savepoint leaves when the transaction around has ended: somebody has to
/// wait for that.
pub(crate) fn check_enclosed<B: Begun>(
    begun: &mut B,
    settings: &Settings<B::Connection>,
) -> Result<(), TransactionError> {
    if !begun.is_nested() || settings.queue.is_some() || !context::enclosing().is_empty() {
        return Ok(());
    }
    let why = "the connection is in a transaction already, and no scope is around: nobody would know \
               when that commits, and when effects may leave";
    let next =
        "open the outer transaction with airlock, or a scope around it that ends after its commit";
    let error = DatabaseError::new(Step::Begin, place(begun, settings), why);
    Err(error.with_next_step(next).into())
}

/// What errors call the database.
pub(crate) fn place<B: Begun>(begun: &B, settings: &Settings<B::Connection>) -> String {
    settings.place.as_deref().map_or_else(|| begun.place(), str::to_owned)
}

/// What a scope held, while its transaction ends.
pub(crate) enum Effects {
    /// They leave after the commit.
    After(Held),
    /// They move into the scope around, which knows of the transaction around.
    Around(Held),
    /// They are rows of the transaction.
    Rows(Box<Flush>),
    /// The transaction was rolled back, and the scope's rules let them leave all the same.
    Anyway(Box<Flush>),
    Nothing,
}

/// A sealed scope that is discarded as a future is, should nobody get so far as to decide.
pub(crate) struct Held(Option<Sealed>);

impl Held {
    pub(crate) fn new(sealed: Sealed) -> Self {
        Self(Some(sealed))
    }

    pub(crate) fn take(mut self) -> Sealed {
        self.0.take().expect("it is only taken by value")
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(sealed) = &mut self.0 {
            let why = if thread::panicking() { Why::Panic } else { Why::Cancelled };
            sealed.end(why);
        }
    }
}

/// Commits; what is left to do then is in `effects`.
pub(crate) async fn commit<B: Begun>(
    mut begun: B,
    settings: &Settings<B::Connection>,
    effects: &mut Effects,
) -> Result<(), TransactionError> {
    let place = place(&begun, settings);
    match prepare(&mut begun, settings, effects).await {
        Ok(()) => {}
        Err(Unprepared::Queue(error)) => {
            roll_back(begun, settings).await;
            return Err(TransactionError::Queue(error));
        }
        Err(Unprepared::Aborted(error)) => {
            roll_back(begun, settings).await;
            return Err(effects.rolled_back(place, CommitError::rolled_back(error)).into());
        }
    }
    match complete(begun, settings).await {
        Ok(()) => Ok(()),
        Err(error) => Err(effects.rolled_back(place, error).into()),
    }
}

/// Why a transaction can't be committed.
pub(crate) enum Unprepared {
    /// Its effects could not be written.
    Queue(FlushError),
    /// The database would roll back instead.
    Aborted(BoxError),
}

/// Does everything that can fail before the commit.
pub(crate) async fn prepare<B: Begun>(
    begun: &mut B,
    settings: &Settings<B::Connection>,
    effects: &mut Effects,
) -> Result<(), Unprepared> {
    let pushed = write(begun, settings, effects).await.map_err(Unprepared::Queue)?;
    if !pushed {
        begun.check().await.map_err(Unprepared::Aborted)?;
    }
    if begun.is_nested() {
        effects.move_around();
    }
    Ok(())
}

/// The commit itself. Nobody waits any longer for it than they were told.
pub(crate) async fn complete<B: Begun>(
    begun: B,
    settings: &Settings<B::Connection>,
) -> Result<(), CommitError> {
    let Some(timeout) = settings.commit_timeout else { return begun.commit().await };
    match ::tokio::time::timeout(timeout, begun.commit()).await {
        Ok(committed) => committed,
        Err(_) => Err(CommitError::unknown(format!("there is no answer after {timeout:?}"))),
    }
}

/// Writes what the policies let pass to the queue in the same database, where there is one; whether
/// there was anything.
async fn write<B: Begun>(
    begun: &mut B,
    settings: &Settings<B::Connection>,
    effects: &mut Effects,
) -> Result<bool, FlushError> {
    let Some(queue) = &settings.queue else { return Ok(false) };
    let Effects::After(held) = std::mem::replace(effects, Effects::Nothing) else {
        return Ok(false);
    };
    let Some(mut flush) = held.take().judge() else { return Ok(false) };
    let batch: &mut Batch = flush.batch();
    let pushed = !batch.is_empty();
    if pushed && let Err(error) = push(&**queue, begun.connection(), batch).await {
        return Err(flush.undone(error));
    }
    *effects = Effects::Rows(Box::new(flush));
    Ok(pushed)
}

/// Rolls back after something else has failed, which is what the caller hears of. A database that
/// can't be told rolls back once it finds that the connection is lost.
pub(crate) async fn roll_back<B: Begun>(begun: B, settings: &Settings<B::Connection>) {
    let place = place(&begun, settings);
    if let Err(error) = begun.rollback().await {
        events::not_rolled_back(&place, &error);
    }
}

impl Effects {
    fn move_around(&mut self) {
        *self = match std::mem::replace(self, Self::Nothing) {
            Self::After(held) => Self::Around(held),
            other => other,
        };
    }

    /// Lets them go, for the transaction is committed.
    pub(crate) async fn leave<C>(self, settings: &Settings<C>) -> Result<(), FlushError> {
        match self {
            Self::After(held) => held.take().settle_async(true).await,
            Self::Around(held) => held.take().hand_over(),
            Self::Rows(flush) => {
                end_rows(*flush, settings);
                Ok(())
            }
            Self::Anyway(_) | Self::Nothing => Ok(()),
        }
    }

    /// Ends them as the commit has: rolled back for certain, or handed back because nobody can tell.
    pub(crate) fn rolled_back(&mut self, place: String, error: CommitError) -> DatabaseError {
        let CommitError { source, certain } = error;
        let why = format!("nobody can tell whether {place} committed: {source}");
        let error = DatabaseError::new(Step::Commit, place, source);
        if !certain {
            return error.uncertain(self.give_back(why));
        }
        self.discard();
        error
    }

    /// Throws them away with their transaction, if the scope's rules don't say otherwise.
    pub(crate) fn discard(&mut self) {
        match std::mem::replace(self, Self::Nothing) {
            Self::After(held) | Self::Around(held) => {
                if let Some(flush) = held.take().rolled_back() {
                    *self = Self::Anyway(Box::new(flush));
                }
            }
            Self::Rows(flush) => flush.rolled_back(),
            other => *self = other,
        }
    }

    /// Lets go what leaves although the transaction was rolled back, which the caller is told already.
    pub(crate) async fn leave_anyway(self) {
        if let Self::Anyway(flush) = self
            && let Err(error) = flush.run_async().await
        {
            events::failed_elsewhere(&error);
        }
    }

    /// Hands back what is no row of a transaction that is committed.
    pub(crate) fn end_rows<C>(&mut self, settings: &Settings<C>, why: &str) -> Option<FlushError> {
        match std::mem::replace(self, Self::Nothing) {
            Self::Rows(flush) => {
                end_rows(*flush, settings);
                None
            }
            other => {
                *self = other;
                self.give_back(why)
            }
        }
    }

    /// Hands them back, none of them attempted.
    pub(crate) fn give_back(&mut self, why: impl Into<BoxError>) -> Option<FlushError> {
        match std::mem::replace(self, Self::Nothing) {
            Self::After(held) | Self::Around(held) => Some(held.take().give_back(why)),
            Self::Rows(flush) => Some(flush.undone(DispatchError::refused(why))),
            Self::Anyway(_) | Self::Nothing => None,
        }
    }
}

/// The rows are committed.
fn end_rows<C>(flush: Flush, settings: &Settings<C>) {
    flush.done();
    if let Some(queue) = &settings.queue {
        queue.dyn_committed();
    }
}

/// A value for an error that needs none.
pub(crate) fn no_value() -> impl Any + Send {}
