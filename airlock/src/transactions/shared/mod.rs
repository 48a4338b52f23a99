//! What transactions of all libraries have in common: queues in the same database, the guard, and
//! errors.
//!
//! A transaction that is a scope is opened by the module of the library that speaks to the database,
//! such as `airlock::sqlx`. What is in here is named by programs that handle errors, use the guard, or
//! bring a library of their own along.
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
mod connection;
mod end;
mod error;
mod guard;
mod queue;
#[cfg(any(feature = "diesel", feature = "diesel-async", feature = "sqlx"))]
pub(crate) mod retry;
pub(crate) mod settings;
mod several;

#[cfg(any(feature = "diesel", feature = "diesel-async", feature = "sea-orm"))]
pub(crate) use begun::LEFT_OPEN;
#[cfg(any(feature = "diesel", feature = "diesel-async", feature = "sqlx"))]
pub(crate) use begun::PassedOver;
pub use begun::{Begun, CommitError};
pub use connection::{Connection, Row, dialect};
#[cfg(any(feature = "diesel", feature = "diesel-async", feature = "sqlx"))]
pub(crate) use end::Failed;
#[cfg(any(feature = "diesel-async", feature = "sqlx"))]
pub(crate) use end::attempt;
#[cfg(feature = "diesel")]
pub(crate) use end::attempt_sync;
pub use end::run;
pub use error::{Committed, DatabaseError, Step, TransactionError};
pub use guard::Transaction;
pub use queue::Queue;
#[cfg(any(feature = "diesel", feature = "diesel-async", feature = "sqlx"))]
pub use retry::{Conflicts, Passing, Retrying, When};
pub use settings::Settings;
pub use several::{Part, SeveralError, commit_all};
