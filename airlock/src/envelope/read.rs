//! Reading envelopes, and the limits of what is read.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde_json::value::RawValue;
use uuid::Uuid;

use crate::core::intent::Intent;
use crate::core::registry::Registry;
use crate::core::task::decode_error::DecodeError;
#[cfg(feature = "worker")]
use crate::envelope::Due;
use crate::envelope::{Envelope, EnvelopeError, EnvelopeOptions, VERSION, VERSION_WITH_POLICIES};

impl Envelope {
    /// The longest text that [`from_json`](Self::from_json) reads, in bytes: 16 MiB.
    pub const MAX_BYTES: usize = 16 << 20;

    /// The longest task name that is read, in bytes: an unknown name is compared with all known ones.
    const MAX_NAME: usize = 1 << 10;

    /// Reads an envelope.
    ///
    /// Unknown fields are ignored, so that a later version may add some. The text may be
    /// [16 MiB](Self::MAX_BYTES) long. Arguments that are nested deeper than 127 levels are refused
    /// when they are read, by [`intent`](Self::intent).
    ///
    /// # Errors
    ///
    /// [`EnvelopeError`] says what is wrong, and where.
    pub fn from_json(json: &[u8]) -> Result<Self, EnvelopeError> {
        if json.len() > Self::MAX_BYTES {
            return Err(EnvelopeError::new(format!(
                "it is {} bytes long, and at most {} are read",
                json.len(),
                Self::MAX_BYTES
            )));
        }
        let envelope: Self = match serde_json::from_slice(json) {
            Ok(envelope) => envelope,
            Err(error) => return Err(EnvelopeError::of_version(json, &error)),
        };
        if envelope.airlock > VERSION_WITH_POLICIES {
            return Err(EnvelopeError::of_later(&envelope));
        }
        envelope.bounded()
    }

    /// The envelope of what was not enqueued through airlock, such as a message from Python.
    ///
    /// # Errors
    ///
    /// [`EnvelopeError`] if `arguments` is no JSON, or no task can have such a name.
    pub fn foreign(id: Uuid, task: &str, arguments: &str) -> Result<Self, EnvelopeError> {
        let envelope = Self {
            airlock: VERSION,
            id,
            task: Cow::Owned(task.to_owned()),
            arguments: RawValue::from_string(arguments.to_owned())
                .map_err(|error| EnvelopeError::json(&error))?,
            options: EnvelopeOptions::default(),
            origin: Arc::default(),
            enqueued_at: time_of(id).unwrap_or_else(SystemTime::now),
            trace: None,
            policies: None,
            #[cfg(feature = "worker")]
            due: time_of(id).map_or(Due::Unknown, Due::Since),
            #[cfg(feature = "worker")]
            time_limit: None,
        };
        envelope.bounded()
    }

    /// Checks that the task's name is short enough.
    fn bounded(self) -> Result<Self, EnvelopeError> {
        if self.task.len() > Self::MAX_NAME {
            return Err(EnvelopeError::new(format!(
                "its task's name is {} bytes long, and at most {} are read",
                self.task.len(),
                Self::MAX_NAME
            )));
        }
        Ok(self)
    }

    /// The intent, whose task the registry finds by its name.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] if no task has the name, or the arguments are not its own.
    pub fn intent(&self, registry: &Registry) -> Result<Intent, DecodeError> {
        registry.decode(&self.task, self.arguments.get())
    }
}

/// When the sender made an id, where that says it, as airlock's does.
pub(super) fn time_of(id: Uuid) -> Option<SystemTime> {
    let time = id.get_timestamp().filter(|_| id.get_version_num() == 7)?;
    let (seconds, nanos) = time.to_unix();
    Some((SystemTime::UNIX_EPOCH + Duration::new(seconds, nanos)).min(SystemTime::now()))
}
