//! How short and how long the spans may be that an engine is told.

use std::time::Duration;

/// How often to look: no more often than a thousand times a second, and once a day.
pub(crate) fn poll(interval: Duration) -> Duration {
    interval.clamp(Duration::from_millis(1), Duration::from_hours(24))
}

/// After what time a worker is lost: no sooner than it can say that it lives, and in a year.
pub(crate) fn lost_after(time: Duration, least: Duration) -> Duration {
    time.clamp(least, Duration::from_hours(365 * 24))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_span_is_none_or_for_ever() {
        assert_eq!(poll(Duration::ZERO), Duration::from_millis(1));
        assert_eq!(poll(Duration::MAX), Duration::from_hours(24));
        let least = Duration::from_secs(2);
        assert_eq!(lost_after(Duration::ZERO, least), least);
        assert_eq!(lost_after(Duration::MAX, least), Duration::from_hours(8_760));
    }
}
