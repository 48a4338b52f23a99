//! Rollbacks that failed, in the log.

use crate::core::log::{event, has_subscriber};

#[cfg(feature = "transaction")]
pub(crate) fn not_rolled_back(place: &str, error: &crate::core::task::called::BoxError) {
    if !has_subscriber() {
        return eprintln!(
            "airlock: can't roll back in {place}, which does so once the connection is gone: {error}"
        );
    }
    event!(warn, "airlock::transaction", [place], "the rollback failed: {error}");
}
