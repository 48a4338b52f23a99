//! Finds a conflict between transactions in an error.
//!
//! Bodies run their statements on the library's own connection, so airlock sees what those met only in the body's error.
//! An error type may hide it from [`Error::source`]: of `#[error(transparent)]` the source is that of the wrapped error,
//! never the wrapped error itself. What every type shows is its text, and there each library's errors have one form.

use std::error::Error;

use crate::core::panics::catch;
use crate::transactions::shared::TransactionError;
use crate::transactions::shared::error::says_committed;

/// What a library's conflicts look like.
pub(crate) struct Signs {
    /// Whether an error is one.
    pub(crate) error: fn(&(dyn Error + 'static)) -> bool,
    /// Whether the text of an error shows one, as `Debug` or as `Display` has it.
    pub(crate) text: fn(&str) -> bool,
}

impl Signs {
    /// Whether an error, one of its sources, or what its text shows is a conflict. Nothing of a transaction that is
    /// committed, or may be, is one.
    pub(crate) fn are_in(&self, error: &(dyn Error + 'static)) -> bool {
        let texts = [text(|| format!("{error:?}")), text(|| error.to_string())];
        if texts.iter().any(|text| says_committed(text)) {
            return false;
        }
        self.any_source(error) || texts.iter().any(|text| (self.text)(text))
    }

    fn any_source(&self, error: &(dyn Error + 'static)) -> bool {
        let undone = |error: &&(dyn Error + 'static)| {
            error.downcast_ref().is_none_or(|error: &TransactionError| error.is_undone())
        };
        let sources = std::iter::successors(Some(error), |error| (*error).source());
        sources.take_while(undone).any(self.error)
    }
}

/// On one line, for `{:#?}` has many. It is the user's code that writes it: a panic there says nothing about a conflict,
/// and must not take the error's place.
fn text(write: impl FnOnce() -> String) -> String {
    let text = catch(write).unwrap_or_default();
    if text.contains('\n') { text.split_whitespace().collect::<Vec<_>>().join(" ") } else { text }
}

/// What follows each `start` in a text, up to `end`.
#[cfg(feature = "_sqlx")]
pub(crate) fn each_between<'t>(
    text: &'t str,
    start: &'static str,
    end: char,
) -> impl Iterator<Item = &'t str> {
    text.split(start).skip(1).filter_map(move |rest| rest.split(end).next())
}
