//! What transactions log.

#[cfg(feature = "_database")]
use std::any::type_name;
#[cfg(feature = "_database")]
use std::time::Duration;

use crate::core::cut::cut;
use crate::core::log::{event, has_subscriber};
use crate::core::task::called::BoxError;

/// A rollback failed. The database rolls back by itself once it finds that the connection is lost.
pub(crate) fn not_rolled_back(place: &str, error: &BoxError) {
    let error = cut(error);
    if !has_subscriber() {
        return eprintln!(
            "airlock: can't roll back in {place}, which does so once the connection is gone: {error}"
        );
    }
    event!(warn, "airlock::transaction", [place], "the rollback failed: {error}");
}

/// A transaction under `retry` is run again after an error `E`.
#[cfg(feature = "_database")]
pub(crate) fn run_again<E>(attempt: u32, delay: Duration) {
    let error = type_name::<E>();
    event!(
        debug,
        "airlock::transaction",
        [attempt],
        "attempt {attempt} failed with `{error}` and is run again in {delay:?}"
    );
}

/// A transaction under `retry` is not run again after an error `E`, which the caller gets.
#[cfg(feature = "_database")]
pub(crate) fn not_run_again<E>(attempt: u32, why: &str) {
    let error = type_name::<E>();
    event!(
        debug,
        "airlock::transaction",
        [attempt],
        "attempt {attempt} failed with `{error}` and is not run again: {why}"
    );
}
