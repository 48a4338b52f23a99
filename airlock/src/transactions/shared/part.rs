//! One of several transactions that are committed together, without the type of its library.

use std::fmt;
use std::pin::Pin;

use crate::core::flush::FlushError;
use crate::core::report::log;
use crate::transactions::shared::commit::{PrepareError, complete, prepare, roll_back};
use crate::transactions::shared::effects::PendingEffects;
use crate::transactions::shared::outcome::{Unflushed, flush};
use crate::transactions::shared::{Begun, CommitError, DatabaseError, Guard, Settings};

/// One of several transactions; made of a [`Guard`].
///
/// # Examples
///
/// ```
#[doc = include_str!("docs/ledger.md")]
/// use airlock::transaction::{Part, commit_all};
///
/// let (mut shop, mut stock) = (Ledger::default(), Ledger::default());
/// let one = Guard::new(shop.begin(), Settings::default()).await?;
/// let two = Guard::new(stock.begin(), Settings::default()).await?;
/// let parts: Vec<(&str, Part<'_>)> = vec![("shop", one.into()), ("stock", two.into())];
/// commit_all(parts).await?;
/// # Ok(())
/// # }
/// ```
pub struct Part<'t> {
    pub(crate) ending: Box<dyn EndingPart + 't>,
}

impl<'t, B: Begun + 't> From<Guard<B>> for Part<'t> {
    fn from(transaction: Guard<B>) -> Self {
        let Guard { scope, begun, settings } = transaction;
        let display_name = settings.display_name(&begun);
        let effects = PendingEffects::new(scope.seal());
        Self { ending: Box::new(TypedPart { effects, begun: Some(begun), settings, display_name }) }
    }
}

impl Part<'_> {
    /// Together with its name, which its errors say as well.
    pub(crate) fn named(mut self, name: String) -> (String, Self) {
        self.ending.set_name(&name);
        (name, self)
    }
}

impl fmt::Debug for Part<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Part").field("place", &self.ending.display_name()).finish_non_exhaustive()
    }
}

type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A transaction that is ending, whatever its library; what [`commit_all`](super::commit_all) does with it.
pub(crate) trait EndingPart: Send {
    fn display_name(&self) -> String;
    /// Adds to the display name which of the transactions this is.
    fn set_name(&mut self, name: &str);
    fn prepare(&mut self) -> BoxFuture<'_, Result<(), PrepareError>>;
    fn commit(&mut self) -> BoxFuture<'_, Result<(), CommitError>>;
    fn committed(&mut self) -> Unflushed;
    fn commit_failed(&mut self, error: CommitError) -> BoxFuture<'_, DatabaseError>;
    /// Rolls back and discards the effects.
    fn roll_back(&mut self) -> BoxFuture<'_, ()>;
    fn give_back(&mut self, why: &str) -> Vec<FlushError>;
    fn rows_in_doubt(&mut self, why: &str) -> usize;
    fn committed_but_held(&mut self, why: &str) -> Vec<FlushError>;
}

struct TypedPart<B: Begun> {
    // In the order in which they end when this is dropped.
    effects: PendingEffects,
    begun: Option<B>,
    settings: Settings<B::Connection>,
    display_name: String,
}

impl<B: Begun> TypedPart<B> {
    /// Flushes the effects that leave although the transaction was rolled back. The caller gets the transaction's
    /// error, so a failed flush is logged.
    async fn flush_leaving_anyway(&mut self) {
        if let Err(error) = flush(Ok(self.effects.take().leaving_anyway())).await {
            log::failed_elsewhere(&error);
        }
    }
}

impl<B: Begun> EndingPart for TypedPart<B> {
    fn display_name(&self) -> String {
        self.display_name.clone()
    }

    fn set_name(&mut self, name: &str) {
        self.display_name = format!("`{name}` ({})", self.display_name);
    }

    fn prepare(&mut self) -> BoxFuture<'_, Result<(), PrepareError>> {
        Box::pin(async {
            let Some(begun) = &mut self.begun else { return Ok(()) };
            let prepared = prepare(begun, &self.settings, &mut self.effects).await;
            if let Err(PrepareError::TimedOut(_)) = prepared {
                self.begun = None;
            }
            prepared
        })
    }

    fn commit(&mut self) -> BoxFuture<'_, Result<(), CommitError>> {
        Box::pin(async {
            self.effects.commit_requested(&self.display_name);
            match self.begun.take() {
                Some(begun) => complete(begun, &self.settings).await,
                None => Ok(()),
            }
        })
    }

    fn committed(&mut self) -> Unflushed {
        self.effects.take().committed(&self.settings)
    }

    fn commit_failed(&mut self, error: CommitError) -> BoxFuture<'_, DatabaseError> {
        Box::pin(async {
            let error = self.effects.commit_failed(self.display_name.clone(), error);
            self.flush_leaving_anyway().await;
            error
        })
    }

    fn roll_back(&mut self) -> BoxFuture<'_, ()> {
        Box::pin(async {
            if let Some(begun) = self.begun.take() {
                roll_back(begun, &self.settings).await;
            }
            self.effects.discard();
            self.flush_leaving_anyway().await;
        })
    }

    fn give_back(&mut self, why: &str) -> Vec<FlushError> {
        self.effects.give_back(why)
    }

    fn rows_in_doubt(&mut self, why: &str) -> usize {
        self.effects.rows_in_doubt(why)
    }

    fn committed_but_held(&mut self, why: &str) -> Vec<FlushError> {
        self.effects.committed_but_held(&self.settings, why)
    }
}
