//! The limits of the durations that an engine is given.

use std::time::Duration;

/// An interval at which to poll: at least a millisecond, at most a day.
pub(crate) fn poll_interval(interval: Duration) -> Duration {
    interval.clamp(Duration::from_millis(1), Duration::from_hours(24))
}

/// The time without a heartbeat after which a worker is lost: at least `least`, at most a year.
pub(crate) fn lost_after(time: Duration, least: Duration) -> Duration {
    time.clamp(least, Duration::from_hours(365 * 24))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_duration_is_zero_or_infinite() {
        assert_eq!(poll_interval(Duration::ZERO), Duration::from_millis(1));
        assert_eq!(poll_interval(Duration::MAX), Duration::from_hours(24));
        let least = Duration::from_secs(2);
        assert_eq!(lost_after(Duration::ZERO, least), least);
        assert_eq!(lost_after(Duration::MAX, least), Duration::from_hours(8_760));
    }
}
