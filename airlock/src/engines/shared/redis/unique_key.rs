//! Unique keys, which are keys in Redis that expire.

use std::time::{Duration, SystemTime};

/// How long a unique key is held, counted from when its message may run.
pub(crate) const UNIQUE_FOR: Duration = Duration::from_hours(1);

/// The longest expiry that Redis takes, in milliseconds, with room to spare: the time in which a key expires
/// has to fit a signed number.
const MAX_EXPIRY: u64 = 1 << 52;

/// A key that is held for a message.
pub(crate) struct UniqueKey {
    pub(crate) key: String,
    held_for: Duration,
}

impl UniqueKey {
    /// A key of this name. It is held for `unique_for` after the message is `due`.
    pub(crate) fn of(key: String, due: Option<SystemTime>, unique_for: Duration) -> Self {
        let wait = due.and_then(|due| due.duration_since(SystemTime::now()).ok());
        let held_for = unique_for.saturating_add(wait.unwrap_or_default());
        Self { key, held_for }
    }

    /// What stands for an intent's unique key in a queue. The queue's length keeps the end of one queue apart from the beginning of another's
    /// key.
    pub(crate) fn name(queue: &str, key: &str) -> String {
        format!("airlock:unique:{}:{queue}:{key}", queue.len())
    }

    /// The key's expiry, in milliseconds.
    pub(super) fn expiry(&self) -> u64 {
        u64::try_from(self.held_for.as_millis()).unwrap_or(u64::MAX).clamp(1, MAX_EXPIRY)
    }
}
