//! Writing envelopes, and no envelope that a worker could not read.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde_json::value::RawValue;
use uuid::Uuid;

use crate::core::intent::{EncodeError, Intent};
use crate::core::task::options::Start;
#[cfg(feature = "worker")]
use crate::envelope::Due;
use crate::envelope::trace::current_trace;
use crate::envelope::{Envelope, EnvelopeOptions, VERSION, VERSION_WITH_POLICIES};

impl Envelope {
    /// The envelope of an intent that is flushed at `now`.
    ///
    /// It says nothing of the policies under which the intent was enqueued, which only its batch knows: an executor makes
    /// envelopes by [`of_batch`](crate::envelope::of_batch).
    ///
    /// # Errors
    ///
    /// [`EncodeError`] if the arguments have no JSON, or if no worker would read it: the envelope
    /// would be longer than [16 MiB](Self::MAX_BYTES), or nested deeper than 127 levels.
    pub fn of(intent: &Intent, now: SystemTime) -> Result<Self, EncodeError> {
        Self::from(intent, now, origin(intent), None)
    }

    pub(super) fn from(
        intent: &Intent,
        now: SystemTime,
        origin: Arc<str>,
        policies: Option<Arc<RawValue>>,
    ) -> Result<Self, EncodeError> {
        let options = intent.options();
        let own_queue = options.queue().map(|queue| Cow::Owned(queue.to_owned()));
        let envelope = Self {
            airlock: if policies.is_some() { VERSION_WITH_POLICIES } else { VERSION },
            id: Uuid::now_v7(),
            task: intent.name().into(),
            arguments: intent.to_raw_json()?,
            options: EnvelopeOptions {
                queue: own_queue.or_else(|| intent.task().queue().map(Cow::Borrowed)),
                at: options.start.map(|start| match start {
                    Start::After(delay) => later(now, delay),
                    Start::At(time) => time,
                }),
                expires: options.expires().map(|lifetime| later(now, lifetime)),
                priority: options.priority(),
                max_attempts: intent.effective_max_attempts(),
                unique_key: options.unique_key().map(str::to_owned),
            },
            origin,
            enqueued_at: now,
            trace: current_trace(),
            policies,
            #[cfg(feature = "worker")]
            due: Due::Written,
            #[cfg(feature = "worker")]
            time_limit: None,
        };
        envelope.check().map_err(|why| EncodeError::unreadable(intent.task(), why))?;
        Ok(envelope)
    }

    /// Checks that a worker can read it. Otherwise the worker would make a dead letter of what is an
    /// error here, where it is written.
    fn check(&self) -> Result<(), String> {
        // All else of an envelope is shorter than the rest of 16 MiB.
        const SURELY_READ: usize = 1 << 20;
        let texts = [self.queue(), self.unique_key()];
        let texts = texts.into_iter().flatten().map(str::len).sum::<usize>();
        if self.arguments.get().len() + texts > SURELY_READ {
            let bytes = self.to_json().len();
            if bytes > Self::MAX_BYTES {
                return Err(format!(
                    "the message would be {bytes} bytes long, and at most {} are read: keep the value \
                     elsewhere, and pass its id",
                    Self::MAX_BYTES
                ));
            }
        }
        Ok(())
    }

    /// The envelope as JSON.
    pub fn to_json(&self) -> Vec<u8> {
        // Every field is a string, a number, a time that is brought into range, or JSON already.
        serde_json::to_vec(self).unwrap_or_default()
    }
}

/// Where an intent was written.
pub(super) fn origin(intent: &Intent) -> Arc<str> {
    format!("{}:{}", intent.origin().file(), intent.origin().line()).into()
}

/// The time after a delay. One so long that it can't be added counts as a hundred years.
fn later(now: SystemTime, delay: Duration) -> SystemTime {
    const LONGEST: Duration = Duration::from_hours(100 * 365 * 24);
    now + delay.min(LONGEST)
}
