//! Commits transactions in several databases; their effects leave together.

use crate::core::background::detached_flush::detached;
use crate::core::panics::catch;
use crate::core::report::log;
use crate::transactions::shared::commit::PrepareError;
use crate::transactions::shared::{
    CommitError, DatabaseError, Part, SeveralError, Step, TransactionError,
};

/// Commits one transaction after another, in this order; the effects of all leave when the last has
/// committed.
///
/// Everything that can fail before a commit is done for all transactions before the first one is committed: rows of
/// queues are written, and constraints checked that are not deferred. A database may still fail between two commits,
/// which no order of commits prevents: the error then says which transactions are committed.
///
/// Effects that are rows of their transaction are committed or rolled back with it.
///
/// # Errors
///
/// If no transaction was committed, the error of the first one that failed: all are rolled back, and their effects
/// discarded. If some were committed, or if it is unknown whether the first one was while the others are rolled back,
/// [`TransactionError::Several`], which hands back the effects that did not leave.
///
/// # Examples
///
/// ```
#[doc = include_str!("docs/ledger.md")]
/// use airlock::transaction::{commit_all};
///
/// let (mut shop, mut stock) = (Ledger::default(), Ledger::default());
/// let mut one = Guard::new(shop.begin(), Settings::default()).await?;
/// let mut two = Guard::new(stock.begin(), Settings::default()).await?;
/// one.run(|orders| orders.push(42));
/// one.run(|_| send_mail::enqueue(42))?;
/// two.run(|orders| orders.push(42));
/// commit_all([("shop", one.into()), ("stock", two.into())]).await?;   // the mail leaves here
/// assert_eq!((shop.0, stock.0), (vec![42], vec![42]));
/// # Ok(())
/// # }
/// ```
pub async fn commit_all<'t, N: Into<String>>(
    transactions: impl IntoIterator<Item = (N, Part<'t>)>,
) -> Result<(), TransactionError> {
    let named = transactions.into_iter().map(|(name, part)| part.named(name.into()));
    let parts = prepare_all(named.collect()).await?;
    let mut committed: Vec<NamedPart<'t>> = Vec::with_capacity(parts.len());
    let mut waiting = parts.into_iter();
    while let Some((name, mut part)) = waiting.next() {
        match part.ending.commit().await {
            Ok(()) => committed.push((name, part)),
            Err(error) if committed.is_empty() && (error.certain || waiting.len() == 0) => {
                let error = part.ending.commit_failed(error).await;
                return Err(roll_back_all(waiting.collect(), error.into()).await);
            }
            Err(error) => {
                return Err(partly_committed(committed, (name, part, error), waiting).await);
            }
        }
    }
    flush_all(committed).await
}

type NamedPart<'t> = (String, Part<'t>);

/// Does for all what can fail before a commit; rolls all back if one fails.
async fn prepare_all(
    mut parts: Vec<NamedPart<'_>>,
) -> Result<Vec<NamedPart<'_>>, TransactionError> {
    for index in 0..parts.len() {
        let part = &mut parts[index].1.ending;
        let Err(error) = part.prepare().await else { continue };
        let error = match error {
            PrepareError::Queue(error) => TransactionError::Queue(error),
            // Other code has ended the transaction, and may have committed it: the error has its effects.
            PrepareError::NotReady(error) if !error.certain => {
                part.commit_failed(error).await.into()
            }
            PrepareError::NotReady(CommitError { source, .. })
            | PrepareError::Aborted(source)
            | PrepareError::TimedOut(source) => {
                DatabaseError::new(Step::Commit, part.display_name(), source).into()
            }
        };
        return Err(roll_back_all(parts, error).await);
    }
    Ok(parts)
}

async fn roll_back_all(parts: Vec<NamedPart<'_>>, error: TransactionError) -> TransactionError {
    let error = LoggedIfDropped(Some(error));
    for (_, mut part) in parts {
        part.ending.roll_back().await;
    }
    error.into_inner()
}

/// An error that is already known while the rollbacks still run: it is logged if the future is dropped before they
/// have ended.
struct LoggedIfDropped(Option<TransactionError>);

impl LoggedIfDropped {
    fn into_inner(mut self) -> TransactionError {
        self.0.take().expect("it is only taken by value")
    }
}

impl Drop for LoggedIfDropped {
    fn drop(&mut self) {
        if let Some(error) = &self.0 {
            log::failed_elsewhere(error);
        }
    }
}

/// Ends where some are committed and one could not be.
async fn partly_committed(
    committed: Vec<NamedPart<'_>>,
    (name, mut part, error): (String, Part<'_>, CommitError),
    waiting: impl Iterator<Item = NamedPart<'_>>,
) -> TransactionError {
    let why = match (error.certain, committed.is_empty()) {
        (true, _) => format!("`{name}` is not committed, and others are"),
        (false, false) => format!("nobody can tell whether `{name}` committed, and others are"),
        (false, true) => {
            format!("nobody can tell whether `{name}` committed, and the others are rolled back")
        }
    };
    let certain = error.certain;
    let mut failed = DatabaseError::new(Step::Commit, part.ending.display_name(), error.source);
    if !certain {
        failed = failed.uncertain(None, part.ending.rows_in_doubt(&why));
    }
    let mut several = SeveralError::new(Some((name, failed)));
    for (name, mut part) in committed {
        several.committed.push(name);
        several.flushes.extend(part.ending.committed_but_held(&why));
    }
    several.flushes.extend(part.ending.give_back(&why));
    // The error is complete before the rollbacks run, so that it is whole if the future is dropped meanwhile.
    let mut others = Vec::new();
    for (name, mut part) in waiting {
        several.rolled_back.push(name.clone());
        several.flushes.extend(part.ending.give_back(&why));
        others.push((name, part));
    }
    roll_back_all(others, several.into()).await
}

/// All are committed: flushes the effects of all.
async fn flush_all(committed: Vec<NamedPart<'_>>) -> Result<(), TransactionError> {
    let mut several = SeveralError::new(None);
    let mut panicked = None;
    let mut flushing = Vec::with_capacity(committed.len());
    for (name, mut part) in committed {
        several.committed.push(name);
        // A policy that panics discards the effects of its own transaction, and no others.
        match catch(|| part.ending.committed()) {
            Ok(unflushed) => flushing.push(unflushed.map(|flush| flush.map(detached))),
            Err(panic) => panicked = Some(panic),
        }
    }
    // From here on all flushes finish, even if this future is dropped.
    for flushing in flushing {
        let flushed = match flushing {
            Ok(Some(flushing)) => flushing.await,
            Ok(None) => Ok(()),
            Err(error) => Err(error),
        };
        several.flushes.extend(flushed.err());
    }
    if let Some(panic) = panicked {
        several.flushes.iter().for_each(log::failed_elsewhere);
        panic.resume();
    }
    if several.flushes.is_empty() { Ok(()) } else { Err(several.into()) }
}
