//! Finds a conflict between transactions among the sources of an error.

use std::error::Error;

use crate::transactions::shared::TransactionError;

/// Whether an error, or one of its sources, is a conflict. Below the error of a transaction that is committed, or may
/// be, there is none.
pub(crate) fn any_source(
    error: &(dyn Error + 'static),
    is_conflict: impl Fn(&(dyn Error + 'static)) -> bool,
) -> bool {
    let undone = |error: &&(dyn Error + 'static)| {
        error.downcast_ref().is_none_or(|error: &TransactionError| error.is_undone())
    };
    let sources = std::iter::successors(Some(error), |error| (*error).source());
    sources.take_while(undone).any(is_conflict)
}
