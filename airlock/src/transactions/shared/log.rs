//! What transactions log.

use crate::core::log::{event, has_subscriber};
use crate::core::task::called::BoxError;

/// A rollback failed. The database rolls back by itself once it finds that the connection is lost.
pub(crate) fn not_rolled_back(place: &str, error: &BoxError) {
    if !has_subscriber() {
        return eprintln!(
            "airlock: can't roll back in {place}, which does so once the connection is gone: {error}"
        );
    }
    event!(warn, "airlock::transaction", [place], "the rollback failed: {error}");
}
