//! What an intent asks of its executor.

use std::borrow::Cow;
use std::time::{Duration, SystemTime};

use crate::core::intent::Intent;
use crate::core::task::options::{Options, Start};
use crate::core::task::with_options::WithOptions;

impl Intent {
    /// Asks for `queue` instead of the task's own.
    pub fn queue(self, queue: impl Into<Cow<'static, str>>) -> Self {
        self.with_options(|options| options.queue = Some(queue.into()))
    }

    /// Asks that the task not run before `delay` after the flush.
    pub fn delay(self, delay: Duration) -> Self {
        self.with_options(|options| options.start = Some(Start::After(delay)))
    }

    /// Asks that the task not run before `time`; the last of this and [`delay`](Self::delay) holds.
    pub fn at(self, time: SystemTime) -> Self {
        self.with_options(|options| options.start = Some(Start::At(time)))
    }

    /// Asks that the task not be begun any more once `lifetime` has passed since the flush.
    pub fn expires(self, lifetime: Duration) -> Self {
        self.with_options(|options| options.expires = Some(lifetime))
    }

    /// Asks for a priority, 0 (lowest) to 255 (highest).
    pub fn priority(self, priority: u8) -> Self {
        self.with_options(|options| options.priority = Some(priority))
    }

    /// Asks that the task be tried at most `attempts` times, the first included.
    pub fn max_attempts(self, attempts: u32) -> Self {
        self.with_options(|options| options.max_attempts = Some(attempts))
    }

    /// Asks that the intent be left out where the engine holds one of this key that is not done.
    ///
    /// The key is taken at flush, so that an intent that is discarded or dropped holds none. One that
    /// is left out is a [duplicate](crate::Fate::Duplicate) in the report, and no error.
    pub fn unique_key(self, key: impl Into<Cow<'static, str>>) -> Self {
        self.with_options(|options| options.unique_key = Some(key.into()))
    }

    fn with_options(mut self, set: impl FnOnce(&mut Options)) -> Self {
        if let Some(options) = self.payload.options_mut() {
            set(options);
            return self;
        }
        let mut options = Options::default();
        set(&mut options);
        let payload = WithOptions { payload: self.payload, options }.pack();
        Self { payload, origin: self.origin }
    }
}
