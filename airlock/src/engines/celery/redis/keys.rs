//! The keys of a queue.

use std::borrow::Cow;

use crate::core::task::called::BoxError;
use crate::engines::shared::reserved;

/// Celery's priorities over Redis, the highest first: each has a list of its own.
///
/// Source: `kombu/transport/redis.py`, `PRIORITY_STEPS`.
pub(super) const STEPS: [u8; 4] = [0, 3, 6, 9];

/// The step of a priority of ours, of which the highest is 255.
pub(super) fn step_of(priority: Option<u8>) -> u8 {
    let quarter = usize::from(priority.unwrap_or(u8::MAX) / 64);
    STEPS[STEPS.len() - 1 - quarter]
}

/// The list of a queue's messages of one step.
pub(super) fn list(queue: &str, step: u8) -> Cow<'_, str> {
    if step == 0 { queue.into() } else { format!("{queue}\u{6}\u{16}{step}").into() }
}

/// The lists of a queue, the highest priority first.
pub(super) fn lists(queue: &str) -> [String; 4] {
    STEPS.map(|step| list(queue, step).into_owned())
}

/// Refuses a queue whose list is one of the keys below of another queue.
pub(super) fn check(queue: &str) -> Result<(), BoxError> {
    let endings =
        [".held", ".leases", ".begun", ".deaths", ".seen", ".delayed", ".dead", ".dead.since"];
    reserved::check(queue, &endings)
}

/// The messages that workers hold, by tag.
pub(super) fn held(queue: &str) -> String {
    format!("{queue}.held")
}

/// The leases of held messages: their tags, by when the lease ends.
pub(super) fn leases(queue: &str) -> String {
    format!("{queue}.leases")
}

/// The tags of the messages that have begun.
pub(super) fn begun(queue: &str) -> String {
    format!("{queue}.begun")
}

/// How many workers died while a message ran, by the message's digest.
pub(super) fn deaths(queue: &str) -> String {
    format!("{queue}.deaths")
}

/// When a worker last received messages or extended its leases.
pub(super) fn seen(queue: &str) -> String {
    format!("{queue}.seen")
}

/// The messages that wait for their next attempt, by when it is due.
pub(super) fn delayed(queue: &str) -> String {
    format!("{queue}.delayed")
}

/// The dead letters, by tag, which is their id.
pub(super) fn dead(queue: &str) -> String {
    format!("{queue}.dead")
}

/// The tags of the dead letters, by since when they are dead.
pub(super) fn dead_since(queue: &str) -> String {
    format!("{queue}.dead.since")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_priority_is_the_first_list() {
        assert_eq!(
            [255, 192, 191, 128, 127, 64, 63, 0].map(|own| step_of(Some(own))),
            [0, 0, 3, 3, 6, 6, 9, 9]
        );
        assert_eq!(step_of(None), 0);
        assert_eq!(lists("q"), ["q", "q\u{6}\u{16}3", "q\u{6}\u{16}6", "q\u{6}\u{16}9"]);
    }
}
