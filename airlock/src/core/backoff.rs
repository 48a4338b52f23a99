//! How long to wait before another attempt.

use std::time::Duration;

/// Waits that grow by a factor from one attempt to the next, up to a longest one, with jitter.
///
/// With jitter each wait is a random share, from half to all, of the one computed, so that what
/// failed together isn't tried again together.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use airlock::Backoff;
///
/// let backoff = Backoff::new(Duration::from_secs(1)).longest(Duration::from_secs(5)).exact();
/// let waits: Vec<_> = (1..=4).map(|attempt| backoff.after(attempt).as_secs()).collect();
/// assert_eq!(waits, [1, 2, 4, 5]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Backoff {
    first: Duration,
    factor: f64,
    longest: Duration,
    jitter: bool,
}

impl Backoff {
    /// Waits `first` after the first failed attempt, twice as long after each further one, and an
    /// hour at most.
    pub const fn new(first: Duration) -> Self {
        Self { first, factor: 2.0, longest: Duration::from_hours(1), jitter: true }
    }

    /// Grows by `factor` instead of 2; one below 1, and what is no number, counts as 1.
    #[must_use]
    pub const fn factor(mut self, factor: f64) -> Self {
        self.factor = factor.max(1.0);
        self
    }

    /// Waits at most this long.
    #[must_use]
    pub const fn longest(mut self, longest: Duration) -> Self {
        self.longest = longest;
        self
    }

    /// Waits for just the time computed, without jitter.
    #[must_use]
    pub const fn exact(mut self) -> Self {
        self.jitter = false;
        self
    }

    /// How long to wait after the failed attempt of this number, counted from 1.
    pub fn after(&self, attempt: u32) -> Duration {
        let doublings = i32::try_from(attempt.saturating_sub(1)).unwrap_or(i32::MAX);
        // A factor beyond all numbers would make no number of a first wait of 0.
        let factor = self.factor.powi(doublings).min(f64::MAX);
        let seconds = self.first.as_secs_f64() * factor;
        let wait = Duration::try_from_secs_f64(seconds).unwrap_or(self.longest).min(self.longest);
        if self.jitter { wait.mul_f64(0.5 + fastrand::f64() / 2.0) } else { wait }
    }
}
