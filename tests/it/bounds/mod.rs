//! How many intents a scope holds, and how many leave at once.

mod chunks;
mod nested;

use airlock::{Bound, EnqueueError};

use crate::support::quiet;

fn enqueue_all(numbers: std::ops::RangeInclusive<u64>) -> Result<(), EnqueueError> {
    numbers.into_iter().try_for_each(quiet::enqueue)
}

/// The limit that the error names.
#[track_caller]
fn limit_of(result: Result<(), EnqueueError>) -> usize {
    match result {
        Err(EnqueueError::Full(_, Bound::Intents(limit))) => limit,
        other => panic!("it is not full: {other:?}"),
    }
}
