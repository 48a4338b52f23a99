//! What the two SQL engines share.

mod job;
mod letter;
mod serving;
mod settle;

pub use settle::SqlReceipt;

pub(super) use job::{Job, jobs, keyed, leave_out, places};
pub(super) use letter::{LetterRow, held, is_duplicate, letter, unique_key};
pub(super) use serving::{Serving, serving};
#[cfg(feature = "apalis-sqlite")]
pub(super) use settle::Ending;
pub(super) use settle::{INTERRUPTED, endings, ids, message};
