//! How a transaction ends: it commits or rolls back, then its effects leave, and the caller gets one result of both.

use crate::core::background::detached_flush::detached;
#[cfg(feature = "diesel")]
use crate::core::background::pending_flushes;
use crate::core::flush::{Flush, FlushError};
use crate::core::report::log;
use crate::core::scope::Sealed;
use crate::transactions::shared::commit::{commit, roll_back};
use crate::transactions::shared::effects::PendingEffects;
use crate::transactions::shared::{Begun, Settings, TransactionError};

/// The effects that still have to be flushed, if there are any; or why they can't be.
pub(crate) type Unflushed = Result<Option<Flush>, FlushError>;

/// A transaction that has ended, and whose effects still have to be flushed.
pub(crate) struct EndedTransaction<T, E> {
    result: Result<T, FailedAttempt<E>>,
    unflushed: Unflushed,
}

/// Commits if the body has succeeded, otherwise rolls back.
pub(crate) async fn end<B, T, E>(
    mut begun: B,
    settings: &Settings<B::Connection>,
    sealed: Sealed,
    value: Result<T, E>,
) -> EndedTransaction<T, E>
where
    B: Begun,
    E: From<TransactionError>,
{
    let outermost = !begun.is_nested();
    let mut effects = PendingEffects::new(sealed);
    match value {
        Ok(value) => match commit(begun, settings, &mut effects).await {
            Ok(()) => {
                EndedTransaction { result: Ok(value), unflushed: effects.committed(settings) }
            }
            Err(error) => {
                let again = match (error.is_undone(), outermost) {
                    (false, _) => Again::Never(MAY_BE_COMMITTED),
                    (true, false) => Again::Never(SAVEPOINT),
                    (true, true) => Again::Possible { conflict: B::is_conflict(&error) },
                };
                let result = Err(FailedAttempt { error: error.into(), again });
                EndedTransaction { result, unflushed: Ok(effects.leaving_anyway()) }
            }
        },
        Err(error) => {
            roll_back(begun, settings).await;
            let possible = Again::Possible { conflict: false };
            let again = if outermost { possible } else { Again::Never(SAVEPOINT) };
            let result = Err(FailedAttempt { error, again });
            EndedTransaction { result, unflushed: Ok(effects.body_failed()) }
        }
    }
}

impl<T: Send + 'static, E: From<TransactionError>> EndedTransaction<T, E> {
    /// Flushes the effects, from sync code.
    #[cfg(feature = "diesel")]
    pub(crate) fn flush(self) -> Result<T, FailedAttempt<E>> {
        let _decided = pending_flushes::decided();
        let flushed = self.unflushed.and_then(|flush| flush.map_or(Ok(()), Flush::run));
        Self::combine(self.result, flushed)
    }

    /// Flushes the effects.
    pub(crate) async fn flush_async(self) -> Result<T, FailedAttempt<E>> {
        Self::combine(self.result, flush(self.unflushed).await)
    }

    /// Where both have failed, the caller gets the transaction's error and the log gets the flush's.
    fn combine(
        result: Result<T, FailedAttempt<E>>,
        flushed: Result<(), FlushError>,
    ) -> Result<T, FailedAttempt<E>> {
        match (result, flushed) {
            (result, Ok(())) => result,
            (Ok(value), Err(error)) => {
                let error = TransactionError::committed(error, value);
                let again = Again::Never(MAY_BE_COMMITTED);
                Err(FailedAttempt { error: error.into(), again })
            }
            (Err(failed), Err(error)) => {
                log::failed_elsewhere(&error);
                Err(failed)
            }
        }
    }
}

pub(crate) async fn flush(unflushed: Unflushed) -> Result<(), FlushError> {
    match unflushed? {
        // Effects of a commit leave even if the future that waits for them is dropped.
        Some(flush) => detached(flush).await,
        None => Ok(()),
    }
}

/// A transaction that is not committed, or that is and not all of whose effects left.
pub(crate) struct FailedAttempt<E> {
    error: E,
    again: Again,
}

/// Whether running a transaction again is all that it takes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Again {
    /// Nothing of it is committed, and it was no part of another one. Whether airlock has met a conflict itself, whose
    /// error is inside the caller's type by now.
    #[cfg_attr(
        not(feature = "_database"),
        expect(dead_code, reason = "the modules of libraries try again")
    )]
    Possible { conflict: bool },
    /// It is not, for this reason.
    #[cfg_attr(
        not(feature = "_database"),
        expect(dead_code, reason = "the modules of libraries try again")
    )]
    Never(&'static str),
}

const MAY_BE_COMMITTED: &str = "it is committed, or may be";

const SAVEPOINT: &str = "it is a savepoint, and the transaction around it has to be run again";

impl<E> FailedAttempt<E> {
    pub(crate) fn into_error(self) -> E {
        self.error
    }

    #[cfg_attr(
        not(feature = "_database"),
        expect(dead_code, reason = "the modules of libraries try again")
    )]
    pub(crate) fn error(&self) -> &E {
        &self.error
    }

    /// Whether running the transaction again might help.
    #[cfg_attr(
        not(feature = "_database"),
        expect(dead_code, reason = "the modules of libraries try again")
    )]
    pub(crate) fn again(&self) -> Again {
        self.again
    }
}

impl<E: From<TransactionError>> FailedAttempt<E> {
    #[cfg_attr(
        not(feature = "_database"),
        expect(dead_code, reason = "the modules of libraries begin transactions")
    )]
    pub(crate) fn transaction_not_begun<B: Begun>(error: TransactionError) -> Self {
        let conflict = B::is_conflict(&error);
        Self { error: error.into(), again: Again::Possible { conflict } }
    }

    /// Not retryable: the outer transaction would have to be run again.
    pub(crate) fn savepoint_not_set(error: TransactionError) -> Self {
        Self { error: error.into(), again: Again::Never(SAVEPOINT) }
    }
}
