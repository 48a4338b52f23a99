//! The data is committed, and not all of its effects left.

use std::any::Any;
use std::error::Error;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use crate::core::flush::FlushError;
use crate::transactions::shared::TransactionError;

/// The data is committed, and not all of its effects left: has the value of the body, and the effects that did not
/// leave.
///
/// # Examples
///
/// ```
#[doc = include_str!("../docs/ledger.md")]
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
    /// A value may not be `Sync`, and an error has to be: only the owner of the error takes the lock.
    value: Mutex<Box<dyn Any + Send>>,
}

/// How the text begins.
pub(super) const SENTENCE: &str = "the transaction is committed, but not all of its effects left";

impl Committed {
    /// What became of the effects.
    pub fn error(&self) -> &FlushError {
        &self.error
    }

    /// The value of the transaction's body, and what became of the effects.
    ///
    /// # Errors
    ///
    /// `self`, if the body's value is no `T`.
    pub fn into_value<T: 'static>(self) -> Result<(T, FlushError), Self> {
        let Self { error, value } = self;
        match value.into_inner().unwrap_or_else(PoisonError::into_inner).downcast() {
            Ok(value) => Ok((*value, *error)),
            Err(value) => Err(Self { error, value: Mutex::new(value) }),
        }
    }

    /// What became of the effects, with those that did not leave.
    pub fn into_error(self) -> FlushError {
        *self.error
    }
}

impl TransactionError {
    pub(crate) fn committed(error: FlushError, value: impl Any + Send) -> Self {
        let value: Box<dyn Any + Send> = Box::new(value);
        Self::Committed(Committed { error: Box::new(error), value: Mutex::new(value) })
    }
}

impl fmt::Display for Committed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{SENTENCE}: {}", self.error)
    }
}

/// The sentence and the table, as of a [`FlushError`].
impl fmt::Debug for Committed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}\n{}", self.error.report())
    }
}

impl Error for Committed {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.error)
    }
}
