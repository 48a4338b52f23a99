//! What the transactions of all libraries have in common: queues in the same database, the guard, and errors.
//!
//! The module of the library that speaks to the database, such as `airlock::sqlx`, opens a transaction that is a scope.
//! Use this module to handle errors, to use the guard, or to integrate another library.
//!
//! # Examples
//!
//! ```
//! use airlock::transaction::TransactionError;
//!
//! /// What to tell a customer.
//! fn answer(error: &TransactionError) -> &'static str {
//!     match error {
//!         TransactionError::Committed(_) => "The order is placed, its mail comes later.",
//!         TransactionError::Database(error) if !error.is_certain() => "Please look at your orders.",
//!         _ => "Please try again.",
//!     }
//! }
//! ```

mod begun;
mod commit;
mod commit_all;
mod commit_error;
#[cfg(feature = "_database")]
pub(crate) mod conflict;
mod connection;
mod effects;
mod error;
mod guard;
pub(crate) mod log;
mod outcome;
mod part;
mod queue;
#[cfg(feature = "_database")]
pub(crate) mod retry;
mod rows;
mod run;
pub(crate) mod settings;
mod undecided_scope;

pub use begun::Begun;
pub use commit_all::commit_all;
pub use commit_error::CommitError;
#[cfg(feature = "_database")]
pub(crate) use commit_error::InFailedTransaction;
#[cfg(feature = "_left-open")]
pub(crate) use commit_error::NESTED_STILL_OPEN;
pub use connection::{Connection, Row, dialect};
pub use error::{Committed, DatabaseError, Failure, SeveralError, Step, TransactionError};
pub use guard::Guard;
#[cfg(feature = "_database")]
pub(crate) use outcome::FailedAttempt;
pub use part::Part;
pub use queue::Queue;
#[cfg(feature = "_database")]
#[cfg_attr(
    docsrs,
    doc(cfg(any(
        feature = "diesel",
        feature = "diesel-async",
        feature = "sqlx",
        feature = "sqlx-08"
    )))
)]
pub use retry::{Conflicts, Passing, Retrying, When};
#[cfg(feature = "_database-async")]
pub(crate) use run::attempt;
#[cfg(feature = "_sqlx")]
pub(crate) use run::attempt_on;
#[cfg(feature = "diesel")]
pub(crate) use run::attempt_sync;
pub use run::run;
pub use settings::Settings;
