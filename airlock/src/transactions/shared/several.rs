//! Transactions in several databases whose effects leave together.

use std::error::Error;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;

use crate::core::background::detached_flush::DetachedFlush;
use crate::core::flush::FlushError;
use crate::core::intent::Intent;
use crate::core::report::log;
use crate::transactions::shared::end::{
    Effects, Held, Left, Unprepared, complete, flush, place, prepare, roll_back,
};
use crate::transactions::shared::{
    Begun, CommitError, DatabaseError, Settings, Step, Transaction, TransactionError,
};

/// Commits one transaction after another, in this order; the effects of all leave when the last has
/// committed.
///
/// What can fail before a commit has been done for all of them before the first is committed: rows of
/// queues are written, and constraints checked that are not deferred. Still a database may fail in
/// between, and no order of commits can help that: then the error says which are committed.
///
/// Effects that are rows of their transaction share its fate.
///
/// # Errors
///
/// Where none was committed, what the first one failed with: all are rolled back, and their effects
/// discarded. Where some were, or nobody can tell whether the first one was while the others are rolled back,
/// [`TransactionError::Several`], which hands back what did not leave.
///
/// # Examples
///
/// ```
#[doc = include_str!("ledger.md")]
/// use airlock::transaction::{commit_all};
///
/// let (mut shop, mut stock) = (Ledger::default(), Ledger::default());
/// let mut one = Transaction::new(shop.begin(), Settings::default()).await?;
/// let mut two = Transaction::new(stock.begin(), Settings::default()).await?;
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
    let mut parts: Vec<(String, Part<'t>)> =
        transactions.into_iter().map(|(name, part)| part.named(name.into())).collect();
    for index in 0..parts.len() {
        if let Err(unprepared) = parts[index].1.inner.prepare().await {
            let part = &mut parts[index].1.inner;
            let error = match unprepared {
                Unprepared::Queue(error) => TransactionError::Queue(error),
                // Where it may have been committed by somebody else, its effects are in the error.
                Unprepared::NotReady(error) if !error.certain => {
                    part.rolled_back(error).await.into()
                }
                Unprepared::NotReady(CommitError { source, .. })
                | Unprepared::Aborted(source)
                | Unprepared::Silent(source) => {
                    DatabaseError::new(Step::Commit, part.place(), source).into()
                }
            };
            return Err(roll_back_all(parts, error).await);
        }
    }
    let mut committed: Vec<(String, Part<'t>)> = Vec::with_capacity(parts.len());
    let mut waiting = parts.into_iter();
    while let Some((name, mut part)) = waiting.next() {
        match part.inner.commit().await {
            Ok(()) => committed.push((name, part)),
            Err(error) if committed.is_empty() && (error.certain || waiting.len() == 0) => {
                let error = part.inner.rolled_back(error).await;
                return Err(roll_back_all(waiting.collect(), error.into()).await);
            }
            Err(error) => return Err(partly(committed, (name, part, error), waiting).await),
        }
    }
    leave(committed).await
}

/// One of several transactions; made of a [`Transaction`].
///
/// # Examples
///
/// ```
#[doc = include_str!("ledger.md")]
/// use airlock::transaction::{Part, commit_all};
///
/// let (mut shop, mut stock) = (Ledger::default(), Ledger::default());
/// let one = Transaction::new(shop.begin(), Settings::default()).await?;
/// let two = Transaction::new(stock.begin(), Settings::default()).await?;
/// let parts: Vec<(&str, Part<'_>)> = vec![("shop", one.into()), ("stock", two.into())];
/// commit_all(parts).await?;
/// # Ok(())
/// # }
/// ```
pub struct Part<'t> {
    inner: Box<dyn DynPart + 't>,
}

impl<'t, B: Begun + 't> From<Transaction<B>> for Part<'t> {
    fn from(transaction: Transaction<B>) -> Self {
        let Transaction { scope, begun, settings } = transaction;
        let place = place(&begun, &settings);
        let effects = Effects::After(Held::new(scope.seal()));
        Self { inner: Box::new(Ending { effects, begun: Some(begun), settings, place }) }
    }
}

impl fmt::Debug for Part<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Part").field("place", &self.inner.place()).finish_non_exhaustive()
    }
}

impl Part<'_> {
    /// Together with its name, which errors have as well.
    fn named(mut self, name: String) -> (String, Self) {
        self.inner.name(&name);
        (name, self)
    }
}

async fn roll_back_all(
    parts: Vec<(String, Part<'_>)>,
    error: TransactionError,
) -> TransactionError {
    let error = Unsaid(Some(error));
    for (_, mut part) in parts {
        part.inner.roll_back().await;
    }
    error.said()
}

/// An error that is known already while databases are still told to roll back: should nobody wait for them,
/// it is in the log.
struct Unsaid(Option<TransactionError>);

impl Unsaid {
    fn said(mut self) -> TransactionError {
        self.0.take().expect("it is only taken by value")
    }
}

impl Drop for Unsaid {
    fn drop(&mut self) {
        if let Some(error) = &self.0 {
            log::failed_elsewhere(error);
        }
    }
}

/// Ends where some are committed and one could not be.
async fn partly(
    committed: Vec<(String, Part<'_>)>,
    (name, mut part, error): (String, Part<'_>, CommitError),
    waiting: impl Iterator<Item = (String, Part<'_>)>,
) -> TransactionError {
    let why = match (error.certain, committed.is_empty()) {
        (true, _) => format!("`{name}` is not committed, and others are"),
        (false, false) => format!("nobody can tell whether `{name}` committed, and others are"),
        (false, true) => {
            format!("nobody can tell whether `{name}` committed, and the others are rolled back")
        }
    };
    let certain = error.certain;
    let failed = DatabaseError::new(Step::Commit, part.inner.place(), error.source);
    let failed = if certain { failed } else { failed.uncertain(None, part.inner.doubt_rows(&why)) };
    let mut said = SeveralError {
        committed: Vec::new(),
        failed: Some((name, failed)),
        rolled_back: Vec::new(),
        flushes: Vec::new(),
    };
    for (name, mut part) in committed {
        said.committed.push(name);
        said.flushes.extend(part.inner.end_rows(&why));
    }
    said.flushes.extend(part.inner.give_back(&why));
    // Whatever the others' databases do to be rolled back, it is known by now what to say.
    let mut others = Vec::new();
    for (name, mut part) in waiting {
        said.rolled_back.push(name.clone());
        said.flushes.extend(part.inner.give_back(&why));
        others.push((name, part));
    }
    roll_back_all(others, said.into()).await
}

/// Lets the effects of all go.
async fn leave(committed: Vec<(String, Part<'_>)>) -> Result<(), TransactionError> {
    let mut said = SeveralError {
        committed: Vec::new(),
        failed: None,
        rolled_back: Vec::new(),
        flushes: Vec::new(),
    };
    let mut panicked = None;
    let mut leaving = Vec::with_capacity(committed.len());
    for (name, mut part) in committed {
        said.committed.push(name);
        // A policy that panics takes its own effects along, and not those of the others.
        match catch_unwind(AssertUnwindSafe(|| part.inner.leave())) {
            Ok(left) => leaving.push(left.map(|flush| flush.map(DetachedFlush::of))),
            Err(panic) => panicked = Some(panic),
        }
    }
    // All are on their way by now, whoever gives up waiting for them.
    for left in leaving {
        let left = match left {
            Ok(Some(flushing)) => flushing.await,
            Ok(None) => Ok(()),
            Err(error) => Err(error),
        };
        said.flushes.extend(left.err());
    }
    if let Some(panic) = panicked {
        said.flushes.iter().for_each(log::failed_elsewhere);
        resume_unwind(panic);
    }
    if said.flushes.is_empty() { Ok(()) } else { Err(said.into()) }
}

type Ended<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A transaction that is being ended, its type forgotten.
trait DynPart: Send {
    fn place(&self) -> String;
    /// Says in the place which of the transactions it is.
    fn name(&mut self, name: &str);
    fn prepare(&mut self) -> Ended<'_, Result<(), Unprepared>>;
    fn commit(&mut self) -> Ended<'_, Result<(), CommitError>>;
    fn leave(&mut self) -> Left;
    /// Ends the effects as the transaction, of which the commit has failed.
    fn rolled_back(&mut self, error: CommitError) -> Ended<'_, DatabaseError>;
    /// Rolls back and discards.
    fn roll_back(&mut self) -> Ended<'_, ()>;
    /// Hands the effects back.
    fn give_back(&mut self, why: &str) -> Option<FlushError>;
    fn doubt_rows(&mut self, why: &str) -> usize;
    /// The same where the transaction is committed: its rows are where they belong.
    fn end_rows(&mut self, why: &str) -> Option<FlushError>;
}

struct Ending<B: Begun> {
    // In the order in which they end when this is dropped.
    effects: Effects,
    begun: Option<B>,
    settings: Settings<B::Connection>,
    place: String,
}

impl<B: Begun> Ending<B> {
    /// Lets go what leaves although the transaction was rolled back, which the caller is told already.
    async fn leave_anyway(&mut self) {
        let left = std::mem::replace(&mut self.effects, Effects::Nothing).anyway();
        if let Err(error) = flush(Ok(left)).await {
            log::failed_elsewhere(&error);
        }
    }
}

impl<B: Begun> DynPart for Ending<B> {
    fn place(&self) -> String {
        self.place.clone()
    }

    fn name(&mut self, name: &str) {
        self.place = format!("`{name}` ({})", self.place);
    }

    fn prepare(&mut self) -> Ended<'_, Result<(), Unprepared>> {
        Box::pin(async {
            let Some(begun) = &mut self.begun else { return Ok(()) };
            let prepared = prepare(begun, &self.settings, &mut self.effects).await;
            if let Err(Unprepared::Silent(_)) = prepared {
                self.begun = None;
            }
            prepared
        })
    }

    fn commit(&mut self) -> Ended<'_, Result<(), CommitError>> {
        Box::pin(async {
            self.effects.on_their_way(&self.place);
            match self.begun.take() {
                Some(begun) => complete(begun, &self.settings).await,
                None => Ok(()),
            }
        })
    }

    fn leave(&mut self) -> Left {
        std::mem::replace(&mut self.effects, Effects::Nothing).leave(&self.settings)
    }

    fn rolled_back(&mut self, error: CommitError) -> Ended<'_, DatabaseError> {
        Box::pin(async {
            let error = self.effects.rolled_back(self.place.clone(), error);
            self.leave_anyway().await;
            error
        })
    }

    fn roll_back(&mut self) -> Ended<'_, ()> {
        Box::pin(async {
            if let Some(begun) = self.begun.take() {
                roll_back(begun, &self.settings).await;
            }
            self.effects.discard();
            self.leave_anyway().await;
        })
    }

    fn give_back(&mut self, why: &str) -> Option<FlushError> {
        self.effects.give_back(why)
    }

    fn doubt_rows(&mut self, why: &str) -> usize {
        self.effects.doubt_rows(why)
    }

    fn end_rows(&mut self, why: &str) -> Option<FlushError> {
        self.effects.end_rows(&self.settings, why)
    }
}

/// Of several transactions some are committed and others are not; or all are, and not all of their
/// effects left.
///
/// Hands back the effects that did not leave. Those of a committed transaction may well be flushed; of
/// one that was rolled back, what they are about is not in its database.
///
/// # Examples
///
/// ```
#[doc = include_str!("ledger.md")]
/// use airlock::transaction::{TransactionError, commit_all};
///
/// let (mut shop, mut stock) = (Ledger::default(), Ledger::default());
/// let mut one = Transaction::new(shop.begin(), Settings::default()).await?;
/// let mut two = Transaction::new(stock.begin(), Settings::default()).await?;
/// one.run(|_| send_mail::enqueue(42))?;
/// two.run(|orders| orders.push(0));                           // which the stock refuses to commit
/// let committed = commit_all([("shop", one.into()), ("stock", two.into())]).await;
/// let Err(TransactionError::Several(error)) = committed else { panic!("the second fails") };
/// assert_eq!(error.committed(), ["shop"]);
/// assert_eq!(error.failed().expect("one failed").0, "stock");
/// for mail in error.into_intents() {
///     println!("to be looked at: {mail}");
/// }
/// # Ok(())
/// # }
/// ```
pub struct SeveralError {
    committed: Vec<String>,
    failed: Option<(String, DatabaseError)>,
    rolled_back: Vec<String>,
    flushes: Vec<FlushError>,
}

impl SeveralError {
    /// Those that are committed, in order.
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("ledger.md")]
    /// use airlock::transaction::{TransactionError, commit_all};
    ///
    /// let (mut shop, mut stock) = (Ledger::default(), Ledger::default());
    /// let mut one = Transaction::new(shop.begin(), Settings::default()).await?;
    /// let mut two = Transaction::new(stock.begin(), Settings::default()).await?;
    /// one.run(|_| send_mail::enqueue(42))?;
    /// two.run(|orders| orders.push(0));                           // which the stock refuses to commit
    /// let committed = commit_all([("shop", one.into()), ("stock", two.into())]).await;
    /// let Err(TransactionError::Several(error)) = committed else { panic!("the second fails") };
    /// assert_eq!(error.committed(), ["shop"]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn committed(&self) -> &[String] {
        &self.committed
    }

    /// The one that could not be committed, and why.
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("ledger.md")]
    /// use airlock::transaction::{TransactionError, commit_all};
    ///
    /// let (mut shop, mut stock) = (Ledger::default(), Ledger::default());
    /// let mut one = Transaction::new(shop.begin(), Settings::default()).await?;
    /// let mut two = Transaction::new(stock.begin(), Settings::default()).await?;
    /// one.run(|_| send_mail::enqueue(42))?;
    /// two.run(|orders| orders.push(0));                           // which the stock refuses to commit
    /// let committed = commit_all([("shop", one.into()), ("stock", two.into())]).await;
    /// let Err(TransactionError::Several(error)) = committed else { panic!("the second fails") };
    /// let (name, why) = error.failed().expect("one failed");
    /// assert_eq!((name, why.is_certain()), ("stock", true));
    /// # Ok(())
    /// # }
    /// ```
    pub fn failed(&self) -> Option<(&str, &DatabaseError)> {
        self.failed.as_ref().map(|(name, error)| (&**name, error))
    }

    /// Those that were rolled back for that.
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("ledger.md")]
    /// use airlock::transaction::{TransactionError, commit_all};
    ///
    /// let (mut shop, mut stock) = (Ledger::default(), Ledger::default());
    /// let mut one = Transaction::new(shop.begin(), Settings::default()).await?;
    /// let mut two = Transaction::new(stock.begin(), Settings::default()).await?;
    /// one.run(|_| send_mail::enqueue(42))?;
    /// two.run(|orders| orders.push(0));                           // which the stock refuses to commit
    /// let committed = commit_all([("shop", one.into()), ("stock", two.into())]).await;
    /// let Err(TransactionError::Several(error)) = committed else { panic!("the second fails") };
    /// assert!(error.rolled_back().is_empty());                    // there was no third
    /// # Ok(())
    /// # }
    /// ```
    pub fn rolled_back(&self) -> &[String] {
        &self.rolled_back
    }

    /// What became of the effects, one for each transaction that had some which did not leave.
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("ledger.md")]
    /// use airlock::transaction::{TransactionError, commit_all};
    ///
    /// let (mut shop, mut stock) = (Ledger::default(), Ledger::default());
    /// let mut one = Transaction::new(shop.begin(), Settings::default()).await?;
    /// let mut two = Transaction::new(stock.begin(), Settings::default()).await?;
    /// one.run(|_| send_mail::enqueue(42))?;
    /// two.run(|orders| orders.push(0));                           // which the stock refuses to commit
    /// let committed = commit_all([("shop", one.into()), ("stock", two.into())]).await;
    /// let Err(TransactionError::Several(error)) = committed else { panic!("the second fails") };
    /// assert_eq!(error.errors()[0].report().not_attempted(), 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn errors(&self) -> &[FlushError] {
        &self.flushes
    }

    /// What did not leave, in the order of the transactions.
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("ledger.md")]
    /// use airlock::transaction::{TransactionError, commit_all};
    ///
    /// let (mut shop, mut stock) = (Ledger::default(), Ledger::default());
    /// let mut one = Transaction::new(shop.begin(), Settings::default()).await?;
    /// let mut two = Transaction::new(stock.begin(), Settings::default()).await?;
    /// one.run(|_| send_mail::enqueue(42))?;
    /// two.run(|orders| orders.push(0));                           // which the stock refuses to commit
    /// let committed = commit_all([("shop", one.into()), ("stock", two.into())]).await;
    /// let Err(TransactionError::Several(error)) = committed else { panic!("the second fails") };
    /// assert_eq!(error.into_intents().len(), 1);                  // the order is in the shop: send it
    /// # Ok(())
    /// # }
    /// ```
    pub fn into_intents(self) -> Vec<Intent> {
        self.flushes.into_iter().flat_map(FlushError::into_intents).collect()
    }
}

impl From<SeveralError> for TransactionError {
    fn from(error: SeveralError) -> Self {
        Self::Several(error)
    }
}

impl fmt::Display for SeveralError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "committed: {}", names(&self.committed))?;
        if let Some((_, error)) = &self.failed {
            let what = if error.is_certain() { "not committed" } else { "unknown" };
            write!(f, "; {what}: {error}")?;
        }
        if !self.rolled_back.is_empty() {
            write!(f, "; rolled back: {}", names(&self.rolled_back))?;
        }
        let reports = self.flushes.iter().map(FlushError::report);
        let held: usize = reports.map(|report| report.failed() + report.not_attempted()).sum();
        write!(f, "; {held} effects did not leave and are in this error")?;
        self.flushes.first().map_or(Ok(()), |first| write!(f, ": {first}"))
    }
}

fn names(names: &[String]) -> String {
    if names.is_empty() {
        return "none".to_owned();
    }
    let quoted: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    quoted.join(", ")
}

/// The sentence: what `unwrap`, and a `main` that returns the error, show.
impl fmt::Debug for SeveralError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Error for SeveralError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match (&self.failed, self.flushes.first()) {
            (Some((_, error)), _) => Some(error),
            (None, Some(error)) => Some(error),
            (None, None) => None,
        }
    }
}
