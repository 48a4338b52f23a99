//! From a body's success to the commit, and from its failure to the rollback.

use ::tokio::time::timeout;

use crate::core::executor::{Batch, DispatchError};
use crate::core::flush::FlushError;
use crate::core::stack::enclosing::{CaptureAround, capture_around, is_enclosed};
use crate::core::task::called::BoxError;
use crate::core::timer::with_timer;
use crate::transactions::shared::effects::PendingEffects;
use crate::transactions::shared::log;
use crate::transactions::shared::queue::{DynQueue, push};
use crate::transactions::shared::{Begun, CommitError, Settings, TransactionError};

/// Commits; `effects` then says what is left to do.
pub(crate) async fn commit<B: Begun>(
    mut begun: B,
    settings: &Settings<B::Connection>,
    effects: &mut PendingEffects,
) -> Result<(), TransactionError> {
    let database = settings.display_name(&begun);
    if let Err(error) = prepare(&mut begun, settings, effects).await {
        if let PrepareError::TimedOut(_) = error {
            drop(begun);
        } else {
            roll_back(begun, settings).await;
        }
        return Err(match error {
            PrepareError::Queue(error) => TransactionError::Queue(error),
            PrepareError::NotReady(error) => effects.commit_failed(database, error).into(),
            PrepareError::Aborted(error) | PrepareError::TimedOut(error) => {
                effects.commit_failed(database, CommitError::rolled_back(error)).into()
            }
        });
    }
    effects.commit_requested(&database);
    complete(begun, settings).await.map_err(|error| effects.commit_failed(database, error).into())
}

/// Why a transaction can't be committed.
pub(crate) enum PrepareError {
    /// Its effects could not be written.
    Queue(FlushError),
    /// The database would commit another transaction.
    NotReady(CommitError),
    /// The database would roll back instead, or has done so.
    Aborted(BoxError),
    /// The database does not answer, and was not asked to commit. It would not answer to a rollback either.
    TimedOut(BoxError),
}

/// Does everything that can fail before the commit, within the timeout of a commit.
pub(crate) async fn prepare<B: Begun>(
    begun: &mut B,
    settings: &Settings<B::Connection>,
    effects: &mut PendingEffects,
) -> Result<(), PrepareError> {
    let prepared = prepare_without_timeout(begun, settings, effects);
    within_timeout(settings, prepared).await.unwrap_or_else(|no_answer| {
        Err(PrepareError::TimedOut(format!("{no_answer}, and it was not asked to commit").into()))
    })
}

async fn prepare_without_timeout<B: Begun>(
    begun: &mut B,
    settings: &Settings<B::Connection>,
    effects: &mut PendingEffects,
) -> Result<(), PrepareError> {
    let writes = effects.any_await_queue(settings) && capture_around().is_none();
    begun.ready(writes).await.map_err(PrepareError::NotReady)?;
    let would_commit = write_rows(begun, settings, effects).await?;
    if !would_commit {
        begun.check().await.map_err(PrepareError::Aborted)?;
    }
    if begun.is_nested() {
        // Without `.tasks(…)` they are all rows by now, or the savepoint was refused when it began.
        if effects.any_await_commit() && settings.queue.is_some() && !is_enclosed() {
            return Err(PrepareError::Aborted(CALLS_WITHOUT_SCOPE.into()));
        }
        effects.await_release();
    }
    Ok(())
}

const CALLS_WITHOUT_SCOPE: &str = "it is a savepoint, no scope is around, and some of its effects are none of the \
     queue's `.tasks(…)`: nobody would know when the transaction around commits, and when they may leave; open that with \
     airlock, or a scope around it that ends after its commit";

/// Writes the effects that the policies let pass to the queue in the same database, if there is one. Returns whether
/// this has shown that the database would commit.
async fn write_rows<B: Begun>(
    begun: &mut B,
    settings: &Settings<B::Connection>,
    effects: &mut PendingEffects,
) -> Result<bool, PrepareError> {
    let Some(queue) = &settings.queue else { return Ok(false) };
    if let Some(around) = capture_around() {
        return hold_rows(begun, around, settings, effects).map(|()| false);
    }
    // They are rows before they are written: the future may be dropped before the database answers.
    effects.become_rows(settings);
    let mut written = false;
    if let Some(batch) = effects.rows() {
        match push(&**queue, begun.connection(), batch).await {
            Ok(()) => written = true,
            Err(error) => return Err(PrepareError::Queue(effects.rows_not_written(error))),
        }
    }
    for index in 0.. {
        let Some(rows) = effects.rows_of_best_effort(index) else { break };
        let Some(batch) = rows.batch().filter(|batch| !batch.is_empty()) else { continue };
        match write_best_effort(begun, &**queue, batch).await {
            Ok(()) => written = true,
            Err(Unwritten { error, undone: true }) => rows.take().left_unwritten(error),
            Err(Unwritten { error, undone: false }) => {
                return Err(PrepareError::Queue(effects.best_effort_not_written(index, error)));
            }
        }
    }
    Ok(written && queue.dyn_proves_good())
}

/// Rows that the queue did not write.
struct Unwritten {
    error: DispatchError,
    /// Whether the transaction is as it was before.
    undone: bool,
}

/// Writes rows in a savepoint, so that the transaction can go on without them.
async fn write_best_effort<B: Begun>(
    begun: &mut B,
    queue: &dyn DynQueue<B::Connection>,
    batch: &mut Batch,
) -> Result<(), Unwritten> {
    const SET: &str = "SAVEPOINT airlock_best_effort";
    const UNDO: &str = "ROLLBACK TO SAVEPOINT airlock_best_effort";
    const RELEASE: &str = "RELEASE SAVEPOINT airlock_best_effort";
    if !B::EXECUTES {
        let pushed = push(queue, begun.connection(), batch).await;
        return pushed.map_err(|error| Unwritten { error, undone: false });
    }
    let unusable = |error| Unwritten { error: DispatchError::all(error), undone: false };
    begun.execute(SET).await.map_err(unusable)?;
    if let Err(error) = push(queue, begun.connection(), batch).await {
        let undone = begun.execute(UNDO).await.is_ok() && begun.execute(RELEASE).await.is_ok();
        return Err(Unwritten { error, undone });
    }
    begun.execute(RELEASE).await.map_err(unusable)
}

/// Leaves the effects that would be rows to the capture around, which gets them if the transaction is committed. A
/// savepoint hands them to the scope of its transaction, which has to be inside the capture: nothing else knows
/// whether that is committed.
fn hold_rows<B: Begun>(
    begun: &mut B,
    around: CaptureAround,
    settings: &Settings<B::Connection>,
    effects: &mut PendingEffects,
) -> Result<(), PrepareError> {
    let nested = begun.is_nested();
    if nested && !around.in_transaction && effects.any_await_queue(settings) {
        return Err(PrepareError::Aborted(UNSEEN_BY_CAPTURE.into()));
    }
    effects.be_held(settings, around.capture, nested);
    Ok(())
}

const UNSEEN_BY_CAPTURE: &str = "its effects would be rows of a transaction that airlock did not open, or whose scope \
     is not around, and a capture can't see whether that is committed: open the outer transaction with airlock and \
     nest inside its scope, or test with a `Database` without the queue, inside a scope";

/// The commit itself, within its timeout.
pub(crate) async fn complete<B: Begun>(
    mut begun: B,
    settings: &Settings<B::Connection>,
) -> Result<(), CommitError> {
    let nested = begun.is_nested();
    match within_timeout(settings, begun.commit()).await {
        Ok(committed) => committed.map_err(|e| if nested { e.of_savepoint() } else { e }),
        Err(no_answer) => Err(CommitError::unknown(no_answer)),
    }
}

/// Rolls back after another failure, which is the one that the caller gets: a rollback that fails is only logged.
pub(crate) async fn roll_back<B: Begun>(begun: B, settings: &Settings<B::Connection>) {
    let database = settings.display_name(&begun);
    if let Err(error) = try_roll_back(begun, settings).await {
        log::not_rolled_back(&database, &error);
    }
}

/// The rollback itself, within the timeout of a commit.
pub(crate) async fn try_roll_back<B: Begun>(
    begun: B,
    settings: &Settings<B::Connection>,
) -> Result<(), BoxError> {
    within_timeout(settings, begun.rollback())
        .await
        .unwrap_or_else(|no_answer| Err(no_answer.into()))
}

/// The database's answer, or an error's text where there is none within `commit_timeout`.
async fn within_timeout<C, T>(
    settings: &Settings<C>,
    answer: impl Future<Output = T>,
) -> Result<T, String> {
    let Some(time) = settings.commit_timeout else { return Ok(answer.await) };
    let answer = with_timer(|| timeout(time, answer)).map_err(|error| error.to_string())?;
    answer.await.map_err(|_| format!("there is no answer after {time:?}"))
}
