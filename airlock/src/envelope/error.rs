//! Why a text is no envelope.

use std::fmt;
use std::time::SystemTime;

use serde::Deserialize;
use serde_json::Value;

use crate::core::cut::{plain, shortened};
use crate::core::task::without_values::json_fault;
use crate::envelope::read::time_of;
use crate::envelope::{Envelope, VERSION_WITH_POLICIES};

/// A text that is no envelope.
///
/// # Examples
///
/// ```
/// use airlock::envelope::Envelope;
///
/// let error = Envelope::from_json(br#"{"airlock": 7}"#).unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "the message is no envelope: it is of version 7, and this binary reads up to 2: \
///      update the worker",
/// );
/// let error = Envelope::from_json(b"hello").unwrap_err();
/// assert!(error.to_string().starts_with("the message is no envelope: expected value"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnvelopeError {
    why: String,
    /// Since when it could have run, where a later version of the program may read it.
    due_since: Option<SystemTime>,
}

impl EnvelopeError {
    /// Shortens the reason: readers quote what they did not expect, which may be a whole message that
    /// was not meant for logs.
    pub(crate) fn new(why: impl Into<String>) -> Self {
        const LONGEST: usize = 256;
        Self { why: plain(&shortened(why.into(), LONGEST)), due_since: None }
    }

    pub(super) fn json(error: &serde_json::Error) -> Self {
        Self::new(json_fault(error))
    }

    /// That of an envelope that can be read, but for its version.
    pub(super) fn of_later(envelope: &Envelope) -> Self {
        let enqueued_at = envelope.enqueued_at();
        Self::later(envelope.airlock, envelope.at().map_or(enqueued_at, |at| at.max(enqueued_at)))
    }

    fn later(version: u32, due_since: SystemTime) -> Self {
        let why = format!(
            "it is of version {version}, and this binary reads up to {VERSION_WITH_POLICIES}: update the \
             worker"
        );
        Self { due_since: Some(due_since), ..Self::new(why) }
    }

    /// Says that the text is of a later version, if it is: that explains more than what can't be read.
    pub(super) fn of_version(json: &[u8], error: &serde_json::Error) -> Self {
        /// What every version has.
        #[derive(Deserialize)]
        struct Version {
            airlock: u32,
            #[serde(default)]
            id: Value,
        }
        match serde_json::from_slice(json) {
            Ok(Version { airlock, id }) if airlock > VERSION_WITH_POLICIES => {
                let id = id.as_str().and_then(|id| id.parse().ok());
                let since = id.and_then(time_of);
                // One that does not say when it was sent has waited for ever.
                Self::later(airlock, since.unwrap_or(SystemTime::UNIX_EPOCH))
            }
            _ => Self::json(error),
        }
    }

    /// Since when the message could have run, where a later version of the program may read it.
    #[cfg(feature = "worker")]
    pub(crate) fn due_since(&self) -> Option<SystemTime> {
        self.due_since
    }
}

impl fmt::Display for EnvelopeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the message is no envelope: {}", self.why)
    }
}

impl std::error::Error for EnvelopeError {}
