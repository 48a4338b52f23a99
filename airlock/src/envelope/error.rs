//! Why a text is no envelope.

use std::fmt;

use serde::Deserialize;

use crate::core::cut::shortened;
use crate::envelope::VERSION;

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
///     "the message is no envelope: it is of version 7, and this binary reads up to 1: \
///      update the worker",
/// );
/// let error = Envelope::from_json(b"hello").unwrap_err();
/// assert!(error.to_string().starts_with("the message is no envelope: expected value"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnvelopeError {
    why: String,
}

impl EnvelopeError {
    /// Shortens the reason: readers quote what they did not expect, which may be a whole message that
    /// was not meant for logs.
    pub(crate) fn new(why: impl Into<String>) -> Self {
        const LONGEST: usize = 256;
        Self { why: shortened(why.into(), LONGEST) }
    }

    pub(super) fn json(error: &serde_json::Error) -> Self {
        Self::new(error.to_string())
    }

    pub(super) fn version(version: u32) -> Self {
        Self::new(format!(
            "it is of version {version}, and this binary reads up to {VERSION}: update the worker"
        ))
    }

    /// Says that the text is of a later version, if it is: that explains more than what can't be read.
    pub(super) fn of_version(json: &[u8], error: &serde_json::Error) -> Self {
        #[derive(Deserialize)]
        struct Version {
            airlock: u32,
        }
        match serde_json::from_slice(json) {
            Ok(Version { airlock }) if airlock > VERSION => Self::version(airlock),
            _ => Self::json(error),
        }
    }
}

impl fmt::Display for EnvelopeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the message is no envelope: {}", self.why)
    }
}

impl std::error::Error for EnvelopeError {}
