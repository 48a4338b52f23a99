//! Why a transaction can't be committed.

#[cfg(feature = "_database")]
use crate::core::cut::cut;
use crate::core::task::called::BoxError;

/// A commit that failed.
///
/// # Examples
///
/// ```
/// use airlock::transaction::CommitError;
///
/// fn commit_error(error: std::io::Error) -> CommitError {
///     match error.kind() {
///         std::io::ErrorKind::InvalidData => CommitError::rolled_back(error),
///         _ => CommitError::unknown(error),                   // the answer did not arrive
///     }
/// }
/// ```
#[derive(Debug)]
pub struct CommitError {
    pub(crate) source: BoxError,
    pub(crate) certain: bool,
}

impl CommitError {
    /// The database has answered that it rolled back.
    pub fn rolled_back(source: impl Into<BoxError>) -> Self {
        Self { source: source.into(), certain: true }
    }

    /// The connection was lost before the database answered: it may have committed.
    pub fn unknown(source: impl Into<BoxError>) -> Self {
        Self { source: source.into(), certain: false }
    }

    /// The same for a savepoint: releasing it commits nothing, even if the answer is lost.
    pub(crate) fn of_savepoint(self) -> Self {
        Self { certain: true, ..self }
    }

    /// The answer to a commit, with its SQLSTATE. A database that answers with an error has rolled back, other than with
    /// [`UNKNOWN_STATES`].
    ///
    /// Source: <https://www.postgresql.org/docs/current/errcodes-appendix.html>.
    #[cfg(feature = "_sqlx")]
    pub(crate) fn answered(source: impl Into<BoxError>, sqlstate: Option<&str>) -> Self {
        let unknown = |state: &str| UNKNOWN_STATES.iter().any(|unknown| state.starts_with(unknown));
        Self { source: source.into(), certain: !sqlstate.is_some_and(unknown) }
    }
}

/// How SQLSTATEs begin that don't tell whether a commit has happened.
///
/// - 08: a connection was lost. A proxy in front of the server says so.
/// - 40003: the outcome is unknown.
/// - 57P0: the server ends the session or itself, which may be after the commit, or a proxy has lost the server.
/// - 58 and XX: an error of the system, or inside the server or a proxy.
/// - HY000: MySQL and its proxies have no code for these errors, a lost connection among them.
#[cfg(feature = "_sqlx")]
const UNKNOWN_STATES: [&str; 6] = ["08", "40003", "57P0", "58", "XX", "HY000"];

/// Why a transaction can't be committed, nor another one begin inside it.
#[cfg(feature = "_left-open")]
pub(crate) const NESTED_STILL_OPEN: &str =
    "a transaction inside it was begun and has not ended: end that one first";

/// PostgreSQL's error for every statement after one that has failed: `25P02`, `in_failed_sql_transaction`.
#[cfg(feature = "_database")]
#[derive(Debug)]
pub(crate) struct InFailedTransaction(pub(crate) BoxError);

#[cfg(feature = "_database")]
impl std::fmt::Display for InFailedTransaction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{}: an error before was passed over: return such errors, or put what may fail in a \
             savepoint",
            cut(&self.0)
        )
    }
}

#[cfg(feature = "_database")]
impl std::error::Error for InFailedTransaction {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&*self.0)
    }
}
