//! What goes wrong around a transaction's body.

use std::any::Any;
use std::error::Error;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use crate::core::flush::FlushError;
use crate::core::intent::Intent;
use crate::core::task::called::BoxError;
use crate::transactions::shared::SeveralError;

/// What went wrong around a transaction's body; the body's own error is returned as it is.
///
/// A body's error type takes this one in by `From`, as `Box<dyn Error + Send + Sync>` and
/// `anyhow::Error` do by themselves.
///
/// # Examples
///
/// ```
/// use airlock::transaction::TransactionError;
///
/// # struct SqlError;
/// enum OrderError {
///     OutOfStock,
///     Sql(SqlError),
///     Transaction(TransactionError),
/// }
///
/// impl From<TransactionError> for OrderError {
///     fn from(error: TransactionError) -> Self {
///         Self::Transaction(error)
///     }
/// }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum TransactionError {
    /// The database refused, or could not be reached. Nothing was committed, unless the error
    /// [says](DatabaseError::is_certain) that nobody can tell.
    Database(DatabaseError),
    /// The effects could not be written to the queue in the same database, so that the transaction was
    /// rolled back. They are handed back.
    Queue(FlushError),
    /// The data is committed, and not all of its effects left.
    Committed(Committed),
    /// Some of several transactions are committed, and others are not; or all are, and not all of their
    /// effects left.
    Several(SeveralError),
}

/// What the database was asked to do when it failed.
///
/// # Examples
///
/// ```
#[doc = include_str!("ledger.md")]
/// use airlock::transaction::Step;
///
/// let mut ledger = Ledger::default();
/// let mut tx = Transaction::new(ledger.begin(), Settings::default()).await?;
/// tx.run(|orders| orders.push(0));
/// match tx.commit().await {
///     Err(airlock::transaction::TransactionError::Database(error)) => {
///         assert_eq!(error.step(), Step::Commit);
///     }
///     ended => panic!("{ended:?}"),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Step {
    /// To begin a transaction, or to set a savepoint; also to hand out a connection for it.
    Begin,
    /// To commit, or to release a savepoint.
    Commit,
    /// To roll back.
    Rollback,
}

/// The database did not begin, commit or roll back.
///
/// Its text names the place, without a password, and where there is one the next step.
///
/// # Examples
///
/// ```
#[doc = include_str!("ledger.md")]
/// use airlock::transaction::TransactionError;
///
/// let mut ledger = Ledger::default();
/// let mut tx = Transaction::new(ledger.begin(), Settings::default()).await?;
/// tx.run(|orders| orders.push(99));
/// tx.run(|_| send_mail::enqueue(99))?;
/// let Err(TransactionError::Database(error)) = tx.commit().await else { panic!("the line was cut") };
/// assert_eq!(error.place(), "the ledger");
/// assert!(!error.is_certain());
/// for mail in error.into_intents() {
///     println!("to be sent if order 99 is there: {mail}");
/// }
/// # Ok(())
/// # }
/// ```
pub struct DatabaseError {
    inner: Box<Inner>,
}

struct Inner {
    step: Step,
    place: String,
    source: BoxError,
    certain: bool,
    next: Option<&'static str>,
    returned: Option<FlushError>,
    /// How many effects are rows of the transaction.
    rows: usize,
}

/// The data is committed, and not all of its effects left: has the value of the body, and hands back
/// what did not leave.
///
/// # Examples
///
/// ```
#[doc = include_str!("ledger.md")]
/// use airlock::transaction::{TransactionError, run};
///
/// let mut ledger = Ledger::default();
/// let settings = Settings::default();
/// let placed = run(ledger.begin(), &settings, async |orders: &mut Vec<i64>| {
///     orders.push(42);
///     send_mail::enqueue(-1)?;                                // whose mailbox is full
///     Ok::<_, BoxError>("order 42".to_owned())
/// });
/// let error = placed.await.expect_err("mailbox full").downcast::<TransactionError>()?;
/// let TransactionError::Committed(committed) = *error else { panic!("{error}") };
/// let (order, error) = committed.into_value::<String>().expect("a text");
/// assert_eq!((&*order, error.into_intents().len()), ("order 42", 1));
/// assert_eq!(ledger.0, [42]);
/// # Ok(())
/// # }
/// ```
pub struct Committed {
    error: Box<FlushError>,
    /// A value may not be `Sync`, and an error has to be: the lock is only ever taken by whoever owns
    /// the error.
    value: Mutex<Box<dyn Any + Send>>,
}

impl TransactionError {
    pub(crate) fn committed(error: FlushError, value: impl Any + Send) -> Self {
        let value: Box<dyn Any + Send> = Box::new(value);
        Self::Committed(Committed { error: Box::new(error), value: Mutex::new(value) })
    }

    /// Whether the data is there all the same; of several transactions, whether that of all is.
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("ledger.md")]
    /// let mut ledger = Ledger::default();
    /// let mut tx = Transaction::new(ledger.begin(), Settings::default()).await?;
    /// tx.run(|_| send_mail::enqueue(-1))?;                        // whose mailbox is full
    /// let error = tx.commit().await.expect_err("mailbox full");
    /// assert!(error.is_committed());
    /// # Ok(())
    /// # }
    /// ```
    pub fn is_committed(&self) -> bool {
        match self {
            Self::Committed(_) => true,
            Self::Several(error) => error.failed().is_none(),
            Self::Database(_) | Self::Queue(_) => false,
        }
    }

    /// Whether it is certain that nothing is committed.
    pub(crate) fn is_undone(&self) -> bool {
        match self {
            Self::Database(error) => error.is_certain(),
            Self::Queue(_) => true,
            Self::Committed(_) | Self::Several(_) => false,
        }
    }

    /// What did not leave and may have to, to be tried again.
    ///
    /// There is nothing where the transaction is known to be rolled back, other than by a queue that
    /// could not be written to.
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("ledger.md")]
    /// let mut ledger = Ledger::default();
    /// let mut tx = Transaction::new(ledger.begin(), Settings::default()).await?;
    /// tx.run(|_| send_mail::enqueue(-1))?;                        // whose mailbox is full
    /// let error = tx.commit().await.expect_err("mailbox full");
    /// for mail in error.into_intents() {
    ///     println!("to be tried again: {mail}");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn into_intents(self) -> Vec<Intent> {
        match self {
            Self::Database(error) => error.into_intents(),
            Self::Queue(error) => error.into_intents(),
            Self::Committed(committed) => committed.error.into_intents(),
            Self::Several(error) => error.into_intents(),
        }
    }
}

impl From<DatabaseError> for TransactionError {
    fn from(error: DatabaseError) -> Self {
        Self::Database(error)
    }
}

impl DatabaseError {
    /// What integrations of other libraries return.
    ///
    /// # Examples
    ///
    /// ```
    /// use airlock::transaction::{DatabaseError, Step};
    ///
    /// let error = DatabaseError::new(Step::Begin, "the ledger", "it is locked");
    /// assert_eq!(error.to_string(), "can't begin a transaction in the ledger: it is locked");
    /// ```
    pub fn new(step: Step, place: impl Into<String>, source: impl Into<BoxError>) -> Self {
        let (place, source) = (place.into(), source.into());
        let inner =
            Inner { step, place, source, certain: true, next: None, returned: None, rows: 0 };
        Self { inner: Box::new(inner) }
    }

    /// Says what to do about it.
    ///
    /// # Examples
    ///
    /// ```
    /// use airlock::transaction::{DatabaseError, Step};
    ///
    /// let error = DatabaseError::new(Step::Begin, "the ledger", "it is locked");
    /// let error = error.with_next_step("close the other program");
    /// assert_eq!(
    ///     error.to_string(),
    ///     "can't begin a transaction in the ledger: it is locked: close the other program"
    /// );
    /// ```
    #[must_use]
    pub fn with_next_step(mut self, step: &'static str) -> Self {
        self.inner.next = Some(step);
        self
    }

    /// The same of a commit of which nobody can tell whether it happened.
    pub(crate) fn uncertain(mut self, returned: Option<FlushError>, rows: usize) -> Self {
        self.inner.certain = false;
        self.inner.returned = returned;
        self.inner.rows = rows;
        self
    }

    /// What was asked of the database.
    ///
    /// # Examples
    ///
    /// ```
    /// use airlock::transaction::{DatabaseError, Step};
    ///
    /// let error = DatabaseError::new(Step::Begin, "the ledger", "it is locked");
    /// assert_eq!(error.step(), Step::Begin);
    /// ```
    pub fn step(&self) -> Step {
        self.inner.step
    }

    /// Which database, without a password.
    ///
    /// # Examples
    ///
    /// ```
    /// use airlock::transaction::{DatabaseError, Step};
    ///
    /// let error = DatabaseError::new(Step::Begin, "the ledger", "it is locked");
    /// assert_eq!(error.place(), "the ledger");
    /// ```
    pub fn place(&self) -> &str {
        &self.inner.place
    }

    /// Whether it is certain that nothing was committed. It is not where the connection was lost, or
    /// nobody waited any longer, while the database committed.
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("ledger.md")]
    /// use airlock::transaction::TransactionError;
    ///
    /// let mut ledger = Ledger::default();
    /// let mut tx = Transaction::new(ledger.begin(), Settings::default()).await?;
    /// tx.run(|orders| orders.push(99));                           // whose commit nobody hears of
    /// tx.run(|_| send_mail::enqueue(99))?;
    /// let Err(TransactionError::Database(error)) = tx.commit().await else { panic!("nobody can tell") };
    /// assert!(!error.is_certain());
    /// # Ok(())
    /// # }
    /// ```
    pub fn is_certain(&self) -> bool {
        self.inner.certain
    }

    /// The effects of a transaction of which nobody can tell whether it was committed: whoever finds
    /// out that it was flushes them.
    ///
    /// Those that are rows of the transaction are not among them: they are there if it is.
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("ledger.md")]
    /// use airlock::transaction::TransactionError;
    ///
    /// let mut ledger = Ledger::default();
    /// let mut tx = Transaction::new(ledger.begin(), Settings::default()).await?;
    /// tx.run(|orders| orders.push(99));                           // whose commit nobody hears of
    /// tx.run(|_| send_mail::enqueue(99))?;
    /// let Err(TransactionError::Database(error)) = tx.commit().await else { panic!("nobody can tell") };
    /// let mails = error.into_intents();                           // to be sent if order 99 is there
    /// assert_eq!(mails.len(), 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn into_intents(self) -> Vec<Intent> {
        self.inner.returned.map_or_else(Vec::new, FlushError::into_intents)
    }
}

impl Committed {
    /// What became of the effects.
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("ledger.md")]
    /// use airlock::transaction::TransactionError;
    ///
    /// let mut ledger = Ledger::default();
    /// let mut tx = Transaction::new(ledger.begin(), Settings::default()).await?;
    /// tx.run(|_| send_mail::enqueue(-1))?;                        // whose mailbox is full
    /// let Err(TransactionError::Committed(committed)) = tx.commit().await else { panic!("it is full") };
    /// assert_eq!(committed.error().report().failed(), 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn error(&self) -> &FlushError {
        &self.error
    }

    /// The value of the transaction's body, and what became of the effects.
    ///
    /// # Errors
    ///
    /// `self`, where the body's value is no `T`.
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("ledger.md")]
    /// use airlock::transaction::{TransactionError, run};
    ///
    /// let mut ledger = Ledger::default();
    /// let settings = Settings::default();
    /// let placed = run(ledger.begin(), &settings, async |_| {
    ///     send_mail::enqueue(-1)?;                                // whose mailbox is full
    ///     Ok::<_, BoxError>(42_i64)
    /// });
    /// let error = placed.await.expect_err("mailbox full").downcast::<TransactionError>()?;
    /// let TransactionError::Committed(committed) = *error else { panic!("{error}") };
    /// let committed = committed.into_value::<String>().expect_err("it is no text");
    /// let (order, error) = committed.into_value::<i64>().expect("it is a number");
    /// assert_eq!((order, error.report().failed()), (42, 1));
    /// # Ok(())
    /// # }
    /// ```
    pub fn into_value<T: 'static>(self) -> Result<(T, FlushError), Self> {
        let Self { error, value } = self;
        match value.into_inner().unwrap_or_else(PoisonError::into_inner).downcast() {
            Ok(value) => Ok((*value, *error)),
            Err(value) => Err(Self { error, value: Mutex::new(value) }),
        }
    }

    /// What became of the effects, with those that did not leave.
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("ledger.md")]
    /// use airlock::transaction::TransactionError;
    ///
    /// let mut ledger = Ledger::default();
    /// let mut tx = Transaction::new(ledger.begin(), Settings::default()).await?;
    /// tx.run(|_| send_mail::enqueue(-1))?;                        // whose mailbox is full
    /// let Err(TransactionError::Committed(committed)) = tx.commit().await else { panic!("it is full") };
    /// let retried = committed.into_error().into_intents();
    /// assert_eq!(retried.len(), 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn into_error(self) -> FlushError {
        *self.error
    }
}

impl fmt::Display for TransactionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Database(error) => error.fmt(f),
            Self::Queue(error) => {
                write!(
                    f,
                    "the transaction was rolled back, for its effects can't be queued: {error}"
                )
            }
            Self::Committed(committed) => committed.fmt(f),
            Self::Several(error) => error.fmt(f),
        }
    }
}

impl fmt::Display for DatabaseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { step, place, source, certain, next, returned, rows } = &*self.inner;
        match step {
            Step::Begin => write!(f, "can't begin a transaction in {place}: {source}")?,
            Step::Commit if *certain => write!(f, "can't commit to {place}: {source}")?,
            Step::Commit => {
                write!(f, "can't tell whether {place} committed: {source}")?;
                if let Some(returned) = returned {
                    let count = returned.report().enqueued();
                    write!(f, ": look, and flush the {count} intents in this error if it did")?;
                } else if *rows > 0 {
                    write!(f, ": its {rows} effects are rows of it, and are there if it is")?;
                }
            }
            Step::Rollback => write!(f, "can't roll back in {place}: {source}")?,
        }
        next.map_or(Ok(()), |next| write!(f, ": {next}"))
    }
}

impl fmt::Display for Committed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the transaction is committed, but not all of its effects left: {}", self.error)
    }
}

/// The sentence: what `unwrap`, and a `main` that returns the error, show.
impl fmt::Debug for DatabaseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The sentence and the table, as of a [`FlushError`].
impl fmt::Debug for Committed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}\n{}", self.error.report())
    }
}

impl Error for TransactionError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Database(error) => error.source(),
            Self::Queue(error) => Some(error),
            Self::Committed(committed) => committed.source(),
            Self::Several(error) => error.source(),
        }
    }
}

impl Error for DatabaseError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.inner.source)
    }
}

impl Error for Committed {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.error)
    }
}
