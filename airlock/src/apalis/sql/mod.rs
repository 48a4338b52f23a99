//! What the two SQL engines share.

mod error;
mod job;
mod letter;
mod serving;
mod settle;

pub use error::SqlError;
pub use settle::SqlReceipt;

pub(super) use job::{Job, chunks, jobs, keyed, leave_out, places};
pub(super) use letter::{LetterRow, held, is_duplicate, letter, unique_key};
pub(super) use serving::{Serving, serving};
#[cfg(feature = "apalis-sqlite")]
pub(super) use settle::Ending;
pub(super) use settle::{endings, message};

/// One value of each, for engines that take lists column by column.
#[cfg(feature = "apalis-postgres")]
pub(super) fn column<'a, R, T>(rows: &'a [R], of: impl Fn(&'a R) -> T) -> Vec<T> {
    rows.iter().map(of).collect()
}
