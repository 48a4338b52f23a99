//! From a body's end to a transaction's: rows are written, the transaction is committed, effects leave.

use std::thread;

use ::tokio::time::timeout;

use crate::core::background::detached_flush::DetachedFlush;
#[cfg(feature = "diesel")]
use crate::core::background::pending_flushes;
use crate::core::events;
use crate::core::executor::{Batch, DispatchError};
use crate::core::flush::FlushError;
use crate::core::flush::{Flush, Rows};
use crate::core::report::{Why, log};
use crate::core::scope::Sealed;
use crate::core::stack::enclosing::enclosing;
use crate::core::task::called::BoxError;
use crate::core::timer::with_timer;
#[cfg(feature = "diesel")]
use crate::core::wait::wait;
use crate::transactions::shared::queue::push;
use crate::transactions::shared::{
    Begun, CommitError, DatabaseError, Settings, Step, TransactionError,
};

/// Runs a body in a transaction that has just begun, as a scope, and ends both: what integrations of
/// other libraries call.
///
/// # Errors
///
/// The body's own, after a rollback; else [`TransactionError`], as the body's error type.
///
/// # Panics
///
/// Where `body` does, after a rollback. Where a policy does that is asked at the flush: after the commit, and
/// its effects are discarded then; before it where they are rows of the transaction.
///
/// # Examples
///
/// ```
#[doc = include_str!("ledger.md")]
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
    attempt(begun, settings, body).await.map_err(Failed::into_error)
}

/// The same for whoever may try again.
pub(crate) async fn attempt<B, T, E>(
    begun: B,
    settings: &Settings<B::Connection>,
    body: impl AsyncFnOnce(&mut B::Connection) -> Result<T, E>,
) -> Result<T, Failed<E>>
where
    B: Begun,
    T: Send + 'static,
    E: From<TransactionError>,
{
    let mut begun = enclosed(begun, settings).await.map_err(Failed::savepoint)?;
    // A body that is no `async` closure does its first part when it is called: inside the scope too.
    let body = async { body(begun.connection()).await };
    let (value, sealed) = settings.make_scope().seal_async(body).await;
    end(begun, settings, sealed, value).await.flush_async().await
}

/// The same from sync code, for libraries whose transactions are never waited for.
#[cfg(feature = "diesel")]
pub(crate) fn attempt_sync<B, T, E>(
    begun: B,
    settings: &Settings<B::Connection>,
    body: impl FnOnce(&mut B::Connection) -> Result<T, E>,
) -> Result<T, Failed<E>>
where
    B: Begun,
    T: Send + 'static,
    E: From<TransactionError>,
{
    let mut begun = wait(None, enclosed(begun, settings)).map_err(Failed::savepoint)?;
    let (value, sealed) = settings.make_scope().seal(|| body(begun.connection()));
    wait(None, end(begun, settings, sealed, value)).flush()
}

/// A transaction that is not there, or not all of whose effects left.
pub(crate) struct Failed<E> {
    error: E,
    /// Whether running it again is all that it takes: nothing of it is committed, and it was no part of
    /// another one.
    again: bool,
}

impl<E> Failed<E> {
    pub(crate) fn into_error(self) -> E {
        self.error
    }

    /// The error, where running the transaction again might help.
    #[cfg_attr(
        not(any(feature = "diesel", feature = "diesel-async", feature = "sqlx")),
        expect(dead_code, reason = "the modules of libraries try again")
    )]
    pub(crate) fn again(&self) -> Option<&E> {
        self.again.then_some(&self.error)
    }
}

impl<E: From<TransactionError>> Failed<E> {
    /// A transaction that has not begun.
    #[cfg_attr(
        not(any(feature = "diesel", feature = "diesel-async", feature = "sqlx")),
        expect(dead_code, reason = "the modules of libraries begin transactions")
    )]
    pub(crate) fn outermost(error: TransactionError) -> Self {
        Self { error: error.into(), again: true }
    }

    /// A savepoint that has not been set: what would have to be run again is the transaction around.
    pub(crate) fn savepoint(error: TransactionError) -> Self {
        Self { error: error.into(), again: false }
    }
}

/// A transaction that has ended, while some of its effects have yet to leave.
pub(crate) struct Ended<T, E> {
    result: Result<T, Failed<E>>,
    left: Left,
}

/// What is left to flush, or what could not be.
pub(crate) type Left = Result<Option<Flush>, FlushError>;

/// Commits where the body has succeeded, else rolls back.
pub(crate) async fn end<B, T, E>(
    mut begun: B,
    settings: &Settings<B::Connection>,
    sealed: Sealed,
    value: Result<T, E>,
) -> Ended<T, E>
where
    B: Begun,
    E: From<TransactionError>,
{
    let outermost = !begun.is_nested();
    let mut effects = Effects::After(Held::new(sealed));
    match value {
        Ok(value) => match commit(begun, settings, &mut effects).await {
            Ok(()) => Ended { result: Ok(value), left: effects.leave(settings) },
            Err(error) => {
                let again = outermost && error.is_undone();
                let result = Err(Failed { error: error.into(), again });
                Ended { result, left: Ok(effects.anyway()) }
            }
        },
        Err(error) => {
            roll_back(begun, settings).await;
            let result = Err(Failed { error, again: outermost });
            Ended { result, left: Ok(effects.failed()) }
        }
    }
}

impl<T: Send + 'static, E: From<TransactionError>> Ended<T, E> {
    /// Lets the effects go, from sync code.
    #[cfg(feature = "diesel")]
    pub(crate) fn flush(self) -> Result<T, Failed<E>> {
        let _decided = pending_flushes::decided();
        let left = self.left.and_then(|left| left.map_or(Ok(()), Flush::run));
        Self::told(self.result, left)
    }

    /// Lets the effects go.
    pub(crate) async fn flush_async(self) -> Result<T, Failed<E>> {
        Self::told(self.result, flush(self.left).await)
    }

    /// Where both have failed the caller hears of the transaction.
    fn told(result: Result<T, Failed<E>>, left: Result<(), FlushError>) -> Result<T, Failed<E>> {
        match (result, left) {
            (result, Ok(())) => result,
            (Ok(value), Err(error)) => {
                let error = TransactionError::committed(error, value);
                Err(Failed { error: error.into(), again: false })
            }
            (Err(failed), Err(error)) => {
                log::failed_elsewhere(&error);
                Err(failed)
            }
        }
    }
}

pub(crate) async fn flush(left: Left) -> Result<(), FlushError> {
    match left? {
        // What is to leave after a commit does, also where whoever waits for it gives up.
        Some(flush) => DetachedFlush::of(flush).await,
        None => Ok(()),
    }
}

/// Refuses a savepoint of which the effects would never leave: what is enqueued inside it leaves when the
/// transaction around has ended, and somebody has to wait for that.
pub(crate) async fn enclosed<B: Begun>(
    mut begun: B,
    settings: &Settings<B::Connection>,
) -> Result<B, TransactionError> {
    if !begun.is_nested() || settings.queue.is_some() || !enclosing().is_empty() {
        return Ok(begun);
    }
    let why = "the connection is in a transaction already, and no scope is around: nobody would know \
               when that commits, and when effects may leave";
    let next =
        "open the outer transaction with airlock, or a scope around it that ends after its commit";
    let error = DatabaseError::new(Step::Begin, place(&begun, settings), why);
    roll_back(begun, settings).await;
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
    Rows(Box<Rows>),
    /// The transaction was rolled back, and the scope's rules let them leave all the same.
    Anyway(Box<Flush>),
    Nothing,
}

/// A sealed scope that is discarded as a future is, should nobody get so far as to decide.
pub(crate) struct Held {
    sealed: Option<Sealed>,
    /// Where the commit has been asked for.
    asked: Option<String>,
}

impl Held {
    pub(crate) fn new(sealed: Sealed) -> Self {
        Self { sealed: Some(sealed), asked: None }
    }

    pub(crate) fn take(mut self) -> Sealed {
        self.sealed.take().expect("it is only taken by value")
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let Some(mut sealed) = self.sealed.take() else { return };
        match &self.asked {
            Some(place) if !sealed.is_empty() => {
                let why =
                    format!("nobody waited for the commit in {place}, which may have happened");
                log::failed_elsewhere(&sealed.give_back(why));
            }
            _ => sealed.end(if thread::panicking() { Why::Panic } else { Why::Cancelled }),
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
        Err(Unprepared::NotReady(error)) => {
            roll_back(begun, settings).await;
            return Err(effects.rolled_back(place, error).into());
        }
        Err(Unprepared::Silent(error)) => {
            drop(begun);
            return Err(effects.rolled_back(place, CommitError::rolled_back(error)).into());
        }
    }
    effects.on_their_way(&place);
    match complete(begun, settings).await {
        Ok(()) => Ok(()),
        Err(error) => Err(effects.rolled_back(place, error).into()),
    }
}

/// Why a transaction can't be committed.
pub(crate) enum Unprepared {
    /// Its effects could not be written.
    Queue(FlushError),
    /// The database would end another transaction.
    NotReady(CommitError),
    /// The database would roll back instead, or has done so.
    Aborted(BoxError),
    /// The database does not answer, and was not asked to commit. It would not answer to a rollback either.
    Silent(BoxError),
}

/// Does everything that can fail before the commit. Nobody waits for that longer than for a commit.
pub(crate) async fn prepare<B: Begun>(
    begun: &mut B,
    settings: &Settings<B::Connection>,
    effects: &mut Effects,
) -> Result<(), Unprepared> {
    let prepared = prepare_in_time(begun, settings, effects);
    in_time(settings, prepared).await.unwrap_or_else(|silent| {
        Err(Unprepared::Silent(format!("{silent}, and it was not asked to commit").into()))
    })
}

/// Waits for the database as long as the settings say; if there is no answer by then, says so.
async fn in_time<C, T>(
    settings: &Settings<C>,
    answer: impl Future<Output = T>,
) -> Result<T, String> {
    let Some(time) = settings.commit_timeout else { return Ok(answer.await) };
    let answer = with_timer(|| timeout(time, answer)).map_err(|error| error.to_string())?;
    answer.await.map_err(|_| format!("there is no answer after {time:?}"))
}

async fn prepare_in_time<B: Begun>(
    begun: &mut B,
    settings: &Settings<B::Connection>,
    effects: &mut Effects,
) -> Result<(), Unprepared> {
    let writes = settings.queue.is_some() && effects.are_any();
    begun.ready(writes).await.map_err(Unprepared::NotReady)?;
    let known_good = write(begun, settings, effects).await?;
    if !known_good {
        begun.check().await.map_err(Unprepared::Aborted)?;
    }
    if begun.is_nested() {
        effects.move_around();
    }
    Ok(())
}

/// The commit itself. Nobody waits any longer for it than they were told.
pub(crate) async fn complete<B: Begun>(
    mut begun: B,
    settings: &Settings<B::Connection>,
) -> Result<(), CommitError> {
    let nested = begun.is_nested();
    match in_time(settings, begun.commit()).await {
        Ok(committed) => committed.map_err(|e| if nested { e.of_savepoint() } else { e }),
        Err(silent) => Err(CommitError::unknown(silent)),
    }
}

/// Writes what the policies let pass to the queue in the same database, where there is one; whether
/// that shows that the database would commit.
async fn write<B: Begun>(
    begun: &mut B,
    settings: &Settings<B::Connection>,
    effects: &mut Effects,
) -> Result<bool, Unprepared> {
    let Some(queue) = &settings.queue else { return Ok(false) };
    let Effects::After(held) = std::mem::replace(effects, Effects::Nothing) else {
        return Ok(false);
    };
    let Some(flush) = held.take().judge() else { return Ok(false) };
    // Rows from here on: nobody may wait for the answer to the end.
    *effects = Effects::Rows(Box::new(flush));
    let Effects::Rows(flush) = effects else { unreachable!("they are rows") };
    let batch: &mut Batch = flush.batch();
    if batch.is_empty() {
        return Ok(false);
    }
    if let Err(error) = push(&**queue, begun.connection(), batch).await {
        return Err(match std::mem::replace(effects, Effects::Nothing) {
            Effects::Rows(flush) => Unprepared::Queue(flush.undone(error)),
            _ => unreachable!("they are rows"),
        });
    }
    Ok(queue.dyn_proves_good())
}

/// Rolls back after something else has failed, which is what the caller hears of. A database that
/// can't be told rolls back once it finds that the connection is lost.
pub(crate) async fn roll_back<B: Begun>(begun: B, settings: &Settings<B::Connection>) {
    let place = place(&begun, settings);
    if let Err(error) = rolled_back(begun, settings).await {
        events::not_rolled_back(&place, &error);
    }
}

/// The rollback itself. Nobody waits any longer for it than for a commit.
pub(crate) async fn rolled_back<B: Begun>(
    begun: B,
    settings: &Settings<B::Connection>,
) -> Result<(), BoxError> {
    in_time(settings, begun.rollback()).await.unwrap_or_else(|silent| Err(silent.into()))
}

impl Effects {
    /// Notes that the commit is asked for: should nobody wait for the answer, it may have happened all the
    /// same, and rows be there.
    pub(crate) fn on_their_way(&mut self, place: &str) {
        match self {
            Self::Rows(flush) => {
                let batch = flush.batch();
                batch.sending(0..batch.len());
            }
            Self::After(held) => held.asked = Some(place.to_owned()),
            _ => {}
        }
    }

    /// Whether there are any that wait for the commit.
    fn are_any(&self) -> bool {
        matches!(self, Self::After(Held { sealed: Some(sealed), .. }) if !sealed.is_empty())
    }

    fn move_around(&mut self) {
        *self = match std::mem::replace(self, Self::Nothing) {
            Self::After(held) => Self::Around(held),
            other => other,
        };
    }

    /// Lets them go, for the transaction is committed.
    pub(crate) fn leave<C>(self, settings: &Settings<C>) -> Left {
        match self {
            Self::After(held) => Ok(held.take().decided(true)),
            Self::Around(held) => held.take().hand_over().map(|()| None),
            Self::Rows(flush) => {
                end_rows(*flush, settings);
                Ok(None)
            }
            Self::Anyway(_) | Self::Nothing => Ok(None),
        }
    }

    /// Throws them away with what the body has done, if the scope's rules don't say otherwise.
    fn failed(self) -> Option<Flush> {
        match self {
            Self::After(held) => held.take().decided(false),
            _ => None,
        }
    }

    /// Ends them as the commit has: rolled back for certain, or handed back because nobody can tell.
    pub(crate) fn rolled_back(&mut self, place: String, error: CommitError) -> DatabaseError {
        let CommitError { source, certain } = error;
        let why = format!("nobody can tell whether {place} committed: {source}");
        let error = DatabaseError::new(Step::Commit, place, source);
        if !certain {
            let rows = self.doubt_rows(&why);
            return error.uncertain(self.give_back(why), rows);
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

    /// What leaves although the transaction was rolled back.
    pub(crate) fn anyway(self) -> Option<Flush> {
        match self {
            Self::Anyway(flush) => Some(*flush),
            _ => None,
        }
    }

    /// Ends rows of a transaction of which nobody can tell whether it is committed, and they with it; how
    /// many there are. Whoever flushed them once more would have them run twice.
    pub(crate) fn doubt_rows(&mut self, why: &str) -> usize {
        match std::mem::replace(self, Self::Nothing) {
            Self::Rows(flush) => flush.in_doubt(why),
            other => {
                *self = other;
                0
            }
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
fn end_rows<C>(flush: Rows, settings: &Settings<C>) {
    flush.committed();
    if let Some(queue) = &settings.queue {
        queue.dyn_committed();
    }
}
